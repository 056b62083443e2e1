"""Questions about the cube itself, and about the meaning of an index."""

from __future__ import annotations

import re

from eowidgets.analysis.ask.bandwords import BAND_NAMES
from eowidgets.analysis.ask.kinds.given import Given
from eowidgets.analysis.ask.kinds.patterns import CUBE, LIMIT, SATELLITE
from eowidgets.analysis.ask.language import COVERS, IMAGES, SKIES, UNIONS, Fact, QuestionProgram
from eowidgets.analysis.ask.scopes import scopes
from eowidgets.analysis.ask.slots import Slots

_SIZE_OF = re.compile(
    rf"\b(?:total |ground |surface )?area of (?:the |this )?(?:whole |entire )?{CUBE}\b"
    rf"|^how (?:big|large) is (?:the|this) (?:whole |entire )?(?:area|place|region|site)\b"
    rf"|\bhow (?:large|big|wide) (?:is|are) (?:the |this |these |our |my |a )?(?:whole "
    rf"|entire )?{CUBE}\b(?! (?:of|covered))|\b(?:size|dimensions?|shape|extent) of (?:the "
    rf"|this )?(?:whole |entire )?{CUBE}\b|\bhow many (?:pixels|rows|columns)\b(?! of)"
)

_HECTARES_OF = re.compile(
    rf"\b(?:how (?:many|much)|what|which) (?:ground )?(?:square kilomet(?:re|er)s|square met(?:re"
    rf"|er)s|hectares|ha|km2|m2|area|ground|surface|land)\b.*\b(?:does|do|is|are) (?:it"
    rf"|this|the|these|our|my) ?(?:whole |entire )?(?:{CUBE})?\b.*\b(?:cover(?:ed)?|show"
    rf"|span|have|measure)\b"
    r"|^(?:total |whole )?(?:area|size|surface|extent) (?:covered|of (?:it|this)|in total)\b"
    r"|^(?:what(?:'s| is) the )?(?:total|whole) (?:area|size|surface)\b(?! of (?!it|this|the (?:image|scene|cube|place|area)))"
)

_SIDE = re.compile(
    rf"\bhow (?P<a>wide|tall|high|long|broad) (?:is|are) (?:the |this |these )?(?:whole )?{CUBE}\b"
    rf"|^(?:what is the |the )?{CUBE}(?:'s)? (?P<d>width|height|length)\b"
    rf"|\b(?P<b>width|height|length) of (?:the |this )?(?:whole )?{CUBE}\b|\bhow many (?:kilomet(?:re"
    rf"|er)s|met(?:re|er)s|km|m) (?P<c>wide|tall|high|long) (?:is|are)\b"
)

_NUMBER_OF = re.compile(
    r"\b(?:how many|nr\.? of|no\.? of) (?P<n>rows|columns|pixels)\b|\b(?:number|count) of (?P<m>rows|columns|pixels)\b"
)

_GAP = re.compile(
    r"\b(?:interval|spacing|gap|time|days)(?: \w+)? between (?:the |two |successive |consecutive )*(?:images"
    r"|dates|observations|acquisitions|scenes|pictures|overpasses)\b|\bdays\b.* apart\b|\b(?:revisit|repeat) (?:time"
    r"|cycle|period|interval)\b|\bhow (?:often|frequently|many times)\b.*\b(?:images?"
    r"|pictures?|observ\w+|acquired|taken|photograph\w*|seen|revisit\w*)\b"
)

_LONGEST_GAP = re.compile(r"\b(?:longest|largest|biggest|greatest|maximum) (?:gap|interval|break|pause|time)\b")

_YEARS_OF = re.compile(rf"\bhow many years\b(?=.*\b(?:{CUBE}|record|cover\w*|span\w*|long)\b)")

_EDGE = re.compile(
    r"\b(?P<o>north|south|east|west)ernmost (?:latitude|longitude|point|coordinate|edge)\b|"
    r"\b(?P<n>northern|southern|eastern|western|north|south|east|west)(?:ern)?(?:most)? (?:edge"
    r"|border|boundary|limit|bound)\b(?=.*\b(?:latitude|longitude|degrees|coordinate"
    r"|lie|lies|is)\b)|\b(?:latitude|longitude|coordinate) of (?:the |its )?(?P<m>northern"
    r"|southern|eastern|western) (?:edge|border|boundary|limit)\b"
)

_PIXEL = re.compile(
    r"\bwhat size (?:is|are) (?:the |a |one |each )?pixels?\b|"
    r"\b(?:pixel size|size of (?:a|one|the) pixels?|(?:spatial |ground )?resolution|how (?:large"
    r"|big|wide) (?:is|are) (?:a|one|the|each)?\s*pixels?|ground sampling distance)\b"
)

_DATES_OF = re.compile(
    rf"\b(?:which|what) (?:are the )?(?:dates|days|time span|timespan|period|time range"
    rf"|time period|years|date range|temporal extent)\b(?=.*\b(?:have|has|cover(?:ed|s)?"
    rf"|available|contain(?:s|ed)?|include[sd]?|in (?:the|this) {CUBE}|are there|do we"
    rf"|is there|exist|used?|span)\b)"
    rf"|\b(?:from when|since when|until when|till when)\b.*\b(?:{CUBE}|record|data)\b"
    rf"|\bhow long is (?:the |this |our )?(?:{CUBE}|record)\b"
    rf"|\b(?:start and end|first and last|beginning and end)\w*(?: date| day| dates| days)? ?of (?:the "
    rf"|this )?(?:{CUBE}|record)\b"
    rf"|\blist (?:all |the )*(?:dates|days)\b|\b(?:time span|date range) of\b"
)

_BANDS_OF = re.compile(
    r"\b(?:which|what|how many) (?:spectral |radar )?(?:bands|channels|wavelengths|polari[sz]ations?)\b"
    r"|\blist (?:all |the )*(?:bands|polari[sz]ations)\b|^polari[sz]ations?$"
)

#: A request for the list of single dates.
_ACQUISITIONS = re.compile(
    r"\b(?:list|enumerate|name|show|give)(?: me| us)? (?:all |the |every |each )*(?:of (?:the )?)?"
    r"(?:(?:acquisition|image|imaging|observation|available|recording) )?(?:dates?|days|acquisitions|images)"
    r"(?: (?:of|in) (?:the |this |our )?\w+)?$"
)

_EMPTY_MONTHS = re.compile(
    r"\b(?:how many|number of|count of)(?: of)?(?: the)? (?:calendar )?months\b.*\b(?:no|without)(?: an?| any)?(?: single)? "
    r"(?:usable )?(?:images?|pictures?|dates?|data|acquisitions?|observations?|scenes?)\b"
)

_CRS = re.compile(
    r"\bepsg\b|\b(?:map )?projections?\b|\bprojected\b|\b(?:coordinate|spatial) (?:reference )?systems?\b"
    r"|\bcrs\b|\butm\b|\bgeodetic datum\b|\bwhich datum\b"
)

_IMAGING = re.compile(
    r"\b(?:radar|sar|microwave)\b.*\b(?:or|and)\b.*\b(?:optical|multispectral|light)\b"
    r"|\b(?:optical|multispectral)\b.*\b(?:or|and)\b.*\b(?:radar|sar|microwave)\b"
    r"|^(?:is|are|was|were) (?:this|these|it|they)(?: an?| the)? (?:(?:image|picture|data|scene)s? )?(?:radar|sar|optical)"
    r"(?: (?:image|picture|data|scene|one)s?)?$"
)

_INDICES_OF = re.compile(r"\b(?:which|what) (?:spectral |vegetation )?(?:indices|indexes)\b")

_PLACE_OF = re.compile(
    r"\b(?:coordinates?|position|location|latitude|longitude)(?: and (?:latitude|longitude))? (?:of"
    r"|at) (?:the |its )?(?:‹p›|cent(?:re|er)|middle|cube|scene|image|area)|^where is (?:the "
    r"|its )?(?:cent(?:re|er)|middle)\b|\bwhere (?:on earth|in the world) (?:is|are)\b"
    r"|\b(?:coordinates|location) of (?:the |this )(?:cube|scene|image|area|place|sample)\b"
    r"|^where (?:is|are) (?:this|the) (?:cube|scene|image|area|place|sample|we)\??$"
)

_TERM = re.compile(
    r"^(?:what (?:is|does|means?)|what is meant by|define|explain|tell me about|meaning of)(?: an?)? (?P<n>[a-z0-9]+)(?: (?:mean"
    r"|means|stand for|stands for|measure|measures|show|shows|index))?\??$"
)


#: Longer forms of a question for the meaning of an index, without questions for its mean value.
_MEANING = (
    re.compile(
        r"\bwhat (?:do|does) (?:the |an? )?(?P<n>[a-z0-9]+)(?: index)? "
        r"(?:stand for|mean|measure|tell|show|express|indicate|say)\b"
    ),
    re.compile(
        r"^what(?:'s| is) (?:the |an? )?(?P<n>[a-z0-9]+)(?: index)?(?:,| and)? "
        r"(?:why|used for|good for|how (?:is|does)|in general)\b"
    ),
    re.compile(r"\bhow (?:is|are) (?:the )?(?P<n>[a-z0-9]+)(?: index)? (?:computed|calculated|defined|derived)\b"),
    re.compile(r"\b(?:meaning|definition|formula) of (?:the )?(?P<n>[a-z0-9]+)\b"),
)


def _meaning(low: str, slots: Slots) -> Fact | None:
    """Read "What does NDVI stand for, and what does it measure?"."""
    names = {t.name.lower(): t.name for t in slots.topics if t.name not in (*COVERS, *UNIONS, *SKIES, *IMAGES)}
    for pattern in _MEANING:
        match = pattern.search(low)
        if match and match["n"] in names and not slots.dates and not slots.places:
            return Fact(of=names[match["n"]])
    return None


#: Context of the name of a band in a question for its meaning.
_EXPLAINED = (
    r"\b(?:what|explain|define)\b.*\b{0}(?: band| channel)?(?: is| are)? (?:stands? for|mean|good for|used for|useful for"
    r"|tells? us|in general)|\bwhat (?:does|do|is|are) (?:the |a )?(?:band )?{0}(?: band| channel)?s? "
    r"(?:stand for|mean|good for|used for|useful for|tell(?: us)?|measure|for)\b"
    r"|\b(?:meaning|definition|purpose|use) of (?:the )?(?:band )?{0}\b"
    r"|^(?:explain|define|what is meant by)(?: the)? {0}(?: band| channel)?$"
)


def named_band(low: str, slots: Slots, given: Given) -> Fact | None:
    """Read "What is the red edge good for?", "What does SWIR stand for?": the meaning of a band, not its mean value."""
    if slots.dates or slots.places or given.point:
        return None
    return next(
        (Fact(of=name) for name, said in BAND_NAMES.items() if re.search(_EXPLAINED.replace("{0}", said), low)), None
    )


def fact(low: str, slots: Slots, given: Given) -> QuestionProgram | str | None:
    """Read questions about the satellite, the size, the dates and the bands, and about the meaning of an index."""
    if given.before and not re.search(r"\b(?:satellite|sensor|bands|resolution|pixel)\b", low):
        return None
    land = [t.name for t in slots.topics if t.name in (*COVERS, *UNIONS, *SKIES)]
    if _EMPTY_MONTHS.search(low) and not land:
        return Fact(scopes(slots, "")[0], "empty months")
    if _CRS.search(low) and not land and not slots.dates:
        return Fact(of="crs")
    if re.match(r"^(?:on|in) (?:how much|how many|what|which)\b", low) or LIMIT.search(low):
        return None
    named = named_band(low, slots, given)
    if named is not None:
        return named
    for of, pattern in (
        ("imaging", _IMAGING), ("satellite", SATELLITE), ("resolution", _PIXEL), ("bands", _BANDS_OF), ("indices", _INDICES_OF),
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
    if _ACQUISITIONS.search(low) and not measured and not slots.dates and not slots.places and not slots.drawn:
        return Fact(of="acquisitions")
    for of, pattern in (("size", _SIZE_OF), ("dates", _DATES_OF), ("place", _PLACE_OF)):
        if pattern.search(low) and not measured:
            return Fact(of=of, unit=slots.unit if of == "size" else "")  # type: ignore[arg-type]
    low = re.sub(r"^(?:please |can you |could you |now )+|(?: please| to me| for me)+$", "", low)
    meaning = _meaning(low, slots)
    if meaning is not None and not given.point:
        return meaning
    term = _TERM.match(low)
    if term and not given.point and not slots.dates and not slots.places and len(slots.topics) == 1:
        of = slots.topics[0].name
        if of not in IMAGES and of.lower() == term["n"]:
            return Fact(of=of)
    return None


def _dimension(low: str, slots: Slots) -> Fact | None:
    """Read questions about width, height, rows, columns, intervals and the like."""
    number = _NUMBER_OF.search(low)
    if number:
        return Fact(of=str(number["n"] or number["m"]))
    if re.search(r"\bhow many days\b(?=.*\b(?:first|last|start|end|cover\w*|span\w*|series|record)\b)", low):
        return Fact(of="days")
    if re.search(
        r"\b(?:images|pictures|scenes|dates|acquisitions|observations|‹m›) (?:are there "
        r"|do (?:we|you) have |are )?(?:per|a|each|every|in a) year\b",
        low,
    ):
        return Fact(of="images a year")
    if _LONGEST_GAP.search(low):
        return Fact(of="longest gap")
    if _GAP.search(low):
        return Fact(of="interval")
    if _YEARS_OF.search(low):
        return Fact(of="years")
    one = re.search(r"\b(latitude|longitude)\b", low)
    if one and not re.search(
        r"\b(?:latitude and longitude|longitude and latitude|edge|border|limit|boundary|\w+most)\b", low
    ):
        return Fact(of=one[1])
    reach = re.search(r"\bhow far (north|south|east|west)\b", low)
    if reach:
        return Fact(of=reach[1])
    across = re.search(r"\b(east-west|west-east|north-south|south-north) (?:extent|size|length|width|dimension)\b", low)
    if across:
        unit = "km" if re.search(r"\b(?:km|kilomet(?:re|er)s?)\b", low) else "m"
        return Fact(of="width" if "east" in across[1] else "height", unit=unit)  # type: ignore[arg-type]
    edge = _EDGE.search(low)
    if edge:
        return Fact(of=str(edge["n"] or edge["m"] or edge["o"]).removesuffix("ern"))
    side = _SIDE.search(low)
    if side and not re.search(r"\b(?:series|time series|record)\b", low):
        up = re.search(r"\b(?:tall|high|height|north to south|south to north|top to bottom)\b", low)
        unit = "km" if re.search(r"\b(?:km|kilomet(?:re|er)s?)\b", low) else "m"
        return Fact(of="height" if up else "width", unit=unit)  # type: ignore[arg-type]
    if _HECTARES_OF.search(low) and not slots.places and not slots.drawn:
        return Fact(of="size", unit=slots.unit)  # type: ignore[arg-type]
    return None
