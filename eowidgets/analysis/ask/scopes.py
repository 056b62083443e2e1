"""The places and times that a question names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from eowidgets.analysis.ask.dates import Found
from eowidgets.analysis.ask.language import Scope
from eowidgets.analysis.ask.slots import Slots


def in_every_year(dates: Sequence[Found]) -> list[Found]:
    """Return the periods of a question, each limited to the part of the year in the question.

    "In July, from 2017 to 2020" is July in each of these years, and "July 2018" with "2019" is July in both.
    """
    parts = {d.months for d in dates if d.months and not d.start}
    years = [d for d in dates if d.start]
    if len(parts) == 1 and years and all(_whole_years(d) for d in years):
        (months,) = parts
        return [replace(d, months=months) for d in years]
    some = [d for d in years if not _whole_years(d) and d.start[:4] == d.end[:4]]
    if (
        len(dates) == 2
        and len(some) == 1
        and all(_whole_years(d) and d.start[:4] == d.end[:4] for d in years if d not in some)
    ):
        begin, end = some[0].start[4:], some[0].end[4:]
        day = "-02-28" if end == "-02-29" else end
        return [d if d in some else replace(d, start=d.start[:4] + begin, end=d.start[:4] + day) for d in years]
    return list(dates)


def _whole_years(found: Found) -> bool:
    return found.start[5:] == "01-01" and found.end[5:] == "12-31" and not found.months


def scopes(slots: Slots, kind: str) -> tuple[Scope, Scope | None]:
    """Return place and time of a question, and the other place or time of a comparison."""
    scope = Scope(area="drawn" if slots.drawn else "", layer=slots.layer)
    other: Scope | None = None
    dates, places = in_every_year(slots.dates), slots.places
    if kind == "compare" and len(dates) >= 2:
        scope, other = dates[0].put(scope), dates[1].put(scope)
    elif len(dates) >= 2 and dates[0].start and dates[1].start and kind in ("change", "trend"):
        ends = [d.end for d in dates[:2]]
        last = "" if "" in ends else max(ends)
        scope = replace(scope, start=min(d.start for d in dates[:2]), end=last)
    elif dates:
        scope = dates[0].put(scope)
    if places:
        base = scope
        scope = replace(scope, place=places[0])  # type: ignore[arg-type]
        if kind == "compare" and len(places) >= 2:
            other = replace(other or base, place=places[1])  # type: ignore[arg-type]
        elif other is not None:
            other = replace(other, place=places[0])  # type: ignore[arg-type]
    return scope, other
