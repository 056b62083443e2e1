"""What a model can be run on besides all pixels of a cube: each feed's module registers its own in :func:`items_of`."""

from __future__ import annotations

from eowidgets.engine import chips, series
from eowidgets.engine.items import Items, items_of

__all__ = ["Items", "chips", "items_of", "series"]
