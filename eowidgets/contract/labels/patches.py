"""Class rasters on the grid of a cube, and their connected patches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.cube import globe
from eowidgets.cube.area import Area
from eowidgets.cube.export.layers import NO_CLASS
from eowidgets.cube.grid import geobox
from eowidgets.cube.reading import reading
from eowidgets.cube.window import window

if TYPE_CHECKING:
    from odc.geo.geobox import GeoBox

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]

#: Pixels count as finer if they are smaller than those of the cube by this factor.
_FINER = 1.01


def on_grid(raster: xr.DataArray, box: Any) -> Bytes | None:
    """Return the classes of a raster on another grid; None where it does not touch it.

    Finer pixels give the class of most of the ground, where 255 (no class) counts as a class; coarser ones are repeated.

    Parameters
    ----------
    raster : DataArray
        uint8 over (y, x), with CRS.
    box : GeoBox
    """
    from rasterio.enums import Resampling
    from rasterio.warp import reproject

    whole = raster.to_dataset(name="classes")
    own: Any = geobox(whole)
    if own.shape == box.shape and own.crs == box.crs and own.affine.almost_equals(box.affine, 1e-6 * abs(box.affine.a)):
        with reading():
            return np.asarray(raster.values, np.uint8)
    west, south, east, north = globe.extent(box)
    part = window(whole, Area.of((west, south, east, north)), margin=2)
    if part is None:
        return None
    with reading():
        values = np.ascontiguousarray(part["classes"].values, dtype=np.uint8)
    found = np.full(tuple(box.shape), NO_CLASS, np.uint8)
    grid = geobox(part)
    reproject(
        values, found, src_transform=grid.affine, src_crs=grid.crs.to_wkt(), dst_transform=box.affine,
        dst_crs=box.crs.to_wkt(), init_dest_nodata=False,
        resampling=Resampling.mode if _ratio(box, grid) > _FINER else Resampling.nearest,
    )  # fmt: skip
    return found


def _ratio(box: GeoBox, other: GeoBox) -> float:
    """Return how many pixels of another grid fit along one pixel in the middle of a grid."""
    column, row = box.width / 2, box.height / 2
    x, y = globe.locate(other, *globe.lonlat(box, [column, column + 1, column], [row, row, row + 1]))
    area = abs((x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0]))
    return float(np.sqrt(area)) if np.isfinite(area) else 1.0


def patches(classes: Bytes) -> tuple[Ints, Ints, Ints, Ints]:
    """Return row, column, class and patch of every pixel with a class.

    Pixels of one class that touch, also at corners, are one patch.
    """
    from scipy.ndimage import find_objects, label

    numbers = np.full(classes.shape, -1, np.int32)
    first = 0
    corners = np.ones((3, 3))
    for value, place in enumerate(find_objects(np.where(classes == NO_CLASS, 0, classes.astype(np.int16) + 1))):
        if place is not None:
            found: Any
            found, count = label(classes[place] == value, corners)
            chosen = found > 0
            numbers[place][chosen] = found[chosen] + first - 1
            first += int(count)
    row, column = np.nonzero(numbers >= 0)
    return row, column, classes[row, column].astype(np.int64), numbers[row, column].astype(np.int64)
