"""Questions which of several months, years or parts is highest, and by how much two of them differ."""

from __future__ import annotations

import calendar
import re
from dataclasses import replace
from typing import Any

from eowidgets.analysis.ask.dates import find_dates
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
    SUPERLATIVE_OF,
    YES_NO,
    band_in,
    indices_in,
    ranked,
)
from eowidgets.analysis.ask.language import COVERS, IMAGES, SKIES, UNIONS, Compare, QuestionProgram, Rank, Scope
from eowidgets.analysis.ask.scopes import in_every_year, scopes
from eowidgets.analysis.ask.slots import Slots

_FEW_CLOUDS = re.compile(r"\b(?:clearest|clearer|cloudless)\b")

_ORDER = re.compile(
    r"\b(?:or|vs|versus|compar\w+)\b"
    r"|\bwhich (?:one )?(?:is|was) (?:the )?(?:higher|lower|greener|browner|wetter|drier|more|less)\b"
)


def rank(low: str, slots: Slots, given: Given) -> QuestionProgram | str | None:
    """Read which month, year, season, half or quarter is highest or lowest, or which of two places or times."""
    match = BY.search(low) or SUPERLATIVE_OF.search(low)
    named = re.search(r"\b(?:which|what) (?:spring|summer|autumn|winter)\b", low)
    if named and match is None and slots.dates and not slots.dates[0].start:
        match = re.search(r"(?P<by>year)", "year")
    if re.search(r"\b(?:which|what) (?:decade|week|century|weekday|day of the week|hour)\b", low):
        return "Months, years and seasons can be ranked, but not decades, weeks or hours."
    names = [t.name for t in slots.topics]
    places = list(dict.fromkeys(slots.places))
    parts = {p for p in places if "-" in p}
    if len(parts) > 2 and re.search(r"\b(?:which|what|where)\b", low):
        by = "quarter"
    elif (len(places) == 2 and re.search(r"\bcompar\w+\b", low) and not YES_NO.search(low)) or (
        len(places) == 2
        and _ORDER.search(low)
        and re.search(r"^(?:which|what|where|is|are|was|were|does|do|did|has|have)\b", low)
        and (MORE.search(low) or LOW.search(low))
        and " than " not in low
    ):
        return _either(low, slots, names)
    elif match is None or LIMIT.search(low):
        return _either_time(low, slots, names) if match is None else None
    else:
        by = match["by"]
        by = HALF.get(by) or by.rstrip("s")
    if (
        by in ("year", "half", "quarter")
        and (LOST.search(low) or GAINED.search(low))
        and names
        and names[0].partition(" ")[0] in COVERS
    ):
        scope, _ = scopes(slots, "change")
        which = "lowest" if re.search(r"\b(?:least|fewest|lowest|less|smallest)\b", low) else "highest"
        suffix = "loss" if LOST.search(low) else "gain"
        scope = scope if by == "year" else replace(scope, place="all")
        return Rank(scope, f"{names[0].partition(' ')[0]} {suffix}", by, which)  # type: ignore[arg-type]
    if not (MORE.search(low) or LOW.search(low)) or re.search(r"\bchang(?:e|ed|es)\b", low):
        return None
    if len(slots.dates) == 2 and by in ("year", "month", "season"):
        return _either_time(low, slots, names)
    if not names or ((LOST.search(low) or GAINED.search(low)) and not any(n in SKIES for n in names)):
        return None
    of = ranked(names)
    if of is None:
        return None
    if of == "vegetation" and re.search(r"\b(?:dens|thick|strong|lush|vigor|health)\w*est\b", low):
        of = "NDVI"  # dense vegetation is ranked by its greenness
    clear = "clear image" in names or bool(_FEW_CLOUDS.search(low))
    lowest = bool(LOW.search(low))
    if of == "cloud" and clear and not re.search(r"\bleast (?:clear|cloud-free)\b", low):
        lowest = "cloudy" not in low and "cloudiest" not in low
    if of in IMAGES:
        lowest = bool(re.search(r"\b(?:least|fewest|lowest|less|fewer|minimum)\b", low))
    scope, _ = scopes(slots, "")
    years = sorted({int(d.start[:4]) for d in slots.dates if d.start and d.start[:4] == d.end[:4]})
    if by == "year" and len(years) > 2:
        if years[-1] - years[0] != len(years) - 1:
            return "Only consecutive years can be ranked: name years that follow one another."
        scope = replace(scope, start=f"{years[0]}-01-01", end=f"{years[-1]}-12-31")
    scope = replace(scope, place="all") if by in ("half", "quarter") else scope
    return Rank(scope, of, by, "lowest" if lowest else "highest")  # type: ignore[arg-type]


def _either(low: str, slots: Slots, names: list[str]) -> QuestionProgram | None:
    """Read "Is it greener in the north or in the south?": which of two places."""
    of = ranked(names)
    if of is None or of in IMAGES:
        return None
    scope, other = scopes(slots, "compare")
    if other is None:
        return None
    if LOST.search(low) and of in COVERS:
        of = f"{of} loss"
    return Compare(scope, of, relation="which less" if LOW.search(low) else "which", other=other)


def _either_time(low: str, slots: Slots, names: list[str]) -> QuestionProgram | None:
    """Read "Comparing 2009 with 2011, when was NDVI higher?": which of two times."""
    if len(slots.dates) != 2 or not (MORE.search(low) or LOW.search(low)) or not names or " than " in low:
        return None
    if not re.search(r"\b(?:which|when|what)\b", low) and not re.search(r"\bor\b", low):
        return None
    if re.search(r"\b(?:since|between|from)\b", low) or (
        not _ORDER.search(low) and not re.search(r"\bwhich of\b", low)
    ):
        return None
    of = ranked(names)
    scope, other = scopes(slots, "compare")
    if of is None or other is None or LOST.search(low):
        return None
    return Compare(scope, of, relation="which less" if LOW.search(low) else "which", other=other)


def compared_covers(low: str, slots: Slots, given: Given) -> QuestionProgram | None:
    """Read "Is the forest greener than the grassland?": an index of two kinds of land."""
    names = [t.name for t in slots.topics]
    lands = [n for n in names if n in COVERS]
    index = indices_in([n for n in names if n not in IMAGES], given)
    if len(set(lands)) != 2 or len(set(index)) != 1 or len(slots.dates) > 1 or len(slots.places) > 1:
        return None
    scope, _ = scopes(slots, "")
    one, two = (replace(scope, cover=land) for land in dict.fromkeys(lands))
    if " than " in low and YES_NO.search(low):
        return Compare(one, index[0], relation="less" if LOW.search(low) else "more", other=two)
    if re.search(r"\b(?:compar\w+|differ\w*)\b", low):
        return Compare(one, index[0], relation="difference" if "differ" in low else "which", other=two)
    if re.search(r"^(?:which|what)\b.*\bor\b|^(?:is|are|was|were)\b.*\bor\b", low):
        return Compare(one, index[0], relation="which less" if LOW.search(low) else "which", other=two)
    return None


def compared_times(low: str, slots: Slots, given: Given) -> QuestionProgram | None:
    """Read a comparison of images or of the light in a band between two times."""
    if not YES_NO.search(low) or " than " not in low or len(slots.dates) != 2 or slots.places:
        return None
    names = [t.name for t in slots.topics]
    lost = LOST.search(low)
    land = next((n.partition(" ")[0] for n in names if n.partition(" ")[0] in COVERS), "")
    if lost and land:
        scope, other = scopes(slots, "compare")
        less = bool(re.search(r"\b(?:fewer|less|lower|smaller)\b", low))
        return Compare(scope, f"{land} loss", relation="less" if less else "more", other=other) if other else None
    less = bool(re.search(r"\b(?:fewer|less|darker|lower|smaller)\b", low))
    scope, other = scopes(slots, "compare")
    if other is None:
        return None
    of = (
        names[0]
        if names and all(n in IMAGES for n in names)
        else band_in(low, given)
        if not names or BAND_WORD.search(low) or "infrared" in low
        else ""
    )
    if not of or (of in IMAGES and not re.search(r"\b(?:more|fewer|less)\b", low)):
        return None
    if of not in (*IMAGES, *given.bands):
        return None
    return Compare(scope, of, relation="less" if less else "more", other=other)


_SHARE_OF_IMAGES = re.compile(
    r"\b(?:share|percentage|percent|fraction|proportion|part) of (?:the |all )?(?:images"
    r"|dates|days|scenes|pictures|acquisitions|observations)\b"
)


_EACH = re.compile(r"\b(?:each|per|every) (?:month|week|day|season)\b|\bwhich (?:months|years|days|dates)\b")
_HELD = re.compile(r"\b(?:we|you) have\b|\bavailable\b|\bcover\w*\b|\bin (?:the|this)\b")
_VARIES = re.compile(r"\b(?:variab\w+|vary|varies|varied)\b")
_RANGE = re.compile(r"\b(?:(?<!date )range(?! of variation)|percentiles?|quantiles?|quartiles?|histogram|variance)\b")
_SEVERAL = re.compile(r"\b(?:two|three|four|five|ten|\d+) (?!forest)\w+est\b")
_LARGEST = re.compile(
    r"\b(?:largest|biggest|greatest|smallest) (?:single )?(?:patch|clearing|clear-?cut|piece|block|stand|lake|field|meadow)"
)


def _more_than_one(low: str, slots: Slots, given: Given) -> str:
    """Refuse, by name, what no program computes: ranges, lists, shares of images, single patches."""
    names = [t.name for t in slots.topics if t.name not in IMAGES]
    if _VARIES.search(low) and len({*slots.places, *names}) > 2:
        return "Means and shares are compared, but not their variation: ask for the spread of each."
    if indices_in(names, given) and _RANGE.search(low):
        return "The available statistics are mean, median, spread (standard deviation), highest and lowest value: ask for one."
    if _EACH.search(low) and not slots.layer and not _HELD.search(low):
        return "An answer is one number or one name: ask for one month or year, or for the highest one."
    if _SEVERAL.search(low):
        return "A rank returns its first entry only: ask for the highest or lowest one."
    if _LARGEST.search(low):
        return "Areas are measured in total: ask for the number of patches, and the sentence states the size of the largest."
    if _SHARE_OF_IMAGES.search(low):
        return "A share is a share of the place, not of the images: ask how many images there are."
    return ""


def difference(low: str, slots: Slots, given: Given) -> QuestionProgram | str | None:
    """Read "What's the difference in NDVI between January and July 2010?"."""
    refused = _more_than_one(low, slots, given)
    if refused:
        return refused
    names = [t.name for t in slots.topics if t.name not in IMAGES]
    together = re.search(r"\bcompar(?:e|es|ed|ing|ison)\b", low) and len(slots.dates) == 2 and not YES_NO.match(low)
    asked = together or re.search(
        r"\bdifferen(?:ce|t)\b|\bdiffer\b|\bhow much (?:higher|lower|greener|browner|wetter"
        r"|drier|moister|more|less|brighter|darker|cloudier|snowier)\b",
        low,
    )
    if not asked or YES_NO.match(low):
        return None
    of = ranked(names) or (band_in(low, given) if BAND_WORD.search(low) or "infrared" in low else "")
    if not of or of not in (*COVERS, *UNIONS, *SKIES, *indices_in(names, given), *given.bands):
        return None
    dates = in_every_year(slots.dates)
    parts = re.search(r"\bbetween (.+?) and (.+)$", low)
    if len(dates) == 1 and parts:
        two = [find_dates(p, "", given.last) for p in parts.groups()]
        dates = [d[0] for d in two if d]
    if len(dates) == 2:
        one, other = (d.put(Scope()) for d in dates)
        one = _borrowed(one, other)
        other = _borrowed(other, one)
        place = slots.places[0] if slots.places else "all"
        rest: Any = {"place": place, "area": "drawn" if slots.drawn else "", "layer": slots.layer}
        return Compare(
            replace(one, **rest), of, relation="which" if together else "difference", other=replace(other, **rest)
        )
    if len(slots.places) == 2:
        scope, second = scopes(slots, "compare")
        return Compare(scope, of, relation="difference", other=second) if second else None
    return None


def _borrowed(scope: Scope, other: Scope) -> Scope:
    """Complete "January" in "January and July 2010" with the year 2010."""
    if scope.start or not scope.months or not other.start or len(scope.months) > 1:
        return scope
    year, month = int(other.start[:4]), scope.months[0]
    return replace(
        scope,
        start=f"{year}-{month:02d}-01",
        end=f"{year}-{month:02d}-{calendar.monthrange(year, month)[1]}",
        months=(),
    )
