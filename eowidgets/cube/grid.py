"""Georeference of a cube: its CRS and transform, its bounds in degrees, the pixel that holds a point."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from eowidgets.cube.globe import extent, locate
from eowidgets.errors import InputError

if TYPE_CHECKING:
    from affine import Affine

#: Name of the coordinate that holds CRS and transform in every cube and every export (that of rioxarray and odc-geo).
MAPPING = "spatial_ref"
#: Attributes that identify a variable as a CF grid mapping.
_MARKS = ("crs_wkt", "spatial_ref", "grid_mapping_name", "GeoTransform")
#: Share of a pixel by which two transforms may differ and still count as the same.
_TOLERANCE = 1e-5


def geobox(cube: xr.Dataset) -> Any:
    """Return the grid of a cube as an odc-geo GeoBox; a single row or column of pixels is allowed.

    Raises
    ------
    InputError
        Without a CRS, or where the pixel size cannot be derived.
    """
    import odc.geo.xr  # noqa: F401  (registers the accessor)
    from odc.geo.geobox import GeoBox

    crs = cube.odc.crs
    if crs is None:
        placed = georeference(cube) if _mapping(cube) is not None else cube
        crs = placed.odc.crs
    if crs is None:
        raise InputError("The cube has no CRS: set it with  cube = cube.rio.write_crs('EPSG:...').")
    affine = transform(cube)
    if affine is None:
        raise InputError("The cube has one pixel and no transform: set it with  cube = cube.rio.write_transform(...).")
    return GeoBox((cube.sizes["y"], cube.sizes["x"]), affine, crs)


def transform(cube: xr.Dataset) -> Affine | None:
    """Return the affine transform from pixels to CRS units, computed from the coordinates.

    A stored ``GeoTransform`` is used only if coordinates are not sufficient: the pixel size along an axis of one
    pixel, and the exact decimals where both agree.

    Returns
    -------
    Affine or None
        None for a cube of one pixel without a noted pixel size.
    """
    from affine import Affine

    noted = _noted_transform(cube)
    steps = {axis: _step(cube[axis].values.astype("float64")) for axis in ("x", "y")}
    dx = steps["x"] or (noted.a if noted else abs(steps["y"] or 0.0))
    dy = steps["y"] or (noted.e if noted else -abs(steps["x"] or 0.0))
    if not dx or not dy:
        return None
    left, top = float(cube["x"].values[0]) - dx / 2, float(cube["y"].values[0]) - dy / 2
    found = Affine(dx, 0.0, left, 0.0, dy, top)
    return noted if noted is not None and _same(noted, found, cube.sizes["x"], cube.sizes["y"]) else found


def georeference(cube: xr.Dataset) -> xr.Dataset:
    """Write CRS and transform as ``spatial_ref``, recomputed from the coordinates, and drop encodings.

    This is the only place that writes a georeference: it runs after opening, cropping, flipping and coarsening, and
    before every export, so that a transform of the whole never remains on a part. A grid mapping with another name
    is replaced. How the source was packed or chunked (``encoding`` of the variables) is removed, since it does not
    apply to a copy.

    Parameters
    ----------
    cube : Dataset
        With ``y`` and ``x``.

    Returns
    -------
    Dataset
        A shallow copy; unchanged values.

    Raises
    ------
    InputError
        Without a CRS.
    """
    name = _mapping(cube)
    attrs = dict(cube[name].attrs) if name is not None else {}
    if not attrs.get("crs_wkt"):
        attrs = _crs_attrs(cube, attrs)
    affine = transform(cube)
    attrs.pop("GeoTransform", None)
    if affine is not None:
        attrs["GeoTransform"] = " ".join(repr(float(v)) for v in affine.to_gdal())
    found = cube.drop_vars([n for n in cube.variables if _is_mapping(cube[n])]).drop_encoding()
    found.encoding = {k: v for k, v in cube.encoding.items() if k != "grid_mapping"}
    found = found.assign_coords({MAPPING: xr.Variable((), np.int64(0), {**attrs, "spatial_ref": attrs["crs_wkt"]})})
    found.attrs = {k: v for k, v in found.attrs.items() if k != "grid_mapping"}
    for variable in found.variables.values():
        variable.attrs.pop("grid_mapping", None)
        if {"y", "x"} <= set(variable.dims):
            variable.encoding["grid_mapping"] = MAPPING
    return found


def north_up(cube: xr.Dataset) -> xr.Dataset:
    """Sort rows from north to south and columns from west to east, which all raster readers expect."""
    for axis, sign in (("y", -1), ("x", 1)):
        if axis in cube.coords and _step(cube[axis].values.astype("float64")) * sign < 0:
            cube = cube.isel({axis: slice(None, None, -1)})
    return cube


def _step(values: Any) -> float:
    return float(values[-1] - values[0]) / (len(values) - 1) if len(values) > 1 else 0.0


def _same(one: Affine, other: Affine, width: int, height: int) -> bool:
    """Return whether two transforms place every corner of a raster at the same coordinates."""
    corners = ((0, 0), (width, height))
    size = min(abs(other.a), abs(other.e))
    return all(abs(p - q) <= _TOLERANCE * size for c in corners for p, q in zip(one * c, other * c, strict=True))


def _is_mapping(variable: xr.DataArray) -> bool:
    return not variable.dims and any(variable.attrs.get(key) for key in _MARKS)


def _mapping(cube: xr.Dataset) -> Any:
    """Return the name of the variable that holds the CRS: the one that the bands refer to, else any that looks like one."""
    found = [n for n in cube.variables if _is_mapping(cube[n])]
    named = [v.encoding.get("grid_mapping", v.attrs.get("grid_mapping")) for v in cube.variables.values()]
    pointed = [str(n).split(":")[0].split()[0] for n in named if n and str(n).strip()]
    return next((n for n in [*pointed, MAPPING, *found] if n in found), None)


def _noted_transform(cube: xr.Dataset) -> Affine | None:
    from affine import Affine

    name = _mapping(cube)
    words = str(cube[name].attrs.get("GeoTransform", "")).split() if name is not None else []
    try:
        noted = Affine.from_gdal(*map(float, words)) if len(words) == 6 else None
    except ValueError:
        return None
    return noted if noted is not None and noted.a and noted.e and np.isfinite(noted[:6]).all() else None


def _crs_attrs(cube: xr.Dataset, attrs: dict[str, Any]) -> dict[str, Any]:
    """Return the CRS as CF attributes, from a grid mapping without WKT or from whatever odc-geo recognises."""
    import odc.geo.xr  # noqa: F401  (registers the accessor)
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        crs = CRS.from_user_input(attrs["spatial_ref"]) if attrs.get("spatial_ref") else CRS.from_cf(attrs)
    except (CRSError, KeyError, TypeError):
        known = cube.odc.crs
        if known is None:
            raise InputError("The cube has no CRS: set it with  cube = cube.rio.write_crs('EPSG:...').") from None
        crs = CRS.from_wkt(known.to_wkt())
    return dict(crs.to_cf())


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
        raise InputError(f"The point {lon:.9g}, {lat:.9g} is not on Earth: give longitude and latitude in degrees.")
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
