"""Import the modules that register items other than all pixels of a cube in :func:`items_of`."""

from __future__ import annotations

from eowidgets.engine import chips, series
from eowidgets.engine.items import Items, items_of

__all__ = ["Items", "chips", "items_of", "series"]
