"""From the numbers in a file to physical values, and a word where these cannot be right."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.cube.quality import QUALITY
from eowidgets.cube.schema import DIMS, MAX_REFLECTANCE, bands
from eowidgets.cube.sensors import COMMON, OFFSET_BASELINE, OFFSET_DATE, Band, Sensor
from eowidgets.errors import InputError

#: The offset that Sentinel-2 numbers carry since processing baseline 04.00.
BOA_ADD_OFFSET = -1000


def scale(cube: xr.Dataset, sensor: Sensor | None, *, forced: bool) -> xr.Dataset:
    """Turn the numbers of every band into float32 in its unit, NaN where nothing was measured.

    Parameters
    ----------
    sensor : Sensor or None
        Gives scale and offset to integers that have none of their own.
    forced : bool
        The person named the sensor: it speaks for floats too, where they can't be reflectance.

    Raises
    ------
    InputError
        If what comes out can't be reflectance.
    """
    bare = [n for n in ("blue", "green", "red") if n in cube and _is_bare(cube[n])]
    for name in bands(cube):
        if name not in QUALITY:
            band = sensor.band(name) if sensor else None
            cube[name] = _scale_band(cube[name], band, sensor, forced).transpose(*DIMS)
            _describe(cube[name], band)
    _refuse_wrong_scale(cube)
    _tell_of_offset(cube[bare], sensor)
    return cube


def as_floats(cube: xr.Dataset, sensor: Sensor | None) -> xr.Dataset:
    """Physical values stay what they are; they only get the type and the unit of a cube."""
    for name in bands(cube):
        if name not in QUALITY:
            cube[name] = _scale_band(cube[name], None, None, False).transpose(*DIMS)
            _describe(cube[name], sensor.band(name) if sensor else None)
    return cube


def _typical(variable: xr.DataArray) -> float:
    """Median of the finite values (0 without any); of a lazy band, of a small window in the middle of three dates."""
    if variable.chunks:
        window: dict[str, Any] = {
            d: slice(max(0, variable.sizes[d] // 2 - 32), variable.sizes[d] // 2 + 32) for d in ("y", "x")
        }
        window["time"] = sorted({variable.sizes["time"] * i // 4 for i in (1, 2, 3)})
        variable = variable.isel(window)
    values = np.asarray(variable.values)
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else 0.0


def _is_bare(values: xr.DataArray) -> bool:
    """Whether a band holds integers that nobody said the scale of."""
    # xarray gives integers with a fill value as floats; what they were on disk is in the encoding.
    stored = np.dtype(values.encoding.get("dtype", values.dtype))
    integers = values.dtype.kind in "iu" or (stored.kind in "iu" and "scale_factor" not in values.encoding)
    return integers and "scale_factor" not in values.attrs


def _scale_band(values: xr.DataArray, band: Band | None, sensor: Sensor | None, forced: bool) -> xr.DataArray:
    attrs, scale, offset = dict(values.attrs), values.attrs.get("scale_factor"), values.attrs.get("add_offset")
    nodata = values.attrs.get("_FillValue", values.attrs.get("nodata", values.encoding.get("_FillValue")))
    # A sensor that was named speaks for floats only where they can't be reflectance: saved cubes are scaled already.
    if band is not None and scale is None and (_is_bare(values) or (forced and _typical(values) > MAX_REFLECTANCE)):
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


def _reflectances(cube: xr.Dataset) -> list[str]:
    radar = ("vv", "vh", "hh", "hv")
    return [n for n in bands(cube) if n in COMMON and n not in radar and cube[n].attrs.get("units") in (None, "1")]


def _refuse_wrong_scale(cube: xr.Dataset) -> None:
    names = _reflectances(cube)
    # Of a lazy cube one band is looked at: a glance must not read the file.
    for name in names[:1] if any(cube[n].chunks for n in names) else names:
        typical = _typical(cube[name])
        if typical > MAX_REFLECTANCE:
            raise InputError(
                f"Half of the values of {name!r} are above {typical:.4g}, but reflectance lies between 0 and 1: they "
                "look like unscaled numbers. Name the sensor, for instance sensor='sentinel2-l2a', or divide by 10 000 first."
            )


def _tell_of_offset(cube: xr.Dataset, sensor: Sensor | None) -> None:
    """Sentinel-2 since 2022 without a word about its offset: dark ground that is nowhere dark tells of it."""
    names = list(cube.data_vars)
    if sensor is None or sensor.baseline is not None or not sensor.key.startswith("sentinel2") or not names:
        return
    late = cube[names[0]].isel(time=cube["time"].values >= np.datetime64(OFFSET_DATE))
    if late.chunks or not late.size or not bool(late.notnull().any()):
        return
    if float(late.quantile(0.01)) >= -BOA_ADD_OFFSET * 1e-4:
        warnings.warn(
            f"The dates since {OFFSET_DATE} seem to hold Sentinel-2's offset of 1000 still: if so, open with "
            f"sensor='{sensor.key}@04.00'; if not, '{sensor.key}@02.14' says so.",
            stacklevel=4,
        )
