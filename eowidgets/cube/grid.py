"""Where a cube lies: its grid, its bounds in degrees, the pixel that holds a point."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from eowidgets.cube.globe import extent, locate
from eowidgets.errors import InputError


def geobox(cube: xr.Dataset) -> Any:
    """The grid of a cube as an odc-geo GeoBox, down to a raster of one pixel.

    Raises
    ------
    InputError
        Without a CRS, or where the pixel size cannot be known.
    """
    import odc.geo.xr  # noqa: F401  (registers the accessor)

    box = cube.odc.geobox
    if box is not None and box.crs is not None:
        return box
    if cube.odc.crs is None:
        raise InputError("The cube has no CRS: set it with  cube = cube.rio.write_crs('EPSG:...').")
    return _thin(cube)


def _thin(cube: xr.Dataset) -> Any:
    """Grid of a raster that is one pixel wide or high: its coordinates alone do not tell the pixel size."""
    from affine import Affine
    from odc.geo.geobox import GeoBox

    noted = str(cube["spatial_ref"].attrs.get("GeoTransform", "")).split() if "spatial_ref" in cube.variables else []
    size = {"x": float(noted[1]), "y": float(noted[5])} if len(noted) == 6 else {}
    for axis, sign in (("x", 1), ("y", -1)):
        values = cube[axis].values
        if len(values) > 1:
            size[axis] = float(values[1] - values[0])
            size.setdefault("y" if axis == "x" else "x", -sign * abs(size[axis]))
    if len(size) < 2:
        raise InputError("The cube has one pixel and no transform: set it with  cube = cube.rio.write_transform(...).")
    left = float(cube.x.values[0]) - size["x"] / 2
    top = float(cube.y.values[0]) - size["y"] / 2
    affine = Affine(size["x"], 0, left, 0, size["y"], top)
    return GeoBox((cube.sizes["y"], cube.sizes["x"]), affine, cube.odc.crs)


def pixel(cube: xr.Dataset, lon: float, lat: float) -> tuple[int, int]:
    """Return row and column of the pixel that contains a point.

    Parameters
    ----------
    cube : Dataset
    lon, lat : float
        Degrees; the longitude may be written in any turn (-100 is 260).

    Raises
    ------
    InputError
        If the point is outside the cube, or is not a place on Earth.
    """
    if not (np.isfinite(lon) and -90 <= lat <= 90):
        raise InputError(f"There is no point {lon:.9g}, {lat:.9g} on Earth: give longitude and latitude in degrees.")
    box = geobox(cube)
    column, row = (float(v) for v in locate(box, lon, lat))
    if not (0 <= column < box.width and 0 <= row < box.height):
        west, south, east, north = bounds(cube)
        raise InputError(
            f"The point {lon:.5f}° E, {lat:.5f}° N is outside the cube, which reaches from "
            f"{west:.5f} to {east:.5f}° E and from {south:.5f} to {north:.5f}° N."
        )
    return int(row), int(column)


def bounds(cube: xr.Dataset) -> tuple[float, float, float, float]:
    """Return west, south, east, north of a cube in degrees.

    The convention of the whole package: ``-180 <= west < 180`` and ``west < east <= west + 360``, so ``east`` is above
    180 where the cube crosses the antimeridian (179.7, -18.2, 180.3, -17.9). A cube all round the globe, and one that
    contains a pole, has west -180 and east 180; one that contains a pole reaches to latitude 90 or -90.
    """
    return extent(geobox(cube))
