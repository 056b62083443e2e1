"""The one place where a raw Dataset becomes a cube: names, scale, masks, order, CRS."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Any, Literal

import numpy as np
import xarray as xr

from eowidgets.cube.clouds import cloud_method
from eowidgets.cube.direct import Constant, derive, note
from eowidgets.cube.grid import georeference
from eowidgets.cube.layout import as_dataset, in_order, is_static
from eowidgets.cube.masks import with_masks
from eowidgets.cube.quality import QUALITY, Quality, quality_name, read_quality
from eowidgets.cube.quantity import quantity
from eowidgets.cube.scale import ABSENT, NAMED, as_floats, is_flags, physical, scale
from eowidgets.cube.schema import BAND_LETTERS, DIMS, MASKS, bands
from eowidgets.cube.sensors import COMMON, SENSORS, Sensor, common_name, find_sensor, hinted_sensor, sensor_of_names
from eowidgets.cube.vectors import holds_vectors, refuse_for_vectors, vector_cube
from eowidgets.errors import InputError, shown, unknown, warn_user

Clouds = Literal["mask", "robust", "units"] | None


def normalise(
    raw: xr.Dataset | xr.DataArray,
    *,
    sensor: str | Sensor | None = None,
    clouds: Clouds = "mask",
    bands: Iterable[str] | None = None,
) -> xr.Dataset:
    """Turn a raw Dataset into a cube (see :mod:`eowidgets.cube.schema`).

    Parameters
    ----------
    raw : Dataset or DataArray
        Over time, y and x under any common names; bands as variables or along a ``band`` dimension.
        A variable may carry ``scale_factor`` and ``add_offset`` that were not applied. Without a time axis,
        elevation, classes and the like become static layers.
    sensor : str or Sensor, optional
        The product, where names or scale do not identify it.
    clouds : {"mask", "robust", "units", None}
        Cloud mask from the quality band, the same with what it missed, or none.
    bands : iterable of str, optional
        Names of the bands to keep.

    Raises
    ------
    InputError
        If something is missing or cannot be right; the sentence says how to correct it.
    """
    cube = lay_out(raw)
    if holds_vectors(cube):
        refuse_for_vectors(cube, bands=bands)
        return vector_cube(cube)
    if is_static(cube):
        return _layers(cube)
    scaled = bool(cube.attrs.pop("scaled", False))
    chosen = _sensor(cube, sensor)
    cube = _flagged(cube if cube.attrs.pop(NAMED, False) else _rename(cube, chosen))
    if sensor is not None and chosen is not None:
        _need_bands_of(cube, chosen)
    cube = as_floats(cube, chosen) if scaled else scale(cube, chosen, forced=sensor is not None)
    _mark_layers(cube)
    cube = _masked(cube)
    cube = _ordered(_merge_twins(cube))
    cube.attrs.setdefault("title", "Untitled cube")
    cube.attrs.pop("sensor", None)  # files of other programs use this name for other values
    if chosen is not None:
        cube.attrs["sensor"] = chosen.key
    return finish(cube, clouds, bands)


def lay_out(raw: xr.Dataset | xr.DataArray) -> xr.Dataset:
    """Bring dimensions, order and CRS into the form of a cube; values stay as they are, nothing is read."""
    return in_order(as_dataset(raw))


def _layers(cube: xr.Dataset) -> xr.Dataset:
    """Return a Dataset (y, x) of static layers, with ``valid`` where all of them have a value."""
    measured = None
    for name, variable in cube.data_vars.items():
        if name in MASKS or not {"y", "x"} <= set(variable.dims):
            continue
        if "flag_values" in variable.attrs or quantity(variable).key == "classes":
            fill = variable.attrs.get("_FillValue")
            seen = xr.ones_like(variable, dtype=bool) if fill is None else variable != fill
        else:
            cube[name] = physical(variable, None)
            seen = cube[name].notnull()
        cube[name].attrs |= {"role": "layer", "quantity": quantity(cube[name]).key}
        measured = seen if measured is None else measured & seen
    if measured is None:
        raise InputError("The data have no layer: no variable over (y, x) with numbers was found.")
    cube["valid"] = measured.drop_attrs().assign_attrs(long_name="Measured")
    cube.attrs.setdefault("title", "Untitled layer")
    return cube


def _mark_layers(cube: xr.Dataset) -> None:
    """Give variables without time the role of a static layer."""
    for name, variable in cube.data_vars.items():
        if set(variable.dims) == {"y", "x"} and name not in MASKS:
            variable.attrs.setdefault("role", "layer")


def finish(cube: xr.Dataset, clouds: Clouds, bands: Iterable[str] | None) -> xr.Dataset:
    """Apply the options of ``open`` to a cube: cloud mask and bands."""
    if (method := cloud_method(clouds)) is not None:
        cube["clouds"] = method(georeference(cube))
    elif clouds is None:
        cube["clouds"] = xr.zeros_like(cube["valid"])
    elif clouds != "mask":
        raise InputError(f"clouds={shown(clouds)} is not known: use 'mask', 'robust', 'units' or None.")
    # After the clouds: finding them needs bands that may not be kept.
    return cube if bands is None else _only(cube, [bands] if isinstance(bands, str) else list(bands))


def _merge_twins(cube: xr.Dataset) -> xr.Dataset:
    """Merge scenes of one instant, parts of one picture (two tiles of a swath): the first with a value wins."""
    times = cube.indexes["time"]
    if times.is_unique:
        return cube
    warn_user(
        f"{int(times.duplicated().sum())} dates occur twice; their scenes were merged, the first that has a value wins."
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
    # Files of other programs hold other things under these names ("MSI"): a hint without a product is ignored.
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
        found = quality_name(str(name), sensor.quality if sensor else ()) or common_name(str(name), sensor)
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
    """Sort bands by wavelength, then unknown ones in their order, then masks and layers; independent of the file."""
    names = [n for n in BAND_LETTERS if n in cube] + [n for n in bands(cube) if n not in BAND_LETTERS]
    others = [n for n in cube.data_vars if n not in names and n not in MASKS]
    return cube[[*names, *others, *(m for m in MASKS if m in cube)]]


def _flagged(cube: xr.Dataset) -> xr.Dataset:
    """Set the role of flags and classes, so that no model or picture uses them as bands."""
    unread = []
    for name in bands(cube):
        if name in QUALITY:
            continue
        if "flag_values" in cube[name].attrs or (
            quantity(cube[name]).key == "classes" and cube[name].dtype.kind in "iu"
        ):
            cube[name].attrs["role"] = "classes"
        elif is_flags(cube[name]) or (name not in COMMON and _is_binary(cube[name])):
            cube[name].attrs["role"] = "quality"
            unread.append(name)
    if unread:
        warn_user(f"{', '.join(unread)[:80]}: flags of unknown coding, kept as quality bands and not used as masks.")
    return cube


def _is_binary(values: xr.DataArray) -> bool:
    """Return whether a band in memory holds only one-byte integers that are 0 or 1."""
    if values.chunks or values.dtype.kind not in "iu" or values.dtype.itemsize > 1 or "scale_factor" in values.attrs:
        return False
    return bool(values.size and values.isin([0, 1]).all())


def _masked(cube: xr.Dataset) -> xr.Dataset:
    names = [n for n in bands(cube) if n not in QUALITY]
    classes = [str(n) for n, v in cube.data_vars.items() if v.attrs.get("role") == "classes"]
    read = [key for key in QUALITY if key in cube and set(cube[key].dims) == set(DIMS)]
    if not names and not classes and not read:
        raise InputError("The data have no band: no variable over (time, y, x) with numbers was found.")
    cloudy, measured = None, None
    for key in read:
        stored = cube[key]
        cube[key] = stored.fillna(QUALITY[key].fill).astype(QUALITY[key].dtype).transpose(*DIMS)
        derive(cube[key], stored, partial(_filled, quality=QUALITY[key]))
        kept = {k: v for k, v in cube[key].attrs.items() if k not in ("stored_dtype", "_FillValue", "scaled")}
        cube[key].attrs = {"long_name": QUALITY[key].title, "role": "quality"} | kept
        found, seen = read_quality(cube[key])
        cloudy = found if cloudy is None else cloudy | found
        measured = seen if measured is None else measured & seen
    seen_all = measured
    for name in names:
        seen = _observed(cube[name])
        seen_all = seen if seen_all is None else seen_all & seen
    for name in classes:
        cube[name] = cube[name].transpose(*DIMS) if set(cube[name].dims) == set(DIMS) else cube[name]
        fill = cube[name].attrs.pop("_FillValue", cube[name].attrs.get("nodata"))
        cube[name].attrs.pop("stored_dtype", None)
        seen = xr.ones_like(cube[name], dtype=bool) if fill is None else cube[name] != fill
        seen_all = seen if seen_all is None else (seen_all & seen if not names else seen_all)
    # Masks that come with the data are kept: a saved cube, the result of a model.
    cube = with_masks(cube)
    valid: Any = cube.get("valid", seen_all)
    scene = xr.zeros_like(valid) if cloudy is None else cloudy & valid
    clouds = cube.get("clouds", scene)
    cube["valid"], cube["clouds"] = valid.transpose(*DIMS), clouds.transpose(*DIMS)
    if clouds is scene and not read:
        note(scene.variable._data, Constant(False, bool))
    elif clouds is scene and len(read) == 1:  # a pixel without a value in a band is not drawn, cloudy or not
        derive(cube["clouds"], cube[read[0]], partial(_cloudy, quality=QUALITY[read[0]]))
    cube["valid"].attrs = {"long_name": "Measured"}
    cube["clouds"].attrs = {"long_name": "Cloud or cloud shadow"}
    if isinstance(cube["valid"].variable._data, np.ndarray) and not bool(cube["valid"].any()):
        raise InputError("Every pixel of every date is nodata: check the file, the area and the nodata value.")
    return cube


def _filled(stored: np.ndarray, quality: Quality) -> np.ndarray:
    numbers = np.where(np.isnan(stored), quality.fill, stored) if stored.dtype.kind == "f" else stored
    return numbers.astype(quality.dtype)


def _cloudy(numbers: np.ndarray, quality: Quality) -> np.ndarray:
    return quality.clouds(numbers) & ~quality.missing(numbers)


def _observed(band: xr.DataArray) -> xr.DataArray:
    """Return where a band has a value, or its source holds no such band on that date."""
    absent = band.attrs.pop(ABSENT, None)
    seen = band.notnull()
    return seen if absent is None else seen | band["time"].isin(absent)
