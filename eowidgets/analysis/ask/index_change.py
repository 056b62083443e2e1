"""Change of the mean of an index between two times."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from eowidgets.analysis.ask import season, small, timetools, tools, words
from eowidgets.analysis.ask.answer import Answer
from eowidgets.analysis.ask.consistent import Claim
from eowidgets.analysis.ask.context import Context, span
from eowidgets.analysis.ask.language import Change, Scope

#: Difference of the mean of an index between two clear years of unchanged forest.
STEADY = 0.02


def index_change(context: Context, program: Change) -> Answer:
    """Measure the change of the mean of an index between two years, on the same days and pixels of both."""
    of, scope, direction = program.of, program.scope, program.direction
    ends = _ends(scope)
    if ends is not None:
        return _between_ends(context, program, ends)
    years = context.trace("years", timetools.two_years, context.cube, scope.start, scope.end)
    if scope.months:
        years = tuple(
            context.trace(f"months_{n}", tools.between, y, months=scope.months)
            for n, y in zip(("before", "after"), years, strict=True)
        )
    pair = context.trace("pair", season.paired, *years)
    where = context.where(scope)
    means = []
    for name, part in zip(("before", "after"), pair, strict=True):
        values = context.trace(f"values_{name}", tools.index_values, part, of, where)
        means.append(context.trace(f"mean_{name}", timetools.summary, values, "mean"))
    step = means[1] - means[0]
    value: Any = context.trace("difference", timetools.difference, means[1], means[0])
    if direction == "loss" and program.ask == "amount":
        value = context.trace("loss", small.scaled, value, -1.0)
    shown = (f"{means[0]:.2f}", f"{means[1]:.2f}")
    text = f"ean {of} went from {shown[0]} to {shown[1]} ({step:+.2f}){words.where(scope)}"
    if program.ask == "whether":
        moved = {"loss": -step, "gain": step}.get(direction, abs(step))
        claim = Claim(moved, STEADY, ">", shown=shown)
        value = context.trace("changed_at_all", timetools.moved, value, direction, STEADY)
        text = f"{claim.opening}: m{text}"
        text += (
            f", which is within the difference of two years without change ({STEADY})." if abs(step) <= STEADY else "."
        )
    else:
        claim = Claim(value, shown=shown)
        text = f"M{text}."
    text += (
        f" The comparison uses {pair[0].sizes['time']} pairs of the same days of {span(pair[0])[0][:7]} to "
        f"{span(pair[0])[1][:7]}"
    )
    text += f" and {span(pair[1])[0][:7]} to {span(pair[1])[1][:7]}."
    sure = 0.85 if program.ask != "whether" or abs(abs(step) - STEADY) > STEADY / 2 else 0.6
    unit = "" if program.ask == "whether" else of
    return context.answer(program, text, value, sure, unit=unit, dates=pair[1], claim=claim)


def _ends(scope: Scope) -> tuple[Scope, Scope] | None:
    """Return the two compared times of a period that ends with months, seasons or days; None for whole years."""
    place = replace(scope, start="", end="", months=())
    if scope.months and not scope.start:
        if len(scope.months) < 2:
            return None
        return replace(place, months=scope.months[:1]), replace(place, months=scope.months[-1:])
    if not (scope.start and scope.end) or scope.months or scope.start == scope.end:
        return None
    (a, b), (c, d) = ((t[:7], t[8:]) for t in (scope.start, scope.end))
    if a == c or (scope.start[5:] == "01-01" and scope.end[5:] == "12-31"):
        return None
    if b != "01" or d != str(_month_end(c))[8:]:
        return replace(place, start=scope.start, end=scope.start), replace(place, start=scope.end, end=scope.end)
    season_of = (int(a[5:]), int(c[5:])) in ((3, 5), (6, 8), (9, 11), (12, 2)) and _months_between(a, c) > 2
    first = (scope.start, str(_month_end(_later(a, 2))) if season_of else str(_month_end(a)))
    last = (f"{_later(c, -2)}-01" if season_of else f"{c}-01", scope.end)
    return replace(place, start=first[0], end=first[1]), replace(place, start=last[0], end=last[1])


def _later(month: str, by: int) -> str:
    return str(np.datetime64(month, "M") + by)


def _months_between(first: str, last: str) -> int:
    return int((np.datetime64(last, "M") - np.datetime64(first, "M")).astype(int))


def _month_end(month: str) -> np.datetime64:
    return np.datetime64(f"{_later(month, 1)}-01", "D") - np.timedelta64(1, "D")


def _between_ends(context: Context, program: Change, ends: tuple[Scope, Scope]) -> Answer:
    """Measure the change of the mean of an index from the first to the last month, season or day of a period."""
    of, scope = program.of, program.scope
    where = context.where(scope)
    cuts = [context.dates(end) for end in ends]
    same = [e.start[5:] for e in ends] == [e.start[5:] for e in ends[::-1]] and bool(ends[0].start)
    if same:  # the same part of two years
        cuts = list(context.trace("pair", season.paired, *cuts, fewest=1))
    means = []
    for cut in cuts:
        values = context.trace("values", tools.index_values, cut, of, where)
        means.append(context.trace("mean", timetools.summary, values, "mean"))
    names = [
        (words.when(e.start, e.end) if e.start else words.months(e.months).replace(" only", "")).strip(" ,")
        for e in ends
    ]
    step = means[1] - means[0]
    shown = (f"{means[0]:.2f}", f"{means[1]:.2f}")
    text = f"ean {of} went from {shown[0]} to {shown[1]} ({step:+.2f}){words.where(scope)}: first {names[0]}, then {names[1]}"
    text += "." if same else "; the difference includes the season."
    difference = context.trace("difference", timetools.difference, means[1], means[0])
    if program.ask == "whether":
        claim = Claim({"loss": -step, "gain": step}.get(program.direction, abs(step)), STEADY, ">", shown=shown)
        value: Any = context.trace("changed_at_all", timetools.moved, difference, program.direction, STEADY)
        return context.answer(program, f"{claim.opening}: m{text}", value, 0.8, dates=cuts[1], claim=claim)
    value = context.trace("loss", small.scaled, difference, -1.0) if program.direction == "loss" else difference
    return context.answer(program, f"M{text}", value, 0.8, unit=of, dates=cuts[1], claim=Claim(value, shown=shown))
