"""The schema of a cube: an xarray Dataset with agreed names.

A *cube* has dims ``(time, y, x)``, one float32 variable per band under its common name (reflectance
0..1, NaN where nothing was measured), two boolean masks (``valid``, ``clouds``), increasing and
unique times, and a CRS and transform that rioxarray and odc-geo both read.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import xarray as xr

from eowidgets.errors import InputError

DIMS = ("time", "y", "x")
MASKS = ("valid", "clouds")
#: Dimension along a vector, in cubes of vectors and in results.
FEATURE = "feature"
#: Order of the dimensions of any variable.
ORDER = ("time", FEATURE, "y", "x")

#: Reflectance below this is dark water or shadow, above it a scale error: no surface reflects 2.
MAX_REFLECTANCE = 2.0

#: Spectral bands by STAC ``eo:common_name``, with the letter that spyndex uses in its formulas.
BAND_LETTERS: dict[str, str] = {
    "coastal": "A",
    "blue": "B",
    "green05": "G1",
    "green": "G",
    "yellow": "Y",
    "red": "R",
    "rededge1": "RE1",
    "rededge2": "RE2",
    "rededge3": "RE3",
    "nir": "N",
    "nir08": "N2",
    "nir09": "WV",
    "swir16": "S1",
    "swir22": "S2",
    "lwir": "T",
    "lwir11": "T1",
    "lwir12": "T2",
    "vv": "VV",
    "vh": "VH",
    "hh": "HH",
    "hv": "HV",
}

Role = Literal["band", "mask", "quality", "index", "layer", "result"]


def bands(cube: xr.Dataset) -> tuple[str, ...]:
    """Return the names of the variables that a model or a picture may use as bands, in file order.

    These are the variables over ``(time, y, x)`` that are neither a mask nor marked with another ``role`` in their
    attributes (``quality`` for SCL and similar bands, ``result``). A variable with the role ``index`` is a band of a
    cube that has no other.
    """
    roles = {
        str(name): var.attrs.get("role", "band")
        for name, var in cube.data_vars.items()
        if set(var.dims) == set(DIMS) and name not in MASKS
    }
    found = tuple(name for name, role in roles.items() if role == "band")
    return found or tuple(name for name, role in roles.items() if role == "index")


def valid(cube: xr.Dataset) -> xr.DataArray:
    """Return a boolean ``(time, y, x)``: True where the sensor measured anything."""
    if "valid" in cube:
        return cube["valid"]
    names = bands(cube)
    if not names:
        raise InputError("The cube has no band: no variable over (time, y, x) with numbers was found.")
    ok = xr.ones_like(cube[names[0]], dtype=bool)
    for name in names:
        ok = ok & np.isfinite(cube[name])
    return ok


def usable(cube: xr.Dataset) -> xr.DataArray:
    """Return a boolean ``(time, y, x)``: True where the ground was observed (measured, no cloud, no shadow)."""
    ok = valid(cube)
    return ok & ~cube["clouds"] if "clouds" in cube else ok


def stack(cube: xr.Dataset, names: tuple[str, ...] | None = None) -> xr.DataArray:
    """Return the bands as one float32 array ``(time, band, y, x)``."""
    chosen = names or bands(cube)
    array = cube[list(chosen)].to_dataarray("band").astype("float32")
    ordered: xr.DataArray = array.transpose("time", "band", "y", "x")
    return ordered
