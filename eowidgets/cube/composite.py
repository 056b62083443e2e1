"""Composites: one frame per period from the clear pixels of its dates."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
import xarray as xr

from eowidgets.cube.schema import DIMS, bands, usable
from eowidgets.errors import InputError, unknown

How = Literal["median", "mean", "min", "max", "medoid", "best"]
#: Words for periods, as pandas offsets that begin a period.
PERIODS = {"month": "MS", "season": "QS-DEC", "year": "YS"}


def composite(cube: xr.Dataset, how: How = "median", period: str = "month") -> xr.Dataset:
    """Combine the usable pixels of each period into one frame.

    Parameters
    ----------
    cube : Dataset
        Cloudy pixels (``clouds``) and unmeasured ones are left out.
    how : {"median", "mean", "min", "max", "medoid", "best"}
        Per band; or one real observation, so that all bands come from one date: ``"medoid"`` takes the one
        nearest to the median spectrum, ``"best"`` that of the clearest date on which the pixel was seen
        (few seams, as in a mosaic).
    period : str
        ``"month"``, ``"season"`` (from December), ``"year"``, ``"all"``, or a pandas offset (``"16D"``).

    Returns
    -------
    Dataset
        One frame per period that has any date, at the first of its dates, NaN where nothing was
        usable; ``observations`` counts the dates behind each pixel.
    """
    if how not in get_args(How):
        raise unknown("composite", how, get_args(How))
    clear = usable(cube)
    data = cube[list(bands(cube))].where(clear)
    frames, times = [], []
    for dates in _groups(cube, period):
        frames.append(_reduce(data.isel(time=dates), how).assign(observations=clear.isel(time=dates).sum("time")))
        times.append(cube.time.values[dates[0]])
    out = xr.concat(
        frames, dim=xr.DataArray(times, dims="time", name="time"), coords="minimal", compat="override", join="override"
    )
    out = out.transpose(*DIMS)
    out["observations"] = out["observations"].astype("uint16")
    out["observations"].attrs = {"long_name": "Usable dates in the composite", "units": "1", "role": "quality"}
    for name in bands(cube):
        out[name].attrs = cube[name].attrs
    out["valid"] = out["observations"] > 0
    out["clouds"] = xr.zeros_like(out["valid"])
    out.attrs = dict(cube.attrs) | {"composite": f"{how} per {period}"}
    return out


def _groups(cube: xr.Dataset, period: str) -> list[np.ndarray[Any, Any]]:
    if period == "all":
        return [np.arange(cube.sizes["time"])]
    import pandas as pd

    dates = pd.Series(np.arange(cube.sizes["time"]), index=cube.indexes["time"])
    try:
        groups = dates.resample(PERIODS.get(period, period))
    except (ValueError, TypeError):
        words = ", ".join([*PERIODS, "all"])
        raise InputError(
            f"The period {str(period)[:40]!r} is not known: use {words}, or a pandas offset such as '16D'."
        ) from None
    return [g.to_numpy() for _, g in groups if len(g)]


def _reduce(data: xr.Dataset, how: How) -> xr.Dataset:
    import warnings

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "All-NaN|Mean of empty", RuntimeWarning)  # no usable date: NaN is right
        if how == "best":
            return _best(data)
        if how != "medoid":
            if data.chunks:
                data = data.chunk({"time": -1})
            return getattr(data, how)("time", keep_attrs=True)  # type: ignore[no-any-return]
        return _medoid(data)


def _medoid(data: xr.Dataset) -> xr.Dataset:
    if data.chunks:
        data = data.chunk({"time": -1})
    spectra = data.to_dataarray("band")
    distance = ((spectra - spectra.median("time")) ** 2).sum("band", skipna=False)
    seen = distance.notnull().any("time")
    nearest = distance.fillna(np.inf).argmin("time")
    return data.isel(time=nearest.compute() if data.chunks else nearest).where(seen).drop_vars("time", errors="ignore")


def _best(data: xr.Dataset) -> xr.Dataset:
    seen = data.to_dataarray("band").notnull().all("band")
    clearest = np.argsort(-seen.mean(("y", "x")).values, kind="stable")
    first = seen.isel(time=clearest).argmax("time").compute()
    return data.isel(time=clearest).isel(time=first).where(seen.any("time")).drop_vars("time", errors="ignore")
