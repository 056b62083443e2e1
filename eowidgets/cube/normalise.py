"""The one place where a raw Dataset becomes a cube: names, scale, masks, order, CRS."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import xarray as xr

from eowidgets.cube.quality import QUALITY, quality_name, read_quality
from eowidgets.cube.scale import as_floats, scale
from eowidgets.cube.schema import BAND_LETTERS, DIMS, MASKS, bands
from eowidgets.cube.sensors import (
    COMMON,
    SENSORS,
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
_DEGREES = ("lat", "latitude", "lon", "long", "longitude")


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
    cube = lay_out(raw)
    scaled = bool(cube.attrs.pop("scaled", False))
    chosen = _sensor(cube, sensor)
    cube = _rename(cube, chosen)
    if sensor is not None and chosen is not None:
        _need_bands_of(cube, chosen)
    cube = as_floats(cube, chosen) if scaled else scale(cube, chosen, forced=sensor is not None)
    cube = _masked(cube)
    cube = _ordered(_merge_twins(cube))
    cube.attrs.setdefault("title", "Untitled cube")
    cube.attrs.pop("sensor", None)  # other people's files write anything here
    if chosen is not None:
        cube.attrs["sensor"] = chosen.key
    return finish(cube, clouds, bands)


def lay_out(raw: xr.Dataset | xr.DataArray) -> xr.Dataset:
    """Bring dimensions, order and CRS into the form of a cube; values stay as they are, nothing is read."""
    cube = _put_in_order(_as_dataset(raw))
    _need_crs(cube)
    return cube


def finish(cube: xr.Dataset, clouds: Clouds, bands: Iterable[str] | None) -> xr.Dataset:
    """What the person asked for of a cube that is one already: cloud mask and bands."""
    if clouds == "robust":
        from eowidgets.cube.clouds import robust_clouds

        cube["clouds"] = robust_clouds(cube)
    elif clouds is None:
        cube["clouds"] = xr.zeros_like(cube["valid"])
    elif clouds != "mask":
        raise InputError(f"clouds={clouds!r} is not known: use 'mask', 'robust' or None.")
    # After the clouds: finding them needs bands that the person may not want to keep.
    return cube if bands is None else _only(cube, [bands] if isinstance(bands, str) else list(bands))


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
    found = found.set_coords(grid) if grid else found
    return _in_degrees(found) if any(str(n).lower() in _DEGREES for n in renames) else found


def _in_degrees(cube: xr.Dataset) -> xr.Dataset:
    """Coordinates called latitude and longitude without a CRS are degrees on WGS 84: the CF conventions say so."""
    import rioxarray  # noqa: F401  (registers the accessor)

    inside = {"y", "x"} <= set(cube.coords) and bool((abs(cube["y"]) <= 90).all() and (abs(cube["x"]) <= 360).all())
    return cube.rio.write_crs("EPSG:4326") if inside and cube.rio.crs is None else cube


def _put_in_order(cube: xr.Dataset) -> xr.Dataset:
    times = cube["time"]
    if times.dtype.kind not in "M":
        raise InputError("The times are not dates: make them datetime64, for instance with  pandas.to_datetime(...).")
    if bool(times.isnull().any()):
        raise InputError("Some dates are missing (NaT): drop or mend them first.")
    cube = cube.assign_coords(time=times.astype("datetime64[ns]"))
    if not cube.indexes["time"].is_monotonic_increasing:
        cube = cube.sortby("time")
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
    """Scenes of one instant are parts of one picture (two tiles of a swath): the first that saw a pixel wins."""
    times = cube.indexes["time"]
    if times.is_unique:
        return cube
    warnings.warn(
        f"{int(times.duplicated().sum())} dates occur twice; their scenes were merged, the first that has a value wins.",
        stacklevel=4,
    )
    frames = []
    for time in times.unique():
        first, *others = np.flatnonzero(times == time)
        frame = cube.isel(time=[first])
        for i in others:
            other = cube.isel(time=[i])
            take = ~frame["valid"] & other["valid"]
            for name, variable in frame.data_vars.items():
                if "time" in variable.dims:
                    frame[name] = other[name].where(take, variable).assign_attrs(variable.attrs)
        frames.append(frame)
    return xr.concat(frames, "time", data_vars="minimal", coords="minimal", compat="override")


def _sensor(cube: xr.Dataset, given: str | Sensor | None) -> Sensor | None:
    sensor: Sensor | None
    if given is not None:
        sensor = given if isinstance(given, Sensor) else find_sensor(given)
    else:
        names = [str(n) for n, v in cube.data_vars.items() if {"y", "x"} <= set(v.dims)]
        sensor = _hinted(cube) or sensor_of_names(names)
    noted = cube.attrs.pop("processing_baseline", None)
    if sensor is None or sensor.baseline is not None or not isinstance(noted, int | float):
        return sensor
    return replace(sensor, baseline=float(noted))


def _hinted(cube: xr.Dataset) -> Sensor | None:
    # Other people's files write anything under these names ("MSI"): a hint that says nothing is passed over.
    keys = ("sensor", "platform", "constellation", "collection", "product_id", "source_file")
    hints = [str(cube.attrs[k]) for k in keys if cube.attrs.get(k)]
    return next((s for h in hints if (s := SENSORS.get(h) or hinted_sensor(h))), None)


def _need_bands_of(cube: xr.Dataset, sensor: Sensor) -> None:
    names = [n for n in bands(cube) if n not in QUALITY]
    if names and not any(sensor.band(n) or n in COMMON for n in names):
        listed, known = ", ".join(names[:4]), ", ".join(repr(b.name) for b in sensor.bands[:3])
        raise InputError(
            f"None of the bands ({listed}) is a band of {sensor.key}: "
            f"name them in file order, for instance bands=({known}, ...)."
        )


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
    sensor = SENSORS.get(str(cube.attrs.get("sensor")))
    wanted = [n if n in have else common_name(n, sensor) or n for n in wanted]
    if not wanted:
        raise InputError("bands= is empty: name at least one, or leave it out for all.")
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
