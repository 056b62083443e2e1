"""Answers from time series models: forecasts of an index, and the date of its break."""

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

#: Indices of the monitors.
MONITORED = ("NDVI", "NDMI", "NBR")


def outlook(context: Context, program: Outlook) -> Answer:
    """Forecast the mean of an index, or compare it with a year before."""
    scope, of, asked = program.scope, program.of, program.ask
    if scope.place != "all" or scope.layer or scope.cover:
        raise InputError("Forecasts cover the whole cube or a drawn area: draw the area.")
    where = context.where(scope)
    given = {"area": context.area} if context.area is not None else {}
    start, end = scope.start, scope.end
    found = context.trace("coming", ahead.forecast_mean, context.cube, of, start, end, **given)
    said = f"{found['mean']:.2f} ({100 * ahead.LEVEL:.0f} % interval {found['low']:.2f} to {found['high']:.2f})"
    time = f"from {start} to {end}{words.where(scope)}"
    record = "the skill of such forecasts here is unknown"
    if math.isfinite(found["held"]):
        record = f"such intervals contained {100 * found['held']:.0f} % of held-out values of earlier years"
    note = f" The forecast continues past years; {record}. {found['notes']}".rstrip()
    if asked == "value":
        text = f"Mean {of} is forecast to be {said} {time}.{note}"
        return context.answer(
            program, text, found["mean"], 0.8, unit=of, code=f"{context.trace.last}['mean']", dates=context.cube,
            series=found["series"], interval=_interval(of, found),
        )  # fmt: skip
    level = context.trace("before", ahead.year_before, context.cube, of, start, end, where)
    if abs(found["mean"] - level) < words.TIE:
        raise InputError(
            f"The difference is too small to decide: the forecast is {found['mean']:.3f}, the value a year before {level:.3f}."
        )
    chance = context.trace("chance", ahead.chance_above, found, level)
    value = context.trace("value", ahead.likelier, chance, asked)
    inside = found["low"] <= level <= found["high"]
    hint = " The interval also contains that value, so the answer is little better than chance." if inside else ""
    text = f"{'Yes' if value else 'No'}: mean {of} is forecast to be {said} {time}"
    text += f", against {level:.2f} in the same days of the last observed year.{hint}{note}"
    claim = Claim(found["mean"], level, ">" if asked == "more" else "<", shown=(f"{found['mean']:.2f}", f"{level:.2f}"))
    return context.answer(
        program, text, value, max(chance, 1 - chance), dates=context.cube, series=found["series"], claim=claim,
        interval=_interval(of, found),
    )  # fmt: skip


def _interval(of: str, found: dict[str, Any]) -> Interval:
    code = "{'low': coming['low'], 'high': coming['high']}"
    return Interval(f"Mean {of} is forecast to be {found['mean']:.2f}", found["low"], found["high"], of, code)


def broken(context: Context, program: When) -> Answer:
    """Date the break of an index from its first two years."""
    scope, of = program.scope, program.of
    if of not in MONITORED:
        raise InputError(f"Breaks are monitored in {', '.join(MONITORED)}: ask when {of} is highest or lowest.")
    if scope.months:
        raise InputError("Breaks are monitored in all months: ask without a season.")
    where = context.where(scope)
    cut = context.dates(scope)
    found: dict[str, Any] = context.trace("break_", ahead.broken, cut, of, where)
    part = tools.share(found["mask"], where)
    first, last = span(cut)
    text = f"{of} broke with the first two years on {words.percent(part)} of the pixels{words.where(scope)}"
    text += f", most of them around {found['date']} (half of them between {found['early']} and {found['late']})."
    text += f" The monitor is break-bfast, from {first} to {last}."
    series = tools.course(tools.index_values(cut, of, found["mask"]), found["mask"])
    return context.answer(
        program, text, found["date"], 0.6, unit="date", code=f"{context.trace.last}['date']", dates=cut,
        masks=context.picture(found["mask"], "change"), polygons=context.polygons(found["mask"], "change"), series=series,
    )  # fmt: skip
