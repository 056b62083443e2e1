"""Answers to questions about trends: rising, falling, or neither."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.analysis.ask import kinds, measured, season, small, timetools, tools, words
from eowidgets.analysis.ask.answer import Answer
from eowidgets.analysis.ask.consistent import Claim
from eowidgets.analysis.ask.context import Context
from eowidgets.analysis.ask.interval import Interval
from eowidgets.analysis.ask.language import SKIES, Scope, Trend
from eowidgets.analysis.measure import trend as measure
from eowidgets.cube.schema import bands
from eowidgets.errors import InputError

#: Percentage of a place by which two maps of the same ground differ.
SAME = 1.0
#: Expression of the ends of the interval in the cell of an answer.
ENDS = "{'low': estimate['low'], 'high': estimate['high']}"


def course_of(context: Context, scope: Scope, of: str, cut: xr.Dataset) -> tuple[Any, xr.DataArray, xr.DataArray]:
    """Compute the place, the time series of an index over it, and its values."""
    where = context.where(scope)
    values = context.trace("values", tools.index_values, cut, of, where)
    return where, context.trace("course", tools.course, values, where), values


def trend(context: Context, program: Trend) -> Answer:
    """Answer with the trend of yearly values by ``eow.trend``: rising, falling, or neither."""
    yearly = _yearly(context, program)
    asked = kinds.asked_direction(context.question)
    if yearly.of_place and yearly.series.sizes["time"] < measured.FEWEST:
        if asked:
            return _yearly_direction(context, program, asked, yearly.series)
        raise _too_few(yearly.series.sizes["time"])
    given = {"how": yearly.how, "months": yearly.months, "dates": yearly.dates} if yearly.dates else {}
    table = context.trace("found", measure.trend, yearly.series, **given)
    found = context.trace("estimate", measured.estimate, table)
    slope, low, high = found["slope"], found["low"], found["high"]
    # A trend is reported if the test is significant and the interval excludes zero.
    significant = found["significance"] in ("increase", "decrease") and (low > 0 or high < 0)
    if yearly.of_place and asked and not significant:
        return _yearly_direction(context, program, asked, yearly.series, found)
    if not np.isfinite(slope):
        raise _too_few(found["years"])
    title = title_of(program.of)
    said = f"{slope:+.2g} {yearly.unit}"
    p = "p < 0.001" if found["p"] < 0.001 else f"p = {found['p']:.2g}"
    claim = Claim(slope, shown=(said, p), interval=(low, high))
    if significant:
        if asked:
            end, relation = (low, ">") if asked == "rising" else (high, "<")
            claim = replace(claim, left=end, relation=relation)  # type: ignore[arg-type]
        begin = f"{claim.opening}: {title}" if asked else f"{title[0].upper()}{title[1:]}"
        text = f"{begin} is {'rising' if slope > 0 else 'falling'}{_where(program)}: {said}"
    else:
        text = f"No significant trend: {title} changed by {said}{_where(program)}"
    text += (
        f" (95 % interval {low:+.2g} to {high:+.2g}), {found['years']} years {yearly.period}, {p} by the Mann–Kendall "
    )
    text += f"test: {'significant' if significant else 'not significant'}. {yearly.note}"
    if found["years"] == measured.FEWEST:
        text += f" With {measured.FEWEST} years only an unbroken rise or fall is significant."
    held = Interval(f"{title[0].upper()}{title[1:]} changed by {said}", low, high, yearly.unit, ENDS)
    return context.answer(
        program, text, slope, 0.9 if significant else 0.6, unit=yearly.unit, code="estimate['slope']", dates=yearly.cut,
        series=yearly.series, claim=claim, interval=held,
    )  # fmt: skip


def _too_few(years: int) -> InputError:
    return InputError(
        f"A trend cannot be fitted: the place was observed in {years} years, but the Mann–Kendall test needs "
        f"{measured.FEWEST} yearly "
        "values."
    )


@dataclass(frozen=True, slots=True)
class _Yearly:
    """A time series, and its reduction to one value per year.

    Attributes
    ----------
    series : DataArray (time,)
    unit : str
        Unit of the slope.
    note, period : str
        Definition of a yearly value, and the first and last year, as in the sentence.
    how, months, dates : str
        Arguments of ``eow.trend``; without ``dates`` the series already has one value per year.
    of_place : bool
        Whether the values are percent of the place under a kind of land.
    """

    series: xr.DataArray
    cut: xr.Dataset
    unit: str
    note: str
    period: str
    how: str = "median"
    months: str = "1-12"
    dates: str = ""
    of_place: bool = False


def _yearly(context: Context, program: Trend) -> _Yearly:
    """Compute the time series of an index, of clouds or snow, or of a kind of land."""
    scope, of = program.scope, program.of
    cut = context.dates(replace(scope, months=()), of)
    if of in SKIES:
        where = context.where(scope)
        shares = context.trace("shares", tools.sky_share, cut, of, where)
        series = context.trace("percent", small.in_percent, shares)
        return _of_dates(cut, series, "% a year", measured.month_range(scope.months), "mean", f"the share under {of}")
    if words.is_index(of):
        where, series, _ = course_of(context, scope, of, cut)
        months = measured.month_range(scope.months or _growing(context))
        return _of_dates(cut, series, f"{of} a year", months, "median", "the mean over the place")
    where = context.where(scope)
    series = context.trace("by_year", season.cover_by_year, cut, of, where)
    years = [str(t)[:4] for t in series["time"].values[[0, -1]]]
    note = "Each year is the share of its land cover map."
    return _Yearly(series, cut, "% of the place a year", note, f"from {years[0]} to {years[1]}", of_place=True)


def _of_dates(cut: xr.Dataset, series: xr.DataArray, unit: str, months: str, how: str, what: str) -> _Yearly:
    start, end, _ = measured.whole_years(series, months)
    note = f"Each year is the {how} of {what} in {measured.month_words(months)}."
    return _Yearly(series, cut, unit, note, f"from {start[:4]} to {end[:4]}", how, months, f"{start}/{end}")


def _growing(context: Context) -> tuple[int, ...]:
    """Return the months of the growing season of the cube; all if the bands for it are missing."""
    if not {"red", "nir"} <= set(bands(context.cube)):
        return ()
    return season.growing_months(context.cube)


def _where(program: Trend) -> str:
    cover = program.scope.cover
    return f"{f' on {words.name(cover)}' if cover else ''}{words.where(program.scope)}"


def title_of(of: str) -> str:
    """Return the name of an index, a kind of land or of sky in a sentence."""
    return words.name(of) if of in SKIES or not words.is_index(of) else of


def _yearly_direction(
    context: Context, program: Trend, asked: str, series: xr.DataArray, found: Mapping[str, Any] | None = None
) -> Answer:
    """Compare a kind of land between the first and last of a few years, mapped from the same days."""
    of, scope = program.of, program.scope
    where = context.where(scope)
    years = [int(str(t)[:4]) for t in series["time"].values[[0, -1]]]
    cuts = [context.trace("year", tools.between, context.cube, f"{y}-01-01", f"{y}-12-31") for y in years]
    states = context.trace("states", season.compare_years, context.cube, *cuts, where)
    known = context.trace("known", timetools.seen_twice, states["before"], states["after"], where)
    shares = []
    for name in ("before", "after"):
        mask = context.trace(f"mask_{name}", tools.kind_mask, states[name], of, known)
        shares.append(context.trace(f"percent_{name}", tools.share, mask, known))
    step = context.trace("step", timetools.difference, shares[1], shares[0])
    if abs(step) < SAME:
        raise InputError(
            f"The difference is too small to decide: {words.name(of)} covered {shares[0]:.1f} % in {years[0]}, "
            f"{shares[1]:.1f} % in {years[1]}."
        )
    claim = Claim(step if asked == "rising" else -step, 0.0, ">", shown=(f"{shares[0]:.1f}", f"{shares[1]:.1f}"))
    text = f"{claim.opening}: {words.name(of)} went from {shares[0]:.1f} % in {years[0]} to {shares[1]:.1f} % in {years[1]}"
    text += f" ({step:+.1f})"
    text += f"{words.where(scope)}, mapped from the same days of both years."
    if found is not None and np.isfinite(found["p"]):
        text += f" Over the {found['years']} years the trend is not significant (p = {found['p']:.2g} by the Mann–Kendall test)."
    slope = context.trace("slope", small.scaled, step, 1.0 / (years[1] - years[0]))
    return context.answer(
        program, text, slope, 0.75, unit="% of the place a year", dates=context.cube, series=series, claim=claim
    )  # fmt: skip
