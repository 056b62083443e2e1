"""One pixel, area or parcel in detail: observations, fitted curve or line, and measured values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from eowidgets.analysis.measure.series_run import MeasureTask
from eowidgets.cube.indices import index as spectral_index
from eowidgets.cube.indices import present
from eowidgets.cube.schema import usable
from eowidgets.cube.series import at, clip
from eowidgets.errors import InputError, shown
from eowidgets.models.blocks.indexed import IndexSeries
from eowidgets.models.phenology.model import Phenology
from eowidgets.models.trends.model import Periodic
from eowidgets.models.trends.periods import reduce

#: Half width of a 95 % interval in standard deviations.
WIDE = 1.96


@dataclass(frozen=True)
class SeriesDetail:
    """One series in detail.

    Attributes
    ----------
    name : str
        Index, or the name of the series.
    observed : Series
        Clear observations by date.
    line : DataFrame
        By date: ``value``, and ``low`` and ``high``, the ends of its 95 % interval (NaN without an interval).
    measured : DataFrame
        Result of the function of the task for this series, one row per season year, period or series.
    words : str
        The result in one sentence.
    """

    name: str
    observed: pd.Series[Any]
    line: pd.DataFrame
    measured: pd.DataFrame
    words: str


def series_at(cube: xr.Dataset, index: str, place: Any) -> pd.Series[Any]:
    """Return the clear values of an index of a pixel, or their mean over an area.

    Parameters
    ----------
    cube : Dataset
    index : str
        Index or band.
    place : (lon, lat), or what ``eow.Area.of`` takes

    Returns
    -------
    Series
        By date, without the dates that have no clear observation.
    """
    if isinstance(place, tuple) and len(place) == 2:
        one = at(cube, float(place[0]), float(place[1]))
        part = cube.sel(y=[float(one.y)], x=[float(one.x)])
    else:
        part = clip(cube, place)
    held = present(part, index)
    values = part[held] if held is not None else spectral_index(part, index)
    seen = usable(part) & np.isfinite(values)
    mean = values.where(seen).mean(("y", "x"), skipna=True)
    found = pd.Series(mean.values.astype("float64"), pd.DatetimeIndex(part["time"].values), name=index)
    return found.dropna()


def detail(
    task: MeasureTask, observed: pd.Series[Any], name: str = "", settings: Mapping[str, Any] | None = None
) -> SeriesDetail:
    """Measure one series as a task does, and return the fitted line as well.

    Parameters
    ----------
    task : MeasureTask
        A task for seasons or for a trend.
    observed : Series
        Values by date, as :func:`series_at` returns them.
    name : str
        Name of the series.
    settings : mapping, optional
        ``settings`` in the provenance of a map, so that the pixel has the same season years as the map.

    Raises
    ------
    InputError
        If there is no observation, or too few to measure.
    """
    if not len(observed):
        raise InputError("This place has no clear value on any date: choose another one.")
    model = task.model
    month = (settings or {}).get("year_start")
    if isinstance(model, Phenology):
        own = {**{k: v for k, v in task.arguments.items() if k not in ("index", "method", "dates")}}
        if month is not None:
            own["year_start"] = int(month)
        from eowidgets.analysis.measure.phenology import phenology_task

        one = phenology_task(observed.rename("value"), "value", str(task.arguments["method"]), None, own)
    else:
        from eowidgets.analysis.measure.trend import trend_task

        own = {k: v for k, v in task.arguments.items() if k not in ("index", "dates")}
        one = trend_task(task.call, observed.rename("value"), "value", None, own)
    found = one.run()
    days = observed.index.to_numpy().astype("datetime64[s]").astype("float64") / 86_400
    given = IndexSeries(observed.to_numpy("float64")[:, None], np.ones((len(observed), 1), bool), days)
    line, words = _curve(one.model, given, found) if isinstance(model, Phenology) else _line(one, given, found)
    return SeriesDetail(name or str(observed.name), observed, line, found.reset_index(), words)


def _frame(days: Any, value: Any, low: Any = None, high: Any = None) -> pd.DataFrame:
    times = pd.DatetimeIndex(
        (np.asarray(days) * 86_400).astype("int64").astype("datetime64[s]").astype("datetime64[ns]")
    )
    none = np.full(len(times), np.nan)
    return pd.DataFrame(
        {"value": value, "low": none if low is None else low, "high": none if high is None else high}, index=times
    )


def _curve(model: Any, given: IndexSeries, found: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Return the fitted curve of all season years, and a sentence on the last season."""
    years = model.years(given.days)
    pieces = []
    with np.errstate(invalid="ignore", divide="ignore"):
        whole = model.fit(given)
        for begin, end in pairwise(years.starts):
            fitted = model.seasons(given, whole, (float(begin), float(end)))
            for curve, one in fitted if model.per_season else fitted[:1]:
                first, last = begin, end - 1e-6
                if model.per_season:
                    first, last = max(first, curve.nodes[one.left[0]]), min(last, curve.nodes[one.right[0]])
                part = curve.part(first, last)
                half, value = WIDE * np.sqrt(part.variance[:, 0]), part.value[:, 0]
                pieces.append(_frame(part.nodes, value, value - half, value + half))
    line = pd.concat(pieces)
    line = line[~line.index.duplicated()].sort_index()
    good = found[found["quality"] == "season"]
    if not len(good):
        return line, f"No season year has a fully observed season: {', '.join(sorted(set(found['quality'])))}."
    last = good.iloc[-1]
    return line, (
        f"In {int(last['year'])} the season lasts from {last['start_date']:%Y-%m-%d} (± {WIDE * last['start_sd']:.0f} days) to "
        f"{last['end_date']:%Y-%m-%d} (± {WIDE * last['end_sd']:.0f} days), {last['length']:.0f} days."
    )


def _line(task: MeasureTask, given: IndexSeries, found: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Return the line or the step of a trend, and a sentence on the result."""
    model: Any = task.model
    assert isinstance(model, Periodic)  # noqa: S101  (the other models are of phenology)
    periods = model.periods(given.days)
    values = reduce(given, periods, model.params.how)[:, 0]
    length = np.timedelta64(365 // periods.per_year // 2, "D")
    middle = (periods.starts + length).astype("datetime64[D]").astype("float64")
    row = found.iloc[0]
    times, years = periods.times, periods.years
    if task.call == "trend":
        if not np.isfinite(row["slope"]):
            return _frame(middle, values), f"{int(row['count'])} periods have a value, too few for a trend."
        line, pivot = row["intercept"] + row["slope"] * times, float(np.median(times[np.isfinite(values)]))
        level = row["intercept"] + row["slope"] * pivot
        ends = [level + row[s] * (times - pivot) for s in ("slope_low", "slope_high")]
        words = (
            f"{row['slope']:+.4f} a year (95 % interval {row['slope_low']:+.4f} to {row['slope_high']:+.4f}), "
            f"p = {row['p']:.3g}: {row['significance']}."
        )
        return _frame(middle, line, np.minimum(*ends), np.maximum(*ends)), words
    if task.call == "step_or_line":
        kind, mean = row["shape"], float(np.nanmean(values))
        if kind == "step":
            after = np.repeat(years, periods.per_year) >= row["step_year"]
            line = np.where(after, np.nanmean(values[after]), np.nanmean(values[~after]))
            return _frame(middle, line), f"A step of {row['step_size']:+.3f} in {int(row['step_year'])}."
        if kind == "line":
            known = np.isfinite(values)
            line = mean + row["line_slope"] * (times - times[known].mean())
            return _frame(middle, line), f"A line of {row['line_slope']:+.4f} a year."
        return _frame(middle, np.full(len(middle), mean)), f"The values show {shown(str(kind))}."
    if task.call == "anomalies":
        return _frame(middle, values), f"{np.isfinite(values).sum()} periods have a value."
    words = {
        "recovered": f"{row['loss']:.2f} was lost in {row['break_year']:.0f}; the requested share was regained after "
        f"{row['recovery_years']:.1f} years.",
        "not yet recovered": f"{row['loss']:.2f} was lost in {row['break_year']:.0f}, and {row['regained']:.0%} of it regained "
        f"in the {row['years_observed']:.0f} years since.",
        "no break": "There is no break.",
    }.get(str(row["state"]), "There are not enough values.")
    return _frame(middle, values), words


def detail_of(found: Any, source: Any, place: Any) -> SeriesDetail:
    """Measure one series of a result again, in detail.

    Parameters
    ----------
    found : Dataset or DataFrame
        Result of a function of :mod:`eowidgets.analysis.measure` of seasons or trends.
    source : Dataset or DataFrame
        The input that it was measured on.
    place : (lon, lat), area, or name of a series

    Raises
    ------
    InputError
    """
    from eowidgets.analysis.measure.phenology import phenology_task
    from eowidgets.analysis.measure.trend import MODELS, trend_task
    from eowidgets.analysis.record import Record

    record = Record.of(found)
    call, asked = record.call, {k: v for k, v in record.arguments.items() if k != "area"}
    if call != "phenology" and call not in MODELS:
        raise InputError(
            f"A result of eow.{call[:40]} has no seasons or trend: give one of eow.phenology or eow.trend."
        )
    index, dates = asked.pop("index", None), asked.pop("dates", None)
    dates = tuple(dates) if isinstance(dates, list) else dates
    if call == "phenology":
        task = phenology_task(source, index, asked.pop("method"), dates, asked)
    else:
        task = trend_task(call, source, index, dates, asked)
    given = task.given
    if given.is_table:
        rows = given.used[given.used["id"] == place]
        if not len(rows):
            raise InputError(
                f"The table has no series {shown(place)}: give one of its ids, such as {shown(given.used['id'].iloc[0])}."
            )
        if "clouds" in rows:
            rows = rows[~rows["clouds"].astype(bool)]
        observed = pd.Series(rows[given.index].to_numpy("float64"), pd.DatetimeIndex(rows["time"]), name=given.index)
        return detail(task, observed.dropna().sort_index(), f"{given.index} of {place}", record.notes.get("settings"))
    observed = series_at(given.used, given.index, place)
    return detail(task, observed, given.index, record.notes.get("settings"))
