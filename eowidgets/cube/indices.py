"""Spectral indices by name, from bands by the formulas of spyndex, or from a band that holds the index already."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.cube.schema import BAND_LETTERS, MASKS, bands
from eowidgets.errors import InputError, unknown

_NAMES = {letter: name for name, letter in BAND_LETTERS.items()}
#: Length scale of the radial kernel (kNDVI and its kin): half the sum of the two bands, as their authors advise.
_KERNELS = ("kNN", "kNR", "kNB", "kNL", "kGG", "kGR", "kGB")


def index(cube: xr.Dataset, name: str, **constants: float) -> xr.DataArray:
    """Return a spectral index of the spyndex catalogue.

    A band with the name of the index (``NDVI`` or ``ndvi``) is the index; it is computed where there is none, or where
    constants are given.

    Parameters
    ----------
    cube : Dataset
        With the index, or with the bands that it needs, as reflectance.
    name : str
        Short name, for instance ``"NDVI"``, ``"NBR"``, ``"EVI"``; upper or lower case.
    **constants : float
        Constants of the formula, for instance ``L=0.5`` for SAVI; defaults are spyndex's.

    Returns
    -------
    DataArray, dims (time, y, x), float32
        NaN where the formula divides by zero or a band is missing. ``attrs`` hold ``long_name``, ``units`` and, where
        it was computed, ``formula`` and ``reference``.

    Raises
    ------
    InputError
        For an unknown index (with the nearest ones), a band that the cube lacks, a constant that the
        formula lacks.

    Examples
    --------
    >>> import eowidgets as eow
    >>> ndvi = index(eow.open("bouconne"), "NDVI")
    >>> round(float(ndvi.isel(time=2).median()), 2)
    0.92
    """
    import spyndex

    entry = _entry(name)
    _refuse_other_constants(entry, constants)
    held = None if constants else present(cube, entry.short_name)
    if held is not None:
        attrs = {"long_name": entry.long_name, "units": "1", **cube[held].attrs, "role": "index"}
        found: xr.DataArray = cube[held].astype("float32").rename(entry.short_name.lower())
        return found.transpose("time", "y", "x", missing_dims="ignore").assign_attrs(attrs)
    params: dict[str, Any] = {letter: _value(cube, entry, letter, constants) for letter in entry.bands}
    with np.errstate(divide="ignore", invalid="ignore"):
        values = spyndex.computeIndex(entry.short_name, params=params)
    result = values.where(np.isfinite(values)).astype("float32").rename(entry.short_name.lower())
    result.attrs = {
        "long_name": entry.long_name,
        "units": "1",
        "role": "index",
        "formula": entry.formula,
        "reference": entry.reference,
    }
    ordered: xr.DataArray = result.transpose("time", "y", "x", missing_dims="ignore")
    return ordered


def available(cube: xr.Dataset) -> tuple[str, ...]:
    """Return the short names of every index that a cube holds or that can be computed from its bands."""
    import spyndex

    held = {str(v).lower() for v in cube.data_vars}
    return tuple(
        sorted(
            n
            for n, e in spyndex.indices.items()
            if not missing_bands(cube, e) or (n.lower() in held and present(cube, n))
        )
    )


def present(cube: xr.Dataset, name: str) -> str | None:
    """Return the variable of a cube that holds an index: the one of that name in upper or lower case; None without one.

    Examples
    --------
    >>> present(xr.Dataset({"ndvi": (("time", "y", "x"), np.zeros((1, 1, 1)))}), "NDVI")
    'ndvi'
    """
    on_grid = [str(n) for n, v in cube.data_vars.items() if {"y", "x"} <= set(v.dims) and n not in MASKS]
    exact = [n for n in on_grid if n == name]
    return next(iter(exact + [n for n in on_grid if n.lower() == str(name).lower()]), None)


def bands_of(name: str, there: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the bands (common names) that an index is computed from.

    Parameters
    ----------
    name : str
    there : sequence of str
        Bands that are named together with the indices if ``name`` is neither.

    Raises
    ------
    InputError
        For an unknown index, with the nearest names.

    Examples
    --------
    >>> bands_of("NDVI")
    ('nir', 'red')
    """
    import spyndex

    if str(name).lower() not in {n.lower() for n in spyndex.indices}:
        raise unknown("index or band", name, [*there, *spyndex.indices])
    return missing_bands(xr.Dataset(), _entry(name))


def needed(cube: xr.Dataset, name: str) -> tuple[str, ...]:
    """Return the variables of a cube from which an index is computed, or the one that holds it.

    Examples
    --------
    >>> import eowidgets as eow
    >>> needed(eow.open("bouconne"), "NDVI")
    ('nir', 'red')
    """
    entry = _entry(name)
    held = present(cube, entry.short_name)
    return (held,) if held is not None else missing_bands(xr.Dataset(), entry)


def missing_bands(cube: xr.Dataset, entry: Any) -> tuple[str, ...]:
    """Return the bands (common names) that an entry of the catalogue needs and the cube lacks."""
    have = set(bands(cube))
    needed: list[str] = []
    for letter in entry.bands:
        if letter in _NAMES:
            needed.append(_NAMES[letter])
        elif letter in _KERNELS:
            needed += [_NAMES[k] for k in letter[1:] if k in _NAMES]
        elif letter.startswith("lambda"):
            needed.append(_NAMES[letter.removeprefix("lambda")])
        elif letter == "PAR":
            needed.append("par")
    return tuple(sorted(set(needed) - have))


def _entry(name: str) -> Any:
    import spyndex

    if name in spyndex.indices:  # exact spelling first: mSR705 and MSR705 are two indices
        return spyndex.indices[name]
    by_lower = {n.lower(): n for n in spyndex.indices}
    if str(name).lower() not in by_lower:
        raise unknown("index", name, spyndex.indices)
    return spyndex.indices[by_lower[str(name).lower()]]


def _refuse_other_constants(entry: Any, constants: dict[str, float]) -> None:
    own = [letter for letter in entry.bands if letter not in _NAMES]
    for constant, value in constants.items():
        if constant in own and not _is_number(value):
            raise InputError(
                f"The constant {constant} of the index {entry.short_name} is a number, not {str(value)[:40]!r}."
            )
        if constant not in own:
            known = f"it has {', '.join(own)}" if own else "it has none"
            raise InputError(f"The index {entry.short_name} has no constant {constant!r}: {known}.")


def _is_number(value: Any) -> bool:
    try:
        return math.isfinite(float(value)) and not isinstance(value, str)
    except (TypeError, ValueError, OverflowError):
        return False


def _value(cube: xr.Dataset, entry: Any, letter: str, constants: dict[str, float]) -> Any:
    import spyndex

    if letter in constants:
        return float(constants[letter])
    missing = missing_bands(cube, entry)
    if missing:
        has = ", ".join(bands(cube))
        raise InputError(
            f"The index {entry.short_name} needs {', '.join(missing)}, which this cube lacks (it has {has})."
        )
    if letter in _NAMES:
        # In double precision: differences such as 1 - 0.9999999 lose their digits in float32.
        return cube[_NAMES[letter]].astype("float64")
    if letter in _KERNELS:
        return _kernel(cube, letter, constants)
    if letter.startswith("lambda"):
        band = _NAMES[letter.removeprefix("lambda")]
        wavelength = cube[band].attrs.get("center_wavelength")
        if wavelength is None:
            raise InputError(f"The index {entry.short_name} needs the centre wavelength of {band}: pass {letter}=<nm>.")
        return float(wavelength)
    return float(spyndex.constants[letter].default)


def _kernel(cube: xr.Dataset, letter: str, constants: dict[str, float]) -> Any:
    first, second = letter[1], letter[2]
    if first == second:
        return 1.0
    a = cube[_NAMES[first]].astype("float64")
    b = constants.get("L", 1.0) if second == "L" else cube[_NAMES[second]].astype("float64")
    sigma = 0.5 * (a + b)
    return np.exp(-((a - b) ** 2) / (2 * sigma**2))
