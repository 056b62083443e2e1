"""Questions about fires, storms and other events, and remarks on the cause of a loss."""

from __future__ import annotations

import re

from eowidgets.analysis.ask.kinds.given import SHARP, Given
from eowidgets.analysis.ask.language import Event, QuestionProgram
from eowidgets.analysis.ask.scopes import scopes
from eowidgets.analysis.ask.slots import Slots

_EVENTS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("fire", re.compile(r"\b(?:fires?|wildfires?|burn(?:s|t|ed|ing)?|blazes?|arson|scorched|burn scars?)\b")),
    ("storm", re.compile(r"\b(?:storms?|stormed|windthrow|wind ?fall|windfalls|hurricanes?|tornado(?:es)?"
    r"|cyclones?|typhoons?|gales?|hail)\b")),
    ("disease", re.compile(r"\b(?:bark beetles?|beetles?|insects?|pests?|diseases?|diseased|dieback|die-back"
    r"|fungus|infest\w*|caterpillars?|moths?|sick)\b")),
    ("drought", re.compile(r"\b(?:droughts?)\b")),
    ("landslide", re.compile(r"\b(?:landslides?|mudslides?|avalanches?|rockfalls?|earthquakes?|erupt\w*|erosion)\b")),
    ("flood", re.compile(r"\b(?:flood(?:s|ed|ing)?|inundat\w*)\b")),
)  # fmt: skip

_BURN_INDEX = re.compile(r"\bburn (?:ratio|index)\b")


def event(low: str, slots: Slots, given: Given) -> QuestionProgram | str | None:
    """Read a question whether a fire, a storm or a similar event happened."""
    if _BURN_INDEX.search(low) or (given.metres <= SHARP and "burn" not in low and "fire" not in low):
        return None
    for of, pattern in _EVENTS:
        if pattern.search(low):
            scope, _ = scopes(slots, "change")
            return Event(scope, of)  # type: ignore[arg-type]
    return None


def cause_note(question: str) -> str:
    """Return a sentence for answers about loss, if the question mentions the cause."""
    if re.search(
        r"\b(?:logg(?:ed|ing|ers?)|fell(?:ed|ing|ings)|clear-?(?:cut|cuts|cutting|felled)|chopped|harvest\w*|cut)\b",
        question.lower(),
    ):
        return " The images show the loss, not its cause."
    return ""
