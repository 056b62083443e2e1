"""Turns of a dialogue: missing parts of a question are taken from the previous one."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from typing import Any

from eowidgets.analysis.ask.language import COVERS, UNIONS, QuestionProgram, Scope
from eowidgets.analysis.ask.scopes import scopes
from eowidgets.analysis.ask.slots import Slots

_OPENS = re.compile(
    r"^(and|but|what about|how about|what of|same|the same|also|then|now|or|ok and|okay and|and what about|and how about)\b"
)
#: Words without content.
_FILLERS = frozenset(
    [
        "and",
        "but",
        "what",
        "about",
        "how",
        "of",
        "same",
        "the",
        "also",
        "then",
        "now",
        "or",
        "ok",
        "okay",
        "in",
        "on",
        "for",
        "during",
        "at",
        "only",
        "just",
        "is",
        "it",
        "there",
        "was",
        "please",
        "again",
        "thing",
        "question",
        "this",
        "that",
        "a",
        "an",
        "with",
        "instead",
        "here",
        "by",
        "my",
        "as",
        "well",
        "too",
        "inside",
        "within",
        "over",
    ]
)
_POINTS_BACK = re.compile(
    r"\b(there|then|that (time|year|period|place|area)|the same (time|year|period|place|area)|it)\b"
)


def follows(slots: Slots) -> bool:
    """Return whether a question only modifies the previous one: "and in 2019?", "what about the north?"."""
    named = bool(slots.dates or slots.places or slots.drawn or slots.layer or slots.topics or slots.unit)
    said = [t for t in slots.tokens if not t.startswith("‹") and t not in _FILLERS]
    units = {"ha", "hectares", "hectare", "km", "2", "m", "square", "kilometres", "metres", "percent"}
    rest = [t for t in said if t not in units]
    return (
        named and not rest and (bool(_OPENS.match(slots.text.lower())) or len(slots.tokens) <= 5) and not slots.unknown
    )


def follow(slots: Slots, before: QuestionProgram) -> QuestionProgram | None:
    """Return the previous program with the parts that the new question names."""
    said, _ = scopes(slots, "")
    changes: dict[str, Any] = {"scope": merge(said, before.scope)}
    own = {f.name for f in fields(before)}
    names = [t.name for t in slots.topics]
    if names and "of" in own:
        kept = str(getattr(before, "of", ""))
        suffix = kept.partition(" ")[2]
        land = names[0] in COVERS or names[0] in UNIONS
        changes["of"] = f"{names[0]} {suffix}" if suffix in ("loss", "gain", "change") and land else names[0]
    elif names:
        return None
    if slots.unit and "unit" in own:
        changes["unit"] = slots.unit
    return replace(before, **changes)


def remember(slots: Slots, program: QuestionProgram, before: QuestionProgram) -> QuestionProgram:
    """Add place and time of the previous question to a complete one that refers back ("how much was there?")."""
    if not _POINTS_BACK.search(slots.text.lower()) or re.match(r"^(is|are|was|were) there\b", slots.text.lower()):
        return program
    if re.search(r"\b(is|are|was|were|it) there\b|\bit\b", slots.text.lower()) and not re.search(
        r"\b(then|that (time|year|period|place|area)|same)\b", slots.text.lower()
    ):
        return program
    return replace(program, scope=merge(program.scope, before.scope))


def merge(said: Scope, before: Scope) -> Scope:
    """Merge two scopes: named parts take precedence over previous ones."""
    dated = bool(said.start or said.end or said.months)
    placed = said.place != "all" or bool(said.area) or bool(said.layer) or bool(said.point)
    return Scope(
        start=said.start if dated else before.start,
        end=said.end if dated else before.end,
        months=said.months if dated else before.months,
        place=said.place if placed else before.place,
        area=said.area if placed else before.area,
        layer=said.layer if placed else before.layer,
        cover=said.cover or before.cover,
        point=said.point if placed else before.point,
    )
