"""The one place where a raw Dataset becomes a cube: names, scale, masks, order, CRS."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
import xarray as xr

from eowidgets.cube.quality import QUALITY, quality_name, read_quality
from eowidgets.cube.schema import BAND_LETTERS, DIMS, MASKS, MAX_REFLECTANCE, bands
from eowidgets.cube.sensors import (
    OFFSET_BASELINE,
    Band,
    Sensor,
    common_name,
    find_sensor,
    hinted_sensor,
    sensor_of_names,
)
from eowidgets.errors import InputError, unknown

Clouds = Literal["mask", "robust"] | None

_DIMS = {
    "lat": "y", "latitude": "y", "northing": "y", "lon": "x", "long": "x", "longitude": "x", "easting": "x",
    "t": "time", "date": "time", "dates": "time", "times": "time", "datetime": "time", "variable": "band", "bands": "band",
}  # fmt: skip
#: The offset that Sentinel-2 numbers carry since processing baseline 04.00.
BOA_ADD_OFFSET = -1000


def normalise(
    raw: xr.Dataset | xr.DataArray,
    *,
    sensor: str | Sensor | None = None,
    clouds: Clouds = "mask",
    bands: Iterable[str] | None = None,
) -> xr.Dataset:
    """Turn what a source gave into a cube (see :mod:`eowidgets.cube.schema`).

    Parameters
    ----------
    raw : Dataset or DataArray
        Over time, y and x under any common names; bands as variables or along a ``band`` dimension.
        A variable may carry ``scale_factor`` and ``add_offset`` that were not applied.
    sensor : str or Sensor, optional
        Where names or scale cannot tell.
    clouds : {"mask", "robust", None}
        Cloud mask from the quality band, the same and what it missed, or none.
    bands : iterable of str, optional
        Common names to keep.

    Raises
    ------
    InputError
        If something is missing or cannot be right; the sentence says how to mend it.
    """
    cube = _put_in_order(_as_dataset(raw))
    chosen = _sensor(cube, sensor)
    cube = _rename(cube, chosen)
    _need_crs(cube)
    cube = _scaled(cube, chosen, forced=sensor is not None)
    cube = _masked(cube)
    cube = _ordered(cube)
    cube.attrs.setdefault("title", "Untitled cube")
    if chosen is not None:
        cube.attrs["sensor"] = chosen.key
    return finish(cube, clouds, bands)


def finish(cube: xr.Dataset, clouds: Clouds, bands: Iterable[str] | None) -> xr.Dataset:
    """What the person asked for of a cube that is one already: cloud mask and bands."""
    if clouds == "robust":
        from eowidgets.cube.clouds import robust_clouds

        cube["clouds"] = robust_clouds(cube)
    elif clouds is None:
        cube["clouds"] = DIMS, np.zeros([cube.sizes[d] for d in DIMS], bool)
    elif clouds != "mask":
        raise InputError(f"clouds={clouds!r} is not known: use 'mask', 'robust' or None.")
    # After the clouds: finding them needs bands that the person may not want to keep.
    return cube if bands is None else _only(cube, list(bands))


def _as_dataset(raw: Any) -> xr.Dataset:
    if isinstance(raw, xr.DataArray):
        raw = raw.rename({d: _DIMS[str(d).lower()] for d in raw.dims if str(d).lower() in _DIMS})
        if "band" in raw.dims:
            raw = raw.assign_coords(band=[str(b) for b in raw["band"].values] if "band" in raw.coords else None)
            names = raw["band"].values
            raw = raw.to_dataset("band")
            raw.attrs.pop("long_name", None)
            if len(set(names)) != len(names):
                raise InputError("Two bands of the array have the same name: give each its own.")
        else:
            raw = raw.to_dataset(name=str(raw.name or "value"))
    names = {str(n).lower(): n for n in [*raw.dims, *raw.coords]}
    renames = {names[k]: v for k, v in _DIMS.items() if k in names and v not in raw.dims and v not in raw.coords}
    found: xr.Dataset = raw.rename(renames)
    if {"y", "x"} - set(found.dims):
        listed = ", ".join(map(str, found.dims)) or "none"
        raise InputError(f"The data have no y and x dimensions (found: {listed}): rename them to time, y and x.")
    if "time" not in found.dims:
        if "time" not in found.coords:
            raise InputError(
                "The data have no dates: add them with  data.expand_dims(time=[np.datetime64('2020-06-01')])."
            )
        found = found.expand_dims("time")
        for name, variable in found.data_vars.items():
            if not {"y", "x"} <= set(variable.dims):
                found[name] = variable.isel(time=0, drop=True)
    if found.sizes["y"] * found.sizes["x"] * found.sizes["time"] == 0:
        raise InputError(f"The data are empty: {dict(found.sizes)}.")
    grid = next((n for n in ("spatial_ref", "crs") if n in found.data_vars), None)
    return found.set_coords(grid) if grid else found


def _put_in_order(cube: xr.Dataset) -> xr.Dataset:
    times = cube["time"]
    if times.dtype.kind not in "M":
        raise InputError("The times are not dates: make them datetime64, for instance with  pandas.to_datetime(...).")
    if bool(times.isnull().any()):
        raise InputError("Some dates are missing (NaT): drop or mend them first.")
    cube = cube.assign_coords(time=times.astype("datetime64[ns]"))
    if not cube.indexes["time"].is_monotonic_increasing:
        cube = cube.sortby("time")
    if not cube.indexes["time"].is_unique:
        cube = _merge_twins(cube)
    if "y" in cube.coords and cube.sizes["y"] > 1 and float(cube.y[0]) < float(cube.y[-1]):
        cube = cube.isel(y=slice(None, None, -1))
    if "x" in cube.coords and cube.sizes["x"] > 1 and float(cube.x[0]) > float(cube.x[-1]):
        cube = cube.isel(x=slice(None, None, -1))
    for axis in ("y", "x"):
        if axis not in cube.coords:
            raise InputError(
                f"The data have no {axis} coordinates: add them, so that pixels can be found on the ground."
            )
        steps = np.diff(cube[axis].values.astype("float64"))
        if len(steps) and not np.allclose(steps, steps[0], rtol=1e-3, atol=0):
            raise InputError(
                f"The {axis} coordinates are not evenly spaced: reproject the data to a regular grid first."
            )
    order = [d for d in DIMS if d in cube.dims]
    return cube.transpose(*order, ...)


def _merge_twins(cube: xr.Dataset) -> xr.Dataset:
    """Scenes of one instant are parts of one picture (two tiles, two orbits' halves): the first that saw a pixel wins."""
    twins = int(cube.indexes["time"].duplicated().sum())
    warnings.warn(
        f"{twins} dates occur twice; their scenes were merged, the first that has a value wins.", stacklevel=5
    )
    return cube.groupby("time").first(skipna=True)


def _sensor(cube: xr.Dataset, given: str | Sensor | None) -> Sensor | None:
    if isinstance(given, Sensor):
        return given
    if given is not None:
        return find_sensor(given)
    if cube.attrs.get("sensor"):
        return find_sensor(str(cube.attrs["sensor"]))
    hints = (cube.attrs.get(k) for k in ("platform", "constellation", "collection", "product_id", "source_file"))
    hinted = next((s for h in hints if h and (s := hinted_sensor(str(h)))), None)
    if hinted:
        return hinted
    names = [str(n) for n, v in cube.data_vars.items() if {"y", "x"} <= set(v.dims)]
    return sensor_of_names(names)


def _rename(cube: xr.Dataset, sensor: Sensor | None) -> xr.Dataset:
    renames: dict[Any, str] = {}
    for name, variable in cube.data_vars.items():
        if (
            not {"y", "x"} <= set(variable.dims)
            or name in MASKS
            or variable.attrs.get("role", "band") not in ("band", "quality")
        ):
            continue
        found = quality_name(str(name)) or common_name(str(name), sensor)
        if found and found != name and found not in cube.data_vars and found not in renames.values():
            renames[name] = found
    cube = cube.rename(renames)
    for old, new in renames.items():
        cube[new].attrs.setdefault("source_band", str(old))
    return cube


def _only(cube: xr.Dataset, wanted: list[str]) -> xr.Dataset:
    have = [
        str(n) for n, v in cube.data_vars.items() if {"y", "x"} <= set(v.dims) and n not in QUALITY and n not in MASKS
    ]
    for name in wanted:
        if name not in have:
            raise unknown("band", name, have)
    return cube.drop_vars([n for n in have if n not in wanted])


def _ordered(cube: xr.Dataset) -> xr.Dataset:
    """Bands from short to long waves, then what is unknown as it came, then masks and layers: the same from any file."""
    names = [n for n in BAND_LETTERS if n in cube] + [n for n in bands(cube) if n not in BAND_LETTERS]
    others = [n for n in cube.data_vars if n not in names and n not in MASKS]
    return cube[[*names, *others, *(m for m in MASKS if m in cube)]]


def _need_crs(cube: xr.Dataset) -> None:
    noted = cube.coords["spatial_ref"].attrs if "spatial_ref" in cube.coords else {}
    if noted.get("crs_wkt") or noted.get("spatial_ref"):
        return  # said as rioxarray says it: no need to load a CRS library to know that
    import odc.geo.xr  # noqa: F401  (registers the accessor)

    if cube.odc.crs is None:
        raise InputError("The data have no CRS: set it with  data = data.rio.write_crs('EPSG:...')  and open that.")


def _scaled(cube: xr.Dataset, sensor: Sensor | None, *, forced: bool) -> xr.Dataset:
    for name in bands(cube):
        if name in QUALITY:
            continue
        variable = cube[name]
        band = sensor.band(name) if sensor else None
        cube[name] = _scale_band(variable, band, sensor, forced).transpose(*DIMS)
        _describe(cube[name], band)
    _refuse_wrong_scale(cube)
    return cube


def _scale_band(values: xr.DataArray, band: Band | None, sensor: Sensor | None, forced: bool) -> xr.DataArray:
    attrs, scale, offset = dict(values.attrs), values.attrs.get("scale_factor"), values.attrs.get("add_offset")
    nodata = values.attrs.get("_FillValue", values.attrs.get("nodata", values.encoding.get("_FillValue")))
    # xarray gives integers with a fill value as floats; what they were on disk is in the encoding.
    stored = np.dtype(values.encoding.get("dtype", values.dtype))
    integers = values.dtype.kind in "iu" or (stored.kind in "iu" and "scale_factor" not in values.encoding)
    if scale is None and band is not None and (integers or forced):
        scale, offset = band.scale, band.offset
        if sensor and sensor.key.startswith("sentinel2") and (sensor.baseline or 0) >= OFFSET_BASELINE:
            offset = BOA_ADD_OFFSET * band.scale
        nodata = sensor.nodata if nodata is None and sensor else nodata
    result = values.astype("float32")
    if nodata is not None and not np.isnan(nodata):
        result = result.where(values != nodata)
    if scale is not None:
        result = result * np.float32(scale) + np.float32(offset or 0.0)
    result.attrs = {k: v for k, v in attrs.items() if k not in ("scale_factor", "add_offset", "_FillValue", "nodata")}
    result.encoding = {}
    return result


def _describe(variable: xr.DataArray, band: Band | None) -> None:
    variable.attrs.setdefault("units", band.units if band else "1")
    if band is not None and band.wavelength is not None:
        variable.attrs.setdefault("center_wavelength", band.wavelength)


def _refuse_wrong_scale(cube: xr.Dataset) -> None:
    from eowidgets.cube.sensors import COMMON

    for name in bands(cube):
        variable = cube[name]
        if name not in COMMON or name in ("vv", "vh", "hh", "hv") or variable.attrs.get("units") not in (None, "1"):
            continue
        if not isinstance(variable.variable._data, np.ndarray):  # lazy: nothing is read to look at it
            continue
        finite = variable.values[np.isfinite(variable.values)]
        if finite.size and float(np.median(finite)) > MAX_REFLECTANCE:
            raise InputError(
                f"Half of the values of {name!r} are above {np.median(finite):.4g}, but reflectance lies between 0 and 1: they "
                "look like unscaled numbers. Name the sensor, for instance sensor='sentinel2-l2a', or divide by 10 000 first."
            )


def _masked(cube: xr.Dataset) -> xr.Dataset:
    names = [n for n in bands(cube) if n not in QUALITY]
    if not names:
        raise InputError("The data have no band: no variable over (time, y, x) with numbers was found.")
    cloudy, measured = None, None
    for key in QUALITY:
        if key in cube:
            cube[key] = cube[key].fillna(QUALITY[key].fill).astype(QUALITY[key].dtype).transpose(*DIMS)
            cube[key].attrs = {"long_name": QUALITY[key].title, "role": "quality"} | cube[key].attrs
            found, seen = read_quality(cube[key])
            cloudy = found if cloudy is None else cloudy | found
            measured = seen if measured is None else measured & seen
    seen_all = cube[names[0]].notnull()
    for name in names[1:]:
        seen_all = seen_all & cube[name].notnull()
    if measured is not None:
        seen_all = seen_all & measured
    # Masks that came along were made on purpose (a saved cube, a model's result): they are kept.
    valid = cube["valid"].astype(bool) if "valid" in cube else seen_all
    scene = xr.zeros_like(valid) if cloudy is None else cloudy & valid
    clouds = cube["clouds"].astype(bool) if "clouds" in cube else scene
    cube["valid"], cube["clouds"] = valid.transpose(*DIMS), clouds.transpose(*DIMS)
    cube["valid"].attrs = {"long_name": "Measured"}
    cube["clouds"].attrs = {"long_name": "Cloud or cloud shadow"}
    if isinstance(cube["valid"].variable._data, np.ndarray) and not bool(cube["valid"].any()):
        raise InputError("Every pixel of every date is nodata: check the file, the area and the nodata value.")
    return cube
