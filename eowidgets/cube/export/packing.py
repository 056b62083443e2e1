"""Encoding of numbers: reflectance as 16-bit integers if the rounding is negligible, others unchanged."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from eowidgets.cube.schema import BAND_LETTERS

#: Reflectance is stored as 16-bit integers times ten thousand (error at most 0.00005), 3.2767 being the largest.
SCALE = 1e-4
NODATA = -32768
LARGEST = 32767
#: A band must span this many steps: in a darker one (ocean colour) the rounding would be visible.
STEPS = 100
#: Bands with common names that are not reflectance.
_OTHER = ("lwir", "lwir11", "lwir12", "vv", "vh", "hh", "hv")


def scale_of(values: xr.DataArray, *, whole_numbers: bool = False) -> float | None:
    """Return the scale with which a variable may be stored as int16, None if it must be stored unchanged.

    Reflectance gets 0.0001 if every value fits and the band spans at least a hundred steps. With
    ``whole_numbers``, numbers without decimals that fit get 1. Never packed are lazy variables, whose range is not
    known before they are read, and all other quantities, which stay exact.
    """
    if values.chunks or values.dtype.kind not in "fiub":
        return None
    array = np.asarray(values.values)
    seen = array if array.dtype.kind != "f" else array[~np.isnan(array)]
    if not seen.size:
        return SCALE if is_reflectance(values) else 1.0 if whole_numbers else None
    low, high = float(seen.min()), float(seen.max())
    if not np.isfinite([low, high]).all():
        return None
    if is_reflectance(values):
        fits = max(abs(low), abs(high)) <= LARGEST * SCALE and high - low >= STEPS * SCALE
        return SCALE if fits or _is_packed_already(seen) else None
    whole = whole_numbers and max(abs(low), abs(high)) <= LARGEST and bool((seen == np.round(seen)).all())
    return 1.0 if whole else None


def is_reflectance(values: xr.DataArray) -> bool:
    """Return whether a variable is optical reflectance, by its name, role and units."""
    name, attrs = str(values.name), values.attrs
    known = name in BAND_LETTERS and name not in _OTHER
    return known and values.dtype.kind == "f" and attrs.get("role", "band") == "band" and attrs.get("units", "1") == "1"


def pack(values: Any, scale: float) -> Any:
    """Store float values as int16; NaN becomes the nodata value."""
    whole = np.round(np.asarray(values, "float64") / scale)
    return np.where(np.isnan(whole), NODATA, whole).astype("int16")


def unpack(values: Any, scale: float) -> Any:
    """Return float32 values from int16; nodata becomes NaN. Lazy arrays stay lazy."""
    found = values.astype("float32")
    if scale != 1:
        found = found * np.float32(scale)
    return xr.where(values != NODATA, found, np.float32("nan"))  # type: ignore[no-untyped-call]


def _is_packed_already(seen: Any) -> bool:
    """Return whether every value is a multiple of the scale, as after reading a packed file."""
    steps = np.round(seen.astype("float64") / SCALE)
    return bool(np.abs(steps).max() <= LARGEST and np.abs(seen - steps * SCALE).max() <= 1e-7)
