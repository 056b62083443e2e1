"""Answers of neural networks about a picture or a pair, with the part of the picture and the confidence.

RSVQA answers about one summer picture at 10 m, DeltaVLM about two pictures at 2 m or finer; the cube determines which
network is used. Networks do not count: their answers follow from similar training pictures. There is no answer if the
kind of the question or one of its words is outside the training data, or if the confidence is low.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.analysis.ask import lexicon as lex
from eowidgets.analysis.ask import pair, still
from eowidgets.analysis.ask.answer import Answer, Evidence, Trace, refuse
from eowidgets.analysis.ask.context import Context, span
from eowidgets.analysis.ask.dates import find_dates
from eowidgets.analysis.ask.language import COVERS, QuestionProgram
from eowidgets.analysis.ask.parser import parse
from eowidgets.analysis.ask.slots import LONGEST, clean
from eowidgets.errors import EowidgetsError

#: Minimum confidence of an answer.
DOUBT = 0.4
INVENTED = "The network was trained on simulated places and does not count: compare with the grounded answer."
_KINDS = {
    "presence": "whether something is present",
    "count": "how many patches there are",
    "compare": "whether there is more or less",
    "area": "how large an area is",
    "settlement": "whether the place is rural or urban",
}
_SAW, _LOOKED = "what the network saw", "where it looked most"
#: First tool of answers about a pair, to which a later turn refers.
_PAIR_TOOL = "compare_pictures"


def ask_networks(
    cube: xr.Dataset,
    question: str,
    area: Any = None,
    dates: tuple[str, str] | None = None,
    history: Sequence[Answer] = (),
    *,
    layers: Mapping[str, Any] | None = None,
) -> Answer:
    """Answer with a network; see :func:`eowidgets.analysis.ask.ask`, which checks the arguments."""
    trace = Trace(cube, layers)
    try:
        if pair.fits(cube):
            return _about_pair(cube, question, area, dates, history, trace)
        return _about_picture(cube, question, area, dates, history, trace)
    except EowidgetsError as error:
        return refuse(question, str(error), None, trace)


# --- one picture --------------------------------------------------------------------------------------------------


def _about_picture(
    cube: xr.Dataset, question: str, area: Any, dates: Any, history: Sequence[Answer], trace: Trace
) -> Answer:
    first, last = span(cube)
    before = next((a.program for a in reversed(history) if a.program is not None), None)
    parsed = parse(question, first, last, before=before)
    program: Any = parsed.program
    if program is None:
        return refuse(question, parsed.reason)
    outside = _outside(program, area, follows=parsed.follows)
    if outside:
        return refuse(question, outside, program)
    scope = program.scope
    start, end = (scope.start, scope.end) if scope.start or scope.end or dates is None else dates
    given: dict[str, Any] = {"start": start, "end": end} if start or end else {}
    if scope.months:
        given["months"] = tuple(scope.months)
    if area is not None:
        given["area"] = area
    picture = trace("picture", still.summer_picture, cube, **given)
    said = trace("said", still.read_picture, picture, without_dates(question, first, last))
    sure = said["confidence"]
    rest = f"Its input is 640 m × 640 m {'around the drawn area' if area is not None else 'in the middle of the cube'}"
    rest += f", {_days(picture['dates'])}. {INVENTED}"
    if sure < DOUBT:
        guess = f"the most probable answer, {said['answer']}, has {100 * sure:.0f} %"
        return refuse(question, f"The confidence of the network RSVQA is too low: {guess}. {rest}", program, trace)
    text = f"{_begun(said['answer'])}, by the network RSVQA with {100 * sure:.0f} % confidence. {rest}"
    mask = np.zeros((cube.sizes["y"], cube.sizes["x"]), bool)
    side = picture["values"].shape[-1]
    mask[picture["row"] : picture["row"] + side, picture["column"] : picture["column"] + side] = True
    masks = {} if mask.all() else {_SAW: _mask(cube, question, trace, mask, _SAW)}
    return Answer(
        question, text, said["value"], "ha" if program.kind == "area" else "", round(sure, 2),
        Evidence(masks=masks, dates=picture["dates"]), tuple(trace.steps), trace.code(f"{trace.last}['value']"), program,
    )  # fmt: skip


def _outside(program: QuestionProgram, area: Any, *, follows: bool) -> str:
    """Return a sentence if a program is outside the training data of RSVQA; else an empty string."""
    known = f"The network RSVQA was trained on {', '.join(_KINDS.values())}"
    if program.kind not in _KINDS:
        return f"{known}; this question is of another kind: ask without the network."
    values: Any = program
    things = [n for n in (getattr(values, "of", ""), getattr(values, "than", "")) if n]
    strange = [n for n in things if n not in COVERS]
    if strange:
        return f"The network RSVQA was trained on {', '.join(COVERS)}, not on {strange[0]}: ask without the network."
    other = getattr(values, "other", None)
    if other is not None and (other.start or other.end):
        return "The network RSVQA uses one picture and cannot compare two times: ask without the network."
    if program.scope.layer:
        return "The network RSVQA does not use vector layers: ask without the network."
    if program.scope.area and area is None:
        return "No area is drawn: draw one, or pass  area=...  with the question."
    if follows:
        return "The network RSVQA answers single questions without dialogue: ask the complete question."
    return ""


def without_dates(question: str, first: str, last: str) -> str:
    """Remove dates and words for a drawn area from a question: they are not in the training data of the network.

    Examples
    --------
    >>> without_dates("Is there water in the north in 2019?", "2018-01-01", "2020-12-31")
    'is there water in the north ?'
    """
    text = clean(question).lower()
    for found in reversed(find_dates(text, first, last)):
        text = re.sub(r"\b(in|on|at|during|since|for|from)\s*$", "", text[: found.at]) + " " + text[found.to :]
    return " ".join(lex.DRAWN.sub(" ", text).split())


# --- two pictures -------------------------------------------------------------------------------------------------


def _about_pair(
    cube: xr.Dataset, question: str, area: Any, dates: Any, history: Sequence[Answer], trace: Trace
) -> Answer:
    if area is not None:
        return refuse(question, "The network DeltaVLM uses the middle 128 m of the cube: clip the cube to your area.")
    asked = clean(question).lower().strip(" ?.!")
    if not asked or len(asked) > LONGEST:
        return refuse(question, f"Ask one question of at most {LONGEST} characters.")
    strange = pair.never_read(asked)
    if strange:
        words = ", ".join(repr(w[:24]) for w in strange[:3])
        return refuse(
            question, f"The training data of the network DeltaVLM lack the words {words}: ask without the network."
        )
    instruction = asked
    if pair.follows(asked):
        last = next((a for a in reversed(history) if any(s.tool == _PAIR_TOOL for s in a.steps)), None)
        if last is None or last.abstained:
            return refuse(
                question, "The question refers to a previous answer, but there is none: ask the complete question."
            )
        instruction = f"{clean(last.question).lower().strip(' ?.!')} | {_said(last)} | {asked}"
    given = {"start": str(dates[0]), "end": str(dates[1])} if dates is not None else {}
    pictures = trace("pictures", pair.two_pictures, cube, **given)
    said = trace("said", pair.compare_pictures, pictures, instruction)
    sure = said["confidence"]
    rest = f"Its input is 128 m × 128 m in the middle of the cube, {_days(pictures['dates'])}. {INVENTED}"
    if sure < DOUBT:
        guess = f"the most probable answer, {said['answer']!r}, has {100 * sure:.0f} %"
        return refuse(question, f"The confidence of the network DeltaVLM is too low: {guess}. {rest}", None, trace)
    how = f"{100 * sure:.0f} % confidence per word" if said["sentence"] else f"{100 * sure:.0f} % confidence"
    text = f"{_begun(said['answer'].replace(' , ', ', '))}, by the network DeltaVLM with {how}. {rest}"
    mask = np.zeros((cube.sizes["y"], cube.sizes["x"]), bool)
    (rows, columns), top, left = pictures["size"], pictures["row"], pictures["column"]
    mask[top : top + rows, left : left + columns] = pair.most_looked(said["looked"], (rows, columns))
    return Answer(
        question, text, said["value"], "", round(sure, 2),
        Evidence(masks={_LOOKED: _mask(cube, question, trace, mask, _LOOKED)}, dates=pictures["dates"]),
        tuple(trace.steps), trace.code(f"{trace.last}['value']"),
    )  # fmt: skip


def _said(answer: Answer) -> str:
    """Return the text of an answer as the network wrote it."""
    return {True: "yes", False: "no"}.get(answer.value, answer.value) if answer.value is not None else ""


# --- shared -------------------------------------------------------------------------------------------------------


def _begun(text: str) -> str:
    return text[:1].upper() + text[1:]


def _days(days: Sequence[str]) -> str:
    return days[0] if len(days) == 1 else f"{len(days)} dates from {days[0]} to {days[-1]}"


def _mask(cube: xr.Dataset, question: str, trace: Trace, mask: Any, name: str) -> xr.DataArray:
    return Context(question, cube, trace).classes(np.where(mask, 1, 255), [(1, name, "#cc79a7")], name)
