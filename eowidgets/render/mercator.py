"""Frames in the projection of web maps, taken from a cube as they are asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from eowidgets.cube.grid import geobox
from eowidgets.render.pack import Bits
from eowidgets.render.place import Place, transformer
from eowidgets.render.source import MASK, FrameSource, Window

MERCATOR = "EPSG:3857"


class MercatorSource(FrameSource):
    """Frames of a cube in Web Mercator.

    Each pixel takes the nearest pixel of the cube. Which one that is is worked out once for all dates and bands;
    nothing is copied before it is asked for.

    Parameters
    ----------
    cube : Dataset or DataArray
        With a CRS.
    longest : int
        Longer side in pixels at most; larger cubes are thinned.
    bits, key
        As for :class:`FrameSource`.

    Raises
    ------
    InputError
        As for :class:`FrameSource`, and without a CRS.
    """

    def __init__(
        self, cube: xr.Dataset | xr.DataArray, *, longest: int = 1024, bits: Bits = 16, key: str = "cube"
    ) -> None:
        super().__init__(cube, bits=bits, key=key)
        box = geobox(self.cube).to_crs(MERCATOR)
        if max(box.shape) > longest:
            box = box.zoom_to(longest)
        own = self.place
        a = box.affine
        self.height, self.width = box.shape
        self.place = Place(a.c, a.f, abs(a.a), abs(a.e), self.width, self.height, MERCATOR)
        east, north = np.meshgrid(a.c + a.a * (np.arange(self.width) + 0.5), a.f + a.e * (np.arange(self.height) + 0.5))
        x, y = transformer(MERCATOR, own.crs).transform(east, north)
        column, row = (x - own.x0) / own.dx, (own.y0 - y) / own.dy
        #: Where the cube has a pixel, and which: ``(y, x)`` of this grid to row and column of the cube's.
        self.inside = (column >= 0) & (column < own.width) & (row >= 0) & (row < own.height)
        self.row = np.floor(row).clip(0, own.height - 1).astype(np.int32)
        self.column = np.floor(column).clip(0, own.width - 1).astype(np.int32)

    def values(self, band: str, dates: slice | list[int], window: Window) -> np.ndarray:
        """Values ``(dates, y, x)``: float32, NaN beyond the cube; masks are False there."""
        cells = window.slices()
        at = {"y": (("y", "x"), self.row[cells]), "x": (("y", "x"), self.column[cells])}
        var = self.cube[band].variable
        picked = (var.isel(time=dates) if "time" in var.dims else var).isel({k: xr.Variable(*v) for k, v in at.items()})
        array: Any = picked.transpose(..., "y", "x").to_numpy()
        array = array if array.ndim == 3 else array[None]
        inside = self.inside[cells]
        if band == MASK:
            return np.asarray(array & inside)
        return np.where(inside, array.astype(np.float32, copy=False), np.float32(np.nan))
