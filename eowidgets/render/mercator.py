"""Grids and frames in the projection of web maps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.cube import globe
from eowidgets.cube.grid import geobox
from eowidgets.errors import InputError
from eowidgets.render.pack import Bits
from eowidgets.render.place import Place
from eowidgets.render.source import MASK, FrameSource
from eowidgets.render.window import Window

if TYPE_CHECKING:
    from odc.geo.geobox import GeoBox

MERCATOR = "EPSG:3857"
#: Radius of the sphere of Web Mercator, and the latitude at which its map of the world ends.
_RADIUS, _LAST = 6_378_137.0, 85.051128779806


@dataclass(frozen=True)
class MercatorGrid:
    """A grid in Web Mercator that covers another grid, and the pixel of that grid under each of its pixels.

    Attributes
    ----------
    place : Place
        East of the antimeridian its ``x`` continues, consistent with the longitudes of `globe.extent`.
    inside : ndarray (y, x), bool
        True where the other grid has a pixel.
    row, column : ndarray (y, x), int32
        Row and column of that pixel.
    """

    place: Place
    inside: npt.NDArray[np.bool_]
    row: npt.NDArray[np.int32]
    column: npt.NDArray[np.int32]

    @classmethod
    def over(cls, box: GeoBox, longest: int) -> MercatorGrid:
        """Cover a grid with pixels of about its size, ``longest`` on the longer side at most.

        Raises
        ------
        InputError
            For a grid that lies wholly beyond the latitudes of Web Mercator.
        """
        west, south, east, north = globe.extent(box)
        if south >= _LAST or north <= -_LAST:
            raise InputError(
                f"The map ends at {_LAST:.2f} degrees of latitude, and the cube reaches from {south:.2f} to {north:.2f}: "
                "show it with  eow.TimeViewer(cube)."
            )
        (left, right), (bottom, top) = _forward([west, east], [south, north])
        size = max(_pixel(box), (right - left) / longest, (top - bottom) / longest)
        width, height = (max(1, round((b - a) / size)) for a, b in ((left, right), (bottom, top)))
        place = Place(left, top, (right - left) / width, (top - bottom) / height, width, height, MERCATOR)
        x = left + place.dx * (np.arange(width) + 0.5)
        y = top - place.dy * (np.arange(height) + 0.5)
        lon, lat = np.meshgrid(np.degrees(x / _RADIUS), np.degrees(np.arctan(np.sinh(y / _RADIUS))))
        column, row = globe.locate(box, lon, lat)
        inside = (column >= 0) & (column < box.width) & (row >= 0) & (row < box.height)
        rows, columns = (np.floor(np.where(inside, v, 0)).astype(np.int32) for v in (row, column))
        return cls(place, inside, rows, columns)

    @property
    def corners(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """(south, west) and (north, east) in degrees; east may be above 180."""
        west, south, east, north = np.array(self.place.bounds) / _RADIUS
        south, north = np.arctan(np.sinh([south, north]))
        return (float(np.degrees(south)), float(np.degrees(west))), (float(np.degrees(north)), float(np.degrees(east)))


def _forward(lon: Any, lat: Any) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Convert to Web Mercator without PROJ, which would wrap longitudes above 180."""
    radians = np.radians(np.clip(lat, -_LAST, _LAST))
    return _RADIUS * np.radians(lon), _RADIUS * np.arcsinh(np.tan(radians))


def _pixel(box: GeoBox) -> float:
    """Return the size in Web Mercator of the pixel in the middle of a grid; 0 where that is not on the map."""
    column, row = box.width / 2, box.height / 2
    lon, lat = globe.lonlat(box, [column, column + 1, column], [row, row, row + 1])
    if not np.isfinite([lon, lat]).all() or np.abs(lat).max() > _LAST:
        return 0.0
    x, y = _forward(np.unwrap(lon, period=360), lat)
    return float(np.sqrt(abs((x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0]))))


class MercatorSource(FrameSource):
    """Frames of a cube in Web Mercator.

    Each pixel takes the nearest pixel of the cube, found once for all dates and bands; pixels are copied when they are
    requested.

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
        self._grid = MercatorGrid.over(geobox(self.cube), longest)
        self.place = self._grid.place
        self.height, self.width = self.place.height, self.place.width

    def values(self, band: str, dates: slice | list[int], window: Window) -> np.ndarray:
        """Return values ``(dates, y, x)``: float32, NaN outside the cube; masks are False there."""
        cells = window.slices()
        grid = self._grid
        at = {"y": (("y", "x"), grid.row[cells]), "x": (("y", "x"), grid.column[cells])}
        var = self.cube[band].variable
        picked = (var.isel(time=dates) if "time" in var.dims else var).isel({k: xr.Variable(*v) for k, v in at.items()})
        array: Any = picked.transpose(..., "y", "x").to_numpy()
        array = array if array.ndim == 3 else array[None]
        inside = grid.inside[cells]
        if band == MASK:
            return np.asarray(array & inside)
        return np.where(inside, array.astype(np.float32, copy=False), np.float32(np.nan))
