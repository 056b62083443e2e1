"""The plan of a program in a sentence, to be shown before the program runs."""

from __future__ import annotations

import dataclasses

from eowidgets.analysis.ask import words
from eowidgets.analysis.ask.language import QuestionProgram, Scope

_KINDS = {
    "presence": "check whether there is any",
    "count": "count",
    "compare": "compare",
    "area": "measure the area of",
    "share": "measure the share of",
    "settlement": "distinguish rural from urban",
    "locate": "find where there is",
    "when": "find the date of",
    "trend": "fit a trend to",
    "season": "date the growing season by",
    "change": "compare two years for change of",
    "extreme": "find the extreme of",
    "statistic": "compute a statistic of",
    "outlook": "forecast",
    "threshold": "compare with a limit",
    "extent": "measure where a limit is exceeded by",
    "rank": "rank",
    "event": "look for signs of",
    "fact": "look up",
    "describe": "describe the land cover",
}


def plan_of(program: QuestionProgram) -> str:
    """Describe what will be computed: kind, topic, all choices other than the defaults, place and time.

    Examples
    --------
    >>> from eowidgets.analysis.ask.language import AreaOf
    >>> plan_of(AreaOf(Scope(start="2019-01-01", end="2019-12-31"), "forest"))
    'Plan: measure the area of forest in 2019.'
    """
    usual = type(program)()
    of = str(getattr(program, "of", ""))
    parts = [f"{_KINDS[program.kind]} {words.name(of)}".strip()]
    for entry in dataclasses.fields(program):
        value = getattr(program, entry.name)
        if entry.name in ("scope", "of", "other") or value in ("", getattr(usual, entry.name)):
            continue
        parts.append(f"{entry.name.replace('_', ' ')} {value}")
    text = ", ".join(parts) + _scope(program.scope)
    other = getattr(program, "other", None)
    if other is not None:
        text += f", compared with{_scope(other) or ' the whole series'}"
    return f"Plan: {text}."


def _scope(scope: Scope) -> str:
    time = words.when(scope.start, scope.end) if scope.start and scope.end else ""
    if scope.start and not scope.end:
        time = f" since {scope.start}"
    if scope.end and not scope.start:
        time = f" until {scope.end}"
    cover = f" on {words.name(scope.cover)}" if scope.cover else ""
    return f"{cover}{words.where(scope)}{time}{words.months(scope.months)}"
