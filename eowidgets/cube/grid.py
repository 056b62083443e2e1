"""Where a cube lies: its grid, its bounds in degrees, the pixel that holds a point."""

from __future__ import annotations

from typing import Any

import xarray as xr

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
    """Row and column of the pixel that holds a point given in degrees."""
    from pyproj import Transformer

    box = geobox(cube)
    x, y = Transformer.from_crs("EPSG:4326", str(box.crs), always_xy=True).transform(lon, lat)
    inverse = ~box.affine
    column = inverse.a * x + inverse.b * y + inverse.c
    row = inverse.d * x + inverse.e * y + inverse.f
    if not (0 <= column < box.width and 0 <= row < box.height):
        west, south, east, north = bounds(cube)
        raise InputError(
            f"The point {lon:.5f}° E, {lat:.5f}° N is outside the cube, which reaches from "
            f"{west:.5f} to {east:.5f}° E and from {south:.5f} to {north:.5f}° N."
        )
    return int(row), int(column)


def bounds(cube: xr.Dataset) -> tuple[float, float, float, float]:
    """West, south, east, north of a cube in degrees."""
    left, bottom, right, top = geobox(cube).geographic_extent.boundingbox
    return float(left), float(bottom), float(right), float(top)
