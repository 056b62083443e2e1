"""Colour maps for pictures; they are defined in :mod:`eowidgets.cube.colormaps`, where exports use them too."""

from __future__ import annotations

from eowidgets.cube.colormaps import CATEGORIES, builtin, colormap, hex_color, rgb, rgba

__all__ = ["CATEGORIES", "builtin", "colormap", "hex_color", "rgb", "rgba"]
