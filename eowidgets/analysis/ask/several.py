"""Two questions in one sentence: both are answered, and the second is completed with words of the first."""

from __future__ import annotations

import re
from dataclasses import replace

from eowidgets.analysis.ask import dialogue
from eowidgets.analysis.ask.answer import Answer, Evidence, refuse
from eowidgets.analysis.ask.kinds.patterns import LOW, MORE
from eowidgets.analysis.ask.language import QuestionProgram, Rank
from eowidgets.analysis.ask.slots import Slots

_ASKS = r"(?:what|when|where|which|why|how|who|whose|is|are|was|were|did|does|do|has|have)\b"
_JOINT = re.compile(rf"(?:,? and (?:also )?|\?\s+(?:and )?)(?={_ASKS})", re.IGNORECASE)
_QUESTION = re.compile(
    rf"(?:^|[,:] )(?:on |in |at |by |of )?{_ASKS}|\b(?:know|say|tell me) (?:what|when|where|which|how)\b", re.IGNORECASE
)
_PRONOUN = re.compile(r"\b(?:one|ones|it|they|them)\b", re.IGNORECASE)
#: Minimum number of words of a second question; a shorter half belongs to the first ("and where?").
_SHORTEST = 3


def halves(question: str) -> tuple[str, str] | None:
    """Return the two questions of a sentence, or None if it is a single one.

    Examples
    --------
    >>> halves("How many images are there, and when was the first one taken?")
    ('How many images are there', 'when was the first one taken?')
    >>> halves("How much forest was lost, and where?") is None
    True
    """
    found = list(_JOINT.finditer(question))
    if len(found) != 1:
        return None
    first, second = question[: found[0].start()].strip(), question[found[0].end() :].strip()
    if not _QUESTION.search(first) or len(second.split()) < _SHORTEST:
        return None
    return first, second


def turned(slots: Slots, first: Slots, before: QuestionProgram) -> QuestionProgram | None:
    """Return the program of a second half that only modifies the first: "and how many in 2021".

    Parameters
    ----------
    slots, first : Slots
        Parts that the second and the first half name.
    before : QuestionProgram
        The program of the first half.
    """
    low = slots.text.lower()
    if isinstance(before, Rank) and not slots.topics and not slots.dates:
        low_one, high_one = bool(LOW.search(low)), bool(MORE.search(low))
        if low_one != high_one:
            return replace(before, which="lowest" if low_one else "highest")
    known = set(first.tokens) | {"one", "was", "is", "were"}
    rest = [t for t in slots.tokens if not t.startswith("‹") and t not in known]
    if not rest and (slots.dates or slots.places):
        return dialogue.follow(slots, before)
    return None


def completed(second: str, first: Slots) -> str:
    """Replace the pronoun of the second half by its noun: "the first one" is "the first image".

    Examples
    --------
    >>> from eowidgets.analysis.ask.slots import read
    >>> completed("when was the first one taken?", read("How many images are there", "2019-01-01", "2020-01-01"))
    'when was the first image taken?'
    """
    named = [t.name for t in first.topics if t.noun]
    return second if not named else _PRONOUN.sub(named[0].partition(" ")[0], second, count=1)


def missing(first: tuple[QuestionProgram | None, float, str], second: tuple[QuestionProgram | None, float, str]) -> str:
    """Return why there is no answer; if only one of the two questions has none, name it."""
    if first[0] is None and second[0] is None:
        return first[2]
    which, reason = ("first", first[2]) if first[0] is None else ("second", second[2])
    return f"These are two questions, and the {which} has no answer: ask the other one alone. {reason}"


def joined(question: str, first: Answer, second: Answer, note: str = "") -> Answer:
    """Join two answers to one; abstain if one of them abstains."""
    for which, half in (("first", first), ("second", second)):
        if half.abstained:
            reason = f"These are two questions, and the {which} has no answer. {half.reason}"
            return refuse(question, reason + note, half.program)
    polygons = [*first.evidence.polygons["features"], *second.evidence.polygons["features"]]
    evidence = Evidence(
        {**second.evidence.masks, **first.evidence.masks},
        {"type": "FeatureCollection", "features": polygons},
        tuple(sorted({*first.evidence.dates, *second.evidence.dates})),
        first.evidence.series if first.evidence.series is not None else second.evidence.series,
        (*first.evidence.points, *second.evidence.points),
    )
    return Answer(
        question,
        f"{first.text} {second.text}{note}",
        {"first": first.value, "second": second.value},
        confidence=min(first.confidence, second.confidence),
        evidence=evidence,
        steps=(*first.steps, *second.steps),
        code=f"{first.code}\nfirst = answer\n{second.code}\nanswer = {{'first': first, 'second': answer}}",
        program=second.program,
    )
