"""Conversion of a question to a program: rules find the named parts, a small classifier predicts what is asked."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from eowidgets.analysis.ask import ahead, dialogue, happened
from eowidgets.analysis.ask.dates import NO_DATE
from eowidgets.analysis.ask.language import COVERS, IMAGES, KINDS, SKIES, UNIONS, QuestionProgram, Scope
from eowidgets.analysis.ask.lexicon import INDICES
from eowidgets.analysis.ask.scopes import scopes
from eowidgets.analysis.ask.slots import LONGEST, Slots, clean, read
from eowidgets.analysis.ask.templates import vocabulary
from eowidgets.models.language.questions import question_classifier

EXAMPLES = "How much forest is there in 2019?  Where was forest lost?  When is NDVI highest?"
#: Slope and shift on the log-odds that calibrate the probability of the classifier (Platt, 1999), which is too low for
#: unseen wordings. Fitted by ``training/parser.py --calibrate``.
SLOPE, SHIFT = 1.177, 0.582
#: Minimum probability of the kind of a question.
DOUBT = 0.35
_EVENTS = ("forest loss", "forest gain")


@dataclass(frozen=True, slots=True)
class Parsed:
    """The result of parsing a question: a program, or the reason for its absence.

    Attributes
    ----------
    program : QuestionProgram or None
    confidence : float
        Calibrated probability, 0..1, that the program is the intended one.
    reason : str
        A sentence if there is no program.
    follows : bool
        Whether the question is incomplete without the previous one.
    """

    program: QuestionProgram | None
    confidence: float = 0.0
    reason: str = ""
    follows: bool = False


def parse(
    question: str,
    first: str,
    last: str,
    *,
    indices: Collection[str] = INDICES,
    layers: Collection[str] = (),
    before: QuestionProgram | None = None,
) -> Parsed:
    """Convert a question to a program of the typed language, or return the reason why that is not possible.

    Parameters
    ----------
    question : str
        Untrusted text.
    first, last : str
        ISO days of the series.
    indices : collection of str
        Spectral indices that the cube allows.
    layers : collection of str
        Names of the user's vector layers.
    before : QuestionProgram, optional
        The last program of the dialogue, which completes "and in 2019?".
    """
    text = clean(str(question))
    if not text or not any(c.isalnum() for c in text):
        return Parsed(None, reason=f"There is no question to answer. Ask for example: {EXAMPLES}")
    if len(text) > LONGEST:
        return Parsed(
            None, reason=f"The question has {len(text)} characters: ask it in one sentence (at most {LONGEST})."
        )
    slots = read(text, first, last, indices, layers, vocabulary())
    if any(NO_DATE in (d.start, d.end) for d in slots.dates):
        return Parsed(None, reason="The question contains a date that does not exist.")
    if slots.foreign:
        return Parsed(None, reason=f"Only plain English is supported. Ask for example: {EXAMPLES}")
    if before is not None and dialogue.follows(slots):
        program = dialogue.follow(slots, before)
        if program is not None:
            return Parsed(program, 0.9, follows=True)
    if ahead.asks_when(text):
        return Parsed(
            None,
            reason=f"The value of an index can be forecast, but not the date of a value. Ask for example: {EXAMPLES}",
        )
    outlook = ahead.read(text, slots, last)
    if outlook is not None:
        return Parsed(outlook, 0.9)
    event = happened.read(text, slots, before)
    if event is not None:
        return Parsed(event, 0.9)
    heads = question_classifier()(slots.tokens, slots.unknown)
    kind, sure = _best(heads["kind"])
    if kind == "unanswerable" or sure < DOUBT:
        return Parsed(None, sure, _not_understood(slots, kind))
    program, also = assemble(kind, heads, slots)
    if program is None:
        return Parsed(None, sure, f"The topic of the question is not clear. Ask for example: {EXAMPLES}")
    if before is not None:
        program = dialogue.remember(slots, program, before)
    return Parsed(program, calibrated(sure * also))


def calibrated(raw: float) -> float:
    """Return the share of correct interpretations among questions with that probability of the classifier.

    Examples
    --------
    >>> round(calibrated(0.8), 2)
    0.9
    """
    odds = min(max(raw, 1e-4), 1 - 1e-4) / (1 - min(max(raw, 1e-4), 1 - 1e-4))
    return float(1 / (1 + odds**-SLOPE * math.exp(-SHIFT)))


def _best(chances: dict[str, float]) -> tuple[str, float]:
    return max(chances.items(), key=lambda kv: kv[1])


def _not_understood(slots: Slots, kind: str) -> str:
    if slots.foreign:
        return f"Only plain English is supported. Ask for example: {EXAMPLES}"
    strange = ", ".join(repr(w[:24]) for w in slots.unknown[:3])
    if kind == "unanswerable":
        tail = f" ({strange} is not visible in these images)" if strange else ""
        return f"This series of images does not contain the answer{tail}. The images show land cover, indices, clouds and change."
    return f"The question is not clear{' because of ' + strange if strange else ''}. Ask for example: {EXAMPLES}"


def assemble(kind: str, heads: dict[str, dict[str, float]], slots: Slots) -> tuple[QuestionProgram | None, float]:
    """Return the program of a kind with the parts found, and the probability of its choices."""
    named = [t.name for t in slots.topics]
    lands = [n for n in named if n in COVERS or n in UNIONS or n in SKIES or n in _EVENTS]
    images = [n for n in named if n in IMAGES]
    values = [n for n in named if n not in lands and n not in IMAGES]
    scope, other = scopes(slots, kind)
    sure = 1.0

    def choose(head: str) -> str:
        nonlocal sure
        word, chance = _best(heads[head])
        sure = min(sure, chance)
        return word

    given: dict[str, Any] = {}
    if kind in ("presence", "area", "share"):
        given["of"] = _plain(lands[0]) if lands else None
        if kind == "area":
            given["unit"] = slots.unit or "ha"
    elif kind in ("count", "locate"):
        given["of"] = _countable(kind, lands, images, values, choose("direction"), slots)
        if kind == "count":
            given["min_hectares"] = slots.min_hectares
        else:
            given["how"] = choose("how")
            if given["how"] == "nearest" and scope.place == "centre":
                scope = replace(scope, place="all")  # "the nearest to the centre": the centre is the starting point
    elif kind == "compare":
        given["relation"] = choose("relation")
        given |= _compared(lands, values, other)
    elif kind in ("statistic", "extreme"):
        given["of"] = values[0] if values else "NDVI" if "vegetation" in lands else None
        scope = _only(scope, lands)
        if kind == "statistic":
            given["stat"] = choose("stat")
        else:
            given |= {"which": choose("which"), "ask": choose("extreme")}
    elif kind == "trend":
        given["of"] = values[0] if values else _plain(lands[0]) if lands else None
        scope = _only(scope, lands) if values else scope
    elif kind == "when":
        moment = choose("moment")
        given |= _dated(moment, lands, images, values, slots)
        scope = _only(scope, lands) if values and moment != "change" else scope
    elif kind == "change":
        ask, direction = choose("change"), choose("direction")
        given |= _changed(ask, direction, lands, values)
    if "of" in given and given["of"] is None:
        return None, 0.0
    return KINDS[kind](scope=scope, **given), sure


def _plain(topic: str) -> str:
    """Return the kind of land of an event."""
    return topic.split(" ")[0] if topic in _EVENTS else topic


def _only(scope: Scope, lands: list[str]) -> Scope:
    """Limit a scope to one kind of land, for an index of that land."""
    kinds = [n for n in lands if n in COVERS]
    return replace(scope, cover=kinds[0]) if kinds else scope


def _countable(
    kind: str, lands: list[str], images: list[str], values: list[str], direction: str, slots: Slots
) -> str | None:
    event = next((n for n in lands if n in _EVENTS), None)
    if event:
        return event
    clouds = [n for n in lands if n == "cloud"]
    covers = [n for n in lands if n != "cloud"] or ([] if images else clouds)
    if covers:
        return f"{covers[0]} {direction}" if direction and covers[0] not in SKIES else covers[0]
    if kind == "count" and images:
        return "clear image" if "clear image" in images or clouds else "image"
    if slots.layer and kind == "count":
        return slots.layer
    if direction == "change" or (kind == "locate" and direction):
        return "change"
    return values[0] if values and kind == "locate" else None


def _compared(lands: list[str], values: list[str], other: Scope | None) -> dict[str, Any]:
    things = [_plain(n) for n in lands] if lands and not (values and other) else values
    distinct = list(dict.fromkeys(things))
    if other is not None and distinct:
        return {"of": distinct[0], "other": other}
    if len(distinct) >= 2:
        return {"of": distinct[0], "than": distinct[1]}
    return {"of": None}


def _dated(moment: str, lands: list[str], images: list[str], values: list[str], slots: Slots) -> dict[str, Any]:
    if moment == "change" or any(n in _EVENTS for n in lands):
        return {"of": _plain(lands[0]) if lands else values[0] if values else "", "which": "change"}
    if moment in ("first", "last") and images and not [n for n in lands if n != "cloud"]:
        clear = "clear image" in images or "cloud" in lands
        return {"of": "clear image" if clear else "image", "which": moment}
    if values and not any(n in SKIES for n in lands):
        return {"of": values[0], "which": moment}
    return {"of": _plain(lands[0]) if lands else None, "which": moment}


def _changed(ask: str, direction: str, lands: list[str], values: list[str]) -> dict[str, Any]:
    event = next((n for n in lands if n in _EVENTS), None)
    of = values[0] if values else _plain(lands[0]) if lands else ""
    if ask == "what":
        # "What changed in the forest?" asks whether the forest changed, and by how much.
        return {"of": of, "ask": "what"} if not of or of in COVERS else {"of": of, "ask": "amount"}
    if ask == "from-to":
        if not lands:
            return {"ask": "what"}
        others = [n for n in lands[1:] if n != lands[0]]
        return {"of": _plain(lands[0]), "ask": ask, "to": others[0] if others else ""}
    direction = "" if direction == "change" else direction
    if event and not direction:
        direction = event.split(" ")[1]
    if ask == "amount" and not of:
        return {"ask": "what"}
    return {"of": of, "ask": ask, "direction": direction if of else ""}
