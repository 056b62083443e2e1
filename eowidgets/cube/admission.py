"""The check that every cube passes before it is run, compared, forecast, asked about, shown or written."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from eowidgets.cube.layout import from_array, unstacked
from eowidgets.cube.masks import with_masks
from eowidgets.cube.schema import DIMS, MASKS, ORDER
from eowidgets.cube.spacing import check_axis
from eowidgets.cube.times import datetimes
from eowidgets.errors import InputError, short, shown, warn_user

#: Kinds of numbers that a band may hold.
_NUMBERS = "fiub"


def admit(
    cube: Any, *, time: bool = True, grid: bool = True, coordinates: bool = True, name: str = "The cube"
) -> xr.Dataset:
    """Return a cube whose axes, masks and bands are what all computations rely on.

    Dates in another order are sorted, dates of other calendars converted, masks of 0 and 1 made boolean; each of
    these with a warning. Everything else that would give wrong numbers is refused. Values are read only from masks
    that are not boolean: whole in memory, a small window of lazy ones.

    Parameters
    ----------
    cube : Dataset or DataArray
    time : bool
        Whether a time axis is required.
    grid : bool
        Whether ``y`` and ``x`` are required.
    coordinates : bool
        Whether ``y`` and ``x`` need coordinates, where they are there.
    name : str
        Name of the cube in messages.

    Returns
    -------
    Dataset
        A shallow copy over ``(time, y, x)``, with unchanged values.

    Raises
    ------
    InputError
        For an object that is not a Dataset, missing or empty dimensions, coordinates that are not numbers or not evenly
        spaced, dates that are missing (NaT), repeated or not dates, masks with other values than true and false, and
        bands without real numbers.

    Examples
    --------
    >>> import eowidgets as eow
    >>> cube = eow.open("bouconne")
    >>> admit(cube.isel(time=[1, 0])).indexes["time"].is_monotonic_increasing
    True
    """
    if isinstance(cube, xr.DataArray):
        cube = from_array(cube)
    if not isinstance(cube, xr.Dataset):
        raise InputError(f"{name} is {_kind(cube)}: open it first, for example  cube = eow.open(...).")
    cube = unstacked(cube)
    _check_dimensions(cube, name, time=time, grid=grid)
    if "spatial_ref" in cube.data_vars:
        cube = cube.set_coords("spatial_ref")
    for axis in {"y", "x"} & set(cube.dims):
        if coordinates or axis in cube.coords:
            check_axis(cube, axis)
    if "time" in cube.dims:
        cube = _in_time(cube, name)
    _check_bands(cube)
    return with_masks(cube).transpose(*(d for d in ORDER if d in cube.dims), ...)


def _kind(value: Any) -> str:
    return f"the text {shown(value)}" if isinstance(value, str) else f"a {type(value).__name__}"


def _check_dimensions(cube: xr.Dataset, name: str, *, time: bool, grid: bool) -> None:
    needed = [*(["time"] if time else []), *(["y", "x"] if grid else [])]
    missing = [d for d in needed if d not in cube.dims]
    if missing:
        found = short(", ".join(map(str, cube.dims)) or "none")
        raise InputError(
            f"{name} has no dimension {missing[0]!r} (found: {found}): open it with eow.open(...), or rename its "
            "dimensions to time, y and x."
        )
    empty = [str(d) for d in DIMS if cube.sizes.get(d, 1) == 0]
    if empty:
        raise InputError(f"{name} is empty: its dimension {empty[0]!r} has length 0.")


def _in_time(cube: xr.Dataset, name: str) -> xr.Dataset:
    """Return a cube with increasing dates."""
    if "time" not in cube.coords:
        raise InputError(f"{name} has no dates: add them with  cube.assign_coords(time=...).")
    stamps = datetimes(cube)
    missing = int(np.isnat(stamps).sum())
    if missing:
        raise InputError(f"{missing} of {stamps.size} dates are missing (NaT): drop these dates, or correct them.")
    order = np.argsort(stamps, kind="stable")
    ordered = stamps[order]
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    if twice.size:
        day = str(twice[0])[:10]
        raise InputError(
            f"{name} has the date {day} more than once: keep one with  cube.drop_duplicates('time'), or merge them with "
            "eow.open(cube)."
        )
    if cube["time"].dtype.kind != "M":
        attrs = {k: v for k, v in cube["time"].attrs.items() if k not in ("units", "calendar")}
        cube = cube.drop_indexes("time", errors="ignore").assign_coords(time=("time", stamps, attrs))
    if (order[1:] > order[:-1]).all():
        return cube
    warn_user("The dates were not in order, and were sorted.")
    return cube.isel(time=order)


def _check_bands(cube: xr.Dataset) -> None:
    for name, variable in cube.data_vars.items():
        if name in MASKS or not {"y", "x"} <= set(variable.dims):
            continue
        kind = variable.dtype.kind
        if kind == "c":
            raise InputError(
                f"The band {shown(name)} holds complex numbers: use its amplitude, for instance  abs(cube[...]), or its "
                "phase."
            )
        if kind not in _NUMBERS and "role" not in variable.attrs and variable.dtype.kind != "M":
            raise InputError(
                f"The band {shown(name)} holds {_held(variable)} instead of numbers: convert it with "
                ".astype('float32'), or drop it."
            )


def _held(variable: xr.DataArray) -> str:
    return {"U": "text", "S": "bytes", "T": "text", "O": "Python objects"}.get(variable.dtype.kind, str(variable.dtype))
