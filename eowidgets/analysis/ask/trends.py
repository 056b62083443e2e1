"""Questions about trends: rising, falling, or neither."""

from __future__ import annotations

from typing import Any

import xarray as xr

from eowidgets.analysis.ask import kinds, season, small, timetools, tools, words
from eowidgets.analysis.ask.answer import Answer
from eowidgets.analysis.ask.consistent import Claim
from eowidgets.analysis.ask.context import Context
from eowidgets.analysis.ask.language import SKIES, Scope, Trend
from eowidgets.errors import InputError

#: Share of the interval of a slope that must lie on one side to make a "no" doubtful; percent of a place by which two
#: maps of the same ground differ.
LEANING, SAME = 0.5, 1.0


def course_of(context: Context, scope: Scope, of: str, cut: xr.Dataset) -> tuple[Any, xr.DataArray, xr.DataArray]:
    """Work out the place, the course of an index over it, and its values."""
    where = context.where(scope)
    values = context.trace("values", tools.index_values, cut, of, where)
    return where, context.trace("course", tools.course, values, where), values


def trend(context: Context, program: Trend) -> Answer:
    """Rising, falling, or neither."""
    scope, of = program.scope, program.of
    cut = context.dates(scope, of)
    if of in SKIES:
        where = context.where(scope)
        series = context.trace("shares", tools.sky_share, cut, of, where)
        unit, factor = "% a year", 100.0
    elif words.is_index(of):
        where, series, _ = course_of(context, scope, of, cut)
        unit, factor = f"{of} a year", 1.0
    else:
        where = context.where(scope)
        series = context.trace("by_year", season.cover_by_year, cut, of, where)
        unit, factor = "% of the place a year", 1.0
    found = context.trace("trend", timetools.trend, series)
    low, high = factor * found["low"], factor * found["high"]
    slope = context.trace("slope", small.scaled, found["slope"], factor)
    first, last = (str(t)[:10] for t in series["time"].values[[0, -1]])
    title = words.name(of) if of in SKIES or not words.is_index(of) else of
    asked = kinds.asked_direction(context.question)
    begin, claim = "", None
    if asked and low <= 0 <= high and low < high:
        # Without a clear trend the answer is no, unless most of the interval lies on the side that was asked about.
        side = high / (high - low) if asked == "rising" else -low / (high - low)
        if unit.startswith("% of the place"):
            return _yearly_direction(context, program, asked, series)
        if side > LEANING:
            raise InputError(
                f"That is not clear: {title_of(of)} moved by {slope:+.2g} {unit} (95 % interval {low:+.2g} to {high:+.2g})."
            )
    if asked:
        # A trend is there where the whole interval lies on one side of zero.
        claim = Claim(low, 0.0, ">") if asked == "rising" else Claim(high, 0.0, "<")
        begin = f"{claim.opening}: "
    title = title if begin else f"{title[0].upper()}{title[1:]}"
    text = f"{begin}{title} is {found['word']}{words.where(scope)}: {slope:+.2g} {unit}"
    steps = f"{series.dropna('time').sizes['time']} {'years' if unit.startswith('% of') else 'dates'}"
    text += f" (95 % interval {low:+.2g} to {high:+.2g}), {steps}"
    text += f" from {first} to {last}{words.months(scope.months)}."
    decided = min(abs(low), abs(high)) > 0 and (low > 0) == (high > 0)
    sure = 0.9 if decided else 0.6
    return context.answer(program, text, slope, sure, unit=unit, dates=cut, series=series, claim=claim)


def title_of(of: str) -> str:
    """How a sentence calls an index, a kind of land or of sky."""
    return words.name(of) if of in SKIES or not words.is_index(of) else of


def _yearly_direction(context: Context, program: Trend, asked: str, series: xr.DataArray) -> Answer:
    """Whether a kind of land grew or shrank between the first and last of few years, told from the same days."""
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
            f"That is not clear: {words.name(of)} covered {shares[0]:.1f} % in {years[0]}, {shares[1]:.1f} % in {years[1]}."
        )
    claim = Claim(step if asked == "rising" else -step, 0.0, ">", shown=(f"{shares[0]:.1f}", f"{shares[1]:.1f}"))
    text = f"{claim.opening}: {words.name(of)} went from {shares[0]:.1f} % in {years[0]} to {shares[1]:.1f} % in {years[1]}"
    text += f" ({step:+.1f})"
    text += f"{words.where(scope)}, told from the same days of both years."
    slope = context.trace("slope", small.scaled, step, 1.0 / (years[1] - years[0]))
    return context.answer(
        program, text, slope, 0.75, unit="% of the place a year", dates=context.cube, series=series, claim=claim
    )  # fmt: skip
