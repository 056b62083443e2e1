"""Quantities that images do not show: a question about one of them is refused with a sentence that names it."""

from __future__ import annotations

import calendar
import re

from eowidgets.analysis.ask.dates import SEASONS
from eowidgets.analysis.ask.kinds.given import SHARP, Given
from eowidgets.analysis.ask.kinds.patterns import SATELLITE
from eowidgets.analysis.ask.language import COVERS, IMAGES, SKIES, UNIONS
from eowidgets.analysis.ask.lexicon import HARMLESS, NOUN_OF, WORD_OF
from eowidgets.analysis.ask.slots import Slots

MONTH_NAMES = [n.lower() for n in (*calendar.month_name, *calendar.month_abbr) if n]

_SOLE = (
    r"(?:trees?|houses?|buildings?|homes?|cars?|vehicles?|trucks?|people|persons?|inhabitants"
    r"|animals?|cows?|sheep|deer|birds?|plants|stumps?|logs|roofs?|boats?|ships?|cabins?"
    r"|huts?|sheds?|barns?|rivers?|streams?|creeks?|roads?|bridges?|paths?|streets?|poles?"
    r"|turbines?|pools?)"
)

_THING = (
    r"(?:trees?|canopy|canopies|forests?|woods?|woodland|houses?|buildings?|crops?|grass"
    r"|hedges?|vegetation|plants?|maize|corn|hills?|mountains?|stand|stands)"
)

_WATERS = (
    r"(?:rivers?|streams?|creeks?|brooks?|canals?|rivulets?|waterways?|ditch(?:es)?|waterfalls?|springs?(?= of water))"
)

_ROADS = (
    r"(?:roads?|streets?|paths?|tracks?|trails?|highways?|motorways?|rail(?:way|road)s?"
    r"|bridges?|power ?lines?|fences?|driveways?)"
)

#: Pattern, unsupported quantity, and a supported alternative. The first match determines the refusal.
_OPINION = (
    r"\b(?:nice(?:st|r)?|best|beautiful|ugl(?:y|iest)|worst|interesting|should(?! (?:i"
    r"|we|one) (?:know|expect))|recommend\w*|favou?rite|pretti(?:er|est)|pretty|good place|opinion|worth visiting)\b"
)

_REFUSED: tuple[tuple[re.Pattern[str], str, str], ...] = tuple(
    (re.compile(pattern), what, instead)
    for pattern, what, instead in (
        (rf"\bhow (?:tall|high) (?:is|are|was|were|do|does|did|will|has|have|had|can)\b(?=.*\b{_THING}\b)|\bhow tall\b"
         rf"|\b(?:height|heights|tallness) of\b|\b{_THING} heights?\b|\b(?:tallest|shortest)\b"
    rf"|\b(?:taller|shorter) than\b",
         "heights", "how large an area it covers"),
        (r"\bhow (?:deep|thick)\b|\b(?:depths?|thickness)\b|\b(?:deepest|shallow(?:est|er)?"
    r"|deeper)\b", "depths", "how large an area it covers"),
        (r"\bhow (?:long|wide|broad) (?:is|are|was|were)\b(?!.*\b(?:series|record|time series|cube|dataset)\b)"
         r"|\b(?:lengths?|widths?|perimeters?|circumferences?|diameters?|breadths?)\b"
         r"|\bhow many (?:kilometers|kilometres|km|miles|meters|metres)(?! (?:square|2))\b(?!.*\b(?:far"
    r"|nearest|closest|next|to)\b)|\b(?:longest|widest|narrowest)\b",
         "lengths", "how large an area it covers"),
        (r"\bhow long (?:did|do|does|has|have|had|will)\b|\b(?:for|after|within) how many (?:days"
    r"|weeks|months)\b|\bhow many (?:days|weeks|hours|minutes)\b(?=.*\b(?:last|lasted"
    r"|stay\w*|take|took|remain\w*|lie|lay|long)\b)|\bdurations?\b",
         "durations", "on which date it was first or last seen"),
        (r"\b(?:cubic|volumes?|biomass|carbon|tonnes?|tons?|kilograms?|kg|weighs?|weight|mass"
    r"|litres?|liters?|timber|firewood)\b",
         "volumes and weights", "how large an area it covers"),
        (r"\bhow old\b|\bages? of\b|\b(?:oldest|youngest) (?!‹|dates?|images?|scenes?|pictures?"
    r"|acquisitions?|observations?|data|records?)\b|\b(?:planted|founded)\b.*\?$(?<!cut\?)", "ages", "since when it is observed"),
        (r"\b(?:species|oaks?|beech(?:es)?|pines?|spruces?|firs?|birch(?:es)?|maples?|poplars?"
    r"|conifer(?:s|ous)?|deciduous|broadleaf|broad-leaved|evergreen)\b"
         r"|\b(?:what|which) (?:kinds?|types?|sorts?) of (?:trees?|forests?|crops?|plants?"
    r"|grass|animals?)\b|\b(?:wheat|maize|corn|barley|soy\w*|rapeseed|sunflowers?|potato(?:es)?"
    r"|rice)\b",
         "species and crops", "where forest or fields are"),
        (r"\b(?:temperatures?|warm(?:er|est)?|hot(?:ter|test)?|cold(?:er|est)?|rain(?:ed|fall"
    r"|y)?|precipitation|wind(?:s|y)?(?: speed)?|humidity of the air|weather|degrees"
    r"|celsius|sunshine|frost)\b",
         "weather", "on which dates it was cloudy or snowy"),
        (r"\b(?:elevations?|altitudes?|slopes?|steep(?:er|est|ness)?|above sea level|terrain"
    r"|topograph\w*|aspect)\b", "the shape of the ground", "what covers it"),
        (r"\b(?:price|prices|cost|costs|worth|value of the|owns?|owner|owners|owned|belongs?"
    r"|legal(?:ly)?|illegal(?:ly)?|permit|permission|protected|national park|tax|money|earn\w*|profits?|revenue"
    r"|euros?|dollars?)\b",
         "ownership, law and money", "what was there and what changed"),
        (r"\b(?:animals?|wildlife|deer|wol(?:f|ves)|bears?|boars?|birds?|fish(?:es)?|cows?"
    r"|cattle|sheep|goats?|horses?|insects|bees|beavers?)\b", "animals", "what covers the ground"),
        (r"\b(?:population|inhabitants|residents|who|whose)\b|\b(?:people|peoples?) (?!.*\b(?:rural"
    r"|urban|countryside|densely|town|city|cleared?|cut|fell\w*|removed?|burnt?)\b)|\bpeople$",
         "people", "what was there and what changed"),
        (r"\b(?:fertil\w+|nitrogen|ph|nutrients?|pollut\w+|contaminat\w+|drinkable|clean water"
    r"|water quality|turbid\w*|algae|chlorophyll|salin\w+|soil types?|types? of soil"
    r"|minerals?|co2|yields?|harvested tonnes|air quality)\b",
         "chemistry and yields", "how large an area it covers"),
        (rf"\b(?:how many|number of|count(?: of| all)?|count)(?: the| all| single| individual"
    rf"| separate| different| of the)* {_SOLE}\b(?! (?:patch|patches|areas?|stands|groups?)\b)"
         rf"|\bhow many {_SOLE}\b(?! (?:patch|patches|areas?|stands)\b)",
         "single things and their number", "how many patches of forest, or of built-up land, there are"),
        (rf"\b{_WATERS}\b", "rivers and other narrow waters", "whether there is water, and where"),
        (rf"(?<!houses or )(?<!houses and )(?<!buildings and )(?<!buildings or )\b{_ROADS}\b",
         "roads and other lines", "how much built-up land there is"),
        (r"\btime of (?:the )?day\b|\bo'?clock\b|\b(?:at|by) night\b|\bhours?\b", "times of the day", "on which date it was"),
        (r"\b(?:under|behind|beneath|below) the clouds?\b", "what clouds hide", "about a clear date"),
        (r"\b(?:sentinel-1|radar|sar|lidar|drones?|aerial photos?)\b", "other data", "about the images that it has"),
        (r"\b(?:yesterday|tomorrow|this morning|tonight|last night|right now)\b",
         "the present day", "about the dates of the series"),
        (r"\b(?:news|jokes?|poems?|story|stories|songs?|recipes?|movies?|president|capital of)\b",
         "general knowledge", "what was there and what changed"),
        (r"\b(?:my|your|our|his|her) (?:own )?(?:house|home|car|garden|farm|street|neighbou?rs?)\b",
         "whose things are whose", "what was there and what changed"),
        (_OPINION, "opinions", "what was there and what changed"),
        (r"\b(?:centimet(?:re|er)s?|inch(?:es)?|cm) of (?:new )?(?:snow|rain|water|ice)\b",
         "depths", "on which dates there was snow"),
        (r"\b(?:accelerat\w+|speed(?:ing|s)? up|slow(?:ing|s|ed)? down)\b",
         "accelerations", "how much changed between two years"),
        (r"\b(?:speeds?|how fast (?!.*\b(?:ris\w+|fall\w*|chang\w+|grow\w*|shr\w+|increas\w+"
    r"|decreas\w+|declin\w+)\b)|velocity|direction of flow|flows? (?:towards?|to))\b",
         "speeds and flow", "where it was and when"),
        (r"\bhow far\b(?! back)(?!.*\b(?:nearest|closest|next)\b)|\bdistance (?:between|from)\b(?!.*\b(?:nearest"
    r"|closest|next)\b)", "distances between two things", "where the nearest of it is"),
    )
)  # fmt: skip

#: Quantities that pixels of about half a metre do show.
_SHARP_KINDS = ("single things and their number", "roads and other lines", "lengths")


def refusal(text: str, slots: Slots, given: Given) -> str:
    """Return a sentence that names the quantity that images do not show, or an empty string."""
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


def named_elsewhere(text: str, slots: Slots, given: Given) -> str:
    """Return a refusal of place names, because the series has coordinates but no names."""
    known = given.title.lower()
    ours = HARMLESS | {w for phrase in (*NOUN_OF, *WORD_OF) for w in phrase.split()} | set(MONTH_NAMES) | set(SEASONS)
    names = re.findall(r"(?<=[a-z,] )[A-Z][a-z]{2,}(?:-[A-Z][a-z]+)*", text)
    strange = [n for n in names if n.lower() not in ours and n.lower() not in known and n.lower() not in _NAMES]
    strange = [n for n in strange if n.lower() in slots.unknown or (n.istitle() and not text.istitle())]
    strange = [n for n in strange if not SATELLITE.search(text.lower())]
    if not strange:
        return ""
    name = repr(strange[0][:30])
    return f"The place or name {name} is unknown: the series has no names, so draw an area or give degrees."


_NAMES = frozenset("monday tuesday wednesday thursday friday saturday sunday copernicus sentinel landsat modis".split())  # noqa: SIM905
