"""Kinds of questions that the grammar of :mod:`.parser` does not know: read here first, or refused by their name.

The parser turns words into the programs that it was taught, and takes what is near for the same: how tall a tree is for
how much forest there is. This module comes before it. Each kind is one entry of a table: a pattern, and either the name
of a quantity that images like these do not show (a refusal that says so) or a reader that makes a program.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

from eowidgets.analysis.ask.language import (
    COVERS,
    IMAGES,
    SKIES,
    UNIONS,
    AreaOf,
    Change,
    Compare,
    Count,
    Event,
    Extent,
    Extreme,
    Fact,
    Presence,
    Program,
    Rank,
    Scope,
    Share,
    Statistic,
    Threshold,
    Trend,
    When,
)
from eowidgets.analysis.ask.dates import SEASONS, find_dates
from eowidgets.analysis.ask.lexicon import HARMLESS, NOUN_OF, WORD_OF
from eowidgets.analysis.ask.scopes import scopes
from eowidgets.analysis.ask.slots import Slots

MONTH_NAMES = [n.lower() for n in (*calendar.month_name, *calendar.month_abbr) if n]
#: Pixels of up to this size (metres) show single houses, roads and trees.
SHARP = 2.0


@dataclass(frozen=True, slots=True)
class Given:
    """What the cube has, as far as reading needs it."""

    bands: Collection[str] = ()
    metres: float = 10.0
    title: str = ""
    last: str = ""
    before: bool = False
    point: bool = False


# --- what is made plain before anything is read -------------------------------------------------------------------

_CORNER = re.compile(r"\b(left|right)(?:[- ]hand)?[ -](upper|lower|top|bottom)\b(?=[ -](?:corner|part|quarter|side|edge))")
_NUMBER = r"-?\d{1,3}\.\d{2,}"
_POINT = re.compile(
    rf"(?:\b(?:at|near|around|for|in)\s+)?(?:the\s+)?(?:(?:point|pixel|position|place|location|coordinates?|coords?)\s*(?:at\s+)?)?"
    rf"(?:\b(?:lat(?:itude)?|long?(?:itude)?|lng)\b[ .:=]*)?\(?(?P<a>{_NUMBER})\s*°?\s*(?P<ah>[NSEW])?(?![a-z])\s*(?:,|;|/|\band\b|\s)\s*"
    rf"(?:\b(?:lat(?:itude)?|long?(?:itude)?|lng)\b[ .:=]*)?(?P<b>{_NUMBER})\s*°?\s*(?P<bh>[NSEW])?(?![a-z])\)?",
    re.IGNORECASE,
)
_LON_FIRST = re.compile(r"\blong?(?:itude)?\b.*\blat(?:itude)?\b", re.IGNORECASE)


_PAIRS = (
    (re.compile(r"\b(?:the )?(?:upper|top)(?: (?:half|part))?,? (or|and|than) (?:the )?(?:lower|bottom)\b"), r"north \1 south"),
    (re.compile(r"\b(?:the )?(?:lower|bottom)(?: (?:half|part))?,? (or|and|than) (?:the )?(?:upper|top)\b"), r"south \1 north"),
    (re.compile(r"\b(?:the )?left(?: (?:half|part|side))?,? (or|and|than) (?:the )?right\b"), r"west \1 east"),
    (re.compile(r"\b(?:the )?right(?: (?:half|part|side))?,? (or|and|than) (?:the )?left\b"), r"east \1 west"),
)
_IMAGE = r"(?:day|date|image|picture|scene|acquisition|observation|overpass|frame)"
_ON_LAST = re.compile(rf"\b(?:on|in|at|for) the (?:very )?(?P<w>last|latest|most recent|newest|first|earliest|oldest) {_IMAGE}\b(?! (?:of|in|on|with|without|from))")
_AT_END = re.compile(r"\bat the (?P<w>end|beginning|start) of (?:the )?(?:series|record|time series|period|data|observations?)\b|\bat (?:its|the very) (?P<v>end|beginning|start)\b")


def plain(question: str, first: str = "", last: str = "") -> str:
    """The question with places said the usual way, the past perfect as the past, and "the last day" as its date.

    Parameters
    ----------
    question : str
    first, last : str
        ISO days of the series.

    Examples
    --------
    >>> plain("What is NDVI in the left upper corner on the last day?", "2019-01-01", "2020-04-02")
    'What is NDVI in the upper left corner on 2020-04-02?'
    """
    text = _CORNER.sub(lambda m: f"{m[2]} {m[1]}", question)
    for pattern, instead in _PAIRS:
        text = pattern.sub(instead, text)
    if first and last:
        ends = ("first", "earliest", "oldest", "beginning", "start")
        text = _ON_LAST.sub(lambda m: f"on {first if m['w'] in ends else last}", text)
        text = _AT_END.sub(lambda m: f"on {first if (m['w'] or m['v']) in ends else last}", text)
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
_OPINION = r"\b(?:nice(?:st|r)?|best|beautiful|ugl(?:y|iest)|worst|interesting|should(?! (?:i|we) know)|recommend\w*|favou?rite|pretti(?:er|est)|pretty|good place|opinion|worth visiting)\b"
_REFUSED: tuple[tuple[re.Pattern[str], str, str], ...] = tuple(
    (re.compile(pattern), what, instead)
    for pattern, what, instead in (
        (rf"\bhow (?:tall|high) (?:is|are|was|were|do|does|did|will|has|have|had|can)\b(?=.*\b{_THING}\b)|\bhow tall\b"
         rf"|\b(?:height|heights|tallness) of\b|\b{_THING} heights?\b|\b(?:tallest|shortest)\b|\b(?:taller|shorter) than\b",
         "heights", "how large an area it covers"),
        (r"\bhow (?:deep|thick)\b|\b(?:depths?|thickness)\b|\b(?:deepest|shallow(?:est|er)?|deeper)\b", "depths", "how large an area it covers"),
        (r"\bhow (?:long|wide|broad) (?:is|are|was|were)\b(?!.*\b(?:series|record|time series|cube|dataset)\b)"
         r"|\b(?:lengths?|widths?|perimeters?|circumferences?|diameters?|breadths?)\b"
         r"|\bhow many (?:kilometers|kilometres|km|miles|meters|metres)(?! (?:square|2))\b(?!.*\b(?:far|nearest|closest|next|to)\b)|\b(?:longest|widest|narrowest)\b",
         "lengths", "how large an area it covers"),
        (r"\bhow long (?:did|do|does|has|have|had|will)\b|\b(?:for|after|within) how many (?:days|weeks|months)\b|\bhow many (?:days|weeks|hours|minutes)\b(?=.*\b(?:last|lasted|stay\w*|take|took|remain\w*|lie|lay|long)\b)|\bdurations?\b",
         "durations", "on which date it was first or last seen"),
        (r"\b(?:cubic|volumes?|biomass|carbon|tonnes?|tons?|kilograms?|kg|weighs?|weight|mass|litres?|liters?|timber|firewood)\b",
         "volumes and weights", "how large an area it covers"),
        (r"\bhow old\b|\bages? of\b|\b(?:oldest|youngest) (?!‹|dates?|images?|scenes?|pictures?|acquisitions?|observations?|data|records?)\b|\b(?:planted|founded)\b.*\?$(?<!cut\?)", "ages", "since when it is seen"),
        (r"\b(?:species|oaks?|beech(?:es)?|pines?|spruces?|firs?|birch(?:es)?|maples?|poplars?|conifer(?:s|ous)?|deciduous|broadleaf|broad-leaved|evergreen)\b"
         r"|\b(?:what|which) (?:kinds?|types?|sorts?) of (?:trees?|forests?|crops?|plants?|grass|animals?)\b|\b(?:wheat|maize|corn|barley|soy\w*|rapeseed|sunflowers?|potato(?:es)?|rice)\b",
         "species and crops", "where forest or fields are"),
        (r"\b(?:temperatures?|warm(?:er|est)?|hot(?:ter|test)?|cold(?:er|est)?|rain(?:ed|fall|y)?|precipitation|wind(?:s|y)?(?: speed)?|humidity of the air|weather|degrees|celsius|sunshine|frost)\b",
         "weather", "on which dates it was cloudy or snowy"),
        (r"\b(?:elevations?|altitudes?|slopes?|steep(?:er|est|ness)?|above sea level|terrain|topograph\w*|aspect)\b", "the shape of the ground", "what covers it"),
        (r"\b(?:price|prices|cost|costs|worth|value of the|owns?|owner|owners|owned|belongs?|legal(?:ly)?|illegal(?:ly)?|permit|permission|protected|national park|tax|money|euros?|dollars?)\b",
         "ownership, law and money", "what was there and what changed"),
        (r"\b(?:animals?|wildlife|deer|wol(?:f|ves)|bears?|boars?|birds?|fish(?:es)?|cows?|cattle|sheep|goats?|horses?|insects|bees|beavers?)\b", "animals", "what covers the ground"),
        (r"\b(?:population|inhabitants|residents|who|whose)\b|\b(?:people|peoples?) (?!.*\b(?:rural|urban|countryside|densely|town|city|cleared?|cut|fell\w*|removed?|burnt?)\b)|\bpeople$", "people", "what was there and what changed"),
        (r"\b(?:fertil\w+|nitrogen|ph|nutrients?|pollut\w+|contaminat\w+|drinkable|clean water|water quality|turbid\w*|algae|chlorophyll|salin\w+|soil types?|types? of soil|minerals?|co2|yields?|harvested tonnes|air quality)\b",
         "chemistry and yields", "how large an area it covers"),
        (rf"\b(?:how many|number of|count(?: of| all)?|count)(?: the| all| single| individual| separate| different| of the)* {_SOLE}\b(?! (?:patch|patches|areas?|stands?|groups?))"
         rf"|\bhow many {_SOLE}\b(?! (?:patch|patches|areas?|stands?))",
         "single things and their number", "how many patches of forest, or of built-up land, there are"),
        (rf"\b{_WATERS}\b", "rivers and other narrow waters", "whether there is water, and where"),
        (rf"(?<!houses or )(?<!houses and )(?<!buildings and )(?<!buildings or )\b{_ROADS}\b", "roads and other lines", "how much built-up land there is"),
        (_OPINION, "opinions", "what was there and what changed"),
        (r"\b(?:centimet(?:re|er)s?|inch(?:es)?|cm) of (?:new )?(?:snow|rain|water|ice)\b", "depths", "on which dates there was snow"),
        (r"\b(?:accelerat\w+|speed(?:ing|s)? up|slow(?:ing|s|ed)? down)\b", "accelerations", "how much changed between two years"),
        (r"\b(?:speeds?|how fast (?!.*\b(?:ris\w+|fall\w*|chang\w+|grow\w*|shr\w+|increas\w+|decreas\w+|declin\w+)\b)|velocity|direction of flow|flows? (?:towards?|to))\b", "speeds and flow", "where it was and when"),
        (r"\bhow far\b(?! back)(?!.*\b(?:nearest|closest|next)\b)|\bdistance (?:between|from)\b(?!.*\b(?:nearest|closest|next)\b)", "distances between two things", "where the nearest of it is"),
    )
)  # fmt: skip
#: Kinds that pixels of half a metre or so do show.
_SHARP_KINDS = ("single things and their number", "roads and other lines", "lengths")


def refusal(text: str, slots: Slots, given: Given) -> str:
    """A sentence that names the kind of quantity that images do not show, or nothing."""
    low = text.lower()
    measured = [t.name for t in slots.topics if t.name not in (*COVERS, *UNIONS, *IMAGES) and " " not in t.name]
    index = [n for n in measured if n not in SKIES]
    for pattern, what, instead in _REFUSED:
        if given.metres <= SHARP and what in _SHARP_KINDS:
            continue
        if what == "heights" and measured and "how tall" not in low:
            continue  # "how high is NDVI" asks for a value
        if what == "opinions" and index and re.search(r"\b(?:best|worst)\b", low):
            continue  # the best NDVI is the highest
        if pattern.search(low):
            pixels = f" in pixels of {given.metres:.3g} m" if what in _SHARP_KINDS or "narrow" in what else ""
            return f"This series does not show {what}{pixels}. You can ask {instead}."
    return ""


# --- what has a program of its own --------------------------------------------------------------------------------

_YES_NO = re.compile(r"^(?:and |so |but |please |tell me (?:if|whether) |)(?:is|are|was|were|did|does|do|has|have|had|can|could|will)\b|\b(?:if|whether)\b")
_SATELLITE = re.compile(r"\b(?:is|are|was|were) (?:this|these|it|they|the (?:data|images?|pictures?|scenes?|series|cube))\b.*\b(?:sentinel|landsat|modis|planet|spot|aster|viirs)\b|\b(?:which|what)(?: kind of| type of)? (?:satellites?|sensors?|missions?|instruments?|spacecraft|platform)\b|\bfrom (?:which|what) satellites?\b|^(?:the )?(?:satellite|sensor)$")
_CUBE = r"(?:cube|dataset|data set|data cube|raster|scene|image|images|picture|pictures|series|time series|sample|data|map|grid|stack|whole area|study area)"
_SIZE_OF = re.compile(rf"\b(?:total |ground |surface )?area of (?:the |this )?(?:whole |entire )?{_CUBE}\b|^how (?:big|large) is (?:the|this) (?:whole |entire )?(?:area|place|region|site)\b|\bhow (?:large|big|wide) (?:is|are) (?:the |this |these |our |my |a )?(?:whole |entire )?{_CUBE}\b(?! (?:of|covered))|\b(?:size|dimensions?|shape|extent) of (?:the |this )?(?:whole |entire )?{_CUBE}\b|\bhow many (?:pixels|rows|columns)\b(?! of)")
_HECTARES_OF = re.compile(
    rf"\b(?:how (?:many|much)|what|which) (?:ground )?(?:square kilomet(?:re|er)s|square met(?:re|er)s|hectares|ha|km2|m2|area|ground|surface|land)\b.*\b(?:does|do|is|are) (?:it|this|the|these|our|my) ?(?:whole |entire )?(?:{_CUBE})?\b.*\b(?:cover(?:ed)?|show|span|have|measure)\b"
    r"|^(?:total |whole )?(?:area|size|surface|extent) (?:covered|of (?:it|this)|in total)\b|^(?:total|whole) (?:area|size)\b"
)
_SIDE = re.compile(rf"\bhow (?P<a>wide|tall|high|long|broad) (?:is|are) (?:the |this |these )?(?:whole )?{_CUBE}\b|\b(?P<b>width|height|length) of (?:the |this )?(?:whole )?{_CUBE}\b|\bhow many (?:kilomet(?:re|er)s|met(?:re|er)s|km|m) (?P<c>wide|tall|high|long) (?:is|are)\b")
_NUMBER_OF = re.compile(r"\bhow many (?P<n>rows|columns|pixels)\b|\b(?:number|count) of (?P<m>rows|columns|pixels)\b")
_GAP = re.compile(r"\b(?:interval|spacing|gap|time|days) between (?:the |two |successive |consecutive )*(?:images|dates|observations|acquisitions|scenes|pictures|overpasses)\b|\b(?:revisit|repeat) (?:time|cycle|period|interval)\b|\bhow (?:often|frequently|many times)\b.*\b(?:images?|pictures?|observ\w+|acquired|taken|photograph\w*|seen|revisit\w*)\b")
_LONGEST_GAP = re.compile(r"\b(?:longest|largest|biggest|greatest|maximum) (?:gap|interval|break|pause|time)\b")
_YEARS_OF = re.compile(rf"\bhow many years\b(?=.*\b(?:{_CUBE}|record|cover\w*|span\w*|long)\b)")
_EDGE = re.compile(r"\b(?P<n>northern|southern|eastern|western|north|south|east|west)(?:ern)?(?:most)? (?:edge|border|boundary|limit|bound)\b(?=.*\b(?:latitude|longitude|degrees|coordinate|lie|lies|is)\b)|\b(?:latitude|longitude|coordinate) of (?:the |its )?(?P<m>northern|southern|eastern|western) (?:edge|border|boundary|limit)\b")
_PIXEL = re.compile(r"\b(?:pixel size|size of (?:a|one|the) pixels?|(?:spatial |ground )?resolution|how (?:large|big|wide) (?:is|are) (?:a|one|the|each)?\s*pixels?|ground sampling distance)\b")
_DATES_OF = re.compile(
    rf"\b(?:which|what) (?:are the )?(?:dates|days|time span|timespan|period|time range|time period|years|date range|temporal extent)\b(?=.*\b(?:have|has|cover(?:ed|s)?|available|contain(?:s|ed)?|include[sd]?|in (?:the|this) {_CUBE}|are there|do we|is there|exist|used?|span)\b)"
    rf"|\b(?:from when|since when|until when|till when)\b.*\b(?:{_CUBE}|record|data)\b|\bhow long is (?:the |this |our )?(?:{_CUBE}|record)\b"
    rf"|\b(?:start and end|first and last|beginning and end)\w*(?: date| day| dates| days)? ?of (?:the |this )?(?:{_CUBE}|record)\b"
    rf"|\blist (?:all |the )*(?:dates|days)\b|\b(?:time span|date range) of\b"
)
_BANDS_OF = re.compile(r"\b(?:which|what|how many) (?:spectral )?(?:bands|channels|wavelengths)\b|\blist (?:all |the )*bands\b")
_INDICES_OF = re.compile(r"\b(?:which|what) (?:spectral |vegetation )?(?:indices|indexes)\b")
_PLACE_OF = re.compile(r"\b(?:coordinates?|position|location|latitude|longitude)(?: and (?:latitude|longitude))? (?:of|at) (?:the |its )?(?:‹p›|cent(?:re|er)|middle|cube|scene|image|area)|^where is (?:the |its )?(?:cent(?:re|er)|middle)\b|\bwhere (?:on earth|in the world) (?:is|are)\b|\b(?:coordinates|location) of (?:the |this )(?:cube|scene|image|area|place|sample)\b|^where (?:is|are) (?:this|the) (?:cube|scene|image|area|place|sample|we)\??$")
_TERM = re.compile(r"^(?:what (?:is|does|means?)|what is meant by|define|explain|tell me about|meaning of)(?: an?)? (?P<n>[a-z0-9]+)(?: (?:mean|means|stand for|stands for|measure|measures|show|shows|index))?\??$")
_BY = re.compile(r"\b(?:which|what) (?:calendar |single |whole |of the )?(?P<by>months?|years?|seasons?|half|halves|quarters?|corners?|side)\b")
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
_NEGATED = re.compile(r"(?<!or )\b(?:not|never|no longer|nowhere)\b(?! only)")
_UP = re.compile(r"\b(?:greener|lusher|healthier|wetter|moister|higher|rise[sn]?|rising|rose|increas\w*|improv\w*|gr[eo]wn?|growing|grows|greening|recover\w*|climb\w*|expand\w*|spread\w*|more|upwards?|cloudier|snowier|gain\w*|better)\b")
_DOWN = re.compile(r"\b(?:browner|drier|dryer|lower|fall(?:s|en|ing)?|fell|drop\w*|decreas\w*|declin\w*|shr[iau]nk\w*|worse\w*|browning|drying|deteriorat\w*|degrad\w*|less|fewer|downwards?|reced\w*|disappear\w*|sank|sink\w*|los[ets]\w*)\b")
_BAND_WORD = re.compile(r"\b(?:reflectances?|band|channel)\b")
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
    elsewhere = _elsewhere(text, slots, given)
    if elsewhere:
        return elsewhere
    for reader in _READERS:
        found = reader(text.lower().rstrip(" ?.!"), slots, given)
        if found is not None:
            return found
    sentence = refusal(text, slots, given)
    return sentence or None


def _elsewhere(text: str, slots: Slots, given: Given) -> str:
    """A refusal of names of places: the series has coordinates and no names."""
    known = given.title.lower()
    ours = HARMLESS | {w for phrase in (*NOUN_OF, *WORD_OF) for w in phrase.split()} | set(MONTH_NAMES) | set(SEASONS)
    names = re.findall(r"(?<=[a-z,] )[A-Z][a-z]{2,}(?:-[A-Z][a-z]+)*", text)
    strange = [n for n in names if n.lower() not in ours and n.lower() not in known and n.lower() not in _NAMES]
    strange = [n for n in strange if n.lower() in slots.unknown or n.istitle() and not text.istitle()]
    strange = [n for n in strange if not _SATELLITE.search(text.lower())]
    if not strange:
        return ""
    return f"I do not know the place or name {strange[0][:30]!r}: the series shows one place, which you can draw on or give in degrees."


_NAMES = frozenset("monday tuesday wednesday thursday friday saturday sunday copernicus sentinel landsat modis".split())  # noqa: SIM905


def refine(text: str, program: Program, given: Given) -> Program | str:
    """The parser's program with what it does not read: no, up and down, a method; or the sentence that refuses it."""
    low = text.lower()
    if isinstance(program, Presence) and not program.negated and _NONE.search(low):
        return replace(program, negated=True)
    if _NEGATED.search(low) and not isinstance(program, Presence) and _YES_NO.search(low):
        return "The question says not: ask it without, so that yes and no mean one thing."
    if isinstance(program, AreaOf | Share) and program.of in COVERS and re.search(_GONE, low):
        unit = "%" if isinstance(program, Share) else program.unit
        program = Change(program.scope, program.of, "amount", "loss", unit=unit)  # type: ignore[arg-type]
    if isinstance(program, When) and program.which == "change" and not program.of and re.search(r"\b(?:constructi\w+|built|building)\b", low):
        return replace(program, of="built-up", direction="gain")
    if isinstance(program, When) and program.which == "change" and program.of in COVERS and re.search(_CAME, low):
        return replace(program, direction="gain")
    if isinstance(program, Change):
        program = _directed(low, program)
        method = _METHOD.search(low)
        if method and program.ask in ("amount", "whether", "what"):
            name = method["name"] if "-" in method["name"] else f"break-{method['name']}"
            program = replace(program, method=name, ask="amount" if program.ask == "what" else program.ask)
    return program


#: Verbs of loss and of coming, where the grammar hears only what was lost or came.
_GONE = r"\b(?:lost|vanish\w*|disappear\w*|cleared|felled|cut down|gone|removed|deforested)\b"
_CAME = r"\b(?:appear\w*|built(?![- ]up)|constructed|emerg\w*|c[ao]me(?: up| into being)?|planted|gained|new)\b"


def _directed(low: str, program: Change) -> Change:
    """With the direction that its words say: "did it get greener" is no question whether it moved."""
    if not program.of or program.ask not in ("whether", "amount"):
        return program
    if program.of in COVERS and (program.direction or program.ask == "amount"):
        return program
    reduced = bool(re.search(r"\bless (?:green|lush|healthy|wet|moist)\b", low))
    up, down = bool(_UP.search(low)) and not reduced, bool(_DOWN.search(low)) or reduced
    return program if up == down else replace(program, direction="gain" if up else "loss")


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
    if re.match(r"^(?:on|in) (?:how much|how many|what|which)\b", low) or _LIMIT.search(low):
        return None
    for of, pattern in (
        ("satellite", _SATELLITE), ("resolution", _PIXEL), ("bands", _BANDS_OF), ("indices", _INDICES_OF),
    ):  # fmt: skip
        if pattern.search(low) and not land:
            return Fact(of=of)
    if land:
        return None
    measured = [t for t in slots.topics if t.name not in IMAGES]
    if not measured and not slots.dates:
        found = _dimension(low, slots)
        if found is not None:
            return found
    for of, pattern in (("size", _SIZE_OF), ("dates", _DATES_OF), ("place", _PLACE_OF)):
        if pattern.search(low) and not measured:
            return Fact(of=of, unit=slots.unit if of == "size" else "")  # type: ignore[arg-type]
    low = re.sub(r"^(?:please |can you |could you |now )+|(?: please| to me| for me)+$", "", low)
    term = _TERM.match(low)
    if term and not given.point and not slots.dates and not slots.places and len(slots.topics) == 1:
        of = slots.topics[0].name
        if of not in IMAGES and of.lower() == term["n"]:
            return Fact(of=of)
    return None


def _dimension(low: str, slots: Slots) -> Fact | None:
    """Width, height, rows, columns, intervals and the like."""
    number = _NUMBER_OF.search(low)
    if number:
        return Fact(of=str(number["n"] or number["m"]))
    if re.search(r"\bhow many days\b(?=.*\b(?:first|last|start|end|cover\w*|span\w*|series|record)\b)", low):
        return Fact(of="days")
    if re.search(r"\b(?:images|pictures|scenes|dates|acquisitions|observations|‹m›) (?:are there |do (?:we|you) have |are )?(?:per|a|each|every|in a) year\b", low):
        return Fact(of="images a year")
    if _LONGEST_GAP.search(low):
        return Fact(of="longest gap")
    if _GAP.search(low):
        return Fact(of="interval")
    if _YEARS_OF.search(low):
        return Fact(of="years")
    edge = _EDGE.search(low)
    if edge:
        return Fact(of=str(edge["n"] or edge["m"]).removesuffix("ern"))
    side = _SIDE.search(low)
    if side and not re.search(r"\b(?:series|time series|record)\b", low):
        up = re.search(r"\b(?:tall|high|height|north to south|south to north|top to bottom)\b", low)
        unit = "km" if re.search(r"\b(?:km|kilomet(?:re|er)s?)\b", low) else "m"
        return Fact(of="height" if up else "width", unit=unit)  # type: ignore[arg-type]
    if _HECTARES_OF.search(low) and not slots.places and not slots.drawn:
        return Fact(of="size", unit=slots.unit)  # type: ignore[arg-type]
    return None


def _event(low: str, slots: Slots, given: Given) -> Program | str | None:
    if _BURN_INDEX.search(low) or given.metres <= SHARP and "burn" not in low and "fire" not in low:
        return None
    for of, pattern in _EVENTS:
        if pattern.search(low):
            scope, _ = scopes(slots, "change")
            return Event(scope, of)  # type: ignore[arg-type]
    return None


_MORE = re.compile(r"\b(?:most|more|greener|greenest|higher|highest|wetter|wettest|moister|larger|largest|cloudier|cloudiest|snowier|snowiest|brighter|brightest|bigger|greater|lusher|lushest|max\w*|best)\b")
_ORDER = re.compile(r"\b(?:or|vs|versus|compar\w+)\b")


def _rank(low: str, slots: Slots, given: Given) -> Program | str | None:
    match = _BY.search(low)
    if re.search(r"\b(?:which|what) (?:decade|week|century|weekday|day of the week|hour)\b", low):
        return "I can rank months, years and seasons, but no decades, weeks or hours."
    names = [t.name for t in slots.topics]
    places = list(dict.fromkeys(slots.places))
    parts = {p for p in places if "-" in p}
    if len(parts) > 2 and re.search(r"\b(?:which|what|where)\b", low):
        by = "quarter"
    elif len(places) == 2 and re.search(r"\bcompar\w+\b", low) and not _YES_NO.search(low):
        return _either(low, slots, names)
    elif len(places) == 2 and _ORDER.search(low) and re.search(r"^(?:which|what|where|is|are|was|were|does|do|did|has|have)\b", low) and (_MORE.search(low) or _LOW.search(low)) and " than " not in low:
        return _either(low, slots, names)
    elif match is None or _LIMIT.search(low):
        return _either_time(low, slots, names) if match is None else None
    else:
        by = match["by"]
        by = _HALF.get(by) or by.rstrip("s")
    if by == "year" and (_LOST.search(low) or _GAINED.search(low)) and names and names[0].partition(" ")[0] in COVERS:
        scope, _ = scopes(slots, "change")
        which = "lowest" if re.search(r"\b(?:least|fewest|lowest|less|smallest)\b", low) else "highest"
        return Rank(scope, f"{names[0].partition(' ')[0]} {'loss' if _LOST.search(low) else 'gain'}", "year", which)  # type: ignore[arg-type]
    if not (_MORE.search(low) or _LOW.search(low)) or re.search(r"\bchang(?:e|ed|es)\b", low):
        return None
    if len(slots.dates) == 2 and by in ("year", "month", "season"):
        return _either_time(low, slots, names)
    if not names or (_LOST.search(low) or _GAINED.search(low)) and not any(n in SKIES for n in names):
        return None
    of = _ranked(names)
    if of is None:
        return None
    clear = "clear image" in names or bool(_FEW_CLOUDS.search(low))
    lowest = bool(_LOW.search(low))
    if of == "cloud" and clear and not re.search(r"\bleast (?:clear|cloud-free)\b", low):
        lowest = "cloudy" not in low and "cloudiest" not in low
    if of in IMAGES:
        lowest = bool(re.search(r"\b(?:least|fewest|lowest|less|fewer|minimum)\b", low))
    scope, _ = scopes(slots, "")
    scope = replace(scope, place="all") if by in ("half", "quarter") else scope
    return Rank(scope, of, by, "lowest" if lowest else "highest")  # type: ignore[arg-type]


def _ranked(names: list[str]) -> str | None:
    """What is ranked: an index before the land that it is of, clouds for clear images that are not counted."""
    of = next((n for n in names if n not in IMAGES), names[0] if names else None)
    if of is None:
        return None
    index = next((n for n in names if n not in (*COVERS, *UNIONS, *SKIES, *IMAGES) and " " not in n), None)
    if of in (*COVERS, *UNIONS) and index is not None:
        of = index
    return of.partition(" ")[0] if of.partition(" ")[0] in COVERS else of


def _either(low: str, slots: Slots, names: list[str]) -> Program | None:
    """"Is it greener in the north or in the south?": which of two places."""
    of = _ranked(names)
    if of is None or of in IMAGES:
        return None
    scope, other = scopes(slots, "compare")
    if other is None:
        return None
    return Compare(scope, of, relation="which less" if _LOW.search(low) else "which", other=other)


def _either_time(low: str, slots: Slots, names: list[str]) -> Program | None:
    """"Comparing 2009 with 2011, when was NDVI higher?": which of two times."""
    if len(slots.dates) != 2 or not (_MORE.search(low) or _LOW.search(low)) or not names or " than " in low:
        return None
    if not re.search(r"\b(?:which|when|what)\b", low) and not re.search(r"\bor\b", low):
        return None
    if re.search(r"\b(?:since|between|from)\b", low) or not _ORDER.search(low) and not re.search(r"\bwhich of\b", low):
        return None
    of = _ranked(names)
    scope, other = scopes(slots, "compare")
    if of is None or other is None or _LOST.search(low):
        return None
    return Compare(scope, of, relation="which less" if _LOW.search(low) else "which", other=other)


def _compared_times(low: str, slots: Slots, given: Given) -> Program | None:
    """More or fewer images, or more light in a band, at one time than at another."""
    if not _YES_NO.search(low) or " than " not in low or len(slots.dates) != 2 or slots.places:
        return None
    names = [t.name for t in slots.topics]
    lost = _LOST.search(low)
    land = next((n.partition(" ")[0] for n in names if n.partition(" ")[0] in COVERS), "")
    if lost and land:
        scope, other = scopes(slots, "compare")
        less = bool(re.search(r"\b(?:fewer|less|lower|smaller)\b", low))
        return Compare(scope, f"{land} loss", relation="less" if less else "more", other=other) if other else None
    less = bool(re.search(r"\b(?:fewer|less|darker|lower|smaller)\b", low))
    scope, other = scopes(slots, "compare")
    if other is None:
        return None
    of = names[0] if names and all(n in IMAGES for n in names) else _band_in(low, given) if not names or _BAND_WORD.search(low) or "infrared" in low else ""
    if not of or of in IMAGES and not re.search(r"\b(?:more|fewer|less)\b", low):
        return None
    if of not in (*IMAGES, *given.bands):
        return None
    return Compare(scope, of, relation="less" if less else "more", other=other)


def _image_day(low: str, slots: Slots, given: Given) -> Program | None:
    """"First acquisition of the 1990s?", "What was the last day observed in 2019?"."""
    names = [t.name for t in slots.topics]
    edge = re.search(rf"^when (?:does|do|did) (?:the |this |our )?(?:{_CUBE}|record|observations?)s? (?P<w>start|begin|end|stop)\w*$|\b(?P<v>start|beginning|end) of (?:the |this )?(?:{_CUBE}|record)$", low)
    if edge and all(n in IMAGES for n in names) and not slots.dates:
        return When(of="image", which="last" if (edge["w"] or edge["v"]) in ("end", "stop") else "first")
    if not all(n in IMAGES for n in names) or _LIMIT.search(low) or slots.drawn:
        return None
    found = re.search(r"\b(?P<w>first|earliest|oldest|last|latest|newest|(?:most )?recent|final)\b(?: (?:available|usable|clear|cloud-free|single|satellite|ever))* (?:day|date|‹m›|images?|pictures?|scenes?|acquisitions?|observations?|photos?|overpass)\b", low)
    asked = re.match(r"^(?:and )?(?:what|which|when|on what|on which|the |first|earliest|last|latest|most recent|date of|day of|give|tell|show|name)\b", low)
    if not found or not asked or re.search(r"\bhow\b", low):
        return None
    scope, _ = scopes(slots, "")
    of = "clear image" if "clear image" in names or re.search(r"\b(?:clear|cloud[- ]?free|cloudless|usable)\b", low) else "image"
    return When(scope, of, "first" if found["w"] in ("first", "earliest", "oldest") else "last")


def _extent(low: str, slots: Slots, given: Given) -> Program | str | None:
    """"On how much of the land does NDVI exceed 0.5?"."""
    match = _LIMIT.search(low)
    if match is None or match["unit"] or not re.search(r"\b(?:how much|how many|what (?:share|part|percentage|area|fraction|proportion|size)|share of|percentage of|area (?:with|where|of)|which (?:share|part|percentage|area|fraction|proportion)|how large)\b", low):
        return None
    names = [t.name for t in slots.topics]
    indices = _indices(names, given) or ([b] if (b := _band_in(low, given)) in given.bands and _BAND_WORD.search(low) else [])
    if not indices:
        return None
    counted = bool(re.search(r"\bhow many (?:of the )?(?:images|dates|days|times|scenes|pictures|observations|acquisitions)\b", low))
    scope, _ = scopes(slots, "")
    number = match["n"]
    if number in _FRACTIONS:
        return None
    limit = _WORDS.get(number, 0.0) or float(number.replace(",", "."))
    return Extent(scope, indices[0], _RELATION[match["rel"]], limit, "dates" if counted else slots.unit or "%")  # type: ignore[arg-type]


_ROSE = re.compile(r"\b(?:rise[sn]?|rose|increased?|improved?|gr[eo]wn?|climb(?:ed)?|gone up|go up|went up|get (?:greener|wetter|moister|higher)|become (?:greener|wetter|moister|higher)|got(?:ten)? (?:greener|wetter|moister)|recover(?:ed)?)\b")
_FELL = re.compile(r"\b(?:falls?|fell|fallen|drop(?:ped|s)?|decreased?|declined?|shr[iau]nk|gone down|go down|went down|sank|sunk|get (?:drier|dryer|browner|lower)|become (?:drier|dryer|browner|lower)|got(?:ten)? (?:drier|dryer|browner)|deteriorated?|worsen(?:ed)?)\b")


def _moved(low: str, slots: Slots, given: Given) -> Program | None:
    """"Did NDVI rise between 2017 and 2020?": whether it moved that way between two years."""
    if not re.match(r"^(?:and )?(?:did|has|have)\b", low) or _LIMIT.search(low) or " than " in low:
        return None
    names = [t.name for t in slots.topics if t.name not in IMAGES]
    indices = _indices(names, given)
    rose, fell = bool(_ROSE.search(low)), bool(_FELL.search(low))
    if len(indices) != 1 or rose == fell or _NEGATED.search(low) or "ever" in low or any(n in SKIES for n in names):
        return None
    scope, _ = scopes(slots, "change")
    spans = scope.start and (not scope.end or scope.start[:4] != scope.end[:4])
    if not spans or not re.search(r"\b(?:between|from|since|after)\b", low):
        return None
    lands = [n for n in names if n in COVERS]
    return Change(replace(scope, cover=lands[0]) if lands else scope, indices[0], "whether", "gain" if rose else "loss")


def _sky_on(low: str, slots: Slots, given: Given) -> Program | None:
    """"Was the 30th of July 2020 cloudy?", "How many days had snow in 2018?"."""
    skies = [t.name for t in slots.topics if t.name in SKIES]
    if len(set(skies)) != 1 or _LIMIT.search(low) or " than " in low:
        return None
    scope, _ = scopes(slots, "")
    if re.match(r"^(?:and )?(?:on |in )?how many (?:of the )?(?:days|dates|images|pictures|scenes|times|acquisitions|observations|‹m›)\b", low) and not _NONE.search(low) and not _NEGATED.search(low):
        return Count(scope, f"{skies[0]} dates")
    day = scope.start and scope.start == scope.end
    if day and re.match(r"^(?:and )?(?:is|are|was|were)\b", low) and re.search(r"\b(?:cloudy|overcast|snowy|snow-covered|hazy|clouded)$", low):
        return Presence(scope, skies[0])
    return None


_SHARE_OF_IMAGES = re.compile(r"\b(?:share|percentage|percent|fraction|proportion|part) of (?:the |all )?(?:images|dates|days|scenes|pictures|acquisitions|observations)\b")


def _difference(low: str, slots: Slots, given: Given) -> Program | str | None:
    """"What's the difference in NDVI between January and July 2010?"."""
    if _SHARE_OF_IMAGES.search(low):
        return "I count images, and give the mean share of a place under cloud, but not the share of images: ask how many there are."
    asked = re.search(r"\bdifferen(?:ce|t)\b|\bdiffer\b|\bhow much (?:higher|lower|greener|browner|wetter|drier|moister|more|less|brighter|darker|cloudier|snowier)\b", low)
    if not asked or _YES_NO.match(low):
        return None
    names = [t.name for t in slots.topics if t.name not in IMAGES]
    of = _ranked(names) or (_band_in(low, given) if _BAND_WORD.search(low) or "infrared" in low else "")
    if not of or of not in (*COVERS, *UNIONS, *SKIES, *_indices(names, given), *given.bands):
        return None
    dates = list(slots.dates)
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
        return Compare(replace(one, **rest), of, relation="difference", other=replace(other, **rest))
    if len(slots.places) == 2:
        scope, second = scopes(slots, "compare")
        return Compare(scope, of, relation="difference", other=second) if second else None
    return None


def _borrowed(scope: Scope, other: Scope) -> Scope:
    """"January" beside "July 2010" is that of 2010."""
    if scope.start or not scope.months or not other.start or len(scope.months) > 1:
        return scope
    year, month = int(other.start[:4]), scope.months[0]
    return replace(scope, start=f"{year}-{month:02d}-01", end=f"{year}-{month:02d}-{calendar.monthrange(year, month)[1]}", months=())


_BECAME = re.compile(r"\b(?:became|become|turned (?:in)?to|converted (?:in)?to|changed (?:in)?to)\b")


def _became(low: str, slots: Slots, given: Given) -> Program | None:
    """"How many hectares became built-up?": what came to a kind of land."""
    lands = [t.name for t in slots.topics if t.name in COVERS]
    if len(lands) != 1 or not re.match(r"^how (?:much|many)\b", low) or not _BECAME.search(low):
        return None
    marked = _marked(slots)
    if re.search(r"‹c› (?:\w+ ){0,2}(?:became|become|turned|converted|changed)", marked):
        return None  # what it turned into is asked for
    scope, _ = scopes(slots, "change")
    return Change(scope, lands[0], "amount", "gain", unit=slots.unit or "ha")  # type: ignore[arg-type]


def _how_much(low: str, slots: Slots, given: Given) -> Program | None:
    """"How much water is on this image?"."""
    lands = [t.name for t in slots.topics if t.name in (*COVERS, *UNIONS)]
    if len(lands) != 1 or not re.match(r"^how much ‹c› (?:is|are|was|were) (?:there |visible |shown )?(?:on|in) ", _marked(slots)):
        return None
    if _LOST.search(low) or _GAINED.search(low) or len(slots.dates) > 1 or re.search(r"\b(?:in|on) (?:common|total|doubt)\b", low):
        return None
    scope, _ = scopes(slots, "")
    return AreaOf(scope, lands[0], slots.unit or "ha")  # type: ignore[arg-type]


def _extreme_value(low: str, slots: Slots, given: Given) -> Program | None:
    """"What is the highest EVI of the record?", "What is the lowest mean NDVI in 2011?"."""
    found = re.match(r"^(?:what|which|give|tell|the|name|find)\b(?: (?:is|was|me|the|s))* (?P<w>highest|lowest|maximum|minimum|max|min|largest|smallest|greatest|peak)(?: (?P<m>mean|average|scene mean))?(?: value of| of)? ‹i›", _marked(slots))
    names = [t.name for t in slots.topics if t.name not in IMAGES]
    indices = _indices(names, given)
    if found is None or len(indices) != 1 or re.search(r"\b(?:where|which (?:place|part|pixel|corner|spot|day|date|month|year))\b", low):
        return None
    which = "lowest" if found["w"] in ("lowest", "minimum", "min", "smallest") else "highest"
    lands = [n for n in names if n in COVERS]
    scope, _ = scopes(slots, "")
    scope = replace(scope, cover=lands[0]) if lands else scope
    if found["m"]:
        return When(scope, indices[0], "low" if which == "lowest" else "peak")
    return Extreme(scope, indices[0], which)  # type: ignore[arg-type]


def _complement(low: str, slots: Slots, given: Given) -> Program | None:
    """"What part of the land is not forest?"."""
    names = [t.name for t in slots.topics if t.name in (*COVERS, *UNIONS, *SKIES)]
    if len(names) != 1 or not re.search(r"\b(?:is|are|was|were) (?:not|n't) |\b(?:isn't|aren't|wasn't|weren't)\b|\bwithout\b|\bfree (?:of|from)\b|\bother than\b|\bnot covered by\b", low):
        return None
    if not re.search(r"\b(?:how much|what (?:share|part|percentage|fraction|proportion|percent)|which (?:share|part|percentage|fraction|proportion)|how many percent|percentage|share)\b", low):
        return None
    scope, _ = scopes(slots, "")
    return Share(scope, names[0], negated=True)


def _mean(low: str, slots: Slots, given: Given) -> Program | None:
    """"How big was NDVI in the west in April 2011?"."""
    names = [t.name for t in slots.topics if t.name not in IMAGES]
    if re.search(r"\b(?:at least|at most|minimum|maximum|at its|lowest|highest)\b", low):
        return None
    if not re.match(r"^(?:and )?how (?:big|large|high|low|much|strong) (?:is|was|were|are) (?:the )?(?:mean |average |typical )?‹", _marked(slots)):
        return None
    indices = _indices(names, given)
    if len(indices) != 1:
        return None
    lands = [n for n in names if n in COVERS]
    scope, _ = scopes(slots, "")
    return Statistic(replace(scope, cover=lands[0]) if lands else scope, indices[0])


def _marked(slots: Slots) -> str:
    return " ".join(slots.tokens)


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
    ever = bool(re.search(r"\b(?:ever|at any time|on any (?:day|date|image)|at least once|always|at all times|on (?:all|every) (?:days?|dates?|images?)|never)\b", low))
    if ever and (of in _indices(names, given) and unit == "" or of in SKIES and unit == "%"):
        always = re.search(r"\b(?:always|at all times|every|never)\b", low)
        if always:
            return "Ask whether it was ever above, or ever below, the limit: always and never are its contrary."
        return Threshold(scope, of, "any date", relation, limit, unit)  # type: ignore[arg-type]
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


_NAMED_BANDS = (
    ("swir22", r"swir[ -]?22?\b(?!.*swir[ -]?1)|second (?:short-?wave|shortwave) infrared|2\.2 (?:µm|um|microns?)|(?:short-?wave|shortwave|mid(?:dle)?)[ -]infrared(?: band)?[ (]*(?:swir )?2"),
    ("swir16", r"swir[ -]?1(?:6)?\b|swir\b|(?:short-?wave|shortwave|mid(?:dle)?)[ -]infrared|1\.6 (?:µm|um|microns?)"),
    ("rededge2", r"(?:second|2nd) red[ -]?edge|red[ -]?edge[ -]?2"),
    ("rededge3", r"(?:third|3rd) red[ -]?edge|red[ -]?edge[ -]?3"),
    ("rededge1", r"(?:first|1st) red[ -]?edge|red[ -]?edge"),
    ("nir08", r"narrow (?:near[ -]?infrared|nir)|nir08"),
    ("nir", r"near[ -]?infra-?red|nir\b"),
    ("coastal", r"coastal|aerosol"),
)
_PLAIN_BANDS = ("red", "green", "blue", "yellow")


def _band_in(low: str, given: Given) -> str:
    """The band that a question names, whether the cube has it or not."""
    for name in given.bands:
        if name not in _PLAIN_BANDS and re.search(rf"\b{re.escape(str(name).lower())}\b", low):
            return str(name)
    for name, pattern in _NAMED_BANDS:
        if re.search(rf"\b(?:{pattern})", low):
            return name
    return next((n for n in _PLAIN_BANDS if re.search(rf"\b{n}\b", low)), "")


def _band(low: str, slots: Slots, given: Given) -> Program | str | None:
    """Statistics of the reflectance in one band."""
    name = _band_in(low, given)
    said = bool(_BAND_WORD.search(low))
    if not said and (not name or name in _PLAIN_BANDS or len(slots.dates) > 1 and " than " in low):
        return None
    if not said and any(t.name not in IMAGES for t in slots.topics):
        return None
    if not name:
        return f"I could not tell which band is meant: the cube has {', '.join(given.bands)}." if said and re.search(r"\b(?:mean|average|median|how)\b", low) else None
    if name not in given.bands:
        return f"This cube has no band {name}: it has {', '.join(given.bands)}."
    if _LIMIT.search(low) or " than " in low:
        return None
    scope, _ = scopes(slots, "")
    lands = [t.name for t in slots.topics if t.name in COVERS]
    scope = replace(scope, cover=lands[0]) if lands else scope
    if re.match(r"^(?:on (?:which|what) (?:day|date)|when)\b", low):
        if _LOW.search(low) or re.search(r"\bdarkest\b", low):
            return When(scope, name, "low")
        return When(scope, name, "peak") if _MORE.search(low) else None
    if re.search(r"\b(?:highest|maximum|max|largest|lowest|minimum|min|smallest)\b", low):
        which = "lowest" if _LOW.search(low) else "highest"
        return Extreme(scope, name, which, "place" if low.startswith("where") else "value")  # type: ignore[arg-type]
    if re.search(r"\b(?:trend|rising|falling|increas\w+|decreas\w+)\b", low):
        return Trend(scope, name)
    if re.match(r"^(?:where|did|was there|is there|how many|does|do|has)\b", low):
        return f"Of the band {name} I can give the mean, the median, the highest and lowest value, and the trend."
    if _BY.search(low):
        by = _BY.search(low)["by"]  # type: ignore[index]
        return Rank(scope, name, _HALF.get(by) or by.rstrip("s"), "lowest" if _LOW.search(low) else "highest")  # type: ignore[arg-type]
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
    if given.before or given.point or said or slots.unit or not slots.topics or low.startswith("and "):
        return None
    if len(slots.topics) == 1 and not slots.dates and not slots.places:
        name = slots.topics[0].name.split(" ")[0]
        return f"{name!r} alone is no question: ask how much there is, where it is, or whether it changed."
    return None


_READERS: tuple[Callable[[str, Slots, Given], Program | str | None], ...] = (
    _fact, _event, _compared_times, _difference, _moved, _sky_on, _became, _how_much, _extreme_value, _extent, _complement, _band, _absence, _image_day, _rank, _threshold, _mean, _alone,
)  # fmt: skip


def cause_note(question: str) -> str:
    """A sentence for answers about loss where the question speaks of its cause."""
    if re.search(r"\b(?:logg(?:ed|ing|ers?)|fell(?:ed|ing|ings)|clear-?(?:cut|cuts|cutting|felled)|chopped|harvest\w*|cut)\b", question.lower()):
        return " The images show the loss, not what caused it."
    return ""
