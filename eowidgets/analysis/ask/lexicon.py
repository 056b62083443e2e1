"""The vocabulary for what a cube can show."""

from __future__ import annotations

import re

#: Topic -> nouns for it (several words count as one), which the classifier sees as one placeholder.
NOUNS: dict[str, str] = {
    "forest": "forest, forests, tree, trees, wood, woods, woodland, woodlands, forestland, tree cover, treecover, "
    "trees cover, canopy, grove, groves, forest cover, stand of trees, forest stand, forest stands, timber, jungle",
    "field": "field, fields, grass, grassland, grasslands, meadow, meadows, pasture, pastures, crop, crops, cropland, "
    "croplands, farmland, farmlands, farm, farms, farm field, farm fields, agriculture, agricultural land, lawn, "
    "arable land, grazing land, plot of land, ploughland, cultivated land, grass plot, grass plots, fields or grass",
    "water": "water, lake, lakes, pond, ponds, river, rivers, stream, streams, reservoir, reservoirs, water body, "
    "water bodies, waterbody, waterbodies, open water, sea, creek, canal, surface water",
    "built-up": "built-up, built up, built-up area, built-up areas, built up area, built up areas, built-up land, "
    "building, buildings, house, houses, road, roads, settlement, settlements, "
    "concrete, asphalt, artificial surface, artificial surfaces, sealed surface, built over, "
    "pavement, infrastructure, houses or roads",
    "bare": "bare, bare soil, bare soils, bare ground, bare land, bare earth, soil, soils, rock, rocks, sand, gravel, "
    "bare area, bare areas, open soil, open ground, exposed soil, barren land, barren ground, barren, bare patch, "
    "bare patches, naked soil",
    "vegetation": "vegetation, greenery, plants, plant cover, vegetation cover, green cover, green land",
    "snow": "snow, snow cover, ice and snow, snowcover",
    "cloud": "cloud, clouds, cloud cover, cloudcover, cloudiness, overcast",
    "image": "image, images, picture, pictures, acquisition, acquisitions, scene, scenes, photo, photos, observation, "
    "observations, date, dates, frame, frames, data, series, time series, timeseries, overpass, overpasses, time step, "
    "time steps, timesteps, imagery, snapshot, snapshots, composite, composites, shot, shots, "
    "view, record, recording, cube, dataset",
    "clear image": ", ".join(
        f"{a} {b}{s}"
        for a in ("clear", "good", "usable", "clean")
        for b in ("image", "picture", "scene", "photo", "acquisition", "observation", "date", "frame", "view", "day")
        for s in ("", "s")
    ),
    "NDVI": "ndvi, greenness, vegetation index, green index, normalised difference vegetation index, "
    "normalized difference vegetation index, vegetation vigour, vigour, vigor, plant health, vegetation health",
    "NDMI": "ndmi, moisture, moisture index, vegetation moisture, wetness, dryness, humidity of the vegetation, "
    "vegetation water content, water content, canopy moisture",
    "NBR": "nbr, burn ratio, normalised burn ratio, normalized burn ratio, burn index",
    "NDWI": "ndwi, water index",
    "NDSI": "ndsi, snow index",
    "NDBI": "ndbi, built-up index",
    "EVI": "evi, enhanced vegetation index",
}

#: Topic -> words that name it with additional meaning, which the classifier sees as well.
WORDS: dict[str, str] = {
    "forest": "forested, wooded, afforested, tree-covered, treed",
    "field": "grassy, cultivated, farmed, agricultural, arable",
    "built-up": "sealed, built, paved, urban, urban area, urban areas, urban land, city, cities, town, towns, village, "
    "villages",
    "vegetation": "vegetated",
    "snow": "snowy, snowed, snowfall, snowing, snowiest, snowier, snow-covered, snow-free",
    "cloud": "cloudy, cloudiest, cloudier, hazy, clearest, clearer",
    "clear image": "cloud-free, cloudless, cloudfree, unclouded",
    "NDVI": "green, greener, greenest, greening, browning, browner, brownest, lush, lusher, lushest, leafy, healthy, "
    "healthier, healthiest, vigorous",
    "NDMI": "dry, drier, driest, dryer, drying, moist, moister, moistest, wet, wetter, wettest, damp, parched",
    "forest loss": "logged, logging, felled, felling, fellings, clear-cut, clear-cuts, clearcut, clearcuts, "
    "clear-cutting, clearcutting, clear-felled, clearing, clearings, deforestation, deforested, clearance, chopped",
    "forest gain": "reforestation, afforestation, regrowth, regrown, reforested, regrew",
}
INDICES = ("NDVI", "NDMI", "NBR", "NDWI", "NDSI", "NDBI", "EVI")

#: Placeholders for nouns in the input of the classifier.
MARKS = {"image": "‹m›", "clear image": "‹m›", "snow": "‹s›", "cloud": "‹s›"} | dict.fromkeys(INDICES, "‹i›")
COVER_MARK = "‹c›"


def _table(words: dict[str, str]) -> dict[str, str]:
    return {w.strip(): topic for topic, listed in words.items() for w in listed.split(",")}


NOUN_OF = _table(NOUNS)
WORD_OF = _table(WORDS)
#: Longest names first, so that "bare soil" is one phrase.
PHRASES = re.compile(
    r"(?<![\w-])(" + "|".join(re.escape(w) for w in sorted(NOUN_OF | WORD_OF, key=len, reverse=True)) + r")(?![\w])"
)

_DIR = {"north": "north", "south": "south", "east": "east", "west": "west"}
_SIDE = (
    r"(?:\s+(?:half|part|side|corner|third|quarter|edge|end|section|region|portion|area"
    r"|of (?:the|this) (?:area|scene|image|picture|map|cube)))?"
)
PLACE = re.compile(
    r"\b(?:the\s+|its\s+)?(?:(?P<ns>north|south)(?:ern)?(?:[\s-]?(?P<ew>east|west)(?:ern)?)?"
    r"|(?P<lone>east|west)(?:ern)?"
    r"|(?P<mid>centre|center|middle|central)"
    r"|(?P<tb>top|bottom|upper|lower)[\s-]?(?P<lr>left|right)"
    r"|(?P<tb1>top|bottom|upper|lower)(?=\s+(?:half|part|third|edge)\b)"
    r"|(?P<lr1>left|right)(?=\s+(?:half|part|side|third|edge|or)\b)"
    r"|(?P<abbr>nw|ne|sw|se)(?=\s|$|\?))\b(?:most)?" + _SIDE
)
_TURNED = {"top": "north", "upper": "north", "bottom": "south", "lower": "south", "left": "west", "right": "east"}
_ABBR = {"nw": "north-west", "ne": "north-east", "sw": "south-west", "se": "south-east"}

_SHAPE = r"(?:area|polygon|rectangle|box|shape|selection|drawing|region|square|outline|aoi|zone)"
DRAWN = re.compile(
    rf"\b(?:(?:inside|within|in|of|for|over)\s+)?(?:(?:the|this|that|my)\s+(?:drawn|selected|marked|chosen|outlined|sketched)\s+{_SHAPE}"
    rf"|my\s+{_SHAPE}|(?:the\s+)?{_SHAPE}\s+(?:that\s+|which\s+)?(?:i|i've|i have)\s+(?:just\s+)?"
    r"(?:drew|drawn|marked|selected|outlined|sketched)"
    r"|(?:the|this|that)\s+(?:polygon|rectangle|selection|drawing|aoi|box)|what\s+i\s+(?:drew|marked|selected))\b"
)
_HECTARES = {"ha": 1.0, "hectare": 1.0, "km2": 100.0, "km²": 100.0, "m2": 1e-4, "m²": 1e-4, "sqm": 1e-4}
SIZE = re.compile(
    r"(?:(?:larger|bigger|greater|more|of at least|at least|over|above|exceeding|minimum of|covering more|>)(?:\s+than)?|>)\s*"
    r"(?P<half>half an?|half|a quarter of an?|a|an|one|two|three|five|ten|\d+(?:[.,]\d+)?)\s*"
    r"(?P<unit>ha\b|hectares?\b|km2|km²|square kilomet(?:re|er)s?|m2|m²|sqm|square met(?:re|er)s?)"
)
_WORDS_FOR_NUMBERS = {"a": 1.0, "an": 1.0, "one": 1.0, "two": 2.0, "three": 3.0, "five": 5.0, "ten": 10.0}
UNITS = (
    ("km2", re.compile(r"\b(km2|km²|km\^2|sq\.? ?km|square kilomet(re|er)s?)(?!\w)")),
    ("m2", re.compile(r"(?<!k)\b(m2|m²|m\^2|sqm|sq\.? ?m|square met(re|er)s?)(?!\w)")),
    ("ha", re.compile(r"\b(ha|hectares?|hectars?)\b")),
)


def place_of(match: re.Match[str]) -> str:
    """Return the place of a match of :data:`PLACE`."""
    found = match.groupdict()
    if found["ns"]:
        return found["ns"] + (f"-{found['ew']}" if found["ew"] else "")
    if found["tb"]:
        return f"{_TURNED[found['tb']]}-{_TURNED[found['lr']]}"
    if found["abbr"]:
        return _ABBR[found["abbr"]]
    single = found["tb1"] or found["lr1"]
    return _TURNED[single] if single else found["lone"] or "centre"


def hectares_of(match: re.Match[str]) -> float:
    """Return the hectares of a match of :data:`SIZE`."""
    words, unit = match["half"], match["unit"]
    if words.startswith("half"):
        number = 0.5
    elif words.startswith("a quarter"):
        number = 0.25
    else:
        number = _WORDS_FOR_NUMBERS.get(words) or float(words.replace(",", "."))
    per = 100.0 if unit.startswith("square k") else 1e-4 if unit.startswith("square m") else 0.0
    return number * (per or _HECTARES[unit.removesuffix("s") if unit.startswith("hec") else unit])


#: Words that do not indicate the kind of a question, and do not reduce confidence.
HARMLESS = frozenset(
    """a about above actually again all along also am an and any anybody anyone anything anywhere are area around as at
    away back be because been before being below between both but by can could currently did do does doing done down
    during each ever every find for found from get give given gives go going got had has have having here how i if in
    inside into is it its just kind know lands land landscape let like likely list lot lots made make many map may me mean might
    more most much must my near need new no not now number of off ok okay on once one only or other our out over own
    part place please possible present quite really region right same say see seen several shall she should show since
    site so some somebody someone something sort still such surface take tell than thanks that the their them then there these
    they thing things think this those through thus time times to today together too total totally under until up upon us
    use used using very via was we well were what whatever when where whether which while who whole will with within
    without would year years yes yet you your ground hello hi hey kindly want wish wonder exactly roughly
    approximately overall general generally altogether across within location spot spots territory tract look looks
    looking altogether simply quickly maybe perhaps currently nowadays presently forecast next coming break broke broken
    course usual left leave predict predicted prediction outlook expect expected""".split()  # noqa: SIM905
)
