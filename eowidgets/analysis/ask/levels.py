"""Years whose images are all darker or all brighter than those of other years, brought to their level."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.analysis.ask.screen import KEPT, checksums
from eowidgets.cube.schema import DIMS, bands, usable

Floats = npt.NDArray[np.floating[Any]]
#: Bands whose level is compared, the least difference of the level (log) of all of them that is no weather, and the
#: least number of pairs, of other years and of pixels (share) to know it from.
LEVELLED = ("green", "red", "nir", "swir16")
OFF, FEWEST_PAIRS, FEWEST_YEARS, COMMON = 0.12, 20, 2, 0.1
#: Days of the year that two dates that are compared may lie apart.
APART = 16
_levels: OrderedDict[tuple[int, ...], dict[int, dict[str, float]]] = OrderedDict()


def year_levels(cube: xr.Dataset) -> dict[int, dict[str, float]]:
    """Factors by which the bands of years that are off must be multiplied; see :func:`levels_of`, whose results are kept."""
    key = checksums(cube)
    if key not in _levels:
        _levels[key] = levels_of(cube)
        if len(_levels) > KEPT:
            _levels.popitem(last=False)
    return _levels[key]


def levels_of(cube: xr.Dataset) -> dict[int, dict[str, float]]:
    """Factors by which the bands of a year must be multiplied to have the level of the other years, where it is off.

    From all pairs of dates of that and other years at most 16 days of the year apart: the median over the pairs of the
    logarithm of the median ratio of their common pixels. A year is off if all of green, red, near and shortwave infrared
    are brighter, or all darker, by 12 % or more: weather and growth move them in different directions.
    """
    names = [n for n in LEVELLED if n in bands(cube)]
    if len(names) < len(LEVELLED):
        return {}
    thin = thinned(cube, names)
    seen = usable(thin).transpose(*DIMS).values
    values = {n: thin[n].transpose(*DIMS).values for n in names}
    years, days = thin["time"].dt.year.values, thin["time"].dt.dayofyear.values
    found: dict[int, dict[str, float]] = {}
    for year in np.unique(years):
        logs, others = [], set()
        for t in np.flatnonzero(years == year):
            for s in np.flatnonzero((years != year) & (days_apart(days[t], days) <= APART)):
                common = seen[t] & seen[s]
                if common.mean() >= COMMON:
                    logs.append([_ratio(values[n][s][common], values[n][t][common]) for n in names])
                    others.add(int(years[s]))
        if len(logs) < FEWEST_PAIRS or len(others) < FEWEST_YEARS:
            continue
        level = np.nanmedian(np.array(logs), axis=0)
        if (level > OFF).all() or (level < -OFF).all():
            found[int(year)] = {n: float(np.exp(v)) for n, v in zip(names, level, strict=True)}
    return found


def _ratio(a: Floats, b: Floats) -> float:
    good = (a > 1e-4) & (b > 1e-4)
    return float(np.log(np.median(a[good] / b[good]))) if good.any() else float("nan")


def levelled(cube: xr.Dataset, part: xr.Dataset) -> xr.Dataset:
    """Bring the years of a part of a series to the usual level; the same object where no year is off.

    Parameters
    ----------
    cube : Dataset
        The whole series, which tells what is usual.
    part : Dataset
        Some of its dates.
    """
    there = {int(y) for y in np.unique(part["time"].dt.year.values)}
    factors = {y: f for y, f in year_levels(cube).items() if y in there}
    if not factors:
        return part
    years = part["time"].dt.year
    changed = {}
    for name in LEVELLED:
        factor = xr.ones_like(years, dtype="float32")
        for year, by in factors.items():
            factor = factor.where(years != year, np.float32(by[name]))
        changed[name] = (part[name] * factor).transpose(*part[name].dims).astype(part[name].dtype)
    out: xr.Dataset = part.assign(changed)
    return out


def days_apart(a: Any, b: Any) -> Floats:
    """Return days of the year between two days of it, whatever the year."""
    days = np.abs(a - b)
    out: Floats = np.minimum(days, 365 - days).astype(float)
    return out


def thinned(cube: xr.Dataset, names: Any) -> xr.Dataset:
    """Return every so many rows and columns, about 40 each: enough for the medians of a scene."""
    step = {k: slice(None, None, -(-cube.sizes[k] // 40)) for k in ("y", "x")}
    out: xr.Dataset = cube[[*(n for n in (*names, "valid", "clouds") if n in cube)]].isel(step)
    return out
