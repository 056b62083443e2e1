"""Tools along the time axis: extremes of a time series, and changes between two years."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.analysis.ask import tools
from eowidgets.analysis.ask.landcover import UNSEEN, class_mask
from eowidgets.analysis.ask.language import COVERS
from eowidgets.errors import InputError

Mask = npt.NDArray[np.bool_]


def moment(series: xr.DataArray, which: str) -> dict[str, Any]:
    """Return date and value of the peak, the low, or the first or last date above one percent of a time series."""
    series = series.dropna("time")
    if which in ("first", "last"):
        series = series.isel(time=series.values >= tools.THERE)
        if not series.sizes["time"]:
            raise InputError("It was not observed on any date in that time.")
        at = 0 if which == "first" else -1
    else:
        if not series.sizes["time"]:
            raise InputError("The place was not observed on any date in that time.")
        at = int(series.values.argmax() if which == "peak" else series.values.argmin())
    return {"date": str(series["time"].values[at])[:10], "value": float(series.values[at])}


def images_in(cube: xr.Dataset) -> float:
    """Return the number of dates of a cube."""
    return float(cube.sizes["time"])


def clear_dates(cube: xr.Dataset, where: Mask, most: float = 0.05) -> list[str]:
    """Return the ISO days on which at most a given share of a place is hidden."""
    from eowidgets.cube.schema import usable

    inside = xr.DataArray(where, dims=("y", "x"))
    open_share = (usable(cube) & inside).sum(("y", "x")).values / max(int(where.sum()), 1)
    return [str(t)[:10] for t, s in zip(cube["time"].values, open_share, strict=True) if s >= 1 - most]


def two_years(cube: xr.Dataset, start: str = "", end: str = "") -> tuple[xr.Dataset, xr.Dataset]:
    """Return the first and the last year of a change.

    These are the first and the last twelve months of the requested time; for less than a year and a half, the year
    before it and the year at its end.

    Raises
    ------
    InputError
        If the series does not contain both.
    """
    tools.between(cube, start, end)
    first, last = (np.datetime64(str(t)[:10]) for t in cube["time"].values[[0, -1]])
    a = max(np.datetime64(start), first) if start else first
    b = min(np.datetime64(end), last) if end else last
    if b - a < np.timedelta64(548, "D"):
        if start or end:
            # A season of a year is compared with the whole year before its own year.
            a, b = np.datetime64(f"{str(a)[:4]}-01-01"), max(b, min(np.datetime64(f"{str(b)[:4]}-12-31"), last))
        a -= 365
        if a + 182 < first:
            raise InputError(
                f"A change is a comparison of two years, but the series ({first} to {last}) does not contain the year before."
            )
    before = tools.between(cube, str(max(a, first)), str(a + 364))
    after = tools.between(cube, str(b - 364), str(b))
    return before, after


def transitions(before: xr.Dataset, after: xr.Dataset, where: Mask, cube: xr.Dataset) -> dict[str, float]:
    """Return the hectares of each transition between kinds of land, the largest first: ``{"forest > field": 12.3}``."""
    known = seen_twice(before, after, where)
    found = {}
    for a in COVERS:
        for b in COVERS:
            if a != b:
                changed = patches_only(changed_mask(before, after, a, b), cube, known)
                if changed.any():
                    found[f"{a} > {b}"] = tools.area(changed, cube)
    return dict(sorted(found.items(), key=lambda kv: -kv[1]))


def changed_mask(before: xr.Dataset, after: xr.Dataset, source: str = "", target: str = "") -> Mask:
    """Return the pixels that left ``source``, became ``target``, or both; without either, all with another kind.

    If both are the same kind of land, return the pixels that left it and those that became it.
    """
    a, b = before["cover"].values, after["cover"].values
    mask = (a != b) & (a != UNSEEN) & (b != UNSEEN)
    if source and source == target:
        either: Mask = mask & (class_mask(before, source) != class_mask(after, source))
        return either
    if source:
        was, still = class_mask(before, source), class_mask(after, source)
        mask &= was & ~still
    if target:
        mask &= class_mask(after, target) & ~class_mask(before, target)
    out: Mask = mask
    return out


def seen_twice(before: xr.Dataset, after: xr.Dataset, where: Mask) -> Mask:
    """Return the pixels within ``where`` whose land cover is known in both years."""
    out: Mask = tools.seen(before, where) & tools.seen(after, where)
    return out


def patches_only(mask: Mask, cube: xr.Dataset, where: Mask) -> Mask:
    """Return a mask of change within a place, without patches of less than 0.05 ha.

    A patch that extends beyond the place counts with its whole size, so that the parts of a place add up to it.
    """
    out: Mask = tools.objects(mask, cube)["mask"] & where
    return out


def table_value(table: dict[str, float], source: str, target: str) -> float:
    """Return the hectares of one transition, 0 if it does not occur."""
    return float(table.get(f"{source} > {target}", 0.0))


def unchanged(before: xr.Dataset, after: xr.Dataset, name: str = "") -> Mask:
    """Return all pixels of the cube with a kind of land (any, if empty) in both years."""
    out: Mask = (before["cover"].values == after["cover"].values) & (before["cover"].values != UNSEEN)
    if name:
        out &= class_mask(before, name) & class_mask(after, name)
    return out


def pixel_extreme(values: xr.DataArray, which: str, cube: xr.Dataset) -> dict[str, Any]:
    """Return the pixel whose median over time is highest or lowest: value, row, column and degrees."""
    from eowidgets.analysis.ask.landcover import quantile

    middle = quantile(values.values, 0.5)
    if not np.isfinite(middle).any():
        raise InputError("The place has no observation without cloud in that time.")
    flat = int(np.nanargmax(middle) if which == "highest" else np.nanargmin(middle))
    row, column = (int(i) for i in np.unravel_index(flat, middle.shape))
    return {
        "value": float(middle[row, column]),
        "row": row,
        "column": column,
        "lonlat": tools.lonlat(cube, row, column),
    }


def value_extreme(values: xr.DataArray, which: str) -> dict[str, Any]:
    """Return the highest or lowest single value, with its date, row and column."""
    array = values.values
    if not np.isfinite(array).any():
        raise InputError("The place has no observation without cloud in that time.")
    flat = int(np.nanargmax(array) if which == "highest" else np.nanargmin(array))
    t, row, column = (int(i) for i in np.unravel_index(flat, array.shape))
    return {
        "value": float(array[t, row, column]),
        "date": str(values["time"].values[t])[:10],
        "row": row,
        "column": column,
    }


def summary(values: xr.DataArray, stat: str) -> float:
    """Compute mean, median or spread (standard deviation over pixels of their median over time) of the observations."""
    from eowidgets.analysis.ask.landcover import quantile

    array = values.values
    if not np.isfinite(array).any():
        raise InputError("The place has no observation without cloud in that time.")
    if stat == "spread":
        return float(np.nanstd(quantile(array, 0.5)))
    return float(np.nanmean(array) if stat == "mean" else np.nanmedian(array))


def dates_beyond(series: xr.DataArray, relation: str, limit: float) -> int:
    """Count the dates on which a time series is above (at least) or below (at most) a limit."""
    signs = {"above": np.greater, "at least": np.greater_equal, "below": np.less, "at most": np.less_equal}
    return int(signs[relation](series.dropna("time").values, limit).sum())


def beyond(values: xr.DataArray, relation: str, limit: float) -> tuple[Mask, Mask]:
    """Return the pixels whose median over time is above (at least) or below (at most) a limit, and all with a value."""
    from eowidgets.analysis.ask.landcover import quantile

    middle = quantile(values.values, 0.5)
    known: Mask = np.isfinite(middle)
    if not known.any():
        raise InputError("The place has no observation without cloud in that time.")
    signs = {"above": np.greater, "at least": np.greater_equal, "below": np.less, "at most": np.less_equal}
    with np.errstate(invalid="ignore"):
        mask: Mask = known & signs[relation](middle, limit)
    return mask, known


def difference(after: float, before: float) -> float:
    """Return the increase from before to after."""
    return float(after - before)


def larger(a: float, b: float, relation: str, names: tuple[str, str]) -> bool | float | str:
    """Compare two values: whether ``a`` is more (less) than ``b``, which of the two is, or by how much."""
    if relation == "difference":
        return float(a - b)
    if relation in ("which", "which less"):
        more, less = (names[0], names[1]) if relation == "which" else (names[1], names[0])
        return more if a > b else less if b > a else "equal"
    return bool(a > b if relation == "more" else a < b)


def main_target(table: dict[str, float], source: str) -> str:
    """Return the most frequent new class of a kind of land, or "nothing"."""
    chosen = {k.split(" > ")[1]: v for k, v in table.items() if k.startswith(f"{source} > ")}
    return max(chosen, key=lambda k: chosen[k]) if chosen else "nothing"


def moved(difference: float, direction: str, limit: float) -> bool:
    """Return whether a difference exceeds that of two years without change, in one direction if it is given."""
    signed = {"loss": -difference, "gain": difference}.get(direction, abs(difference))
    return bool(signed > limit)
