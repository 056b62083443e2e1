"""Conversion of stored numbers to physical values, with errors for impossible values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.cube.direct import Cells, Origin, derive, direct
from eowidgets.cube.products import Band, Sensor
from eowidgets.cube.quality import QUALITY, is_flag_name
from eowidgets.cube.quantity import QUANTITIES, quantity
from eowidgets.cube.schema import DIMS, bands
from eowidgets.cube.sensors import OFFSET_BASELINE, OFFSET_DATE
from eowidgets.errors import InputError, shown, warn_user

#: The offset that Sentinel-2 numbers carry since processing baseline 04.00.
BOA_ADD_OFFSET = -1000
#: Attribute of a band: the times at which its source holds no such band.
ABSENT = "absent_times"
#: Attribute of a raw Dataset whose variables have their common names already.
NAMED = "common_names"
#: Numbers that mark missing data and are not measurements of any quantity; files often leave them undeclared.
FILLS = (-9999.0, -99999.0, -32768.0, -28672.0)
_LARGEST = 1e30
_STORAGE = ("scale_factor", "add_offset", "_FillValue", "missing_value", "nodata", "stored_dtype", "scaled", "scales")


@dataclass(frozen=True, slots=True)
class Calibration:
    """Calibration of the stored numbers of a band: ``number * scale + offset``, NaN for ``nodata``."""

    scale: float | None = None
    offset: float = 0.0
    nodata: float | None = None
    units: str = "1"
    quantity: str = "unknown"

    def apply(self, values: xr.DataArray) -> xr.DataArray:
        """Return float32 values.

        Raises
        ------
        InputError
            For text and other objects that are not numbers.
        """
        if values.dtype.kind not in "fiub":
            raise InputError(
                f"The band {shown(str(values.name))} holds {values.dtype} instead of numbers: convert or drop it first."
            )
        result = values.astype("float32")
        if self.nodata is not None and not np.isnan(self.nodata):
            result = result.where(values != self.nodata)
        elif values.dtype.kind in "if":
            result = _without_fills(values, result)
        if self.scale is not None:
            result = result * np.float32(self.scale) + np.float32(self.offset)
        return result

    def numbers(self, stored: np.ndarray) -> np.ndarray:
        """Return float32 values of an array in memory, as `apply` does for a lazy one."""
        result: np.ndarray = stored.astype("float32")
        if self.nodata is not None and not np.isnan(self.nodata):
            result[stored == self.nodata] = np.nan
        elif stored.dtype.kind == "f":
            result[np.isin(stored, FILLS) | (abs(stored) > _LARGEST)] = np.nan
        elif stored.dtype.kind == "i":
            result[np.isin(stored, [f for f in FILLS if np.iinfo(stored.dtype).min <= f])] = np.nan
        return result if self.scale is None else result * np.float32(self.scale) + np.float32(self.offset)


def scale(cube: xr.Dataset, sensor: Sensor | None, *, forced: bool) -> xr.Dataset:
    """Turn the numbers of every band into float32 in its unit, NaN where nothing was measured.

    Parameters
    ----------
    cube : Dataset
        Bands under their common names.
    sensor : Sensor or None
        Source of scale and offset for integers without them.
    forced : bool
        The user stated the sensor: it also holds for floats where these cannot be reflectance.

    Raises
    ------
    InputError
        If the values cannot be reflectance.
    """
    bare = [n for n in ("blue", "green", "red") if n in cube and _is_bare(cube[n])]
    late = cube[bare]
    for name in bands(cube):
        if name not in QUALITY:
            cube[name] = physical(cube[name], sensor, forced=forced).transpose(*DIMS)
    _refuse_wrong_scale(cube)
    _warn_of_offset(cube[bare].assign_attrs(late.attrs), sensor)
    return cube


def as_floats(cube: xr.Dataset, sensor: Sensor | None) -> xr.Dataset:
    """Add type, unit and quantity of a cube to values that are physical already."""
    for name in bands(cube):
        if name not in QUALITY:
            values = cube[name].assign_attrs(scaled=True)
            cube[name] = physical(values, sensor).transpose(*DIMS)
    return cube


def physical(values: xr.DataArray, sensor: Sensor | None, *, forced: bool = False) -> xr.DataArray:
    """Return the physical values of one band.

    Parameters
    ----------
    values : DataArray
        Stored numbers; ``scale_factor``, ``add_offset``, ``_FillValue`` and ``units`` of its attributes hold first.
        ``attrs["scaled"]`` marks values that are physical already.
    sensor : Sensor or None
    forced : bool
        Whether the user stated the sensor.

    Returns
    -------
    DataArray, float32
        With ``units`` and ``quantity``.

    Raises
    ------
    InputError
        If the user states a product of 16-bit numbers for a picture of 8 bits.
    """
    band = _band_of(values, sensor)
    if np.issubdtype(values.dtype, np.complexfloating):
        warn_user(f"The band {str(values.name)!r} is complex: its amplitude is taken.")
        values = abs(values).assign_attrs({**values.attrs, "quantity": "amplitude"})
    calibration = _calibration(values, band, sensor, forced)
    result = calibration.apply(values)
    derive(result, values, calibration.numbers)
    kept = {k: v for k, v in values.attrs.items() if k not in _STORAGE}
    result.attrs = {**kept, "units": calibration.units, "quantity": calibration.quantity}
    if band is not None and band.wavelength is not None:
        result.attrs.setdefault("center_wavelength", band.wavelength)
    result.encoding = {}
    return result


def _band_of(values: xr.DataArray, sensor: Sensor | None) -> Band | None:
    """Return the product's band: by its name in the source first, which a merged cube may have changed."""
    if sensor is None:
        return None
    return sensor.band(str(values.attrs.get("source_band", values.name))) or sensor.band(str(values.name))


def _calibration(values: xr.DataArray, band: Band | None, sensor: Sensor | None, forced: bool) -> Calibration:
    attrs = values.attrs
    nodata = next((attrs[k] for k in ("_FillValue", "nodata", "missing_value") if k in attrs), None)
    nodata = values.encoding.get("_FillValue") if nodata is None else nodata
    nodata = None if nodata is None or np.size(nodata) != 1 else float(np.asarray(nodata).item())
    if attrs.get("scaled"):
        return _unscaled(values, band, nodata)
    if "scale_factor" in attrs or "add_offset" in attrs:
        factor, offset = float(attrs.get("scale_factor", 1.0)), float(attrs.get("add_offset", 0.0))
        return Calibration(factor, offset, nodata, *_meaning(values, band))
    if not _is_bare(values):
        # A stated sensor applies to floats only if they cannot be reflectance: saved cubes are scaled.
        if not (forced and band and typical(values) > QUANTITIES["reflectance"].high):
            return _unscaled(values, band, nodata)
    elif _is_picture(values, band, sensor):
        if forced and sensor and sensor.key != "naip":
            raise InputError(
                f"The band {str(values.name)[:60]!r} holds 8-bit numbers, which are not those of {sensor.title}: "
                "open it without sensor=, as brightness from 0 to 1."
            )
        _warn_of_picture(values, sensor)
        return Calibration(1 / 255, 0.0, nodata, "1", "brightness")
    if band is None or sensor is None:
        return _unscaled(values, band, nodata)
    offset = band.offset
    if sensor.key.startswith("sentinel2") and (sensor.baseline or 0) >= OFFSET_BASELINE:
        offset = BOA_ADD_OFFSET * band.scale
    if sensor.family == "landsat-l1":
        _warn_of_level_1(sensor)
    nodata = sensor.nodata if nodata is None else nodata
    return Calibration(band.scale, offset, nodata, *_meaning(values, band))


def _unscaled(values: xr.DataArray, band: Band | None, nodata: float | None) -> Calibration:
    return Calibration(None, 0.0, nodata, *_meaning(values, band))


def _meaning(values: xr.DataArray, band: Band | None) -> tuple[str, str]:
    """Return units and quantity: those of the variable first, then those of the product's band."""
    stated = values.attrs.get("units")
    found = quantity(values)
    if band is not None and stated in (None, "", "1", band.units) and "quantity" not in values.attrs:
        found = QUANTITIES[band.quantity]
    if found.key == "backscatter" and "units" not in values.attrs and typical(values) < 0:
        found = QUANTITIES["backscatter_db"]
    units = stated or (band.units if band and found.key == band.quantity else None) or found.unit or "1"
    return str(units), found.key


def typical(variable: xr.DataArray) -> float:
    """Return the median of the finite values (0 without any); of a lazy band, of the middle of three dates."""
    if variable.chunks and (origin := direct(variable)) is not None:
        values = _sample(variable, origin)
    elif variable.chunks:
        window: dict[str, Any] = {
            d: slice(max(0, variable.sizes[d] // 2 - 32), variable.sizes[d] // 2 + 32)
            for d in ("y", "x")
            if d in variable.dims
        }
        if "time" in variable.dims:
            window["time"] = sorted({variable.sizes["time"] * i // 4 for i in (1, 2, 3)})
        values = np.asarray(variable.isel(window).values)
    else:
        values = np.asarray(variable.values)
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else 0.0


def _sample(variable: xr.DataArray, origin: Origin) -> np.ndarray:
    rows, columns = (min(64, variable.sizes[d]) for d in ("y", "x"))
    middle = Cells(variable.sizes["x"] // 2 - columns // 2, variable.sizes["y"] // 2 - rows // 2, columns, rows)
    dates = sorted({variable.sizes["time"] * i // 4 for i in (1, 2, 3)}) if "time" in variable.dims else [0]
    return np.stack([origin.read(t, middle) for t in dates])


def _stored(values: xr.DataArray) -> np.dtype[Any]:
    """Return the type of the numbers in the file: xarray gives integers with a fill value as floats."""
    found: np.dtype[Any] = np.dtype(values.attrs.get("stored_dtype", values.encoding.get("dtype", values.dtype)))
    return found


def _is_bare(values: xr.DataArray) -> bool:
    """Return whether a band holds integers without a scale."""
    integers = values.dtype.kind in "iu" or (_stored(values).kind in "iu" and "scale_factor" not in values.encoding)
    return integers and "scale_factor" not in values.attrs and not values.attrs.get("scaled")


def _is_picture(values: xr.DataArray, band: Band | None, sensor: Sensor | None) -> bool:
    """Return whether a band belongs to an 8-bit picture: only NAIP and old Level 1 products store bands in 8 bits."""
    if _stored(values) != np.dtype("uint8") or (sensor is not None and sensor.family == "landsat-l1" and band):
        return False
    return quantity(values).key == "reflectance" or (
        band is not None and band.quantity in ("reflectance", "brightness")
    )


def _without_fills(values: xr.DataArray, result: xr.DataArray) -> xr.DataArray:
    """Return the result with NaN for numbers that mark missing data although the source does not state it."""
    marks = [f for f in FILLS if values.dtype.kind == "f" or np.iinfo(values.dtype).min <= f]
    if not marks:
        return result
    found = values.isin(marks)
    if values.dtype.kind == "f":
        found = found | (abs(values) > _LARGEST)
    if not values.chunks:
        if not bool(found.any()):
            return result
        number = float(values.where(found).max())
        warn_user(
            f"The band {str(values.name)!r} holds {number:g}, which its source does not declare as missing: such "
            "pixels are taken as not measured."
        )
    return result.where(~found)


def _refuse_wrong_scale(cube: xr.Dataset) -> None:
    names = [n for n in bands(cube) if cube[n].attrs.get("quantity") == "reflectance"]
    high = QUANTITIES["reflectance"].high
    # One band of a lazy cube is checked, so that little is read.
    for name in names[:1] if any(cube[n].chunks for n in names) else names:
        middle = typical(cube[name])
        if middle > high:
            raise InputError(
                f"Half of the values of {name!r} are above {middle:.4g}, but reflectance lies between 0 and 1: they "
                "look like unscaled numbers. Name the sensor, for instance sensor='sentinel2-l2a', or divide by the "
                "scale that the provider states (often 10 000) first."
            )


def _warn_of_picture(values: xr.DataArray, sensor: Sensor | None) -> None:
    if sensor is not None and sensor.key == "naip":
        return
    name = sensor.title if sensor else "a reflectance product"
    warn_user(f"Bands of 8 bits are not the numbers of {name}: they are opened as brightness from 0 to 1.")


def _warn_of_level_1(sensor: Sensor) -> None:
    if sensor.key == "landsat-tm-l1":
        raise InputError(
            "These are Level-1 numbers of Landsat 4-7, whose scale is in the MTL file of the scene: put "
            "..._MTL.txt into the same folder, or use the Level-2 product."
        )
    warn_user(
        "These are Level-1 numbers: top-of-atmosphere reflectance, not divided by the sine of the sun's elevation, "
        "because there is no MTL file in the folder."
    )


def _warn_of_offset(cube: xr.Dataset, sensor: Sensor | None) -> None:
    """Warn if Sentinel-2 numbers since 2022 have no dark pixels, as with the offset still included."""
    names = list(cube.data_vars)
    if sensor is None or sensor.baseline is not None or not sensor.key.startswith("sentinel2") or not names:
        return
    late = cube[names[0]].isel(time=cube["time"].values >= np.datetime64(OFFSET_DATE))
    if late.chunks or not late.size or not bool(late.notnull().any()):
        return
    if float(late.quantile(0.01)) >= -BOA_ADD_OFFSET * 1e-4:
        warn_user(
            f"The dates since {OFFSET_DATE} seem to hold Sentinel-2's offset of 1000 still: if so, open with "
            f"sensor='{sensor.key}@04.00'; if not, '{sensor.key}@02.14' states that."
        )


def is_flags(variable: xr.DataArray) -> bool:
    """Return whether a variable holds flags: booleans, or integers under a name that states so."""
    return variable.dtype == bool or (_stored(variable).kind in "iu" and is_flag_name(str(variable.name)))
