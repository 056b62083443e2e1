"""Questions for one number about a kind of land, an index or a band, and questions whether something is absent."""

from __future__ import annotations

import re
from dataclasses import replace

from eowidgets.analysis.ask.kinds.given import Given
from eowidgets.analysis.ask.kinds.patterns import (
    BAND_WORD,
    BY,
    GAINED,
    HALF,
    LIMIT,
    LOST,
    LOW,
    MORE,
    PLAIN_BANDS,
    YES_NO,
    band_in,
    indices_in,
    marks_of,
)
from eowidgets.analysis.ask.language import (
    COVERS,
    IMAGES,
    SKIES,
    UNIONS,
    AreaOf,
    Change,
    Compare,
    Describe,
    Extreme,
    Presence,
    QuestionProgram,
    Rank,
    Share,
    Statistic,
    Trend,
    When,
)
from eowidgets.analysis.ask.scopes import scopes
from eowidgets.analysis.ask.slots import Slots

_CLEAR_SKY = re.compile(
    r"^(?:is|are|was|were) (?:it|the (?:sky|image|scene|picture|area|place)|this (?:image"
    r"|scene)|(?:\w+ ){0,3})?(?:completely |fully |totally |entirely )?(?:clear|cloud[ -]?free"
    r"|cloudless|unclouded|free (?:of|from) clouds?)\b"
)

_FREE_OF = re.compile(
    r"\b(?:(?P<a>cloud|snow|tree|forest|water|vegetation)[ -]?free|free (?:of|from) (?:any )?(?P<b>\w+)"
    r"|(?P<c>cloudless|treeless|snowless|unclouded))\b"
)

_BECAME = re.compile(r"\b(?:became|become|turned (?:in)?to|converted (?:in)?to|changed (?:in)?to)\b")


def became(low: str, slots: Slots, given: Given) -> QuestionProgram | None:
    """Read "How many hectares became built-up?": the gain of a kind of land."""
    lands = [t.name for t in slots.topics if t.name in COVERS]
    if len(lands) != 1 or not re.match(r"^how (?:much|many)\b", low) or not _BECAME.search(low):
        return None
    marked = marks_of(slots)
    if re.search(r"‹c› (?:\w+ ){0,2}(?:became|become|turned|converted|changed)", marked):
        return None  # a question for the new class
    scope, _ = scopes(slots, "change")
    return Change(scope, lands[0], "amount", "gain", unit=slots.unit or "ha")  # type: ignore[arg-type]


def how_much(low: str, slots: Slots, given: Given) -> QuestionProgram | None:
    """Read "How much water is on this image?"."""
    lands = [t.name for t in slots.topics if t.name in (*COVERS, *UNIONS)]
    if len(lands) != 1 or not re.match(
        r"^how much ‹c› (?:is|are|was|were) (?:there |visible |shown )?(?:on|in) ", marks_of(slots)
    ):
        return None
    if (
        LOST.search(low)
        or GAINED.search(low)
        or len(slots.dates) > 1
        or re.search(r"\b(?:in|on) (?:common|total|doubt)\b", low)
    ):
        return None
    scope, _ = scopes(slots, "")
    return AreaOf(scope, lands[0], slots.unit or "ha")  # type: ignore[arg-type]


def extreme_value(low: str, slots: Slots, given: Given) -> QuestionProgram | None:
    """Read "What is the highest EVI of the record?", "What is the lowest mean NDVI in 2011?"."""
    found = re.match(
        r"^(?:what|which|give|tell|the|name|find)\b(?: (?:is|was|me|the|s))* (?P<w>highest"
        r"|lowest|maximum|minimum|max|min|largest|smallest|greatest|peak)(?: (?P<m>mean|average"
        r"|scene mean))?(?: value of| of)? ‹i›",
        marks_of(slots),
    )
    names = [t.name for t in slots.topics if t.name not in IMAGES]
    indices = indices_in(names, given)
    if (
        found is None
        or len(indices) != 1
        or re.search(r"\b(?:where|which (?:place|part|pixel|corner|spot|day|date|month|year))\b", low)
    ):
        return None
    which = "lowest" if found["w"] in ("lowest", "minimum", "min", "smallest") else "highest"
    lands = [n for n in names if n in COVERS]
    scope, _ = scopes(slots, "")
    scope = replace(scope, cover=lands[0]) if lands else scope
    if found["m"]:
        return When(scope, indices[0], "low" if which == "lowest" else "peak")
    return Extreme(scope, indices[0], which)  # type: ignore[arg-type]


_HOW_MUCH = (
    r"^(?:how much|how many percent|what (?:share|part|percentage|fraction|proportion|percent)"
    r"|which (?:share|part|percentage|fraction|proportion))"
)


def complement(low: str, slots: Slots, given: Given) -> QuestionProgram | None:
    """Read "What part of the land is not forest?"."""
    names = [t.name for t in slots.topics if t.name in (*COVERS, *UNIONS, *SKIES)]
    counted = re.search(r"\b(?:images?|dates|days|scenes|pictures|observations)\b", low)
    if [t.name for t in slots.topics] == ["clear image"] and not counted and re.match(_HOW_MUCH, low):
        return Share(scopes(slots, "")[0], "cloud", negated=True)
    if len(names) != 1 or not re.search(
        r"\b(?:is|are|was|were) (?:not|n't) |\b(?:isn't|aren't|wasn't|weren't)\b|\bwithout\b"
        r"|\bfree (?:of|from)\b|\bother than\b|\bnot covered by\b",
        low,
    ):
        return None
    if not re.search(
        r"\b(?:how much|what (?:share|part|percentage|fraction|proportion|percent)|which (?:share"
        r"|part|percentage|fraction|proportion)|how many percent|percentage|share)\b",
        low,
    ):
        return None
    scope, _ = scopes(slots, "")
    return Share(scope, names[0], negated=True)


def mean(low: str, slots: Slots, given: Given) -> QuestionProgram | None:
    """Read "How big was NDVI in the west in April 2011?"."""
    names = [t.name for t in slots.topics if t.name not in IMAGES]
    if re.search(r"\b(?:at least|at most|minimum|maximum|at its|lowest|highest)\b", low):
        return None
    if not re.match(
        r"^(?:and )?how (?:big|large|high|low|much|strong) (?:is|was|were|are) (?:the )?(?:mean |average |typical )?‹",
        marks_of(slots),
    ):
        return None
    indices = indices_in(names, given)
    if len(indices) != 1:
        return None
    lands = [n for n in names if n in COVERS]
    scope, _ = scopes(slots, "")
    return Statistic(replace(scope, cover=lands[0]) if lands else scope, indices[0])


#: "Mean red in July": a colour after a statistic is a band.
_MEAN_OF_A_COLOUR = re.compile(
    r"\b(?:mean|average|median) (?:red|green|blue)\b(?! (?:edge|areas?|pixels?|land|parts?|cover|vegetation|share|fraction))"
)


def band(low: str, slots: Slots, given: Given) -> QuestionProgram | str | None:
    """Read a question for statistics of the reflectance in one band."""
    name = band_in(low, given)
    said = bool(BAND_WORD.search(low) or _MEAN_OF_A_COLOUR.search(low))
    if not said and (not name or name in PLAIN_BANDS or (len(slots.dates) > 1 and " than " in low)):
        return None
    if not said and any(t.name not in IMAGES for t in slots.topics):
        return None
    if not name:
        return (
            f"The band in the question is not clear: the cube has {', '.join(given.bands)}."
            if said and re.search(r"\b(?:mean|average|median|how)\b", low)
            else None
        )
    if name not in given.bands:
        return f"This cube has no band {name}: it has {', '.join(given.bands)}."
    two = _two_bands(low, slots, given)
    if two is not None:
        return two
    if LIMIT.search(low) or " than " in low:
        return None
    scope, _ = scopes(slots, "")
    lands = [t.name for t in slots.topics if t.name in COVERS]
    scope = replace(scope, cover=lands[0]) if lands else scope
    if re.match(r"^(?:on (?:which|what) (?:day|date)|when)\b", low):
        if LOW.search(low) or re.search(r"\bdarkest\b", low):
            return When(scope, name, "low")
        return When(scope, name, "peak") if MORE.search(low) else None
    if re.search(r"\b(?:highest|maximum|max|largest|lowest|minimum|min|smallest)\b", low):
        which = "lowest" if LOW.search(low) else "highest"
        return Extreme(scope, name, which, "place" if low.startswith("where") else "value")  # type: ignore[arg-type]
    if re.search(
        r"\b(?:trend|rising|falling|increas\w+|decreas\w+|up or down|r[io]se or f[ae]ll|grow or shrink)\b", low
    ):
        return Trend(scope, name)
    if re.match(r"^(?:where|did|was there|is there|how many|does|do|has)\b", low):
        return f"For the band {name}, ask for the mean, the median, the highest or lowest value, or the trend."
    if BY.search(low):
        if len(dict.fromkeys(slots.places)) == 2:
            scope, other = scopes(slots, "compare")  # of two halves that are named, not of all four
            if other is not None:
                return Compare(scope, name, relation="which less" if LOW.search(low) else "which", other=other)
        by = BY.search(low)["by"]  # type: ignore[index]
        return Rank(scope, name, HALF.get(by) or by.rstrip("s"), "lowest" if LOW.search(low) else "highest")  # type: ignore[arg-type]
    stat = (
        "median"
        if "median" in low
        else "spread"
        if re.search(r"\b(?:spread|deviation|vary|varies|variation)\b", low)
        else "mean"
    )
    return Statistic(scope, name, stat)  # type: ignore[arg-type]


def _two_bands(low: str, slots: Slots, given: Given) -> Compare | None:
    """Read "Is VH higher than VV?": one band against another."""
    named = [n for n in re.findall(r"\bband (\w+)\b", low) if n in given.bands]
    if len(set(named)) != 2 or len(named) != 2 or len(slots.dates) > 1 or len(slots.places) > 1 or LIMIT.search(low):
        return None
    scope, _ = scopes(slots, "")
    less = bool(LOW.search(low))
    if YES_NO.search(low) and " than " in low:
        return Compare(scope, named[0], named[1], "less" if less else "more")
    if re.search(r"\bdifferen(?:ce|t)\b|\bhow much\b", low):
        return Compare(scope, named[0], named[1], "difference")
    if re.match(r"^(?:which|what)\b", low) and (less or MORE.search(low)):
        return Compare(scope, named[0], named[1], "which less" if less else "which")
    return None


def absence(low: str, slots: Slots, given: Given) -> QuestionProgram | str | None:
    """Read "Was it cloud free?": whether something is absent."""
    if not YES_NO.search(low) or re.search(r"\b(?:how many|which|what|when|any)\b", low):
        return None
    free = _FREE_OF.search(low)
    of = ""
    if _CLEAR_SKY.search(low):
        of = "cloud"
    elif free and re.match(r"^(?:is|are|was|were)\b", low):
        word = free["a"] or free["b"] or free["c"]
        of = {"cloud": "cloud", "clouds": "cloud", "cloudless": "cloud", "unclouded": "cloud", "snow": "snow", "snowless": "snow",
              "tree": "forest", "trees": "forest", "treeless": "forest", "forest": "forest", "water": "water",
              "vegetation": "vegetation"}.get(word, "")  # fmt: skip
    elif re.match(
        r"^(?:is|are|was|were) there (?:really |absolutely )?no ‹\w›$|^(?:is|are|was|were) there (?:really )?no ‹\w› ",
        marks_of(slots),
    ):
        named = [t.name for t in slots.topics if t.name in (*COVERS, *UNIONS, *SKIES)]
        of = named[0] if len(named) == 1 else ""
    if not of:
        return None
    scope, _ = scopes(slots, "")
    return Presence(scope, of, negated=True)


def at_point(low: str, slots: Slots, given: Given) -> QuestionProgram | None:
    """Read "Is the land at 45.2029, 22.1515 forest?"."""
    lands = [t.name for t in slots.topics if t.name in (*COVERS, *UNIONS)]
    if given.point and len(set(lands)) > 1 and re.match(r"^.*\b(?:is|are|was|were)\b.*\bor\b", low):
        return Describe(scopes(slots, "")[0])
    if not given.point or len(lands) != 1 or not re.match(r"^(?:is|are|was|were)\b", low) or " than " in low:
        return None
    return Presence(scopes(slots, "")[0], lands[0])


def alone(low: str, slots: Slots, given: Given) -> QuestionProgram | str | None:
    """Refuse a word or two without a verb, unless they continue the previous question."""
    said = [
        t
        for t in slots.tokens
        if not t.startswith("‹") and t not in ("the", "a", "an", "of", "in", "and", "my", "this")
    ]
    if given.before or given.point or said or slots.unit or not slots.topics or low.startswith("and "):
        return None
    if len(slots.topics) == 1 and not slots.dates and not slots.places:
        name = slots.topics[0].name.split(" ")[0]
        return f"{name!r} alone is not a question: ask how much there is, where it is, or whether it changed."
    return None
