"""Alarms: places where several clear observations in a row lie below the interval of a hindcast."""

from __future__ import annotations

import json

import numpy as np
import xarray as xr

from eowidgets.contract.outputs.fan import percent
from eowidgets.errors import InputError, shown


def alarms(hindcast: xr.Dataset, channel: str | None = None, *, level: float = 0.8, dates: int = 3) -> xr.Dataset:
    """Find where, and since when, observations lie below the interval of a hindcast.

    Parameters
    ----------
    hindcast : Dataset
        From :func:`~eowidgets.analysis.forecast.forecast.hindcast`.
    channel : str, optional
        The channel to test; needed only if the hindcast has several.
    level : float
        A level of the hindcast: the lower end of this interval is the limit.
    dates : int
        Number of consecutive clear dates that must lie below: a single one may be an undetected cloud.

    Returns
    -------
    Dataset, dims as the hindcast without time
        ``alarm`` (bool), ``since`` (datetime64, the first date of the run; NaT where there is none) and ``depth`` (mean
        distance below the lower end from that date on; NaN where there is none).

    Raises
    ------
    InputError
        If the dataset holds no observations, or lacks the channel or the level.

    Examples
    --------
    >>> import eowidgets as eow
    >>> from eowidgets.analysis.forecast.forecast import hindcast
    >>> past = hindcast(eow.open("romania"), "2018-06-01", area=(22.1515, 45.2029), days=730)
    >>> bool(alarms(past).alarm)
    False
    """
    found = [str(n).removesuffix("_observed") for n in hindcast.data_vars if str(n).endswith("_observed")]
    name = channel or (found[0] if found else "")
    if name not in found:
        known = ", ".join(found) or "none"
        raise InputError(
            f"There is no observed {shown(name or 'value')} here (there is {known}): compute it with hindcast(...)."
        )
    low = f"{name}_lo{percent(level)}"
    if low not in hindcast:
        raise InputError(f"The hindcast has no {level:.0%} interval: choose one of its levels.")
    if dates < 1:
        raise InputError(f"An alarm after {dates} dates is not possible: give at least 1.")
    short = (hindcast[low] - hindcast[f"{name}_observed"]).transpose("time", ...)
    values, times = short.values, hindcast["time"].values
    seen = np.isfinite(values)
    run = np.zeros(values.shape[1:], int)
    first = np.full(values.shape[1:], -1)
    start = np.full(values.shape[1:], -1)
    for i, (clear, deep) in enumerate(zip(seen, values > 0, strict=True)):
        start = np.where(clear & deep & (run == 0), i, start)
        run = np.where(clear, np.where(deep, run + 1, 0), run)  # a cloudy date neither counts nor ends the run
        first = np.where((first < 0) & (run >= dates), start, first)
    hit = first >= 0
    after = seen & (np.arange(len(values)).reshape(-1, *[1] * (values.ndim - 1)) >= first) & hit
    total = np.where(after, values, 0).sum(0)
    depth = np.where(hit, total / np.maximum(after.sum(0), 1), np.nan).astype("float32")
    since = np.where(hit, times[np.maximum(first, 0)], np.datetime64("NaT"))
    dims = short.dims[1:]
    coords = {k: v for k, v in hindcast.coords.items() if k in ("y", "x", "series", "spatial_ref")}
    out = xr.Dataset(coords=coords, attrs={"title": "Alarms", "provenance": _provenance(hindcast)})
    words = f"{dates} clear dates in a row below the {level:.0%} interval"
    out["alarm"] = (dims, hit, {"long_name": words, "role": "result"})
    out["since"] = (dims, since, {"long_name": "First date of the run", "role": "result"})
    unit = hindcast[name].attrs.get("units", "1")
    out["depth"] = (dims, depth, {"long_name": "Below the interval by", "units": unit, "role": "result"})
    return out


def _provenance(hindcast: xr.Dataset) -> str:
    notes = json.loads(hindcast.attrs.get("provenance", "{}"))
    return json.dumps({**notes, "call": "alarms"})
