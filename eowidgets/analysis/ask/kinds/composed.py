"""Read a question from its parts alone: the named things, and the words that state what is asked.

Word order and grammar are ignored, so keywords ("mean ndvi aug 2019", "forest loss 2017 to 2019 in ha") are read like
long sentences. Each rule of :data:`RULES` requires some parts, and the first rule whose parts are present gives the
program. :mod:`eowidgets.analysis.ask.accounted` detects words that it ignores.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from eowidgets.analysis.ask.kinds.given import Given
from eowidgets.analysis.ask.kinds.patterns import (
    BAND_WORD,
    FRACTIONS,
    HALF,
    LIMIT,
    RELATION,
    WORDS,
    band_in,
    indices_in,
)
from eowidgets.analysis.ask.language import (
    COVERS,
    IMAGES,
    SKIES,
    UNIONS,
    AreaOf,
    Change,
    Compare,
    Count,
    Describe,
    Extent,
    Extreme,
    Fact,
    Locate,
    Presence,
    QuestionProgram,
    Rank,
    Scope,
    Share,
    Statistic,
    Threshold,
    Trend,
    When,
)
from eowidgets.analysis.ask.meanings import MEANINGS
from eowidgets.analysis.ask.scopes import scopes
from eowidgets.analysis.ask.slots import Slots

#: Part of a question -> pattern of its words.
_SAYS: dict[str, str] = {
    "yes-no": r"(?:^|, )(?:and |so |please )?(?:is|are|was|were|does|do|did|has|have|had|can|could|would)\b|\b(?:if|whether)\b",
    "high": r"\b(?:highest|max(?:imum|imal)?|most|peak(?:s|ed)?|greatest|largest|strongest|majority|(?:green|wett|moist|lush"
    r"|cloudi|snowi|bright|dens|healthi|bigg)est)\b",
    "low": r"\b(?:lowest|min(?:imum|imal)?|least|fewest|smallest|weakest|driest|brownest|clearest|darkest)\b",
    "more": r"\b(?:more|higher|(?:exceeds?|surpass(?:es)?|beats?|(?:great|larg|bigg|green|lush|wett|moist|cloudi"
    r"|snowi|bright|healthi|dens)er))\b",
    "less": r"\b(?:less|lower|fewer|smaller|browner|drier|dryer|darker)\b",
    "than": r"\bthan\b|\bvs\b|\bversus\b|\bor\b|\bcompar\w+|\bwhich\b",
    "difference": r"\bdiffer\w*|\bhow much (?:more|less|higher|lower|greener|drier|wetter|browner|brighter)\b",
    "where": r"\b(?:where|whereabouts|locate|location)\b",
    "when": r"\bwhen\b|\b(?:on |at )?(?:which|what) (?:date|day|time)\b|^(?:date|day) (?:of|with|when)\b",
    "count": r"\bhow many\b|\bnumber of\b|\bcount\b|\bhow often\b",
    "imaged": r"\b(?:imaged|photographed|observed|overflown|recorded|visited)\b",
    "sensor": r"\b(?:sensor|satellite|instrument|spacecraft)\b",
    "share": r"%|\b(?:percent\w*|per cent|pct|share|fraction|proportion|portion)\b",
    "area": r"\b(?:hectares?|ha|km2|m2|square (?:kilo)?met(?:re|er)s?|acreage|area|extent|how (?:large|big))\b",
    "loss": r"\b(?:los[tse]|losses|loss|cleared|clearing|felled|logged|deforest\w+|disappear\w*|vanish\w*|removed|destroyed|gone"
    r"|shr[aiu]nk|cut)\b",
    "gain": r"\b(?:gain\w*|gr[eo]w\w*|appear\w*|emerg\w*|expand\w*|new|added|built(?! up)|constructed|planted)\b",
    "trend": r"\b(?:trend|tendency|slope|over the (?:years|decades|long term)|long[- ]term|per year|a year|annual\w*|yearly)\b",
    "mean": r"\b(?:mean|average|avg|typical|usual(?:ly)?)\b",
    "median": r"\bmedian\b",
    "spread": r"\b(?:spread|deviation|std|variab\w+|vary|varies)\b",
    "first": r"\b(?:first|earliest|oldest)\b",
    "last": r"\b(?:last|latest|newest|final)\b",
    "kind": r"\b(?:which|what) (?:kind|type|sort|class)|\b(?:dominant|main|most common|prevailing) "
    r"(?:land|cover|kind|type|class)",
    "meaning": r"^what\b.*\b(?:is|means?|tells?|measures?|stands? for|good for)\b|^(?:explain|define)\b",
}
_PARTS = {name: re.compile(pattern) for name, pattern in _SAYS.items()}
_BY = re.compile(r"\b(?P<by>months?|years?|seasons?|halves|half|quarters?|corners?|sides?)\b")


@dataclass(slots=True)
class Parts:
    """The parts of a question: ``has`` lists them, the other fields hold their values."""

    low: str
    slots: Slots
    has: set[str] = field(default_factory=set)
    index: str = ""
    lands: list[str] = field(default_factory=list)
    sky: str = ""
    images: str = ""
    by: str = ""
    limit: float = 0.0
    relation: str = ""
    unit: str = ""

    @property
    def which(self) -> str:
        """``"highest"`` or ``"lowest"``."""
        return "lowest" if "low" in self.has or ("less" in self.has and "more" not in self.has) else "highest"

    @property
    def scope(self) -> Scope:
        """Place and time, limited to the land that an index is asked for."""
        found, _ = scopes(self.slots, "change" if {"loss", "gain", "trend"} & self.has else "")
        return replace(found, cover=self.lands[0]) if self.index and self.lands and self.lands[0] in COVERS else found

    def pair(self) -> tuple[Scope, Scope] | None:
        """Return the two compared times or places."""
        one, two = scopes(self.slots, "compare")
        return None if two is None else (one, two)


def parts_of(low: str, slots: Slots, given: Given) -> Parts:
    """Split a question into its parts."""
    names = list(dict.fromkeys(t.name for t in slots.topics))
    parts = Parts(low, slots)
    parts.has = {name for name, pattern in _PARTS.items() if pattern.search(low)}
    band = (
        band_in(low, given) if BAND_WORD.search(low) or "infrared" in low or re.search(r"\bnir\b|\bswir", low) else ""
    )
    indices = indices_in(names, given)
    parts.index = band if band in given.bands else "" if band else indices[0] if indices else ""
    parts.lands = [n.partition(" ")[0] for n in names if n.partition(" ")[0] in (*COVERS, *UNIONS)]
    parts.has |= {n.partition(" ")[2] for n in names if n.endswith((" loss", " gain"))}
    parts.sky = next((n for n in names if n in SKIES), "")
    parts.images = "clear image" if "clear image" in names else next((n for n in names if n in IMAGES), "")
    named = {"index": parts.index, "land": parts.lands, "sky": parts.sky, "images": parts.images}
    parts.has |= {parts.sky} - {""}
    parts.has |= {name for name, value in named.items() if value}
    by = _BY.search(
        re.sub(r"\b(?:northern|southern|eastern|western|upper|lower|left|right|first|second) half\b", "", low)
    )
    if by and (_PARTS["high"].search(low) or _PARTS["low"].search(low) or "which" in low):
        parts.by = HALF.get(by["by"]) or by["by"].rstrip("s")
        parts.has.add("by")
    limit = LIMIT.search(low)
    if limit:
        parts.has.add("limit")
        number = limit["n"]
        parts.limit = FRACTIONS.get(number) or WORDS.get(number) or float(number.replace(",", "."))
        parts.relation = RELATION[limit["rel"]]
        parts.unit = "%" if number in FRACTIONS or (limit["unit"] or "") in ("%", "percent", "per cent", "pct") else ""
    if len(slots.dates) == 2 or len(slots.places) == 2:
        parts.has.add("two")
    if len(parts.lands) > 1:
        parts.has.add("lands")
    return parts


def _rank(p: Parts) -> QuestionProgram:
    of = p.index or p.sky or (p.lands[0] if p.lands else p.images)
    suffix = next((s for s in ("loss", "gain") if s in p.has and of in COVERS), "")
    return Rank(p.scope, f"{of} {suffix}".strip(), p.by, p.which)  # type: ignore[arg-type]


def _compare(p: Parts) -> QuestionProgram | None:
    pair = p.pair()
    of = p.index or p.sky or (p.lands[0] if p.lands else p.images)
    if pair is None or not of:
        return None
    less = "less" in p.has or "low" in p.has
    relation = "difference" if "difference" in p.has else "less" if less else "more"
    if relation != "difference" and ("yes-no" not in p.has or " or " in p.low):
        relation = "which less" if less else "which"
    return Compare(pair[0], of, relation=relation, other=pair[1])  # type: ignore[arg-type]


def _extent(p: Parts) -> QuestionProgram | None:
    if p.unit:
        return None
    dates = "count" in p.has and "images" in p.has
    unit = "dates" if dates else p.slots.unit or ("ha" if "area" in p.has and "share" not in p.has else "%")
    return Extent(p.scope, p.index, p.relation, p.limit, unit)  # type: ignore[arg-type]


def _sky_extent(p: Parts) -> QuestionProgram | None:
    return Extent(p.scope, p.sky, p.relation, p.limit, "dates") if p.unit == "%" else None  # type: ignore[arg-type]


def _threshold(p: Parts) -> QuestionProgram | None:
    if p.index:
        return None if p.unit else Threshold(p.scope, p.index, "mean", p.relation, p.limit, "")  # type: ignore[arg-type]
    of = p.sky or (p.lands[0] if p.lands else "")
    return Threshold(p.scope, of, "share", p.relation, p.limit, "%") if of and p.unit else None  # type: ignore[arg-type]


def _changed(p: Parts) -> QuestionProgram | None:
    direction = "gain" if "gain" in p.has and "loss" not in p.has else "loss"
    land = p.lands[0]
    if "when" in p.has:
        return When(p.scope, land, "change", "gain" if direction == "gain" else "")
    if "where" in p.has or ("count" in p.has and not p.slots.unit):
        topic = f"{land} {direction}"
        return Locate(p.scope, topic) if "where" in p.has else Count(p.scope, topic)
    ask = "whether" if "yes-no" in p.has else "amount"
    unit = "%" if "share" in p.has else p.slots.unit or "ha"
    return Change(p.scope, land, ask, direction, unit=unit)  # type: ignore[arg-type]


def _statistic(p: Parts) -> QuestionProgram:
    stat = "median" if "median" in p.has else "spread" if "spread" in p.has else "mean"
    return Statistic(p.scope, p.index, stat)  # type: ignore[arg-type]


def _extreme(p: Parts) -> QuestionProgram:
    if "when" in p.has:
        return When(p.scope, p.index or p.sky, "low" if p.which == "lowest" else "peak")
    return Extreme(p.scope, p.index, p.which, "place" if "where" in p.has else "value")  # type: ignore[arg-type]


def _land(p: Parts) -> QuestionProgram:
    of = p.lands[0] if p.lands else p.sky
    if "where" in p.has:
        return Locate(p.scope, of)
    if "share" in p.has:
        return Share(p.scope, of)
    return AreaOf(p.scope, of, p.slots.unit or "ha")  # type: ignore[arg-type]


def _land_share(p: Parts) -> QuestionProgram:
    return Share(p.scope, p.sky)


#: Required parts, excluded parts, and the program that they give.
RULES: tuple[tuple[str, str, Callable[[Parts], QuestionProgram | None]], ...] = (
    ("meaning index", "land sky two dated placed when where high low share count limit", lambda p: Fact(of=p.index)),
    ("kind high", "index sky limit", lambda p: Describe(p.scope)),
    ("kind", "index sky limit two loss gain", lambda p: Describe(p.scope)),
    ("lands from-to", "index sky", lambda p: Change(p.scope, p.lands[0], "from-to", to=p.lands[1])),
    ("index by", "limit two loss gain", _rank),
    ("sky by", "limit two loss gain index", _rank),
    ("images by", "limit two loss gain index sky land", _rank),
    ("land by", "limit two index sky", _rank),
    ("index two difference", "limit", _compare),
    ("index two than", "limit", _compare),
    ("index two more", "limit", _compare),
    ("index two less", "limit", _compare),
    ("images two than", "limit index land sky", _compare),
    ("sky two than", "limit index land", _compare),
    ("index limit share", "yes-no two", _extent),
    ("index limit area", "yes-no two", _extent),
    ("index limit count images", "yes-no two", _extent),
    ("sky limit count images", "yes-no two index", _sky_extent),
    ("index limit yes-no", "share-limit two", _threshold),
    ("land limit yes-no", "index sky two loss gain", _threshold),
    ("sky limit yes-no", "index land two", _threshold),
    ("index trend", "limit two by count", lambda p: Trend(p.scope, p.index)),
    ("index high", "limit two by count yes-no", _extreme),
    ("index low", "limit two by count yes-no", _extreme),
    ("land gain when", "index limit sky lands", _changed),
    ("land loss when", "index limit sky lands", _changed),
    ("land loss dated", "index limit sky lands", _changed),
    ("land gain dated", "index limit sky lands", _changed),
    ("index", "limit two by yes-no loss gain when where more less than count share area trend lands sky", _statistic),
    ("count imaged", "index land sky limit", lambda p: Count(p.scope, "image")),
    ("sensor", "index land sky two count share when where limit", lambda p: Fact(of="satellite")),
    ("land share", "index limit loss gain lands yes-no count-images", _land),
    ("land area", "index limit loss gain lands yes-no count when", _land),
    ("land unit", "index limit loss gain lands yes-no when", _land),
    ("sky share", "index limit land yes-no count when two", _land),
    ("sky mean", "index limit land yes-no count when two high low more less", _land_share),
    ("snow dated", "index limit land count when two share area high low mean", lambda p: Presence(p.scope, "snow")),
    ("images count", "index limit sky land", lambda p: Count(p.scope, p.images)),
    ("sky count images", "index limit land", lambda p: Count(p.scope, f"{p.sky} dates")),
    ("images first", "index limit sky land count", lambda p: When(p.scope, p.images, "first")),
    ("images last", "index limit sky land count", lambda p: When(p.scope, p.images, "last")),
    ("images dated short", "index limit sky land when yes-no", lambda p: Count(p.scope, p.images)),
    ("land yes-no", "index limit loss gain lands more less two share than", lambda p: Presence(p.scope, p.lands[0])),
    ("sky yes-no", "index limit land more less two share than", lambda p: Presence(p.scope, p.sky)),
)


def composed(low: str, slots: Slots, given: Given) -> QuestionProgram | None:
    """Return the program that the parts of a question give, or None.

    Parameters
    ----------
    low : str
        The question, cleaned and plain, in lower case.
    slots : Slots
        Parts that the question names.
    given : Given
    """
    parts = parts_of(low, slots, given)
    if slots.dates:
        parts.has.add("dated")
    if slots.places or slots.drawn or given.point:
        parts.has.add("placed")
    if slots.unit:
        parts.has.add("unit")
    if not any(word in MEANINGS or word in ("what", "how", "which") for word in low.split()):
        parts.has.add("short")
    if len(parts.lands) == 2 and re.search(
        r"\b(?:into|became|become|from \w+.* to|turn\w* (?:in)?to|convert\w*|built)\b", low
    ):
        parts.has.add("from-to")
    for needs, without, make in RULES:
        if set(needs.split()) <= parts.has and not set(without.split()) & parts.has:
            return make(parts)
    return None
