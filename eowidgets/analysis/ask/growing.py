"""Answers about the growing season by ``eow.phenology``: its start, peak, end and length."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.analysis.ask import measured, small, tools, words
from eowidgets.analysis.ask.answer import Answer
from eowidgets.analysis.ask.consistent import Claim
from eowidgets.analysis.ask.context import Context
from eowidgets.analysis.ask.interval import Interval
from eowidgets.analysis.ask.language import Scope, Season
from eowidgets.analysis.measure.phenology import phenology
from eowidgets.errors import InputError

Table = Mapping[str, Mapping[str, Any]]
#: Definitions of the events; the threshold is that of ``eow.phenology``.
_MEANS = {
    "start": "Start is the day on which {it} has risen by half of the way from its lowest value to its peak, not the 1 March "
    "of the calendar.",
    "end": "End is the day on which {it} has fallen by half of the way from its peak to the lowest value after it.",
    "peak": "Peak is the day of the highest value of the curve through {it}; it has no standard deviation.",
    "length": "The length is counted from the day on which {it} has risen by half of the way to its peak to the day on which "
    "it has fallen by half.",
}
#: Quality of a season -> remark on its years.
_DOUBTS = {
    "gap at start or end": "the clear images around start or end are more than 60 days apart",
    "cut by the series": "the series begins or ends within the season",
}
#: Ratio of the distance between the quartiles to the standard deviation of a normal distribution.
QUARTILES = 1.349
_VERBS = {"start": "starts", "peak": "peaks", "end": "ends"}


def season(context: Context, program: Season) -> Answer:
    """Date the growing season of one or several years, or compare two years."""
    scope, of = program.scope, program.of
    if not words.is_index(of):
        raise InputError(f"Growing seasons are derived from an index: ask for NDVI on {words.name(of)}.")
    if scope.months:
        raise InputError("The growing season is computed for the whole year: ask without months.")
    # The curve also needs the dates around a year, so the requested time selects the season, not the dates.
    whole = replace(scope, start="", end="")
    where = context.where(whole)
    if not where.any():
        raise InputError("The place contains no pixel of the cube.")
    part = context.trace("part", measured.place, context.cube, where)
    found = context.trace("found", phenology, part, of)
    series = tools.course(tools.index_values(context.cube, of, where), where)
    table = context.trace("growth", measured.seasons, found, program.ask, scope.start, scope.end)
    if program.other is not None and program.relation:
        return _compared(context, program, table, program.other, series, found)
    value = context.trace("value", measured.only, table)
    place = f"{f' of the {words.name(scope.cover)}' if scope.cover else ''}{words.where(scope)}"
    listed = [_said(one) for one in table.values()]
    if len(table) == 1:
        (year,) = table
        verb = f"lasts {listed[0]}" if program.ask == "length" else f"{_VERBS[program.ask]} on {listed[0]}"
        early, late = (_plain(table[year][n]) for n in ("early", "late"))
        text = f"The growing season {year}{place} {verb}; half of the pixels are between {early} and {late}."
    else:
        by_year = ", ".join(f"{year}: {said}" for year, said in zip(table, listed, strict=True))
        verb = "usually lasts" if program.ask == "length" else f"usually {_VERBS[program.ask]} about"
        text = (
            f"The growing season{place} {verb} {_usual(program.ask, table)} (median of {len(table)} years; {by_year})."
        )
    return context.answer(
        program, f"{text} {_note(program, table)}", value, _sureness(table), unit="days" if program.ask == "length" else "date",
        dates=context.cube, series=series, interval=_interval(program.ask, table),
        claim=Claim(0.0, shown=tuple(_said(one) for one in table.values())),
    )  # fmt: skip


def _compared(
    context: Context, program: Season, table: Table, other: Scope, series: xr.DataArray, found: Any
) -> Answer:
    """Compare a season with that of another year: earlier, later, longer or shorter."""
    ask, relation = program.ask, program.relation
    second = context.trace("other", measured.seasons, found, ask, other.start, other.end)
    for one, scope in ((table, program.scope), (second, other)):
        if len(one) != 1:
            raise InputError(f"There are {len(one)} seasons{words.when(scope.start, scope.end)}: name two years.")
    days = context.trace("days", measured.days_earlier, table, second)
    deviation = math.hypot(*(_deviation(next(iter(t.values()))) for t in (table, second)))
    (one,), (two,) = ((f"{_said(v)}" for v in t.values()) for t in (table, second))
    both = f"the {ask} of the growing season{words.where(program.scope)} is {one} in {next(iter(table))} and {two} in "
    both += f"{next(iter(second))}"
    if abs(days) <= measured.WIDE * deviation:
        of_what = "of the pixels" if ask == "peak" else "of the difference"
        raise InputError(
            f"The difference is too small to decide: {both}, {abs(days):.0f} days apart, within 1.96 standard "
            f"deviations {of_what}."
        )
    less = relation in ("earlier", "shorter")
    claim = Claim(days, 0.0, ">" if less else "<", shown=(f"{abs(days):.0f} days",))
    value = context.trace("is_so", small.positive, days)
    if not less:
        value = context.trace("is_so", measured.opposite, value)
    word = {True: "shorter", False: "longer"} if ask == "length" else {True: "earlier", False: "later"}
    text = f"{claim.opening}: {both}, {abs(days):.0f} days {word[days > 0]}. {_note(program, {**table, **second})}"
    return context.answer(
        program, text, value, min(_sureness(table), _sureness(second)), dates=context.cube, series=series, claim=claim
    )


def _deviation(one: Mapping[str, Any]) -> float:
    """Return the standard deviation of an event; of a peak, that over the pixels, from their quartiles."""
    if math.isfinite(one["sd"]):
        return float(one["sd"])
    early, late = (np.datetime64(one[n]) for n in ("early", "late"))
    return float((late - early) / np.timedelta64(1, "D")) / QUARTILES


def _said(one: Mapping[str, Any]) -> str:
    """Format an event with its standard deviation: ``"2019-04-18 (± 10 days)"``."""
    deviation = f" (± {one['sd']:.0f} days)" if math.isfinite(one["sd"]) else ""
    return f"{one['value']:.0f} days{deviation}" if isinstance(one["value"], float) else f"{one['value']}{deviation}"


def _plain(value: float | str) -> str:
    return f"{value:.0f} days" if isinstance(value, float) else value


def _usual(ask: str, table: Table) -> str:
    if ask == "length":
        days = sorted(float(one["value"]) for one in table.values())
        half = len(days) // 2
        return f"{(days[half] + days[~half]) / 2:.0f} days"
    return measured.usual_day(table)


def _note(program: Season, table: Table) -> str:
    """Describe the dated event, the standard deviation, and the doubtful years."""
    text = _MEANS[program.ask].format(it=program.of)
    pixels = max(int(one["pixels"]) for one in table.values())
    share = min(float(one["share"]) for one in table.values())
    text += f" The value is the median of up to {pixels:,} pixels, {share:.0f} % or more of those observed"
    text += "." if program.ask == "peak" else "; ± is the median of their standard deviations."
    for quality, words_of in _DOUBTS.items():
        years = [year for year, one in table.items() if one["quality"] == quality]
        text += f" In {', '.join(years)} {words_of}." if years else ""
    return f"{text} By eow.phenology."


def _sureness(table: Table) -> float:
    doubtful = sum(one["quality"] != "season" for one in table.values())
    return float(0.9 - 0.2 * doubtful / len(table))


def _interval(ask: str, table: Table) -> Interval | None:
    """Return the interval of one event, 1.96 standard deviations on each side."""
    if len(table) != 1 or not all(math.isfinite(one["sd"]) for one in table.values()):
        return None
    ((year, one),) = table.items()
    ends = measured.ends(table)
    return Interval(
        f"The {ask} of the growing season {year} is {_said(one)}", ends["low"], ends["high"],
        "days" if ask == "length" else "date", "measured.ends(growth)",
    )  # fmt: skip
