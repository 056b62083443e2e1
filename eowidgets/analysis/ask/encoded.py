"""Read a question with the sentence encoder: its choices and the parts found by rules give the program.

The encoder predicts what is asked (:mod:`eowidgets.models.language.sentences`); topics, dates, places, numbers and
units come from :mod:`.slots`. Each kind of program has one function here that combines the two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

from eowidgets.analysis.ask import slots as slots_of
from eowidgets.analysis.ask.ahead import read as read_ahead
from eowidgets.analysis.ask.dates import find_dates
from eowidgets.analysis.ask.kinds.cube_facts import named_band
from eowidgets.analysis.ask.kinds.events_read import event
from eowidgets.analysis.ask.kinds.given import Given
from eowidgets.analysis.ask.kinds.limited import unit_of
from eowidgets.analysis.ask.kinds.patterns import (
    BAND_WORD,
    FRACTIONS,
    LIMIT,
    RELATION,
    WORDS,
    band_in,
    indices_in,
    ranked,
)
from eowidgets.analysis.ask.language import (
    COVERS,
    FACTS,
    IMAGES,
    SKIES,
    UNIONS,
    Compare,
    Count,
    Describe,
    Extent,
    Fact,
    Presence,
    QuestionProgram,
    Rank,
    Settlement,
    Share,
    Threshold,
)
from eowidgets.analysis.ask.lexicon import HARMLESS as FUNCTION_WORDS
from eowidgets.analysis.ask.meanings import HARMLESS, MEANINGS
from eowidgets.analysis.ask.parser import assemble
from eowidgets.analysis.ask.scopes import in_every_year, scopes
from eowidgets.analysis.ask.slots import Slots, Topic
from eowidgets.models.language.sentences import TAGS, Sentence, sentence_reader, spelt_out

#: Probability from which an unlisted word counts as a name of a topic, or as a word that changes the question.
TOPIC, EXTRA = 0.8, 0.15
_SIGN = re.compile(r"\b(?:negative|positive)\b")
#: Kind of program -> heads of the encoder that the program depends on.
_HEADS: dict[str, tuple[str, ...]] = {
    "presence": ("negated",), "share": ("negated",), "count": ("counted", "direction"), "compare": ("relation", "direction"),
    "locate": ("how", "direction"), "when": ("moment",), "change": ("change",), "extreme": ("which", "extreme"),
    "statistic": ("stat",), "outlook": ("outlook",), "threshold": ("measure",), "extent": ("days",),
    "rank": ("by", "which", "direction"), "fact": ("fact",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Encoded:
    """The interpretation of a question by the encoder.

    Attributes
    ----------
    program : QuestionProgram or None
        None if a part that the kind needs is missing.
    kind : str
        The kind of question, including ``"unanswerable"``.
    sure : float
        Probability of the kind and of all choices in the program.
    harmless : frozenset of str
        Unlisted words that do not change the question.
    """

    program: QuestionProgram | None
    kind: str
    sure: float
    harmless: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question, its parts by rules, and the predictions of the encoder."""

    low: str
    slots: Slots
    given: Given
    heads: Sentence
    last: str

    def choice(self, head: str) -> str:
        return self.heads.best(head)[0]

    @property
    def names(self) -> list[str]:
        return [t.name for t in self.slots.topics]

    def topic(self) -> str:
        """Return the measured topic: a band or an index has precedence over land, snow and clouds."""
        values = self.bands() or indices_in(self.names, self.given)
        return values[0] if values else next((n.partition(" ")[0] for n in self.names if n not in IMAGES), "")

    def bands(self) -> list[str]:
        """Return the named bands of the cube; plain colours count only with a word for light, or without an index."""
        plain = ("red", "green", "blue", "yellow")
        light = bool(BAND_WORD.search(self.low))
        name = band_in(self.low, self.given)
        named = [
            n
            for n in map(str, self.given.bands)
            if n not in plain and re.search(rf"\b{re.escape(n.lower())}\b", self.low)
        ]
        if name in self.given.bands and (name not in plain or light or not self.names):
            named.append(name)
        indices = {n.lower() for n in indices_in(self.names, self.given)}
        found = [n for n in dict.fromkeys(named) if n.lower() not in indices]
        return sorted(found, key=lambda n: self.low.find(n.lower()))

    def relation(self) -> str:
        """Return the relation to a limit; explicit words have precedence over the encoder."""
        match, sign = LIMIT.search(self.low), _SIGN.search(self.low)
        if match is None and sign is not None:
            return "below" if sign[0] == "negative" else "above"
        return self.choice("limit") if match is None else RELATION[match["rel"]]

    def limit(self) -> tuple[float, str] | None:
        """Return the limit in the question, and its unit."""
        match = LIMIT.search(self.low)
        if match is not None:
            number = match["n"]
            value = FRACTIONS.get(number) or WORDS.get(number) or float(number.replace(",", "."))
            return value, unit_of(match["unit"] or "", number in FRACTIONS)
        if _SIGN.search(self.low):
            return 0.0, ""
        if re.search(r"\b(?:mostly|mainly|predominantly|largely|majority|most)\b", self.low):
            return 50.0, "%"
        return None


def read(text: str, first: str, last: str, indices: Collection[str], layers: Collection[str], given: Given) -> Encoded:
    """Read a question.

    Parameters
    ----------
    text : str
        The question, cleaned and plain, without coordinates.
    first, last : str
        ISO days of the series.
    indices, layers : collection of str
        Names of the indices that the cube allows, and of the user's layers.
    given : Given
    """
    reader = sentence_reader()
    slots = slots_of.read(spelt_out(text), first, last, indices, layers, _words())
    heads = reader(slots.tokens)
    harmless = _take_words(slots, heads)
    kind, sure = heads.best("kind")
    for head in _HEADS.get(kind, ()):
        sure *= heads.best(head)[1]
    if kind == "unanswerable":
        return Encoded(None, kind, sure)
    asked = _Asked(text.lower().rstrip(" ?.!"), slots, given, heads, last)
    make = _MAKERS.get(kind)
    program = make(asked) if make is not None else _plain(kind, asked)
    return Encoded(program, kind, sure, harmless)


def _words() -> frozenset[str]:
    if not _KNOWN:
        _KNOWN.append(frozenset(sentence_reader().words))
    return _KNOWN[0]


_KNOWN: list[frozenset[str]] = []


def _take_words(slots: Slots, heads: Sentence) -> frozenset[str]:
    """Add topics named by words outside the lexicon; return the unlisted words that do not change the question."""
    harmless = set()
    low = slots.text.lower()
    for token, tags in zip(slots.tokens, heads.tags, strict=True):
        if token.startswith("‹") or token in MEANINGS or token in HARMLESS or token in FUNCTION_WORDS:
            continue
        best = int(tags[2:].argmax()) + 2
        if tags[best] >= TOPIC:
            slots.topics.append(Topic(TAGS[best], True, low.find(token)))
            harmless.add(token)
        elif tags[1] <= EXTRA and token.isalpha() and token not in slots.unknown:
            harmless.add(token)
    slots.topics.sort(key=lambda t: t.at)
    return frozenset(harmless)


def _plain(kind: str, asked: _Asked) -> QuestionProgram | None:
    """Return the program of a kind that the parser can assemble."""
    slots = asked.slots
    if kind in ("statistic", "extreme", "trend") and asked.bands():
        lands = [t for t in slots.topics if t.name in COVERS]
        slots = replace(slots, topics=[Topic(asked.bands()[0], True, 0), *lands])
    if kind == "when" and not slots.topics and asked.choice("moment") in ("first", "last"):
        slots = replace(slots, topics=[Topic("image", True, 0)])
    program, _ = assemble(kind, asked.heads.choices, slots)
    if kind == "when" and program is not None and asked.choice("moment") == "change":
        gained = asked.choice("direction") == "gain"
        return replace(program, direction="gain" if gained else "")  # type: ignore[call-arg]
    if kind == "change" and program is not None and " " in getattr(program, "of", ""):
        return None
    if kind == "change" and program is not None and asked.choice("change") == "amount" and "%" in asked.low:
        return replace(program, unit="%")  # type: ignore[call-arg]
    if (
        kind == "change"
        and program is not None
        and asked.slots.unit
        and getattr(program, "ask", "") in ("amount", "from-to")
    ):
        return replace(program, unit=asked.slots.unit)  # type: ignore[call-arg]
    return program


def _negatable(asked: _Asked) -> QuestionProgram | None:
    of = next((n.partition(" ")[0] for n in asked.names if n in (*COVERS, *UNIONS, *SKIES)), "")
    if not of and ("clear image" in asked.names or re.search(r"\b(?:sky|clear|overcast)\b", asked.low)):
        of = "cloud"
    if not of:
        return None
    make = Presence if asked.choice("kind") == "presence" else Share
    scope, _ = scopes(asked.slots, make.kind)
    return make(scope, of, bool(asked.choice("negated")))


def _count(asked: _Asked) -> QuestionProgram | None:
    scope, _ = scopes(asked.slots, "count")
    counted = asked.choice("counted")
    sky = next((n for n in asked.names if n in SKIES), "")
    if counted == "sky":
        return Count(scope, f"{sky} dates") if sky else None
    if counted in ("image", "clear"):
        clear = counted == "clear" or "clear image" in asked.names
        return Count(scope, "clear image" if clear else "image") if asked.names or counted == "image" else None
    return _plain("count", asked)


def _compare(asked: _Asked) -> QuestionProgram | None:
    relation, slots = asked.choice("relation"), asked.slots
    dates = in_every_year(slots.dates)
    if len(dates) == 1 and len(slots.places) != 2:  # "between March and June" is read as one time
        ends = re.search(r"\b(?:between|from) (.+?) (?:and|to|with) (.+)$", asked.low)
        two = [find_dates(p, "", asked.last) for p in ends.groups()] if ends else []
        dates = [d[0] for d in two] if two and all(len(d) == 1 for d in two) else dates
        slots = replace(slots, dates=dates)
    scope, other = scopes(slots, "compare")
    values = asked.bands() or indices_in(asked.names, asked.given)
    lands = list(dict.fromkeys(n.partition(" ")[0] for n in asked.names if n not in IMAGES and n not in values))
    lands = [n for n in lands if n in (*COVERS, *UNIONS, *SKIES)]
    if other is None:
        pair = lands if len(lands) == 2 else list(dict.fromkeys(values))
        return Compare(scope, pair[0], pair[1], relation) if len(pair) == 2 else None  # type: ignore[arg-type]
    of = next(iter([*values, *lands, *(n for n in asked.names if n in IMAGES)]), "")
    if asked.choice("direction") == "loss" and lands and lands[0] in COVERS:
        return Compare(scope, f"{lands[0]} loss", relation=relation, other=other)  # type: ignore[arg-type]
    if values and lands and lands[0] in COVERS:
        scope, other = replace(scope, cover=lands[0]), replace(other, cover=lands[0])
    return Compare(scope, of, relation=relation, other=other) if of else None  # type: ignore[arg-type]


def _threshold(asked: _Asked) -> QuestionProgram | None:
    limit, of, measure = asked.limit(), asked.topic(), asked.choice("measure")
    scope, _ = scopes(asked.slots, "change")
    if limit is None or (not of and measure != "count"):
        return None
    value, unit = limit
    index = bool(indices_in([of], asked.given)) if of else False
    if measure == "count":
        of = of or ("clear image" if "clear image" in asked.names else "image")
    fits = {"share": unit == "%" and not index, "area": unit not in ("", "%") and not index, "mean": index and not unit}
    fits |= {"count": not unit and not index, "any date": unit == ("" if index else "%")}
    if not fits.get(measure, unit != "" and of in COVERS):
        return None
    return Threshold(scope, of, measure, asked.relation(), value, unit)  # type: ignore[arg-type]


def _extent(asked: _Asked) -> QuestionProgram | None:
    limit, of = asked.limit(), asked.topic()
    days = bool(asked.choice("days"))
    index = bool(of) and bool(indices_in([of], asked.given))
    if limit is None or not of or (limit[1] if index else limit[1] != "%" or not days or of not in SKIES):
        return None
    scope, _ = scopes(asked.slots, "")
    unit = "dates" if days else asked.slots.unit or "%"
    return Extent(scope, of, asked.relation(), limit[0], unit)  # type: ignore[arg-type]


def _rank(asked: _Asked) -> QuestionProgram | None:
    of, by = ranked(asked.names), asked.choice("by")
    direction = asked.choice("direction")
    if of is None and asked.names:
        of = asked.names[0]
    if of is None:
        return None
    if direction in ("loss", "gain") and of in COVERS:
        of = f"{of} {direction}"
    scope, _ = scopes(asked.slots, "")
    if by in ("half", "quarter"):
        scope = replace(scope, place="all")
    land = next((n for n in asked.names if n in COVERS), "")
    if land and of not in (*COVERS, *UNIONS, *SKIES) and of.partition(" ")[0] != land:
        scope = replace(scope, cover=land)  # NDVI of the fields
    return Rank(scope, of, by, asked.choice("which"))  # type: ignore[arg-type]


def _fact(asked: _Asked) -> QuestionProgram | None:
    of = asked.choice("fact")
    if of == "meaning":
        band = named_band(asked.low, asked.slots, asked.given)
        if band is not None:
            return band
        named = indices_in(asked.names, asked.given)
        if asked.slots.dates or asked.slots.places or asked.given.point:
            return None  # a question for the value, not the meaning
        return Fact(of=named[0]) if len(named) == 1 else None
    if of not in FACTS:
        return None
    scope, _ = scopes(asked.slots, "")
    return Fact(scope, of, asked.slots.unit if of == "size" else "")  # type: ignore[arg-type]


def _event(asked: _Asked) -> QuestionProgram | None:
    found = event(asked.low, asked.slots, asked.given)
    return found if isinstance(found, QuestionProgram) else None


_MAKERS: dict[str, Callable[[_Asked], Any]] = {
    "presence": _negatable, "share": _negatable, "count": _count, "compare": _compare, "threshold": _threshold,
    "extent": _extent, "rank": _rank, "fact": _fact, "event": _event,
    "settlement": lambda asked: Settlement(scopes(asked.slots, "")[0]),
    "describe": lambda asked: Describe(scopes(asked.slots, "")[0]),
    "outlook": lambda asked: read_ahead(asked.low, asked.slots, asked.last),
}  # fmt: skip
