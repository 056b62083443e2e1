"""Answers to questions with a limit: a share, an area, a number, a change or a mean is above or below it."""

from __future__ import annotations

from typing import Any

import numpy as np

from eowidgets.analysis.ask import season, small, timetools, tools, words
from eowidgets.analysis.ask.answer import Answer
from eowidgets.analysis.ask.consistent import Claim, Relation
from eowidgets.analysis.ask.context import Context, Found, span
from eowidgets.analysis.ask.language import SKIES, Extent, Threshold
from eowidgets.errors import InputError

_SIGN: dict[str, Relation] = {"above": ">", "at least": ">=", "below": "<", "at most": "<="}


def threshold(context: Context, program: Threshold) -> Answer:
    """Answer whether a value is above (at least) or below (at most) the limit, and state the value."""
    value, written, subject, found = _measure(context, program)
    result = context.trace("result", small.exceeds, value, program.relation, program.limit)
    written, limit = _distinguishable(program, value, written)
    claim = Claim(value, program.limit, _SIGN[program.relation], shown=(written,))
    text = f"{claim.opening}: {subject} {written}, and the limit in the question is {limit}."
    # Close to the limit, the noise of the masks matters.
    near = abs(value - program.limit) / max(abs(program.limit), abs(value), 1e-9)
    sure = found.sure * (0.6 + 0.4 * min(1.0, near / 0.05))
    masks = context.picture(found.mask, program.of) if found.after is not None else {}
    return context.answer(program, text + found.note, result, sure, masks=masks, dates=found.cube, claim=claim)


def _distinguishable(program: Threshold, value: float, written: str) -> tuple[str, str]:
    """Format the number and the limit, with more digits where they would look equal."""
    limit = _say(program.limit, program.unit, program.measure)
    if written == limit and value != program.limit:
        unit = {"%": " %", "ha": " ha", "km2": " km²", "m2": " m²"}.get(program.unit, "")
        return f"{value:.3f}{unit}", f"{program.limit:.3f}{unit}"
    return written, limit


def _say(value: float, unit: str, measure: str) -> str:
    if unit == "%":
        return words.percent(value)
    if unit:
        return words.hectares(value, unit)
    return f"{value:g}" if measure == "count" else f"{value:.2f}"


def _measure(context: Context, program: Threshold) -> tuple[float, str, str, Found]:
    """Return the number, its written form, its subject, and the mask behind it."""
    scope, of, unit = program.scope, program.of, program.unit
    place = words.where(scope)
    if program.measure == "mean":
        cut = context.dates(scope)
        where = context.where(scope)
        values = context.trace("values", tools.index_values, cut, of, where)
        value: Any = context.trace("mean", timetools.summary, values, "mean")
        subject = f"the mean of {of}{place}{words.when(*span(cut))}{words.months(scope.months)} is"
        return value, f"{value:.2f}", subject, Found(where, where, where, 0.9, span(cut), cube=cut)
    if program.measure == "any date":
        return _any_date(context, program)
    if program.measure == "count":
        return _count(context, program)
    if program.measure in ("loss", "gain"):
        return _changed(context, program)
    if of in SKIES:
        cut = context.dates(scope, of)
        where = context.where(scope)
        shares = context.trace("shares", tools.sky_share, cut, of, where)
        value = context.trace("percent", tools.mean_percent, shares)
        if unit != "%":
            value = context.trace("size", small.part_of, where, context.cube, value, unit)
        dates = int(np.isfinite(shares.values).sum())
        subject = f"{of} covered{place}{words.when(*span(cut))}{words.months(scope.months)}, as the mean of {dates} "
        subject += "date," if dates == 1 else "dates,"
        mask = tools.sky_mask(cut, of, where)
        return value, _say(value, unit, "share"), subject, Found(mask, where, where, 0.9, span(cut), cube=cut)
    found = context.topic(scope, of)
    if unit == "%":
        value = context.trace("percent", tools.share, found.mask, found.known)
    else:
        value = context.trace("size", tools.area, found.mask, context.cube, unit)
    return value, _say(value, unit, "share"), f"{words.name(of)} covers{place}{words.when(*found.span)}", found


def _any_date(context: Context, program: Threshold) -> tuple[float, str, str, Found]:
    """Return the highest (lowest) value of any date, to test whether the limit is ever exceeded."""
    scope, of = program.scope, program.of
    cut = context.dates(scope, of)
    where = context.where(scope)
    if of in SKIES:
        series = context.trace("shares", tools.sky_share, cut, of, where)
    else:
        values = context.trace("values", tools.index_values, cut, of, where)
        series = context.trace("course", tools.course, values, where)
    which = "peak" if program.relation in ("above", "at least") else "low"
    moment = context.trace("moment", timetools.moment, series, which)
    value = context.trace("value", small.scaled, moment["value"], 100.0 if of in SKIES else 1.0)
    subject = f"the {'highest' if which == 'peak' else 'lowest'} {'share' if of in SKIES else 'mean'} of {of}{words.where(scope)}"
    subject += f"{words.when(*span(cut))} is that of {moment['date']},"
    return value, _say(value, program.unit, "mean"), subject, Found(where, where, where, 0.9, span(cut), cube=cut)


def extent(context: Context, program: Extent) -> Answer:
    """Answer with the part of the place whose index is above or below the limit."""
    scope, of, unit = program.scope, program.of, program.unit
    cut = context.dates(scope, of)
    where = context.where(scope)
    if of in SKIES:
        if unit != "dates":
            raise InputError(f"For {of}, only the number of dates beyond a limit is computed: ask for that.")
        series = context.trace("percent", small.in_percent, context.trace("shares", tools.sky_share, cut, of, where))
    else:
        values = context.trace("values", tools.index_values, cut, of, where)
        series = context.trace("course", tools.course, values, where) if unit == "dates" else values
    if unit == "dates":
        number = context.trace("number", timetools.dates_beyond, series, program.relation, program.limit)
        what, sign = ("share", " %") if of in SKIES else ("mean", "")
        text = f"On {number} of {series.dropna('time').sizes['time']} dates the {what} of {of}{words.where(scope)} is "
        text += f"{program.relation} {program.limit:g}{sign}{words.when(*span(cut))}{words.months(scope.months)}."
        return context.answer(program, text, number, 0.9, unit="images", dates=cut, series=series)
    mask, known = context.trace("part", timetools.beyond, values, program.relation, program.limit)
    if unit == "%":
        value = context.trace("percent", tools.share, mask, known)
    else:
        value = context.trace("size", tools.area, mask, context.cube, unit)
    said = _say(value, unit, "share")
    text = f"On {said} of the observed place{words.where(scope)} {of} is {program.relation} {program.limit:g}, the median of "
    dates = int(values.notnull().any(("y", "x")).sum())
    text += f"{'1 date' if dates == 1 else f'{dates} dates'}{words.when(*span(cut))}{words.months(scope.months)}."
    return context.answer(
        program, text, value, 0.9 * float(known.sum() / where.sum()), unit=unit, dates=cut,
        masks=context.picture(mask, "change", "#56b4e9"), claim=Claim(value, shown=(said,)),
    )  # fmt: skip


def _count(context: Context, program: Threshold) -> tuple[float, str, str, Found]:
    scope, of = program.scope, program.of
    if of in ("image", "clear image"):
        cut = context.dates(scope, of)
        where = context.where(scope)
        days = (
            context.trace("days", timetools.clear_dates, cut, where)
            if of != "image"
            else context.trace("days", small.all_dates, cut)
        )
        value = context.trace("number", small.number_of, days)
        subject = f"the number of {'clear images' if of != 'image' else 'images'}{words.where(scope)}{words.when(*span(cut))} is"
        return value, f"{value:g}", subject, Found(where, where, where, 1.0, span(cut), cube=cut)
    found = context.topic(scope, of)
    patches = context.trace("patches", tools.objects, found.mask, context.cube)
    value = context.trace("number", small.number_of, patches["hectares"])
    subject = f"the number of patches of {words.name(of)} of {tools.SMALLEST} ha or more{words.where(scope)}"
    subject += f"{words.when(*found.span)} is"
    return value, f"{value:g}", subject, found


def _changed(context: Context, program: Threshold) -> tuple[float, str, str, Found]:
    scope, of, unit = program.scope, program.of, program.unit
    gain = program.measure == "gain"
    found = context.change(scope, *(("", of) if gain else (of, "")))
    low, high = context.trace(
        "interval", season.change_interval, found.states, found.source, found.target, found.where, context.cube
    )
    verb = "gained" if gain else "lost"
    if unit == "%":
        if found.before is None:
            raise InputError("The land cover of the year before is unknown.")
        had = context.trace("had", tools.kind_mask, found.before, of, found.known)
        whole = context.trace("whole", tools.area, had, context.cube)
        part = context.trace("part", tools.area, found.mask, context.cube)
        value = context.trace("percent", small.part_in_percent, part, whole)
        written = words.percent(value)
        subject = f"the {words.name(of)} that was {verb}{words.where(scope)}, {words.hectares(part)} "
        subject += f"({words.number(low)} to {words.number(high)} ha) of {words.hectares(whole)}, is"
        return value, written, subject, found
    value = context.trace("size", tools.area, found.mask, context.cube, unit)
    subject = (
        f"the {words.name(of)} that was {verb}{words.where(scope)} ({words.number(low)} to {words.number(high)} ha) is"
    )
    return value, words.hectares(value, unit), subject, found
