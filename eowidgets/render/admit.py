"""Cubes in the form that a viewer shows: rows from north to south, dates in order; a refusal states what is missing."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from eowidgets.cube import schema
from eowidgets.errors import InputError


def checked(cube: Any) -> xr.Dataset:
    """Put rows from north to south and dates in order, or say what cannot be shown."""
    if isinstance(cube, xr.DataArray):
        cube = _from_array(cube)
    if not isinstance(cube, xr.Dataset):
        raise InputError(
            f"A viewer shows a cube (an xarray Dataset), not {type(cube).__name__}. "
            "Open it with  eowidgets.open(...)  first."
        )
    for dim in ("y", "x"):
        if dim not in cube.dims:
            raise InputError(
                f"This dataset has no dimension {dim!r} (it has {', '.join(map(str, cube.dims)) or 'none'}). "
                "Rename its dimensions to time, y and x, or open it with  eowidgets.open(...)."
            )
    if "spatial_ref" in cube.data_vars:
        cube = cube.set_coords("spatial_ref")
    if "time" in cube.dims:
        times = cube["time"]
        if times.dtype.kind != "M":
            raise InputError(
                "The times of this cube are not dates. Make them datetime64, for example with pandas.to_datetime."
            )
        stamps = times.to_numpy()
        if np.isnat(stamps).any():
            raise InputError("Some times of this cube are missing (NaT). Drop them with  cube.dropna('time').")
        if len(np.unique(stamps)) < len(stamps):
            order = np.sort(stamps)
            twice = str(order[1:][order[1:] == order[:-1]][0])[:10]
            raise InputError(
                f"This cube has the date {twice} more than once. Keep one with  cube.drop_duplicates('time')."
            )
        if not len(stamps):
            raise InputError("This cube has no date.")
        if (np.diff(stamps) < np.timedelta64(0)).any():
            cube = cube.sortby("time")
    for dim, rises in (("y", False), ("x", True)):
        if cube.sizes[dim] > 1 and dim in cube.coords and (float(cube[dim][0]) < float(cube[dim][-1])) != rises:
            cube = cube.isel({dim: slice(None, None, -1)})
    ordered: xr.Dataset = cube
    return ordered


def _from_array(array: xr.DataArray) -> xr.Dataset:
    if "band" in array.dims:
        names = [str(b) for b in array["band"].to_numpy()] if "band" in array.coords else None
        split: xr.Dataset = array.to_dataset(dim="band")
        return split.rename({k: n for k, n in zip(list(split.data_vars), names or [], strict=False) if k != n})
    return array.to_dataset(name=str(array.name or "value"))


def band_names(cube: xr.Dataset) -> tuple[str, ...]:
    """Return the variables that can be drawn: bands first, then indices, quality bands, static layers and results."""
    names = schema.bands(cube)
    others = tuple(
        str(n)
        for n, v in cube.data_vars.items()
        if n not in (*names, *schema.MASKS) and {"y", "x"} <= set(v.dims) <= set(schema.DIMS) and v.dtype.kind in "fiub"
    )
    return names + others
