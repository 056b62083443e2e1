"""Answers from models of a course: what an index will be, and when it left the course that it had."""

from __future__ import annotations

import math
from typing import Any

from eowidgets.analysis.ask import ahead, tools, words
from eowidgets.analysis.ask.answer import Answer
from eowidgets.analysis.ask.consistent import Claim
from eowidgets.analysis.ask.context import Context, span
from eowidgets.analysis.ask.interval import Interval
from eowidgets.analysis.ask.language import Outlook, When
from eowidgets.errors import InputError

#: Indices that the monitors know.
MONITORED = ("NDVI", "NDMI", "NBR")


def outlook(context: Context, program: Outlook) -> Answer:
    """Forecast the mean of an index; say whether it will be more or less than a year before."""
    scope, of, asked = program.scope, program.of, program.ask
    if scope.place != "all" or scope.layer or scope.cover:
        raise InputError("I forecast for the whole cube or for a drawn area: draw the place that you mean.")
    where = context.where(scope)
    given = {"area": context.area} if context.area is not None else {}
    start, end = scope.start, scope.end
    found = context.trace("coming", ahead.forecast_mean, context.cube, of, start, end, **given)
    said = f"{found['mean']:.2f} ({100 * ahead.LEVEL:.0f} % interval {found['low']:.2f} to {found['high']:.2f})"
    time = f"from {start} to {end}{words.where(scope)}"
    record = "how good such forecasts are here is not known"
    if math.isfinite(found["held"]):
        record = f"such intervals held {100 * found['held']:.0f} % of the values of earlier years that were kept aside"
    note = f" The forecast goes on as the past years did; {record}. {found['notes']}".rstrip()
    if asked == "value":
        text = f"Mean {of} is forecast to be {said} {time}.{note}"
        return context.answer(
            program, text, found["mean"], 0.8, unit=of, code=f"{context.trace.last}['mean']", dates=context.cube,
            series=found["series"], interval=_interval(of, found),
        )  # fmt: skip
    level = context.trace("before", ahead.year_before, context.cube, of, start, end, where)
    if abs(found["mean"] - level) < words.TIE:
        raise InputError(
            f"That is too close to tell: {found['mean']:.3f} is forecast, and it was {level:.3f} a year before."
        )
    chance = context.trace("chance", ahead.chance_above, found, level)
    value = context.trace("value", ahead.likelier, chance, asked)
    inside = found["low"] <= level <= found["high"]
    hint = " The interval holds that value too, so this is little more than a guess." if inside else ""
    text = f"{'Yes' if value else 'No'}: mean {of} is forecast to be {said} {time}"
    text += f", against {level:.2f} in the same days of the last year seen.{hint}{note}"
    claim = Claim(found["mean"], level, ">" if asked == "more" else "<", shown=(f"{found['mean']:.2f}", f"{level:.2f}"))
    return context.answer(
        program, text, value, max(chance, 1 - chance), dates=context.cube, series=found["series"], claim=claim,
        interval=_interval(of, found),
    )  # fmt: skip


def _interval(of: str, found: dict[str, Any]) -> Interval:
    code = "{'low': coming['low'], 'high': coming['high']}"
    return Interval(f"Mean {of} is forecast to be {found['mean']:.2f}", found["low"], found["high"], of, code)


def broken(context: Context, program: When) -> Answer:
    """When an index left the course of the first two years."""
    scope, of = program.scope, program.of
    if of not in MONITORED:
        raise InputError(f"I watch {', '.join(MONITORED)} for breaks: ask when {of} is highest or lowest.")
    if scope.months:
        raise InputError("Breaks are looked for in all months: ask without a season.")
    where = context.where(scope)
    cut = context.dates(scope)
    found: dict[str, Any] = context.trace("break_", ahead.broken, cut, of, where)
    part = tools.share(found["mask"], where)
    first, last = span(cut)
    text = f"{of} left the course of the first two years on {words.percent(part)} of the pixels{words.where(scope)}"
    text += f", most of them around {found['date']} (half of them between {found['early']} and {found['late']})."
    text += f" Looked at by the monitor break-bfast, from {first} to {last}."
    series = tools.course(tools.index_values(cut, of, found["mask"]), found["mask"])
    return context.answer(
        program, text, found["date"], 0.6, unit="date", code=f"{context.trace.last}['date']", dates=cut,
        masks=context.picture(found["mask"], "change"), polygons=context.polygons(found["mask"], "change"), series=series,
    )  # fmt: skip
