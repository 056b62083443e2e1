"""The rows and columns of a cube that an area touches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from eowidgets.cube.area import Area
from eowidgets.cube.globe import is_full_circle, locate, turn
from eowidgets.cube.grid import geobox

if TYPE_CHECKING:
    from odc.geo.geobox import GeoBox

#: Share of a pixel that counts as rounding.
_HAIR = 1e-6


def window(cube: xr.Dataset, area: Any, margin: int = 0) -> xr.Dataset | None:
    """Cut a cube to the rectangle around an area; pixels keep their values, and nothing is read.

    Parameters
    ----------
    cube : Dataset
    area : Area or what `Area.of` takes
    margin : int
        Rows and columns to add on every side.

    Returns
    -------
    Dataset or None
        None where the area does not touch the cube. On a grid all round the globe the columns of an area on both
        sides of the seam are put next to each other: their ``x`` is continuous and may pass 180.
    """
    place, box = Area.of(area), geobox(cube)
    found = pixels_around(place, box)
    if found is None:
        return None
    x0, y0, x1, y1 = found
    rows = slice(max(0, y0 - margin), min(box.height, y1 + margin))
    if is_full_circle(box):
        return _around(cube.isel(y=rows), box, place, margin)
    columns = slice(max(0, x0 - margin), min(box.width, x1 + margin))
    return cut_pixels(cube, box, rows, columns)


def cut_pixels(cube: xr.Dataset, box: GeoBox, rows: slice, columns: slice) -> xr.Dataset:
    """Return rows and columns of a cube; of one row or column, whose coordinates show no pixel size, it is noted."""
    cut = cube.isel(y=rows, x=columns)
    if min(cut.sizes["y"], cut.sizes["x"]) > 1:
        return cut
    import rioxarray  # noqa: F401  (registers the accessor)

    noted: xr.Dataset = cut.rio.write_transform(box[rows, columns].affine)
    return noted


def pixels_around(place: Area, box: GeoBox) -> tuple[int, int, int, int] | None:
    """Return first column and row, and those behind the last, of the pixels that an area touches; None without one."""
    shapes = place.on_grid(box)
    if shapes is None:
        return 0, 0, box.width, box.height
    if not shapes:
        return None
    ends, inverse = np.array([s.bounds for s in shapes]), ~box.affine
    x, y = ends[:, [0, 2, 0, 2]], ends[:, [1, 1, 3, 3]]
    corners = np.stack([inverse.a * x + inverse.b * y + inverse.c, inverse.d * x + inverse.e * y + inverse.f])
    low, high = corners.min((1, 2)) + _HAIR, corners.max((1, 2)) - _HAIR
    x0, y0 = (max(0, int(np.floor(v))) for v in low)
    x1, y1 = (min(size, int(np.ceil(v))) for v, size in zip(high, (box.width, box.height), strict=True))
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None


def _around(cube: xr.Dataset, box: GeoBox, place: Area, margin: int) -> xr.Dataset:
    west, south, east, _ = place.bounds
    first = float(locate(box, west, south)[0])
    start = int(np.floor(first + _HAIR)) - margin
    stop = int(np.ceil(first + (east - west) / 360 * turn(box) - _HAIR)) + margin
    if stop - start >= box.width:
        return cube
    if start >= 0 and stop <= box.width:
        return cube.isel(x=slice(start, stop))
    x = box.affine.c + box.affine.a * (np.arange(start, stop) + 0.5)
    x -= 360 * np.floor((x[0] + 180) / 360)
    attrs = cube["x"].attrs
    return cube.isel(x=np.arange(start, stop) % box.width).assign_coords(x=("x", x, attrs))
