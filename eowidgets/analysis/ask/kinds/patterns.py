"""Words and patterns that several readers share."""

from __future__ import annotations

import re
from collections.abc import Collection

from eowidgets.analysis.ask.kinds.given import Given
from eowidgets.analysis.ask.language import COVERS, IMAGES, SKIES, UNIONS
from eowidgets.analysis.ask.slots import Slots

YES_NO = re.compile(
    r"^(?:and |so |but |please |tell me (?:if|whether) |)(?:is|are|was|were|did|does"
    r"|do|has|have|had|can|could|will)\b|\b(?:if|whether)\b"
)

SATELLITE = re.compile(
    r"\babout the (?:satellite|sensor|instrument)\b|\bwhat (?:are|is) (?:these|this|the) (?:images?|pictures?|data) "
    r"(?:from|taken (?:by|with))$|\b(?:is|are|was|were) (?:this|these|it|they|the (?:data|images?|pictures?|scenes?"
    r"|series|cube))\b.*\b(?:sentinel|landsat|modis|planet|spot|aster|viirs)\b|\b(?:which"
    r"|what)(?: kind of| type of)? (?:satellites?|sensors?|missions?|instruments?|spacecraft"
    r"|platform)\b|\bfrom (?:which|what) satellites?\b|^(?:the )?(?:satellite|sensor)$"
)

CUBE = (
    r"(?:cube|dataset|data set|data cube|raster|scene|image|images|picture|pictures|series"
    r"|time series|sample|data|map|grid|stack|whole area|study area|(?:imaged|covered|mapped) (?:area|place|ground)"
    r"|area (?:imaged|covered|mapped))"
)

#: "The greenest month", "the highest NDVI year".
SUPERLATIVE_OF = re.compile(
    r"\b(?:most|least|highest|lowest|(?!forest)\w+est)(?: [^\s?]+){0,2} (?P<by>month|year|season)\b(?! \d)"
)
BY = re.compile(
    r"\b(?:which|what) (?:calendar |single |whole |of the )?(?P<by>months?|years?|seasons?"
    r"|half|halves|quarters?|corners?|side)\b"
)

LOW = re.compile(
    r"\b(?:least|lowest|fewest|less|lower|smallest|minimum|min|driest|drier|dryer|browner|brownest|clearest|clearer)\b"
)

HALF = {
    "half": "half",
    "halves": "half",
    "side": "half",
    "quarter": "quarter",
    "quarters": "quarter",
    "corner": "quarter",
    "corners": "quarter",
}

FRACTIONS = {
    "half": 50.0, "a half": 50.0, "one half": 50.0, "a third": 100 / 3, "one third": 100 / 3, "two thirds": 200 / 3,
    "a quarter": 25.0, "one quarter": 25.0, "three quarters": 75.0, "a fifth": 20.0, "a tenth": 10.0, "one tenth": 10.0,
}  # fmt: skip

_REL = {
    "above": (
        "more than", "over", "above", "greater than", "higher than", "larger than", "bigger than", "exceed", "exceeds",
        "exceeded", "exceeding", "beyond", "cloudier than", "snowier than",
    ),
    "at least": ("at least", "no less than", "not less than", "minimum of", "no fewer than"),
    "below": ("less than", "fewer than", "below", "under", "lower than", "smaller than"),
    "at most": ("at most", "no more than", "not more than", "up to", "maximum of"),
}  # fmt: skip

RELATION = {w: r for r, listed in _REL.items() for w in listed}

LIMIT = re.compile(
    r"\b(?P<rel>" + "|".join(sorted(RELATION, key=len, reverse=True)) + r")\s+(?:the\s+|of\s+)?(?P<n>"
    + "|".join(sorted(FRACTIONS, key=len, reverse=True))
    + r"|(?!(?:19|20)\d\d\b(?!\s*(?:ha|hectares?|m2)\b))-?\d+(?:[.,]\d+)?|one|two|three|five|ten)\b"
    r"(?!\s*(?:years?|decades?|months?|weeks?|days?)\b)(?:\s*(?P<unit>%|percent|per cent|pct"
    r"|ha\b|hectares?\b|km2|square kilomet(?:re|er)s?|m2|square met(?:re|er)s?))?"
)  # fmt: skip

WORDS = {"one": 1.0, "two": 2.0, "three": 3.0, "five": 5.0, "ten": 10.0}

LOST = re.compile(
    r"\b(?:lost|loss|losses|cleared|cut|felled|logged|clear-?cut|deforested|disappear\w*"
    r"|vanish\w*|removed|gone|deforestation|cleared)\b"
)

GAINED = re.compile(r"\b(?:gained|gain|regrown|regrew|new|planted|reforested|afforested)\b")

NONE = re.compile(
    r"\b(?:cloud|snow|ice|tree|forest|water|vegetation)[ -]?free\b|\bcloudless\b|\bunclouded\b"
    r"|\btreeless\b|\bsnowless\b|\bfree (?:of|from)\b"
    r"|\bwithout (?:any )?\w+|\bthere (?:is |are |was |were )?(?:really )?no\b|\b(?:is"
    r"|are|was|were) there (?:really )?no\b|\bno (?:clouds?|snow|trees?|forest|water"
    r"|vegetation|fields?|buildings?|grass)\b"
)

NEGATED = re.compile(r"(?<!or )\b(?:not|never|no longer|nowhere)\b(?! only)")

UP = re.compile(
    r"\b(?:(?:go(?:es|ing)?|went|gone|green(?:ed|s|ing)?) up|greener|lusher"
    r"|healthier|wetter|moister|higher|rise[sn]?|rising|rose|increas\w*"
    r"|improv\w*|gr[eo]wn?|growing|grows|greening|recover\w*|climb\w*|expand\w*|spread\w*"
    r"|more|upwards?|cloudier|snowier|gain\w*|better)\b"
)

DOWN = re.compile(
    r"\b(?:(?:go(?:es|ing)?|went|gone) down|browner|drier|dryer|lower|fall(?:s|en|ing)?|fell|drop\w*|decreas\w*|declin\w*"
    r"|shr[iau]nk\w*|worse\w*|browning|drying|deteriorat\w*|degrad\w*|less|fewer|downwards?"
    r"|reced\w*|disappear\w*|sank|sink\w*|los[ets]\w*)\b"
)

BAND_WORD = re.compile(r"\b(?:reflectances?|band|channel)\b")

MORE = re.compile(
    r"\b(?:most|more|greener|greenest|higher|highest|wetter|wettest|moister|larger|largest"
    r"|cloudier|cloudiest|snowier|snowiest|brighter|brightest|bigger|greater|lusher|lushest"
    r"|max\w*|best)\b"
)


def ranked(names: list[str]) -> str | None:
    """Return what is ranked: an index rather than the land it is limited to, clouds for uncounted clear images."""
    of = next((n for n in names if n not in IMAGES), names[0] if names else None)
    if of is None:
        return None
    index = next((n for n in names if n not in (*COVERS, *UNIONS, *SKIES, *IMAGES) and " " not in n), None)
    if of in (*COVERS, *UNIONS) and index is not None:
        of = index
    return of.partition(" ")[0] if of.partition(" ")[0] in COVERS else of


def marks_of(slots: Slots) -> str:
    """Join the words of a question, with placeholders for the things that it names."""
    return " ".join(slots.tokens)


def indices_in(names: Collection[str], given: Given) -> list[str]:
    """Return the names that are indices."""
    other = (*COVERS, *UNIONS, *SKIES, *IMAGES)
    return [n for n in names if n not in other and n.partition(" ")[0] not in COVERS]


_NAMED_BANDS = (
    (
        "swir22",
        r"swir[ -]?22?\b(?!.*swir[ -]?1)|(?:second|2nd) swir|second (?:short-?wave|shortwave) infrared|2\.2 (?:µm"
        r"|um|microns?)|(?:short-?wave|shortwave|mid(?:dle)?)[ -]infrared(?: band)?[ (]*(?:swir )?2",
    ),
    ("swir16", r"swir[ -]?1(?:6)?\b|swir\b|(?:short-?wave|shortwave|mid(?:dle)?)[ -]infrared|1\.6 (?:µm|um|microns?)"),
    ("rededge2", r"(?:second|2nd) red[ -]?edge|red[ -]?edge[ -]?2"),
    ("rededge3", r"(?:third|3rd) red[ -]?edge|red[ -]?edge[ -]?3"),
    ("rededge1", r"(?:first|1st) red[ -]?edge|red[ -]?edge"),
    ("nir08", r"narrow (?:near[ -]?infrared|nir)|nir08"),
    ("nir", r"near[ -]?infra-?red|nir\b"),
    ("coastal", r"coastal|aerosol"),
)

PLAIN_BANDS = ("red", "green", "blue", "yellow")


def band_in(low: str, given: Given) -> str:
    """Return the band that a question names, also if the cube lacks it."""
    for name in given.bands:
        if name not in PLAIN_BANDS and re.search(rf"\b{re.escape(str(name).lower())}\b", low):
            return str(name)
    for name, pattern in _NAMED_BANDS:
        if re.search(rf"\b(?:{pattern})", low):
            return name
    return next((n for n in PLAIN_BANDS if re.search(rf"\b{n}\b", low)), "")
