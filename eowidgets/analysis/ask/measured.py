"""Small steps around ``eow.trend`` and ``eow.phenology``: their input, and single numbers from their tables."""

from __future__ import annotations

import calendar
import math
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from eowidgets.analysis.measure.phenology import NO_CLASS
from eowidgets.cube.schema import bands
from eowidgets.errors import InputError
from eowidgets.models.phenology.metrics import GAP, INCOMPLETE, QUALITY, SEASON

Mask = npt.NDArray[np.bool_]

#: Minimum number of values of a trend: for four rising values, the Mann-Kendall test gives p = 0.09.
FEWEST = 5
#: Maximum number of days between the ends of a year and the first and last image for a whole year.
SLACK = 31
#: Half width of a 95 % interval in standard deviations.
WIDE = 1.96
#: Maximum number of pixels of a place for seasons, and the minimum share of them with a season.
PIXELS, LEAST = 10_000, 0.25
#: Qualities of a season that can be dated.
DATED = (SEASON, GAP, INCOMPLETE)


def month_range(months: Collection[int]) -> str:
    """Write months as ``eow.trend`` accepts them: the shortest range that contains them, also across the new year.

    Examples
    --------
    >>> month_range((5, 6, 7, 9)), month_range((1, 2, 11, 12)), month_range(range(1, 13))
    ('5-9', '11-2', '1-12')
    """
    own = sorted(set(months))
    if not own or len(own) == 12:
        return "1-12"
    gaps = [(after - before) % 12 or 12 for before, after in zip(own, [*own[1:], own[0]], strict=True)]
    widest = int(np.argmax(gaps))
    return f"{own[(widest + 1) % len(own)]}-{own[widest]}"


def month_words(months: str) -> str:
    """Name a range of months: ``"May to November"``, or ``"all months"``.

    Examples
    --------
    >>> month_words("11-2"), month_words("1-12")
    ('November to February', 'all months')
    """
    first, last = (int(m) for m in months.split("-"))
    if (last - first) % 12 == 11:
        return "all months"
    return (
        calendar.month_name[first] if first == last else f"{calendar.month_name[first]} to {calendar.month_name[last]}"
    )


def whole_years(series: xr.DataArray, months: str) -> tuple[str, str, int]:
    """Return first and last day of the years of which a series contains all of the months, and their number.

    Parameters
    ----------
    series : DataArray (time,)
    months : str
        ``"5-11"``; with ``"11-2"`` a year begins in November.

    Raises
    ------
    InputError
        If there are fewer than five such years.
    """
    first, last = (int(m) for m in months.split("-"))
    times = series["time"].values.astype("datetime64[D]")
    spans = []
    for year in range(int(str(times.min())[:4]) - 1, int(str(times.max())[:4]) + 1):
        ends = year + (last < first)
        end = np.datetime64(f"{ends}-{last:02d}-{calendar.monthrange(ends, last)[1]}")
        start = np.datetime64(f"{year}-{first:02d}-01")
        if times.min() - SLACK <= start and end <= times.max() + SLACK:
            spans.append((str(start), str(end)))
    if len(spans) < FEWEST:
        held = f"{len(spans)} whole year{'' if len(spans) == 1 else 's'} ({month_words(months)})"
        raise InputError(
            f"A trend cannot be fitted: the time from {times.min()} to {times.max()} has {held}, but the Mann–Kendall test "
            f"needs {FEWEST} yearly values."
        )
    return spans[0][0], spans[-1][1], len(spans)


def estimate(found: pd.DataFrame) -> dict[str, Any]:
    """Return slope, interval, p, number of values and significance of the one series in a table of ``eow.trend``."""
    row = found.iloc[0]
    numbers = {"slope": "slope", "low": "slope_low", "high": "slope_high", "p": "p"}
    out: dict[str, Any] = {name: float(row[column]) for name, column in numbers.items()}
    return {**out, "years": int(row["count"]), "significance": str(row["significance"])}


def place(cube: xr.Dataset, where: Mask) -> xr.Dataset:
    """Cut a cube to the pixels of a place, thinned evenly to ten thousand; the bands of other pixels become NaN."""
    rows, columns = np.flatnonzero(where.any(axis=1)), np.flatnonzero(where.any(axis=0))
    step = max(1, math.ceil(math.sqrt(where.sum() / PIXELS)))
    ys, xs = slice(rows[0], rows[-1] + 1, step), slice(columns[0], columns[-1] + 1, step)
    part, inside = cube.isel(y=ys, x=xs), where[ys, xs]
    if inside.all():
        return part
    mask = xr.DataArray(inside, dims=("y", "x"))
    return part.assign({n: part[n].where(mask) for n in bands(part)})


def seasons(found: xr.Dataset, what: str, start: str = "", end: str = "") -> dict[str, dict[str, Any]]:
    """Return one event of the seasons of ``eow.phenology`` over a place, by the year of the season.

    Parameters
    ----------
    found : Dataset (time, y, x)
    what : {"start", "peak", "end", "length"}
    start, end : str
        ISO days: only seasons whose event (for a length: the start) lies between them.

    Returns
    -------
    dict of str to dict
        ``value``: median over the pixels (ISO day, or number of days); ``sd``: median of their standard deviations
        (days, NaN for a peak); ``early`` and ``late``: the quartiles; ``pixels`` and ``share`` of those with a season;
        ``quality``: the most frequent quality.

    Raises
    ------
    InputError
        If no such season can be dated; the message lists the qualities of the existing seasons.
    """
    out: dict[str, dict[str, Any]] = {}
    reasons: dict[int, str] = {}
    for year, one in zip(
        found["year"].values.tolist(), (found.isel(time=i) for i in range(found.sizes["time"])), strict=True
    ):
        quality, days = one["quality"].values, one[what].values
        seen = quality != NO_CLASS
        dated_pixels = (
            np.isin(quality, DATED) & np.isfinite(days) & np.isfinite(one["start" if what == "length" else what].values)
        )
        reasons[year] = _commonest(
            quality[seen & ~dated_pixels if dated_pixels.sum() < LEAST * seen.sum() else dated_pixels]
        )
        if not dated_pixels.any() or dated_pixels.sum() < LEAST * seen.sum():
            continue
        middle = float(np.median(days[dated_pixels]))
        early, late = (float(np.quantile(days[dated_pixels], q)) for q in (0.25, 0.75))
        when = _date(year, float(np.median(one["start"].values[dated_pixels])) if what == "length" else middle)
        if when < (start or when) or when > (end or when):
            continue
        dated = what != "length"
        out[str(year)] = {
            "value": when if dated else middle,
            "sd": _deviation(one, what, dated_pixels),
            "early": _date(year, early) if dated else early,
            "late": _date(year, late) if dated else late,
            "pixels": int(dated_pixels.sum()),
            "share": 100.0 * float(dated_pixels.sum() / seen.sum()),
            "quality": reasons[year],
        }
    if not out:
        years = [y for y in reasons if (not start or int(start[:4]) <= y) and (not end or y <= int(end[:4]))]
        listed = ", ".join(f"{y}: {reasons[y]}" for y in years or reasons)
        raise InputError(f"The {what} of the growing season cannot be dated ({listed}).")
    return out


def _date(year: int, day: float) -> str:
    """Return the ISO day of a day counted from 1 January of a year."""
    return str(np.datetime64(f"{year}-01-01") + np.timedelta64(math.floor(day) - 1, "D"))


def _deviation(one: xr.Dataset, what: str, pixels: Mask) -> float:
    if what == "peak":
        return float("nan")
    if what == "length":  # errors of start and end are independent
        return float(np.nanmedian(np.hypot(one["start_sd"].values[pixels], one["end_sd"].values[pixels])))
    return float(np.nanmedian(one[f"{what}_sd"].values[pixels]))


def _commonest(quality: npt.NDArray[Any]) -> str:
    """Return the name of the most frequent class."""
    if not quality.size:
        return "never observed without cloud"
    values, counts = np.unique(quality, return_counts=True)
    names = {c.value: c.name for c in QUALITY}
    return names.get(int(values[counts.argmax()]), "never observed without cloud")


def only(table: Mapping[str, Mapping[str, Any]]) -> Any:
    """Return the value of the only season of a table, or the values by year for several seasons."""
    values = {year: one["value"] for year, one in table.items()}
    return next(iter(values.values())) if len(values) == 1 else values


def days_earlier(table: Mapping[str, Mapping[str, Any]], other: Mapping[str, Mapping[str, Any]]) -> float:
    """Return the days of the year by which one event precedes another; for lengths, the difference in days."""
    one, two = (next(iter(t.values()))["value"] for t in (table, other))
    if isinstance(one, float):
        return float(two - one)
    days = day_of_year(two) - day_of_year(one)
    return float(days - 365 * round(days / 365))  # across the new year: 30 December is 3 days before 2 January


def day_of_year(date: str) -> int:
    """Return the day of the year of an ISO day.

    Examples
    --------
    >>> day_of_year("2019-03-01")
    60
    """
    return int(pd.Timestamp(date).day_of_year)


def usual_day(table: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the median day of several seasons, such as ``"14 April"``, also across the new year.

    Examples
    --------
    >>> usual_day({"2018": {"value": "2018-12-30"}, "2019": {"value": "2020-01-01"}, "2020": {"value": "2021-01-03"}})
    '1 January'
    """
    days = np.array([day_of_year(one["value"]) for one in table.values()], float)
    angles = 2 * np.pi * days / 365.25
    middle = np.angle(np.exp(1j * angles).mean()) * 365.25 / (2 * np.pi)
    offsets = (days - middle + 182.625) % 365.25 - 182.625
    date = pd.Timestamp("2019-01-01") + pd.Timedelta(days=round(float(np.median(offsets)) + middle - 1))
    return f"{date.day} {date.month_name()}"


def ends(table: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the ends of the 95 % interval of the only season of a table: ISO days, or numbers of days."""
    (one,) = table.values()
    half = WIDE * one["sd"]
    if isinstance(one["value"], float):
        return {"low": one["value"] - half, "high": one["value"] + half}
    day = np.datetime64(one["value"])
    reach = np.timedelta64(round(half), "D")
    return {"low": str(day - reach), "high": str(day + reach)}


def opposite(value: bool) -> bool:
    """Return the negation."""
    return not value
