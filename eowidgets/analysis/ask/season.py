"""Comparable years: enough dates of the growing season, the same days in both years, and the same brightness.

A year counts for land cover if the cube has enough clear dates in its own growing season: the months in which the
median NDVI of the cube, over all years, lies in the upper half of its yearly range (half of the amplitude, the usual
mark for the start and end of season). Neither months nor hemispheres are hard-coded. Half of the place must be clear on
two dates of that season, in two different months.

Two years are classified from the same days: dates are paired at most 16 days of the year apart, and a pixel counts only
on pairs on which it is clear twice. A different class is a change only if the pixel itself moved relative to the pixels
that kept their class, in the direction of its new class.

Years whose images are all darker, or all brighter, than the same days of the other years (for example because of
another version of the atmospheric correction) are scaled to the usual level first, because thresholds on reflectance
would otherwise misclassify them.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.analysis.ask import timetools, tools
from eowidgets.analysis.ask.landcover import CODE, FEWEST, UNSEEN, class_mask, needs, quantile
from eowidgets.analysis.ask.levels import APART, days_apart, levelled, thinned
from eowidgets.cube.schema import DIMS, usable
from eowidgets.errors import InputError

Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.floating[Any]]
#: Part of the yearly range of NDVI that defines a growing month; the part used if fewer months than SHORT reach it.
GROWING, GREENISH, SHORT = 0.5, 0.35, 4
#: Minimum number of dates of the growing season in a year, of their months, and minimum clear share on each date.
ENOUGH, MONTHS, SEEN = 2, 2, 0.5
#: With fewer dates of the growing season than this, the confidence of land cover is reduced.
PLENTY = 4
#: Minimum share of the cube that a date must show for the season.
SHOWN = 0.3
#: Maximum distance of two paired dates in days of the year (:data:`.levels.APART`), and whether the pairs with most
#: common clear pixels are preferred; clouds may require up to a month.
FARTHER = ((APART, False), (APART, True), (24, True), (32, True))
#: Months between two of the growing season that belong to it, regardless of their observations.
GAP = 2
#: Minimum change of a pixel relative to those that kept their class, in NDVI, log of green and MNDWI; a change of
#: ``FIRM`` times this size is certain.
MOVED = {"ndvi": 0.05, "green": 0.2, "mndwi": 0.1}
FIRM = 2.0
#: Minimum share of the common clear pixels that must have kept their class to serve as reference.
REFERENCE = 0.1


# --- which dates --------------------------------------------------------------------------------------------------


def growing_months(cube: xr.Dataset) -> tuple[int, ...]:
    """Return the months of the growing season of a cube from its NDVI; all its months if it has fewer than four.

    Raises
    ------
    InputError
        If there is no clear observation.
    """
    thin = thinned(cube, ("red", "nir"))
    seen = usable(thin).transpose(*DIMS).values
    ndvi = _ndvi(thin)
    level = np.array([np.median(v[s]) if s.mean() >= SHOWN else np.nan for v, s in zip(ndvi, seen, strict=True)])
    months = thin["time"].dt.month.values
    known = {int(m): float(np.nanmedian(level[months == m])) for m in np.unique(months[np.isfinite(level)])}
    if not known:
        raise InputError("The place has no observation without cloud in that time.")
    low, high = min(known.values()), max(known.values())
    if len(known) < 4:
        return tuple(known)
    for part in (GROWING, GREENISH):
        found = _filled([m for m, v in known.items() if v >= low + part * (high - low)])
        if len(found) >= SHORT:
            break
    return found


def _filled(months: list[int]) -> tuple[int, ...]:
    """Close short gaps between months: a cloudy month, or one between two harvests."""
    found = set(months)
    for month in months:
        for width in range(1, GAP + 1):
            gap = [(month + k) % 12 + 1 for k in range(width)]
            if (month + width) % 12 + 1 in months:
                found.update(gap)
    return tuple(sorted(found))


def enough_dates(cube: xr.Dataset, part: xr.Dataset, where: Mask) -> int:
    """Count the dates of the growing season on which half of a place is clear.

    Parameters
    ----------
    cube : Dataset
        The whole series, which defines the growing season.
    part : Dataset
        The year to be tested.
    where : ndarray (y, x), bool

    Raises
    ------
    InputError
        If there are fewer than two, or all lie in one month.
    """
    months = growing_months(cube)
    dates = _growing(part, months, where)
    used = {int(m) for m in part["time"].dt.month.values[dates]}
    if dates.sum() < ENOUGH or (len(used) < MONTHS and len(months) > 1 and not _short(cube)):
        first, last = (str(t)[:10] for t in part["time"].values[[0, -1]])
        raise InputError(
            f"From {first} to {last} the place was clear on {_dates(dates.sum())} of the growing season (months "
            f"{', '.join(map(str, months))}): land cover needs {ENOUGH}, in {MONTHS} months."
        )
    return int(dates.sum())


def _short(cube: xr.Dataset) -> bool:
    """Return whether a series spans less than three months, so that it cannot have more of them."""
    days = cube["time"].values
    return bool(days.max() - days.min() < np.timedelta64(90, "D"))


def _dates(count: int) -> str:
    return "1 date" if count == 1 else f"{count} dates"


def _growing(part: xr.Dataset, months: tuple[int, ...], where: Mask) -> Mask:
    seen = usable(part).transpose(*DIMS).values[:, where].mean(axis=1) >= SEEN
    out: Mask = seen & np.isin(part["time"].dt.month.values, months)
    return out


def whole_years(cube: xr.Dataset, where: Mask | None = None) -> list[int]:
    """Return the calendar years of a cube with enough dates for land cover."""
    where = np.ones((cube.sizes["y"], cube.sizes["x"]), bool) if where is None else where
    years = cube["time"].dt.year.values
    found = []
    for year in np.unique(years):
        try:
            enough_dates(cube, cube.isel(time=years == year), where)
        except InputError:
            continue
        found.append(int(year))
    return found


def paired(
    before: xr.Dataset, after: xr.Dataset, fewest: int = FEWEST, most: int = APART, *, clearest: bool = False
) -> tuple[xr.Dataset, xr.Dataset]:
    """Cut two years to pairs of dates of nearly the same day of the year, with each pixel clear twice.

    Parameters
    ----------
    before, after : Dataset
    fewest, most : int
        Minimum number of pairs, and maximum days of the year between the two dates of a pair.
    clearest : bool
        Whether pairs are chosen for the most common clear pixels, and not for the smallest distance.

    Returns
    -------
    (Dataset, Dataset)
        With equal numbers of dates; ``clouds`` covers pixels that are not clear on both dates of a pair.

    Raises
    ------
    InputError
        If there are fewer than ``fewest`` pairs.
    """
    from scipy.optimize import linear_sum_assignment

    seen = [usable(c).transpose(*DIMS).values for c in (before, after)]
    kept = [np.flatnonzero(s.any(axis=(1, 2))) for s in seen]
    apart = days_apart(before["time"].dt.dayofyear.values[kept[0]][:, None], after["time"].dt.dayofyear.values[kept[1]])
    if clearest:
        flat = [s[k].reshape(len(k), -1).astype(np.float32) for s, k in zip(seen, kept, strict=True)]
        common = flat[0] @ flat[1].T / max(flat[0].shape[1], 1)
        cost: Floats = 0.1 * apart / most - common
    else:
        cost = apart
    rows, columns = linear_sum_assignment(np.where(apart <= most, cost, 1e4))
    good = apart[rows, columns] <= most
    i, j = kept[0][rows[good]], kept[1][columns[good]]
    if len(i) < fewest:
        raise InputError(
            f"The two times have {len(i)} pairs of dates within {most} days of the year, but {fewest} are needed: seasons "
            "would be reported as change."
        )
    both = seen[0][i] & seen[1][j]
    one, two = before.isel(time=i), after.isel(time=j)
    return one.assign(clouds=(DIMS, ~both)), two.assign(clouds=(DIMS, ~both))


# --- what changed -------------------------------------------------------------------------------------------------


def compare_years(cube: xr.Dataset, before: xr.Dataset, after: xr.Dataset, where: Mask) -> dict[str, xr.Dataset]:
    """Map the land cover of two years from the same days, with the certainty of differences.

    Parameters
    ----------
    cube : Dataset
        The whole series.
    before, after : Dataset
        The dates of the two years.
    where : ndarray (y, x), bool
        The place; both years must have enough dates there.

    Returns
    -------
    dict of Dataset
        ``before``; ``after``, in which a pixel that did not move keeps its class; ``firm`` and ``loose``, the same with
        only pixels that moved twice as far, and with all pixels whose class differs.

    Raises
    ------
    InputError
        If a year has too few dates of the growing season, or the years have too few days in common.
    """
    for year in (before, after):
        enough_dates(cube, year, where)
    first, second, apart = _same_days(cube, levelled(cube, before), levelled(cube, after), where)
    was, now = tools.land_cover(first), tools.land_cover(second)
    moves = _moves(first, second, was, now)
    was.attrs |= {"pairs": first.sizes["time"], "apart": apart}
    return {
        "before": was,
        "after": _kept(was, now, moves, 1.0),
        "firm": _kept(was, now, moves, FIRM),
        "loose": now,
    }


def _same_days(
    cube: xr.Dataset, before: xr.Dataset, after: xr.Dataset, where: Mask
) -> tuple[xr.Dataset, xr.Dataset, int]:
    """Return pairs of dates, as near in the year as possible with enough of the growing season, and their distance."""
    for most, clearest in FARTHER:
        try:
            first, second = paired(before, after, most=most, clearest=clearest)
            enough_dates(cube, first, where)
        except InputError:
            if (most, clearest) == FARTHER[-1]:
                raise
            continue
        return first, second, most
    raise AssertionError("the last try returns or raises")


def change_interval(
    states: Mapping[str, xr.Dataset], source: str, target: str, where: Mask, cube: xr.Dataset, unit: str = "ha"
) -> tuple[float, float]:
    """Return the size of the certain change, and of all pixels whose class differs, within a place.

    Parameters
    ----------
    states : mapping
        From :func:`compare_years`.
    source, target : str
        Kinds of land before and after; empty for any.
    """
    sizes = []
    for name in ("firm", "after", "loose"):
        mask = timetools.changed_mask(states["before"], states[name], source, target)
        sizes.append(tools.area(timetools.patches_only(mask, cube, where), cube, unit))
    return min(sizes), max(sizes)


def _moves(first: xr.Dataset, second: xr.Dataset, was: xr.Dataset, now: xr.Dataset) -> dict[str, Floats]:
    """Return the median over the pairs of the change of each pixel, relative to pixels that kept their class."""
    seen = usable(first).transpose(*DIMS).values
    a, b = was["cover"].values, now["cover"].values
    known = (a != UNSEEN) & (b != UNSEEN)
    same = known & (a == b)
    one, two = _features(first), _features(second)
    out = {}
    for name in MOVED:
        step = np.where(seen, two[name] - one[name], np.nan).astype("float32")
        step[~np.isfinite(step)] = np.nan
        if same.sum() >= REFERENCE * max(known.sum(), 1):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)  # a pair on which none of them is clear
                step -= np.nanmedian(step[:, same], axis=1)[:, None, None]
        out[name] = quantile(step, 0.5)
    return out


def _kept(was: xr.Dataset, now: xr.Dataset, moves: dict[str, Floats], times: float) -> xr.Dataset:
    """Return the second map, in which pixels that did not move towards their new class keep the old one."""
    a, b = was["cover"].values, now["cover"].values
    far = {k: v / (MOVED[k] * times) for k, v in moves.items()}
    greener = (far["ndvi"] >= 1) | (far["green"] <= -1)
    barer = (far["ndvi"] <= -1) | (far["green"] >= 1)
    wetter, drier = (far["mndwi"] >= 1), (far["mndwi"] <= -1)
    anyhow = greener | barer | wetter | drier
    forest, water = CODE["forest"], CODE["water"]
    towards = np.select([b == water, a == water, a == forest, b == forest], [wetter, drier, barer, greener], anyhow)
    cover = np.where((a != b) & (a != UNSEEN) & (b != UNSEEN) & ~towards, a, b).astype(np.uint8)
    return now.assign(cover=now["cover"].copy(data=cover))


def _features(cube: xr.Dataset) -> dict[str, Floats]:
    green, swir = (cube[n].transpose(*DIMS).values for n in ("green", "swir16"))
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "ndvi": _ndvi(cube),
            "green": np.log(np.where(green > 1e-4, green, np.nan)),
            "mndwi": (green - swir) / (green + swir),
        }


def _ndvi(cube: xr.Dataset) -> Floats:
    red, nir = (cube[n].transpose(*DIMS).values for n in ("red", "nir"))
    with np.errstate(divide="ignore", invalid="ignore"):
        out: Floats = (nir - red) / (nir + red)
    return out


def cover_by_year(cube: xr.Dataset, name: str, where: Mask) -> xr.DataArray:
    """Return the percentage of a place under a kind of land in every calendar year with enough dates of the season."""
    if missing := needs(cube):
        raise InputError(f"Land cover needs the bands {missing}, which this cube lacks.")
    times, values = [], []
    for year in whole_years(cube, where):
        chosen = cube.isel(time=cube["time"].dt.year.values == year)
        land = tools.land_cover(levelled(cube, chosen))
        known = tools.seen(land, where)
        if known.sum() >= 0.5 * where.sum():
            times.append(np.datetime64(f"{year}-07-01", "ns"))
            values.append(tools.share(class_mask(land, name), known))
    if len(values) < 3:
        raise InputError(f"A trend of land cover needs three years with enough dates; the series has {len(values)}.")
    return xr.DataArray(np.array(values), {"time": np.array(times)}, ("time",), name)
