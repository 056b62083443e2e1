"""Correction of years whose images are all darker or all brighter than those of other years."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.analysis.ask.screen import KEPT, checksums
from eowidgets.cube.schema import DIMS, bands, usable

Floats = npt.NDArray[np.floating[Any]]
#: Bands whose level is compared; minimum difference of the level (log) in all of them, which weather does not cause;
#: and the minimum numbers of pairs of dates, of other years, and of common pixels (share).
LEVELLED = ("green", "red", "nir", "swir16")
OFF, FEWEST_PAIRS, FEWEST_YEARS, COMMON = 0.12, 20, 2, 0.1
#: Maximum number of days of the year between two compared dates.
APART = 16
_levels: OrderedDict[tuple[int, ...], dict[int, dict[str, float]]] = OrderedDict()


def year_levels(cube: xr.Dataset) -> dict[int, dict[str, float]]:
    """Return the correction factors of the bands by year, cached; see :func:`levels_of`."""
    key = checksums(cube)
    if key not in _levels:
        _levels[key] = levels_of(cube)
        if len(_levels) > KEPT:
            _levels.popitem(last=False)
    return _levels[key]


def levels_of(cube: xr.Dataset) -> dict[int, dict[str, float]]:
    """Return the factors that scale the bands of an outlier year to the level of the other years.

    They come from all pairs of dates of that and other years at most 16 days of the year apart: the median over the
    pairs of the logarithm of the median ratio of their common pixels. A year is an outlier if green, red, near and
    shortwave infrared are all brighter, or all darker, by 12 % or more: weather and growth change them in different
    directions.
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
    """Scale the years of a part of a series to the usual level; the same object if no year is an outlier.

    Parameters
    ----------
    cube : Dataset
        The whole series, which defines the usual level.
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
    """Return the distance of two days within the year, regardless of the year."""
    days = np.abs(a - b)
    out: Floats = np.minimum(days, 365 - days).astype(float)
    return out


def thinned(cube: xr.Dataset, names: Any) -> xr.Dataset:
    """Return about 40 evenly spaced rows and columns, enough for the medians of a scene."""
    step = {k: slice(None, None, -(-cube.sizes[k] // 40)) for k in ("y", "x")}
    out: xr.Dataset = cube[[*(n for n in (*names, "valid", "clouds") if n in cube)]].isel(step)
    return out
