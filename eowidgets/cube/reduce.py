"""Fewer dates and larger pixels: reductions that ``eow.open`` applies on request."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from eowidgets.cube.schema import bands
from eowidgets.errors import InputError


def between(cube: xr.Dataset, dates: Any) -> xr.Dataset:
    """Select a range of dates.

    Parameters
    ----------
    dates : str, slice or sequence, optional
        ``"2020"``, ``"2020-01/2020-06"``, a pair or a slice: from the first to the last, both included.
        A longer list (or one of one): only these days.

    Raises
    ------
    InputError
        If no date is left, or the values are not dates.
    """
    if dates is None:
        return cube
    if isinstance(dates, str):
        start, _, end = dates.partition("/")
    elif isinstance(dates, slice):
        start, end = dates.start, dates.stop
    elif len(dates) == 2:
        start, end = dates
    else:
        return _on(cube, list(dates))
    kept: xr.Dataset = cube.eow.between(*(None if d is None else str(d) for d in (start, end or start)))
    return kept


def _on(cube: xr.Dataset, dates: list[Any]) -> xr.Dataset:
    try:
        days = np.array(dates, "datetime64[D]")
    except (ValueError, TypeError):
        raise InputError(f"dates={dates!r:.80} are not dates: write them as 2019-07-06.") from None
    kept = np.isin(cube["time"].values.astype("datetime64[D]"), days)
    if not kept.any():
        first, last = (str(t)[:10] for t in cube["time"].values[[0, -1]])
        raise InputError(f"The cube has none of the dates asked for: it runs from {first} to {last}.")
    return cube.isel(time=kept)


def coarsen(cube: xr.Dataset, resolution: float) -> xr.Dataset:
    """Enlarge the pixels: bands are averaged, masks and quality take the most frequent value.

    Raises
    ------
    InputError
        If ``resolution`` (in units of the CRS) is finer than the cube's.
    """
    from eowidgets.cube.grid import geobox

    grid = geobox(cube)
    now = abs(float(grid.resolution.x))
    if resolution <= 0 or resolution < now * 0.999:
        raise InputError(f"resolution={resolution:g} is finer than the source's {now:g}: give a coarser one.")
    if abs(resolution - now) <= now * 1e-3:
        return cube
    target = grid.zoom_to(resolution=resolution)
    names = [*bands(cube)]
    out: xr.Dataset = cube[names].odc.reproject(target, resampling="average", dst_nodata=np.nan)
    for name, variable in cube.data_vars.items():
        if name in names or not {"y", "x"} <= set(variable.dims):
            continue
        whole = variable.astype("uint8") if variable.dtype == bool else variable
        coarse = whole.odc.reproject(target, resampling="average" if whole.dtype.kind == "f" else "mode")
        out[name] = coarse.astype(variable.dtype)
    for name in cube.data_vars:
        if name in out:
            out[name].attrs = cube[name].attrs
    out.attrs = cube.attrs
    return out
