"""Questions with a limit: whether it is exceeded, and on how much of the place."""

from __future__ import annotations

import re

from eowidgets.analysis.ask.kinds.given import Given
from eowidgets.analysis.ask.kinds.patterns import (
    BAND_WORD,
    FRACTIONS,
    GAINED,
    LIMIT,
    LOST,
    RELATION,
    WORDS,
    YES_NO,
    band_in,
    indices_in,
)
from eowidgets.analysis.ask.language import COVERS, IMAGES, SKIES, UNIONS, Extent, QuestionProgram, Threshold
from eowidgets.analysis.ask.scopes import scopes
from eowidgets.analysis.ask.slots import Slots

_MOST = re.compile(r"\b(?:mostly|mainly|predominantly|largely|(?:the )?majority|most of)\b")


def extent(low: str, slots: Slots, given: Given) -> QuestionProgram | str | None:
    """Read "On how much of the land does NDVI exceed 0.5?"."""
    match = LIMIT.search(low)
    counted = _counted_sky(low, slots, match)
    if counted is not None:
        return counted
    if (
        match is None
        or match["unit"]
        or not re.search(
            r"\b(?:how much|how many|what (?:share|part|percentage|area|fraction|proportion|size)"
            r"|share of|percentage of|area (?:with|where|of)|which (?:share|part|percentage|area"
            r"|fraction|proportion)|how large)\b",
            low,
        )
    ):
        return None
    names = [t.name for t in slots.topics]
    indices = indices_in(names, given) or (
        [b] if (b := band_in(low, given)) in given.bands and BAND_WORD.search(low) else []
    )
    if not indices:
        return None
    on_dates = bool(
        re.search(
            r"\bhow many (?:of the )?(?:images|dates|days|times|scenes|pictures|observations|acquisitions)\b", low
        )
    )
    scope, _ = scopes(slots, "")
    number = match["n"]
    if number in FRACTIONS:
        return None
    limit = WORDS.get(number, 0.0) or float(number.replace(",", "."))
    return Extent(scope, indices[0], RELATION[match["rel"]], limit, "dates" if on_dates else slots.unit or "%")  # type: ignore[arg-type]


def _counted_sky(low: str, slots: Slots, match: re.Match[str] | None) -> Extent | None:
    """Read "How many images have less than 10 percent cloud?"."""
    skies = [t.name for t in slots.topics if t.name in SKIES]
    if match is None or len(set(skies)) != 1 or unit_of(match["unit"] or "", match["n"] in FRACTIONS) != "%":
        return None
    if not re.match(
        r"^(?:and )?(?:on |in )?how many (?:of the )?(?:(?:usable|useful|good|clear|clean|valid|decent) )?"
        r"(?:images|dates|days|pictures|scenes|observations|acquisitions|photos)\b",
        low,
    ):
        return None
    limit = FRACTIONS.get(match["n"]) or WORDS.get(match["n"]) or float(match["n"].replace(",", "."))
    return Extent(scopes(slots, "")[0], skies[0], RELATION[match["rel"]], limit, "dates")  # type: ignore[arg-type]


def threshold(low: str, slots: Slots, given: Given) -> QuestionProgram | str | None:
    """Read whether a value is more or less than a limit."""
    sign = re.search(r"\b(?:negative|positive)\b", low)
    index = indices_in([t.name for t in slots.topics], given)
    if sign and index and YES_NO.search(low) and "trend" not in low:
        if re.search(r"\b(?:anywhere|somewhere|everywhere)\b", low):
            return f"Only the mean of {index[0]} is tested for its sign, not single pixels: ask for the mean."
        relation = "below" if sign[0] == "negative" else "above"
        return Threshold(scopes(slots, "")[0], index[0], "mean", relation, 0.0, "")  # type: ignore[arg-type]
    match, most = LIMIT.search(low), _MOST.search(low)
    names = [t.name for t in slots.topics]
    if not (match or most):
        return None
    if not YES_NO.search(low):
        if (
            match
            and any(n in indices_in(names, given) for n in names)
            and re.search(r"\b(?:where|how much|how many|which|what)\b", low)
        ):
            return "Only a mean is compared with a limit, not single pixels: ask a yes-no question."
        return None
    if (
        re.search(
            r"\bthan (?:in|the|on|at|it|there|that|last|this|of)\b|\bmore \w+ than \w+\b(?! (?:percent|%|ha))", low
        )
        and not match
    ):
        return None
    scope, _ = scopes(slots, "change")
    of = next((n for n in names if n not in IMAGES), names[0] if names else "")
    if not of:
        return (
            "The question does not name what the limit applies to: name forest, field, water, built-up land, cloud, "
            "snow or an index."
        )
    if match is None:
        relation, limit, unit = "above", 50.0, "%"
        if of in indices_in(names, given) or of in IMAGES or re.search(r"\bwhen|where\b", low) or LOST.search(low):
            return None
    else:
        relation = RELATION[match["rel"]]
        number = match["n"]
        limit = FRACTIONS.get(number, WORDS.get(number, 0.0)) or float(number.replace(",", "."))
        unit = unit_of(match["unit"] or "", number in FRACTIONS)
    land, _, suffix = of.partition(" ")
    lost = suffix == "loss" or bool(LOST.search(low))
    gained = suffix == "gain" or (bool(GAINED.search(low)) and not lost)
    land = (
        "forest"
        if land not in (*COVERS, *UNIONS) and (lost or gained) and of not in (*SKIES, *indices_in(names, given))
        else land
    )
    ever = bool(
        re.search(
            r"\b(?:ever|at any time|on any (?:day|date|image)|at least once|always|at all times"
            r"|on (?:all|every) (?:days?|dates?|images?)|never)\b",
            low,
        )
    )
    if ever and ((of in indices_in(names, given) and unit == "") or (of in SKIES and unit == "%")):
        always = re.search(r"\b(?:always|at all times|every|never)\b", low)
        if always:
            return "Ask whether it was ever above, or ever below, the limit: always and never are the negation of that."
        return Threshold(scope, of, "any date", relation, limit, unit)  # type: ignore[arg-type]
    if unit == "":
        if of in indices_in(names, given):
            return Threshold(scope, of, "mean", relation, limit, "")  # type: ignore[arg-type]
        if of in IMAGES or re.search(
            r"\b(?:patch|patches|areas|pieces|places|images|dates|scenes|clearings|clear-?cuts)\b", low
        ):
            named = of if of in IMAGES else f"{land} loss" if lost else of
            return Threshold(scope, named, "count", relation, limit, "")  # type: ignore[arg-type]
        if of in SKIES and 0 <= limit <= 100 and not lost:
            return f"The limit has no unit: ask for instance whether {of} was above {limit:g} percent."
        return f"The limit has no unit: ask for instance whether it is more than {limit:g} percent, or {limit:g} ha."
    if of in indices_in(names, given):
        return f"{of} has no unit: ask whether it is above a number such as 0.5."
    if of in IMAGES:
        return "A share of the images is not computed: ask for their number."
    if lost or gained:
        return Threshold(scope, land, "loss" if lost else "gain", relation, limit, unit)  # type: ignore[arg-type]
    return Threshold(scope, of, "share" if unit == "%" else "area", relation, limit, unit)  # type: ignore[arg-type]


def unit_of(written: str, fraction: bool) -> str:
    """Return the unit of a limit from its written form; fractions are in percent."""
    if fraction or written in ("%", "percent", "per cent", "pct"):
        return "%"
    if written.startswith(("km2", "square k")):
        return "km2"
    if written.startswith(("m2", "square m")):
        return "m2"
    return "ha" if written else ""
