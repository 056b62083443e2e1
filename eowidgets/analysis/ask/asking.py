"""``eow.ask``: from a question in words to an answer with its evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, get_args

import numpy as np
import xarray as xr

from eowidgets.analysis.ask import (
    built,
    certainty,
    comparisons,
    course,
    events,
    facts,
    growing,
    limits,
    outlook,
    ranks,
    readings,
    several,
    space,
    spelling,
    trends,
)
from eowidgets.analysis.ask.answer import Answer, Trace, refuse
from eowidgets.analysis.ask.consistent import marked
from eowidgets.analysis.ask.context import Context, span
from eowidgets.analysis.ask.language import QuestionProgram
from eowidgets.analysis.ask.screen import screened
from eowidgets.analysis.ask.tools import between
from eowidgets.analysis.ask.understanding import both_understood, own_words, understood
from eowidgets.arguments import Dates, checked, first_and_last
from eowidgets.cube.admission import admit
from eowidgets.cube.area import Area, AreaLike
from eowidgets.deprecation import keyword_only
from eowidgets.engine.provenance import answer_notes
from eowidgets.errors import EowidgetsError, InputError, unknown

_ANSWERS: dict[str, Callable[[Context, Any], Answer]] = {
    "presence": space.presence,
    "count": space.count,
    "compare": comparisons.compare,
    "area": space.area,
    "share": space.share,
    "settlement": space.settlement,
    "locate": space.locate,
    "describe": space.describe,
    "when": course.when,
    "trend": trends.trend,
    "season": growing.season,
    "change": course.change,
    "extreme": readings.extreme,
    "statistic": readings.statistic,
    "outlook": outlook.outlook,
    "threshold": limits.threshold,
    "extent": limits.extent,
    "rank": ranks.rank,
    "event": events.event,
    "fact": facts.fact,
}
_LARGEST_LAYER = 20_000
Brain = Literal["grounded", "neural"]
BRAINS: tuple[str, ...] = get_args(Brain)


@keyword_only("area", "dates", "history", ends="0.3")
@checked
def ask(
    cube: xr.Dataset,
    question: str,
    *,
    area: AreaLike | None = None,
    dates: Dates | None = None,
    history: Sequence[Answer] | None = None,
    layers: Mapping[str, Any] | None = None,
    brain: Brain = "grounded",
) -> Answer:
    """Answer a question about a satellite series, with the pixels, numbers and code the answer rests on.

    Parameters
    ----------
    cube : Dataset
        Bands over ``(time, y, x)``.
    question : str
        In English. Untrusted text: it is matched against a typed language and nothing of it is run or opened.
    area : optional
        Whatever ``Area.of`` takes; the question is about this area.
    dates : (str, str) or str, optional
        First and last ISO date, or ``"first/last"``, that the question is about, if it names none.
    history : sequence of Answer, optional
        The dialogue so far: "and in 2019?" is understood from the last answer.
    layers : mapping of str to GeoJSON, optional
        Vector layers that questions may name ("which of my fields ...").
    brain : {"grounded", "neural"}
        Tools that count pixels, or a network that was trained on simulated pictures (RSVQA about one summer
        picture at 10 m, DeltaVLM about two pictures of 2 m or finer). A network counts nothing, and its answer states that.

    Returns
    -------
    Answer
        For a question that has no answer here, ``abstained`` with a ``reason``; never an error.

    Raises
    ------
    InputError
        If cube, area, dates, layers or brain are not what they should be.

    Examples
    --------
    >>> import eowidgets as eow
    >>> from eowidgets.analysis.ask import ask
    >>> answer = ask(eow.open("romania"), "How many images do we have?")
    >>> answer.value
    140
    """
    cube = admit(cube)
    if brain not in BRAINS:
        raise unknown("brain", brain, BRAINS)
    place = None if area is None else Area.of(area).geojson
    days = None if dates is None else first_and_last(dates)
    named = _layers(layers)
    answer = _answer(cube, str(question), place, days, history or (), named, brain)
    asked = {
        "question": str(question),
        "area": place,
        "dates": list(days) if days is not None else None,
        "history": [before.question for before in history or ()],
        "layers": sorted(named),
        "brain": brain,
    }
    return replace(answer, provenance=answer_notes(cube, asked))


def _answer(
    cube: xr.Dataset,
    question: str,
    place: Any,
    days: tuple[str, str] | None,
    history: Sequence[Answer],
    layers: Mapping[str, Any],
    brain: str,
) -> Answer:
    if brain == "neural":
        from eowidgets.analysis.ask.neural import ask_networks

        if days is not None:
            between(cube, *days)  # invalid dates are an error of the caller, not of the question
        return ask_networks(cube, question, place, days, history, layers=layers)
    if certainty.asks(question):
        return certainty.stated(question, history)
    before = next((a.program for a in reversed(history) if a.program is not None), None)
    read, slips = spelling.mend(question, own_words(cube, layers))
    program, sure, reason = understood(cube, read, layers, before)
    two = several.halves(read) if program is None else None
    if two is not None:
        first, second = both_understood(cube, two, layers, before)
        if first[0] is not None and second[0] is not None:
            one = _computed(cube, first[0], first[1], two[0], place, days, layers)
            other = _computed(cube, second[0], second[1], two[1], place, days, layers)
            return several.joined(question, one, other, spelling.note(slips))
        reason = several.missing(first, second)
    if program is None:
        return refuse(question, reason + spelling.note(slips))
    answer = replace(_computed(cube, program, sure, read, place, days, layers), question=question)
    return answer if answer.abstained else replace(answer, text=answer.text + spelling.note(slips))


def _computed(
    cube: xr.Dataset,
    program: QuestionProgram,
    sure: float,
    read: str,
    place: Any,
    days: tuple[str, str] | None,
    layers: Mapping[str, Any],
) -> Answer:
    """Run the program of a question, and scale the confidence by the probability of the interpretation."""
    answer = _run(cube, program, read, area=place, dates=days, layers=layers)
    return marked(replace(answer, confidence=round(answer.confidence * sure, 2)))


def run(
    cube: xr.Dataset,
    program: QuestionProgram,
    question: str = "",
    *,
    area: Any = None,
    dates: tuple[str, str] | None = None,
    layers: Mapping[str, Any] | None = None,
) -> Answer:
    """Run a program of the typed language; see :func:`ask` for the other arguments."""
    return marked(_run(admit(cube), program, question, area=area, dates=dates, layers=layers))


def _run(
    cube: xr.Dataset,
    program: QuestionProgram,
    question: str = "",
    *,
    area: Any = None,
    dates: tuple[str, str] | None = None,
    layers: Mapping[str, Any] | None = None,
) -> Answer:
    """Run a program like :func:`run`, without the mark of uncertainty: the confidence may still be scaled."""
    first, last = span(cube)
    original, cube = cube, screened(cube)
    trace = Trace(cube, layers, original)
    scope = program.scope
    if dates is not None and not (scope.start or scope.end):
        between(cube, *dates)  # invalid dates are an error of the caller, not of the question
        program = replace(program, scope=replace(scope, start=str(dates[0]), end=str(dates[1])))
    outside = _outside(program, first, last)
    if outside:
        return refuse(question, outside, program)
    if getattr(program, "of", "") not in ("image", "clear image") and not cube.sizes["y"] * cube.sizes["x"]:
        return refuse(question, "The cube has no pixels.", program)
    context = Context(question, cube, trace, area, layers or {}, original)
    try:
        if built.answers(cube, program):
            return built.answer(context, program)
        return _ANSWERS[program.kind](context, program)
    except EowidgetsError as error:
        return refuse(question, str(error), program, trace)


def _outside(program: QuestionProgram, first: str, last: str) -> str:
    """Return a sentence if the question is about a time outside the series; else an empty string."""
    if program.kind == "outlook":
        return ""
    for scope in (program.scope, getattr(program, "other", None)):
        if scope is None:
            continue
        start, end = scope.start or first, scope.end or last
        # Up to half of the requested time may lie outside the series, as in its first and last year.
        days = np.datetime64(end) - np.datetime64(start)
        inside = min(np.datetime64(end), np.datetime64(last)) - max(np.datetime64(start), np.datetime64(first))
        if end < first or start > last or start > end:
            return f"The series runs from {first} to {last}: it has no data from {start} to {end}."
        if program.kind == "change" and inside < 0.5 * days:
            return f"The series runs from {first} to {last}, less than half of the time from {start} to {end}."
    return ""


def _layers(layers: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the layers as plain GeoJSON mappings."""
    found: dict[str, Any] = {}
    for name, layer in (layers or {}).items():
        if not isinstance(layer, Mapping):
            layer = getattr(layer, "__geo_interface__", None)
        if not isinstance(layer, Mapping) or "type" not in layer:
            raise InputError(f"The layer {str(name)[:40]!r} is not GeoJSON: give a mapping with type and features.")
        plain = dict(layer)
        if len(plain.get("features", ())) > _LARGEST_LAYER:
            raise InputError(
                f"The layer {str(name)[:40]!r} has more than {_LARGEST_LAYER} features: cut it to the cube first."
            )
        found[str(name)] = plain
    return found
