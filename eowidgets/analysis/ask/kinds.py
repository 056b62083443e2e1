"""Kinds of questions that the grammar of :mod:`.parser` does not know: read here first, or refused by their name.

The parser turns words into the programs that it was taught, and takes what is near for the same: how tall a tree is for
how much forest there is. This module comes before it. Each kind is one entry of a table: a pattern, and either the name
of a quantity that images like these do not show (a refusal that says so) or a reader that makes a program.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

from eowidgets.analysis.ask.language import (
    COVERS,
    IMAGES,
    SKIES,
    UNIONS,
    Change,
    Count,
    Event,
    Extreme,
    Fact,
    Presence,
    Program,
    Rank,
    Scope,
    Statistic,
    Threshold,
    Trend,
)
from eowidgets.analysis.ask.scopes import scopes
from eowidgets.analysis.ask.slots import Slots

#: Pixels of up to this size (metres) show single houses, roads and trees.
SHARP = 2.0


@dataclass(frozen=True, slots=True)
class Given:
    """What the cube has, as far as reading needs it."""

    bands: Collection[str] = ()
    metres: float = 10.0
    bounds: tuple[float, float, float, float] | None = None
    before: bool = False


# --- what is made plain before anything is read -------------------------------------------------------------------

_CORNER = re.compile(r"\b(left|right)(?:[- ]hand)?[ -](upper|lower|top|bottom)\b(?=[ -](?:corner|part|quarter|side|edge))")
_NUMBER = r"-?\d{1,3}\.\d{2,}"
_POINT = re.compile(
    rf"(?:\b(?:at|near|around|for|in)\s+)?(?:the\s+)?(?:(?:point|pixel|position|place|location|coordinates?|coords?)\s*(?:at\s+)?)?"
    rf"(?:\b(?:lat(?:itude)?)[ .:=]*)?\(?(?P<a>{_NUMBER})\s*°?\s*(?P<ah>[NSEW])?(?![a-z])\s*(?:,|;|/|\band\b|\s)\s*"
    rf"(?:\b(?:lon(?:gitude)?|lng)[ .:=]*)?(?P<b>{_NUMBER})\s*°?\s*(?P<bh>[NSEW])?(?![a-z])\)?",
    re.IGNORECASE,
)
_LON_FIRST = re.compile(r"\blon(?:gitude)?\b.*\blat(?:itude)?\b", re.IGNORECASE)


def plain(question: str) -> str:
    """The question with corners said the usual way round and the past perfect as the past."""
    text = _CORNER.sub(lambda m: f"{m[2]} {m[1]}", question)
    return re.sub(r"^(\W*)[Hh]ad (.{1,60}?) been (\w+ing)\b", r"\1Was \2 \3", text)


def point_of(question: str, bounds: tuple[float, float, float, float] | None) -> tuple[str, tuple[float, float] | None]:
    """Take coordinates out of a question.

    Latitude comes first, unless letters or words say otherwise or only the other order lies in the cube.

    Parameters
    ----------
    question : str
    bounds : (west, south, east, north), optional
        Of the cube, in degrees.

    Returns
    -------
    str, (lon, lat) or None

    Examples
    --------
    >>> point_of("What is NDVI at 45.2029, 22.1515?", None)
    ('What is NDVI ?', (22.1515, 45.2029))
    """
    match = _POINT.search(question)
    if match is None:
        return question, None
    a, b = float(match["a"]), float(match["b"])
    letters = ((match["ah"] or "").upper(), (match["bh"] or "").upper())
    a, b = (-v if h in ("S", "W") else v for v, h in zip((a, b), letters, strict=True))
    swapped = letters[0] in ("E", "W") or letters[1] in ("N", "S") or bool(_LON_FIRST.search(question))
    lon, lat = (a, b) if swapped else (b, a)
    if bounds is not None and not any(letters) and not _inside(lon, lat, bounds) and _inside(lat, lon, bounds):
        lon, lat = lat, lon
    return f"{question[: match.start()].rstrip()} {question[match.end() :].lstrip()}".strip(), (lon, lat)


def _inside(lon: float, lat: float, bounds: tuple[float, float, float, float]) -> bool:
    west, south, east, north = bounds
    return west <= lon <= east and south <= lat <= north


# --- what is refused, by its name ---------------------------------------------------------------------------------

_SOLE = r"(?:trees?|houses?|buildings?|homes?|cars?|vehicles?|trucks?|people|persons?|inhabitants|animals?|cows?|sheep|deer|birds?|plants|stumps?|logs|roofs?|boats?|ships?|cabins?|huts?|sheds?|barns?|rivers?|streams?|creeks?|roads?|bridges?|paths?|streets?|poles?|turbines?|pools?)"
_THING = r"(?:trees?|canopy|canopies|forests?|woods?|woodland|houses?|buildings?|crops?|grass|hedges?|vegetation|plants?|maize|corn|hills?|mountains?|stand|stands)"
_WATERS = r"(?:rivers?|streams?|creeks?|brooks?|canals?|rivulets?|waterways?|ditch(?:es)?|waterfalls?|springs?(?= of water))"
_ROADS = r"(?:roads?|streets?|paths?|tracks?|trails?|highways?|motorways?|rail(?:way|road)s?|bridges?|power ?lines?|fences?|driveways?)"
#: Pattern, what is asked for, and what can be asked instead. The first that fits names the refusal.
_REFUSED: tuple[tuple[re.Pattern[str], str, str], ...] = tuple(
    (re.compile(pattern), what, instead)
    for pattern, what, instead in (
        (rf"\bhow (?:tall|high) (?:is|are|was|were|do|does|did|will|has|have|had|can)\b(?=.*\b{_THING}\b)|\bhow tall\b"
         rf"|\b(?:height|heights|tallness) of\b|\b{_THING} heights?\b|\b(?:tallest|shortest)\b|\b(?:taller|shorter) than\b",
         "heights", "how large an area it covers"),
        (r"\bhow (?:deep|thick)\b|\b(?:depths?|thickness)\b|\b(?:deepest|shallow(?:est|er)?|deeper)\b", "depths", "how large an area it covers"),
        (r"\bhow (?:long|wide|broad) (?:is|are|was|were)\b(?!.*\b(?:series|record|time series|cube|dataset)\b)"
         r"|\b(?:lengths?|widths?|perimeters?|circumferences?|diameters?|breadths?)\b"
         r"|\bhow many (?:kilometers|kilometres|km|miles|meters|metres)(?! (?:square|2))\b(?!.*\bfar\b)|\b(?:longest|widest|narrowest)\b",
         "lengths", "how large an area it covers"),
        (r"\bhow long (?:did|do|does|has|have|had|will)\b|\bhow many (?:days|weeks|hours|minutes)\b|\bdurations?\b",
         "durations", "on which date it was first or last seen"),
        (r"\b(?:cubic|volumes?|biomass|carbon|tonnes?|tons?|kilograms?|kg|weighs?|weight|mass|litres?|liters?|timber|firewood)\b",
         "volumes and weights", "how large an area it covers"),
        (r"\bhow old\b|\bages? of\b|\b(?:oldest|youngest)\b|\b(?:planted|founded)\b.*\?$(?<!cut\?)", "ages", "since when it is seen"),
        (r"\b(?:species|oaks?|beech(?:es)?|pines?|spruces?|firs?|birch(?:es)?|maples?|poplars?|conifer(?:s|ous)?|deciduous|broadleaf|broad-leaved|evergreen)\b"
         r"|\b(?:what|which) (?:kinds?|types?|sorts?) of (?:trees?|forests?|crops?|plants?|grass|animals?)\b|\b(?:wheat|maize|corn|barley|soy\w*|rapeseed|sunflowers?|potato(?:es)?|rice)\b",
         "species and crops", "where forest or fields are"),
        (r"\b(?:temperatures?|warm(?:er|est)?|hot(?:ter|test)?|cold(?:er|est)?|rain(?:ed|fall|y)?|precipitation|wind(?:s|y)?(?: speed)?|humidity of the air|weather|degrees|celsius|sunshine|frost)\b",
         "weather", "on which dates it was cloudy or snowy"),
        (r"\b(?:elevations?|altitudes?|slopes?|steep(?:er|est|ness)?|above sea level|terrain|topograph\w*|aspect)\b", "the shape of the ground", "what covers it"),
        (r"\b(?:price|prices|cost|costs|worth|value of the|owns?|owner|owners|owned|belongs?|legal(?:ly)?|illegal(?:ly)?|permit|permission|protected|national park|tax|money|euros?|dollars?)\b",
         "ownership, law and money", "what was there and what changed"),
        (r"\b(?:population|inhabitants|people|residents|live here|lives here|who)\b", "people", "what was there and what changed"),
        (r"\b(?:fertil\w+|nitrogen|ph|nutrients?|pollut\w+|contaminat\w+|drinkable|clean water|water quality|turbid\w*|algae|chlorophyll|salin\w+|soil types?|types? of soil|minerals?|co2|yields?|harvested tonnes|air quality)\b",
         "chemistry and yields", "how large an area it covers"),
        (rf"\b(?:how many|number of|count(?: of| all)?|count)(?: the| all| single| individual| separate| different| of the)* {_SOLE}\b(?! (?:patch|patches|areas?|stands?|groups?))"
         rf"|\bhow many {_SOLE}\b(?! (?:patch|patches|areas?|stands?))",
         "single things and their number", "how many patches of forest, or of built-up land, there are"),
        (rf"\b{_WATERS}\b", "rivers and other narrow waters", "whether there is water, and where"),
        (rf"(?<!houses or )(?<!houses and )(?<!buildings and )(?<!buildings or )\b{_ROADS}\b", "roads and other lines", "how much built-up land there is"),
        (r"\b(?:speed|how fast|velocity|direction of flow|flows? (?:towards?|to))\b", "speeds and flow", "where it was and when"),
        (r"\bhow far\b(?!.*\b(?:nearest|closest|next)\b)|\bdistance (?:between|from)\b(?!.*\b(?:nearest|closest|next)\b)", "distances between two things", "where the nearest of it is"),
    )
)  # fmt: skip
#: Kinds that pixels of half a metre or so do show.
_SHARP_KINDS = ("single things and their number", "roads and other lines", "lengths")


def refusal(text: str, slots: Slots, given: Given) -> str:
    """A sentence that names the kind of quantity that images do not show, or nothing."""
    low = text.lower()
    measured = [t.name for t in slots.topics if t.name not in (*COVERS, *UNIONS, *IMAGES) and " " not in t.name]
    for pattern, what, instead in _REFUSED:
        if given.metres <= SHARP and what in _SHARP_KINDS:
            continue
        if what == "heights" and measured and "how tall" not in low:
            continue  # "how high is NDVI" asks for a value
        if pattern.search(low):
            pixels = f" in pixels of {given.metres:.3g} m" if what in _SHARP_KINDS or "narrow" in what else ""
            return f"This series does not show {what}{pixels}. You can ask {instead}."
    return ""


# --- what has a program of its own --------------------------------------------------------------------------------

_YES_NO = re.compile(r"^(?:and |so |but |please |tell me (?:if|whether) |)(?:is|are|was|were|did|does|do|has|have|had|can|could|will)\b|\b(?:if|whether)\b")
_SATELLITE = re.compile(r"\b(?:which|what)(?: kind of| type of)? (?:satellites?|sensors?|missions?|instruments?|spacecraft|platform)\b|\bfrom (?:which|what) satellites?\b|^(?:the )?(?:satellite|sensor)$")
_CUBE = r"(?:cube|dataset|data set|data cube|raster|scene|image|images|picture|pictures|series|time series|sample|data|map|grid|stack|whole area|study area)"
_SIZE_OF = re.compile(rf"\bhow (?:large|big|wide) (?:is|are) (?:the |this |these |our |my |a )?(?:whole |entire )?{_CUBE}\b(?! (?:of|covered))|\b(?:size|dimensions?|shape|extent) of (?:the |this )?(?:whole |entire )?{_CUBE}\b|\bhow many (?:pixels|rows|columns)\b(?! of)")
_PIXEL = re.compile(r"\b(?:pixel size|size of (?:a|one|the) pixels?|(?:spatial |ground )?resolution|how (?:large|big|wide) (?:is|are) (?:a|one|the|each)?\s*pixels?|ground sampling distance)\b")
_DATES_OF = re.compile(
    rf"\b(?:which|what) (?:are the )?(?:dates|days|time span|timespan|period|time range|time period|years|date range|temporal extent)\b(?=.*\b(?:have|has|cover(?:ed|s)?|available|contain(?:s|ed)?|include[sd]?|in (?:the|this) {_CUBE}|are there|do we|is there|exist|used?|span)\b)"
    rf"|\b(?:from when|since when|until when|till when)\b.*\b(?:{_CUBE}|record|data)\b|\bhow long is (?:the |this |our )?(?:{_CUBE}|record)\b"
    rf"|\b(?:start|end|first and last|begin)\w*(?: and end)? (?:date|day|dates|days)? ?of (?:the |this )?(?:{_CUBE}|record)\b|\bwhen (?:does|do|did) (?:the |this )?(?:{_CUBE}|record)s? (?:start|begin|end|stop)\w*\b"
    rf"|\blist (?:all |the )*(?:dates|days)\b|\b(?:time span|date range) of\b"
)
_BANDS_OF = re.compile(r"\b(?:which|what|how many) (?:spectral )?(?:bands|channels|wavelengths)\b|\blist (?:all |the )*bands\b")
_INDICES_OF = re.compile(r"\b(?:which|what) (?:spectral |vegetation )?(?:indices|indexes)\b")
_PLACE_OF = re.compile(r"\bwhere (?:on earth|in the world) (?:is|are)\b|\b(?:coordinates|location) of (?:the |this )(?:cube|scene|image|area|place|sample)\b|^where (?:is|are) (?:this|the) (?:cube|scene|image|area|place|sample|we)\??$")
_TERM = re.compile(r"^(?:what (?:is|does|means?)|what is meant by|define|explain|tell me about|meaning of)(?: an?)? (?P<n>[a-z0-9]+)(?: (?:mean|means|stand for|stands for|measure|measures|show|shows|index))?\??$")
_BY = re.compile(r"\b(?:which|what) (?P<by>months?|years?|seasons?|half|halves|quarters?|corners?|side)\b(?! of (?:19|20)\d\d was)")
_LOW = re.compile(r"\b(?:least|lowest|fewest|less|lower|smallest|minimum|min|driest|drier|dryer|browner|brownest|clearest|clearer)\b")
_FEW_CLOUDS = re.compile(r"\b(?:clearest|clearer|cloudless)\b")
_HALF = {"half": "half", "halves": "half", "side": "half", "quarter": "quarter", "quarters": "quarter", "corner": "quarter", "corners": "quarter"}
_FRACTIONS = {"half": 50.0, "a half": 50.0, "one half": 50.0, "a third": 100 / 3, "one third": 100 / 3, "two thirds": 200 / 3,
              "a quarter": 25.0, "one quarter": 25.0, "three quarters": 75.0, "a fifth": 20.0, "a tenth": 10.0, "one tenth": 10.0}  # fmt: skip
_REL = {
    "above": ("more than", "over", "above", "greater than", "higher than", "larger than", "bigger than", "exceed", "exceeds", "exceeded", "exceeding", "beyond"),
    "at least": ("at least", "no less than", "not less than", "minimum of", "no fewer than"),
    "below": ("less than", "fewer than", "below", "under", "lower than", "smaller than"),
    "at most": ("at most", "no more than", "not more than", "up to", "maximum of"),
}  # fmt: skip
_RELATION = {w: r for r, listed in _REL.items() for w in listed}
_LIMIT = re.compile(
    r"\b(?P<rel>" + "|".join(sorted(_RELATION, key=len, reverse=True)) + r")\s+(?:the\s+|of\s+)?(?P<n>"
    + "|".join(sorted(_FRACTIONS, key=len, reverse=True))
    + r"|-?\d+(?:[.,]\d+)?|one|two|three|five|ten)(?:\s*(?P<unit>%|percent|per cent|pct|ha\b|hectares?\b|km2|square kilomet(?:re|er)s?|m2|square met(?:re|er)s?))?"
)  # fmt: skip
_MOST = re.compile(r"\b(?:mostly|mainly|predominantly|largely|(?:the )?majority|most of)\b")
_WORDS = {"one": 1.0, "two": 2.0, "three": 3.0, "five": 5.0, "ten": 10.0}
_LOST = re.compile(r"\b(?:lost|loss|losses|cleared|cut|felled|logged|clear-?cut|deforested|disappear\w*|vanish\w*|removed|gone|deforestation|cleared)\b")
_GAINED = re.compile(r"\b(?:gained|gain|regrown|regrew|new|planted|reforested|afforested)\b")
_EVENTS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("fire", re.compile(r"\b(?:fires?|wildfires?|burn(?:s|t|ed|ing)?|blazes?|arson|scorched|burn scars?)\b")),
    ("storm", re.compile(r"\b(?:storms?|stormed|windthrow|wind ?fall|windfalls|hurricanes?|tornado(?:es)?|cyclones?|typhoons?|gales?|hail)\b")),
    ("disease", re.compile(r"\b(?:bark beetles?|beetles?|insects?|pests?|diseases?|diseased|dieback|die-back|fungus|infest\w*|caterpillars?|moths?|sick)\b")),
    ("drought", re.compile(r"\b(?:droughts?)\b")),
    ("landslide", re.compile(r"\b(?:landslides?|mudslides?|avalanches?|rockfalls?|earthquakes?|erupt\w*|erosion)\b")),
    ("flood", re.compile(r"\b(?:flood(?:s|ed|ing)?|inundat\w*)\b")),
)  # fmt: skip
_BURN_INDEX = re.compile(r"\bburn (?:ratio|index)\b")
_NONE = re.compile(
    r"\b(?:cloud|snow|ice|tree|forest|water|vegetation)[ -]?free\b|\bcloudless\b|\bunclouded\b|\btreeless\b|\bsnowless\b|\bfree (?:of|from)\b"
    r"|\bwithout (?:any )?\w+|\bthere (?:is |are |was |were )?(?:really )?no\b|\b(?:is|are|was|were) there (?:really )?no\b|\bno (?:clouds?|snow|trees?|forest|water|vegetation|fields?|buildings?|grass)\b"
)
_CLEAR_SKY = re.compile(r"^(?:is|are|was|were) (?:it|the (?:sky|image|scene|picture|area|place)|this (?:image|scene)|(?:\w+ ){0,3})?(?:completely |fully |totally |entirely )?(?:clear|cloud[ -]?free|cloudless|unclouded|free (?:of|from) clouds?)\b")
_FREE_OF = re.compile(r"\b(?:(?P<a>cloud|snow|tree|forest|water|vegetation)[ -]?free|free (?:of|from) (?:any )?(?P<b>\w+)|(?P<c>cloudless|treeless|snowless|unclouded))\b")
_NEGATED = re.compile(r"\b(?:not|never|no longer|nowhere)\b(?! only)")
_UP = re.compile(r"\b(?:greener|lusher|healthier|wetter|moister|higher|rise[sn]?|rising|rose|increas\w*|improv\w*|gr[eo]wn?|growing|grows|greening|recover\w*|climb\w*|expand\w*|spread\w*|more|upwards?|cloudier|snowier|gain\w*|better)\b")
_DOWN = re.compile(r"\b(?:browner|drier|dryer|lower|fall(?:s|en|ing)?|fell|drop\w*|decreas\w*|declin\w*|shr[iau]nk\w*|worse\w*|browning|drying|deteriorat\w*|degrad\w*|less|fewer|downwards?|reced\w*|disappear\w*|sank|sink\w*|los[ets]\w*)\b")
_BAND_WORD = re.compile(r"\b(?:reflectances?|band|channel)\b")
_BANDS = {"near infrared": "nir", "near-infrared": "nir", "nir": "nir", "infrared": "nir", "red edge": "rededge1", "shortwave infrared": "swir16",
          "short-wave infrared": "swir16", "swir": "swir16", "red": "red", "green": "green", "blue": "blue"}  # fmt: skip
_METHOD = re.compile(r"\b(?P<name>(?:break|change)-[a-z]+|ccdc|bfast|landtrendr|cusum|ewma|sccd)\b")


def read(text: str, slots: Slots, given: Given) -> Program | str | None:
    """The program of a question of these kinds, the sentence that refuses it, or None for a question of the parser.

    Parameters
    ----------
    text : str
        The question, cleaned and plain, without coordinates.
    slots : Slots
        What it names.
    given : Given
    """
    for reader in _READERS:
        found = reader(text.lower().rstrip(" ?.!"), slots, given)
        if found is not None:
            return found
    sentence = refusal(text, slots, given)
    return sentence or None


def refine(text: str, program: Program, given: Given) -> Program | str:
    """The parser's program with what it does not read: no, up and down, a method; or the sentence that refuses it."""
    low = text.lower()
    if isinstance(program, Presence) and not program.negated and _NONE.search(low):
        return replace(program, negated=True)
    if _NEGATED.search(low) and not isinstance(program, Presence) and _YES_NO.search(low):
        return "The question says not: ask it without, so that yes and no mean one thing."
    if isinstance(program, Change):
        program = _directed(low, program)
        method = _METHOD.search(low)
        if method and program.ask in ("amount", "whether", "what"):
            name = method["name"] if "-" in method["name"] else f"break-{method['name']}"
            program = replace(program, method=name, ask="amount" if program.ask == "what" else program.ask)
    return program


def _directed(low: str, program: Change) -> Change:
    """With the direction that its words say, where it has none: "did it get greener" is no question whether it moved."""
    if program.direction or program.ask not in ("whether", "amount") or program.of in COVERS and program.ask == "amount":
        return program
    reduced = bool(re.search(r"\bless (?:green|lush|healthy|wet|moist)\b", low))
    up, down = bool(_UP.search(low)) and not reduced, bool(_DOWN.search(low))
    if up == down or not program.of:
        return program
    return replace(program, direction="gain" if up else "loss")


def asked_direction(question: str) -> str:
    """``"rising"`` or ``"falling"`` where a yes or no about a trend is asked for, else nothing.

    Examples
    --------
    >>> asked_direction("Is the forest shrinking?"), asked_direction("What is the trend of NDVI?")
    ('falling', '')
    """
    low = question.lower()
    if not _YES_NO.search(low) or _NEGATED.search(low):
        return ""
    reduced = bool(re.search(r"\bless (?:green|lush|healthy|wet|moist|cloudy|snowy)\b", low))
    up, down = bool(_UP.search(low)) and not reduced, bool(_DOWN.search(low)) or reduced
    return "" if up == down else "rising" if up else "falling"


# --- readers ------------------------------------------------------------------------------------------------------


def _fact(low: str, slots: Slots, given: Given) -> Program | str | None:
    if given.before and not re.search(r"\b(?:satellite|sensor|bands|resolution|pixel)\b", low):
        return None
    land = [t.name for t in slots.topics if t.name in (*COVERS, *UNIONS, *SKIES)]
    for of, pattern in (
        ("satellite", _SATELLITE), ("resolution", _PIXEL), ("bands", _BANDS_OF), ("indices", _INDICES_OF),
    ):  # fmt: skip
        if pattern.search(low) and not land:
            return Fact(of=of)
    if land:
        return None
    for of, pattern in (("size", _SIZE_OF), ("dates", _DATES_OF), ("place", _PLACE_OF)):
        if pattern.search(low):
            return Fact(of=of)
    term = _TERM.match(low)
    if term and not slots.dates and not slots.places and len(slots.topics) == 1:
        of = slots.topics[0].name
        if of not in IMAGES and of.lower() == term["n"]:
            return Fact(of=of)
    return None


def _event(low: str, slots: Slots, given: Given) -> Program | str | None:
    if _BURN_INDEX.search(low) or given.metres <= SHARP and "burn" not in low and "fire" not in low:
        return None
    for of, pattern in _EVENTS:
        if pattern.search(low):
            scope, _ = scopes(slots, "change")
            return Event(scope, of)  # type: ignore[arg-type]
    return None


def _rank(low: str, slots: Slots, given: Given) -> Program | str | None:
    match = _BY.search(low)
    if match is None or _LIMIT.search(low):
        return None
    by = match["by"]
    by = _HALF.get(by) or by.rstrip("s")
    names = [t.name for t in slots.topics]
    if not names or (_LOST.search(low) or _GAINED.search(low)) and not any(n in SKIES for n in names):
        return None
    of = next((n for n in names if n not in IMAGES), names[0])
    if "NDVI" in names and of in UNIONS:
        of = "NDVI"
    if of == "clear image":
        of = "cloud"
    if of == "image":
        return None
    of = of.partition(" ")[0] if of.partition(" ")[0] in COVERS else of
    which = "lowest" if _LOW.search(low) else "highest"
    if of == "cloud" and (_FEW_CLOUDS.search(low) or any(n == "clear image" for n in names)):
        which = "lowest" if not re.search(r"\b(?:least|fewest) clear\b", low) else "highest"
    scope, _ = scopes(slots, "")
    scope = replace(scope, place="all") if by in ("half", "quarter") else scope
    return Rank(scope, of, by, which)  # type: ignore[arg-type]


def _threshold(low: str, slots: Slots, given: Given) -> Program | str | None:
    match, most = _LIMIT.search(low), _MOST.search(low)
    names = [t.name for t in slots.topics]
    if not (match or most):
        return None
    if not _YES_NO.search(low):
        if match and any(n in _indices(names, given) for n in names) and re.search(r"\b(?:where|how much|how many|which|what)\b", low):
            return "I can tell whether a mean lies above or below a limit, but not where single pixels do: ask for yes or no."
        return None
    if re.search(r"\bthan (?:in|the|on|at|it|there|that|last|this|of)\b|\bmore \w+ than \w+\b(?! (?:percent|%|ha))", low) and not match:
        return None
    scope, _ = scopes(slots, "change")
    of = next((n for n in names if n not in IMAGES), names[0] if names else "")
    if not of:
        return "I could not tell of what the limit is meant: name forest, field, water, built-up land, cloud, snow or an index."
    if match is None:
        relation, limit, unit = "above", 50.0, "%"
        if of in _indices(names, given) or of in IMAGES or re.search(r"\bwhen|where\b", low) or _LOST.search(low):
            return None
    else:
        relation = _RELATION[match["rel"]]
        number = match["n"]
        limit = _FRACTIONS.get(number, _WORDS.get(number, 0.0)) or float(number.replace(",", "."))
        unit = _unit_of(match["unit"] or "", number in _FRACTIONS)
    land, _, suffix = of.partition(" ")
    lost = suffix == "loss" or bool(_LOST.search(low))
    gained = suffix == "gain" or bool(_GAINED.search(low)) and not lost
    land = "forest" if land not in (*COVERS, *UNIONS) and (lost or gained) and of not in (*SKIES, *_indices(names, given)) else land
    if unit == "":
        if of in _indices(names, given):
            return Threshold(scope, of, "mean", relation, limit, "")  # type: ignore[arg-type]
        if of in IMAGES or re.search(r"\b(?:patch|patches|areas|pieces|places|images|dates|scenes|clearings|clear-?cuts)\b", low):
            named = of if of in IMAGES else f"{land} loss" if lost else of
            return Threshold(scope, named, "count", relation, limit, "")  # type: ignore[arg-type]
        if of in SKIES and 0 <= limit <= 100 and not lost:
            return f"The limit has no unit: ask for instance whether {of} was above {limit:g} percent."
        return f"The limit has no unit: ask for instance whether it is more than {limit:g} percent, or {limit:g} ha."
    if of in _indices(names, given):
        return f"{of} has no unit: ask whether it is above a number such as 0.5."
    if of in IMAGES:
        return "How large a part of the images is meant I cannot tell: ask for their number."
    if lost or gained:
        return Threshold(scope, land, "loss" if lost else "gain", relation, limit, unit)  # type: ignore[arg-type]
    return Threshold(scope, of, "share" if unit == "%" else "area", relation, limit, unit)  # type: ignore[arg-type]


def _unit_of(written: str, fraction: bool) -> str:
    if fraction or written in ("%", "percent", "per cent", "pct"):
        return "%"
    if written.startswith(("km2", "square k")):
        return "km2"
    if written.startswith(("m2", "square m")):
        return "m2"
    return "ha" if written else ""


def _indices(names: Collection[str], given: Given) -> list[str]:
    other = (*COVERS, *UNIONS, *SKIES, *IMAGES)
    return [n for n in names if n not in other and n.partition(" ")[0] not in COVERS]


def _band(low: str, slots: Slots, given: Given) -> Program | str | None:
    """Statistics of the reflectance in one band."""
    if not _BAND_WORD.search(low):
        return None
    name = next((_BANDS[w] for w in sorted(_BANDS, key=len, reverse=True) if re.search(rf"\b{w}\b", low)), "")
    name = next((b for b in given.bands if re.search(rf"\b{b}\b", low)), name)
    if not name:
        return None
    if name not in given.bands:
        return f"This cube has no band {name}: it has {', '.join(given.bands)}."
    scope, _ = scopes(slots, "")
    lands = [t.name for t in slots.topics if t.name in COVERS]
    scope = replace(scope, cover=lands[0]) if lands else scope
    if re.search(r"\b(?:highest|maximum|max|largest|lowest|minimum|min|smallest)\b", low):
        which = "lowest" if _LOW.search(low) else "highest"
        return Extreme(scope, name, which, "place" if low.startswith("where") else "value")  # type: ignore[arg-type]
    if re.search(r"\b(?:trend|rising|falling|increas\w+|decreas\w+)\b", low):
        return Trend(scope, name)
    if low.startswith(("where", "when", "did", "was there", "is there", "how many")):
        return f"Of the band {name} I can give the mean, the median, the highest and lowest value, and the trend."
    stat = "median" if "median" in low else "spread" if re.search(r"\b(?:spread|deviation|vary|varies|variation)\b", low) else "mean"
    return Statistic(scope, name, stat)  # type: ignore[arg-type]


def _absence(low: str, slots: Slots, given: Given) -> Program | str | None:
    """"Was it cloud free?": whether there is none."""
    if not _YES_NO.search(low) or re.search(r"\b(?:how many|which|what|when|any)\b", low):
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
    if not of:
        return None
    scope, _ = scopes(slots, "")
    return Presence(scope, of, negated=True)


def _alone(low: str, slots: Slots, given: Given) -> Program | str | None:
    """A word or two are no question, unless they go on from the one before."""
    said = [t for t in slots.tokens if not t.startswith("‹") and t not in ("the", "a", "an", "of", "in", "and", "my", "this")]
    if given.before or said or slots.unit or not slots.topics or low.startswith("and "):
        return None
    if len(slots.topics) == 1 and not slots.dates and not slots.places:
        name = slots.topics[0].name.split(" ")[0]
        return f"{name!r} alone is no question: ask how much there is, where it is, or whether it changed."
    return None


_READERS: tuple[Callable[[str, Slots, Given], Program | str | None], ...] = (
    _fact, _event, _band, _absence, _rank, _threshold, _alone,
)  # fmt: skip


def cause_note(question: str) -> str:
    """A sentence for answers about loss where the question speaks of its cause."""
    if re.search(r"\b(?:logg(?:ed|ing|ers?)|fell(?:ed|ing|ings)|clear-?(?:cut|cuts|cutting|felled)|chopped|harvest\w*|cut)\b", question.lower()):
        return " The images show the loss, not what caused it."
    return ""
