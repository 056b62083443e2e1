"""The places and times that a question names."""

from __future__ import annotations

from dataclasses import replace

from eowidgets.analysis.ask.language import Scope
from eowidgets.analysis.ask.slots import Slots


def scopes(slots: Slots, kind: str) -> tuple[Scope, Scope | None]:
    """Return the place and time of a question, and the other place or time of a comparison."""
    scope = Scope(area="drawn" if slots.drawn else "", layer=slots.layer)
    other: Scope | None = None
    dates, places = slots.dates, slots.places
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
