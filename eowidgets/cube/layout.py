"""Dimensions, axes and CRS of a raw Dataset brought into the form of a cube; no values are read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from eowidgets.cube.crs import with_crs
from eowidgets.cube.quantity import quantity
from eowidgets.cube.schema import MASKS, ORDER
from eowidgets.cube.spacing import check_axis
from eowidgets.cube.times import with_times
from eowidgets.errors import InputError

#: Names of dimensions and coordinates in other software.
_DIMS = {
    "y": "y", "x": "x", "time": "time", "band": "band",
    "lat": "y", "latitude": "y", "northing": "y", "projection_y_coordinate": "y", "yc": "y", "rlat": "y",
    "lon": "x", "long": "x", "longitude": "x", "easting": "x", "projection_x_coordinate": "x", "xc": "x", "rlon": "x",
    "t": "time", "date": "time", "dates": "time", "times": "time", "datetime": "time", "valid_time": "time",
    "variable": "band", "bands": "band",
}  # fmt: skip
_DEGREES = ("lat", "latitude", "lon", "long", "longitude")


def as_dataset(raw: Any) -> xr.Dataset:
    """Return a Dataset over ``(time, y, x)`` under these names, one variable for each band.

    Raises
    ------
    InputError
        If a dimension is missing or empty, or two bands have one name.
    """
    raw = unstacked(raw)
    found = from_array(raw) if isinstance(raw, xr.DataArray) else raw
    names = {str(n).lower(): n for n in [*found.dims, *found.coords]}
    taken = {*found.dims, *found.coords}
    renames = {names[k]: v for k, v in _DIMS.items() if k in names and v not in taken}
    scalars = [str(n) for n, v in found.coords.items() if v.ndim == 0]
    stale = {v for k, v in _DIMS.items() if k != v and names.get(k) in found.dims and v in scalars}
    if stale:  # such as the reference time of a forecast next to its valid times
        return as_dataset(found.drop_vars(stale))
    found = found.rename(_once(renames))
    found = _apart(found)
    if {"y", "x"} - set(found.dims):
        raise _no_axes(found)
    if found.sizes["y"] * found.sizes["x"] * found.sizes.get("time", 1) == 0:
        raise InputError(f"The data are empty: {dict(found.sizes)}.")
    if "time" not in found.dims and "time" in found.coords:
        found = _one_date(found)
    grid = next((n for n in ("spatial_ref", "crs") if n in found.data_vars), None)
    found = found.set_coords(grid) if grid else found
    found = _in_degrees(found) if any(str(n).lower() in _DEGREES for n in renames) else found
    if "time" not in found.dims and not _may_be_static(found):
        raise InputError("The data have no dates: add them with  data.expand_dims(time=[np.datetime64('2020-06-01')]).")
    return found


def is_static(cube: xr.Dataset) -> bool:
    """Return whether a Dataset has no time axis."""
    return "time" not in cube.dims


def in_order(cube: xr.Dataset) -> xr.Dataset:
    """Return a Dataset with increasing times, rows from north to south, columns from west to east, and a CRS.

    Raises
    ------
    InputError
        If times are not dates, or coordinates are missing or uneven.
    """
    if not is_static(cube):
        cube = with_times(cube)
    if "y" in cube.coords and cube.sizes["y"] > 1 and float(cube.y[0]) < float(cube.y[-1]):
        cube = cube.isel(y=slice(None, None, -1))
    if "x" in cube.coords and cube.sizes["x"] > 1 and float(cube.x[0]) > float(cube.x[-1]):
        cube = cube.isel(x=slice(None, None, -1))
    for axis in ("y", "x"):
        check_axis(cube, axis)
    cube = with_crs(cube)
    return cube.transpose(*[d for d in ORDER if d in cube.dims], ...)


def unstacked(raw: Any) -> Any:
    """Return an object without a MultiIndex: its levels become dimensions."""
    stacked = [d for d in raw.dims if isinstance(raw.indexes.get(d), pd.MultiIndex)]
    if not stacked:
        return raw
    try:
        return raw.unstack(stacked)
    except ValueError:
        raise InputError(
            f"The dimension {str(stacked[0])[:60]!r} is a MultiIndex with repeated entries: unstack it to time, band, "
            "y and x first."
        ) from None


def from_array(raw: xr.DataArray) -> xr.Dataset:
    """Return the Dataset of an array: one variable for each band along ``band``, else one of the array's name."""
    names = {d: _DIMS[str(d).lower()] for d in raw.dims if str(d).lower() in _DIMS and str(d) != _DIMS[str(d).lower()]}
    raw = raw.rename(_once(names))
    return _split(raw) if "band" in raw.dims else raw.to_dataset(name=str(raw.name or "value"))


def _once(renames: dict[Any, str]) -> dict[Any, str]:
    """Keep the first of several names of one dimension."""
    kept: dict[Any, str] = {}
    for old, new in renames.items():
        if new not in kept.values():
            kept[old] = new
    return kept


def _apart(found: xr.Dataset) -> xr.Dataset:
    """Return a Dataset whose variables along ``band`` are one variable for each band."""
    along = [n for n, v in found.data_vars.items() if "band" in v.dims and {"y", "x"} <= set(v.dims)]
    if not along:
        return found
    rest = found.drop_vars(along)
    rest = rest.drop_dims("band") if "band" in rest.dims else rest
    for name in along:
        parts = _split(found[name])
        if len(along) > 1:
            parts = parts.rename({n: f"{name}_{n}" for n in parts.data_vars})
        rest = rest.merge(parts, compat="override")
    return rest.assign_attrs(found.attrs)


def _split(array: xr.DataArray) -> xr.Dataset:
    """Return the bands of an array, each with its own name, scale and offset as rioxarray keeps them."""
    count = array.sizes["band"]
    stated = array.attrs.get("long_name")
    if isinstance(stated, list | tuple) and len(stated) == count and all(stated):
        names = [str(n) for n in stated]
    elif isinstance(stated, str) and count == 1 and "band" in array.coords and array["band"].dtype.kind in "iu":
        names = [stated]
    elif "band" in array.coords:
        numbered = array["band"].dtype.kind in "iu" and stated is None and "scale_factor" not in array.attrs
        names = [f"layer{b}" if numbered else str(b) for b in array["band"].values]
    else:
        names = [f"layer{i + 1}" for i in range(count)]
    if len(set(names)) != len(names):
        raise InputError("Two bands of the array have the same name: give each a different one.")
    scales, offsets = (_per_band(array.attrs.get(k), count) for k in ("scales", "offsets"))
    attrs = {k: v for k, v in array.attrs.items() if k not in ("long_name", "scales", "offsets")}
    found = xr.Dataset(attrs=attrs if array.name is None else {})
    for i, name in enumerate(names):
        found[name] = array.isel(band=i, drop=True)
        own = {"scale_factor": scales[i], "add_offset": offsets[i] if offsets else 0.0} if scales else {}
        found[name].attrs = {k: v for k, v in attrs.items() if k not in _FILE_ATTRS} | own
        found[name].encoding = dict(array.encoding)
    found.attrs |= {k: v for k, v in attrs.items() if k not in ("scale_factor", "add_offset", "_FillValue")}
    return found


#: Attributes of an array that belong to the whole file.
_FILE_ATTRS = (
    "title",
    "sensor",
    "source",
    "platform",
    "constellation",
    "collection",
    "product_id",
    "source_file",
    "scaled",
)


def _per_band(stated: Any, count: int) -> list[float] | None:
    if not isinstance(stated, Sequence | np.ndarray) or isinstance(stated, str) or len(stated) != count:
        return None
    return [float(s) for s in stated]


def _one_date(found: xr.Dataset) -> xr.Dataset:
    """Return a Dataset with the time of its scalar coordinate as an axis of one date."""
    timed = found.expand_dims("time")
    for name, variable in timed.data_vars.items():
        if not {"y", "x"} <= set(variable.dims):
            timed[name] = variable.isel(time=0, drop=True)
    return timed


def _may_be_static(found: xr.Dataset) -> bool:
    """Return whether every variable is a layer that needs no date, such as elevation or land cover."""
    layers = [v for n, v in found.data_vars.items() if {"y", "x"} <= set(v.dims) and n not in MASKS]
    keys = {quantity(v).key if v.attrs.get("role") != "layer" else "layer" for v in layers}
    return bool(keys) and keys <= {"elevation", "classes", "layer", "embedding"}


def _no_axes(found: xr.Dataset) -> InputError:
    flat = [str(n) for n, v in found.coords.items() if v.ndim == 2 and str(n).lower() in (*_DEGREES, "y", "x")]
    listed = ", ".join(map(str, found.dims))[:80] or "none"
    if flat:
        return InputError(
            f"Latitude and longitude have two dimensions ({listed}), as of a swath or a curved grid: reproject the data "
            "to a regular grid first."
        )
    return InputError(f"The data have no y and x dimensions (found: {listed}): rename them to time, y and x.")


def _in_degrees(cube: xr.Dataset) -> xr.Dataset:
    """Write WGS 84 for coordinates called latitude and longitude without a CRS, as the CF conventions define them."""
    if any(v.attrs.get("grid_mapping_name") or v.attrs.get("crs_wkt") for v in cube.variables.values()):
        return cube
    import rioxarray  # noqa: F401  (registers the accessor)

    inside = {"y", "x"} <= set(cube.coords) and bool((abs(cube["y"]) <= 90).all() and (abs(cube["x"]) <= 360).all())
    return cube.rio.write_crs("EPSG:4326") if inside and cube.rio.crs is None else cube
