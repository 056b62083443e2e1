"""Tools that look along time: extremes of a course, trends, and what changed between two years."""

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
    """Date and value of the peak, the low, or the first or last date above one percent of a course."""
    series = series.dropna("time")
    if which in ("first", "last"):
        series = series.isel(time=series.values >= tools.THERE)
        if not series.sizes["time"]:
            raise InputError("It was not seen on any date in that time.")
        at = 0 if which == "first" else -1
    else:
        if not series.sizes["time"]:
            raise InputError("The place was not seen on any date in that time.")
        at = int(series.values.argmax() if which == "peak" else series.values.argmin())
    return {"date": str(series["time"].values[at])[:10], "value": float(series.values[at])}


def images_in(cube: xr.Dataset) -> float:
    """How many dates a cube has."""
    return float(cube.sizes["time"])


def clear_dates(cube: xr.Dataset, where: Mask, most: float = 0.05) -> list[str]:
    """ISO days on which at most that share of a place was not seen."""
    from eowidgets.cube.schema import usable

    inside = xr.DataArray(where, dims=("y", "x"))
    open_share = (usable(cube) & inside).sum(("y", "x")).values / max(int(where.sum()), 1)
    return [str(t)[:10] for t, s in zip(cube["time"].values, open_share, strict=True) if s >= 1 - most]


def two_years(cube: xr.Dataset, start: str = "", end: str = "") -> tuple[xr.Dataset, xr.Dataset]:
    """The year that a change starts from and the year that it leads to.

    From the first and the last twelve months of the time asked for; where that is shorter than a year and a half, from
    the year before it and the year at its end.

    Raises
    ------
    InputError
        If the series does not hold both.
    """
    tools.between(cube, start, end)
    first, last = (np.datetime64(str(t)[:10]) for t in cube["time"].values[[0, -1]])
    a = max(np.datetime64(start), first) if start else first
    b = min(np.datetime64(end), last) if end else last
    if b - a < np.timedelta64(548, "D"):
        if start or end:
            # A season of a year is compared with the whole year before the one that it lies in.
            a, b = np.datetime64(f"{str(a)[:4]}-01-01"), max(b, min(np.datetime64(f"{str(b)[:4]}-12-31"), last))
        a -= 365
        if a + 182 < first:
            raise InputError(
                f"To tell what changed I compare two years, and the series ({first} to {last}) does not hold the year before."
            )
    before = tools.between(cube, str(max(a, first)), str(a + 364))
    after = tools.between(cube, str(b - 364), str(b))
    return before, after


def transitions(before: xr.Dataset, after: xr.Dataset, where: Mask, cube: xr.Dataset) -> dict[str, float]:
    """Hectares that went from one kind of land to another, the largest first: ``{"forest > field": 12.3}``."""
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
    """Pixels that left ``source``, came to ``target``, or both; without either, all whose kind changed.

    Where both are the same kind of land, those that left it and those that came to it.
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
    """Pixels of which the land cover is known in both years, within ``where``."""
    out: Mask = tools.seen(before, where) & tools.seen(after, where)
    return out


def patches_only(mask: Mask, cube: xr.Dataset, where: Mask) -> Mask:
    """A mask of change within a place, without patches of less than 0.05 ha.

    A patch that goes on beyond the place counts with its whole size, so that the parts of a place add up to it.
    """
    out: Mask = tools.objects(mask, cube)["mask"] & where
    return out


def table_value(table: dict[str, float], source: str, target: str) -> float:
    """Hectares of one transition, 0 where there was none."""
    return float(table.get(f"{source} > {target}", 0.0))


def unchanged(before: xr.Dataset, after: xr.Dataset, name: str = "") -> Mask:
    """Pixels anywhere in the cube that were of a kind of land (of any, if empty) in both years."""
    out: Mask = (before["cover"].values == after["cover"].values) & (before["cover"].values != UNSEEN)
    if name:
        out &= class_mask(before, name) & class_mask(after, name)
    return out


def pixel_extreme(values: xr.DataArray, which: str, cube: xr.Dataset) -> dict[str, Any]:
    """The pixel whose median over time is highest or lowest: value, row, column and degrees."""
    from eowidgets.analysis.ask.landcover import quantile

    middle = quantile(values.values, 0.5)
    if not np.isfinite(middle).any():
        raise InputError("The place was never seen without cloud in that time.")
    flat = int(np.nanargmax(middle) if which == "highest" else np.nanargmin(middle))
    row, column = (int(i) for i in np.unravel_index(flat, middle.shape))
    return {
        "value": float(middle[row, column]),
        "row": row,
        "column": column,
        "lonlat": tools.lonlat(cube, row, column),
    }


def value_extreme(values: xr.DataArray, which: str) -> dict[str, Any]:
    """The highest or lowest single value: the value, its date, row and column."""
    array = values.values
    if not np.isfinite(array).any():
        raise InputError("The place was never seen without cloud in that time.")
    flat = int(np.nanargmax(array) if which == "highest" else np.nanargmin(array))
    t, row, column = (int(i) for i in np.unravel_index(flat, array.shape))
    return {
        "value": float(array[t, row, column]),
        "date": str(values["time"].values[t])[:10],
        "row": row,
        "column": column,
    }


def summary(values: xr.DataArray, stat: str) -> float:
    """Mean, median or spread (standard deviation over pixels of their median over time) of what was seen."""
    from eowidgets.analysis.ask.landcover import quantile

    array = values.values
    if not np.isfinite(array).any():
        raise InputError("The place was never seen without cloud in that time.")
    if stat == "spread":
        return float(np.nanstd(quantile(array, 0.5)))
    return float(np.nanmean(array) if stat == "mean" else np.nanmedian(array))


def dates_beyond(series: xr.DataArray, relation: str, limit: float) -> int:
    """Number of dates on which a course is above (at least) or below (at most) a limit."""
    signs = {"above": np.greater, "at least": np.greater_equal, "below": np.less, "at most": np.less_equal}
    return int(signs[relation](series.dropna("time").values, limit).sum())


def beyond(values: xr.DataArray, relation: str, limit: float) -> tuple[Mask, Mask]:
    """Pixels whose median over time is above (at least) or below (at most) a limit, and those that were seen."""
    from eowidgets.analysis.ask.landcover import quantile

    middle = quantile(values.values, 0.5)
    known: Mask = np.isfinite(middle)
    if not known.any():
        raise InputError("The place was never seen without cloud in that time.")
    signs = {"above": np.greater, "at least": np.greater_equal, "below": np.less, "at most": np.less_equal}
    with np.errstate(invalid="ignore"):
        mask: Mask = known & signs[relation](middle, limit)
    return mask, known


def difference(after: float, before: float) -> float:
    """How much more there is after than before."""
    return float(after - before)


def larger(a: float, b: float, relation: str, names: tuple[str, str]) -> bool | float | str:
    """Whether ``a`` is more (less) than ``b``, which of the two is, or how much more ``a`` is."""
    if relation == "difference":
        return float(a - b)
    if relation in ("which", "which less"):
        more, less = (names[0], names[1]) if relation == "which" else (names[1], names[0])
        return more if a > b else less if b > a else "equal"
    return bool(a > b if relation == "more" else a < b)


def main_target(table: dict[str, float], source: str) -> str:
    """What most of a kind of land became, or "nothing"."""
    chosen = {k.split(" > ")[1]: v for k, v in table.items() if k.startswith(f"{source} > ")}
    return max(chosen, key=lambda k: chosen[k]) if chosen else "nothing"


def moved(difference: float, direction: str, limit: float) -> bool:
    """Whether a difference is more than two years without change differ by, in that direction if one is given."""
    signed = {"loss": -difference, "gain": difference}.get(direction, abs(difference))
    return bool(signed > limit)
