"""Normalisation of questions: usual names of places, dates for "the last day", coordinates removed."""

from __future__ import annotations

import re

_CORNER = re.compile(
    r"\b(left|right)(?:[- ]hand)?[ -](upper|lower|top|bottom)\b(?=[ -](?:corner|part|quarter|side|edge))"
)

_NUMBER = r"-?\d{1,3}\.\d{2,}"

_POINT = re.compile(
    rf"(?:\b(?:at|near|around|for|in)\s+)?(?:the\s+)?(?:(?:point|pixel|position|place"
    rf"|location|coordinates?|coords?)\s*(?:at\s+)?)?"
    rf"(?:\b(?:lat(?:itude)?|long?(?:itude)?|lng)\b[ .:=]*)?\(?(?P<a>{_NUMBER})\s*°?\s*(?P<ah>[NSEW])?(?![a-z])\s*(?:,"
    rf"|;|/|\band\b|\s)\s*"
    rf"(?:\b(?:lat(?:itude)?|long?(?:itude)?|lng)\b[ .:=]*)?(?P<b>{_NUMBER})\s*°?\s*(?P<bh>[NSEW])?(?![a-z])\)?",
    re.IGNORECASE,
)

_LON_FIRST = re.compile(r"\blong?(?:itude)?\b.*\blat(?:itude)?\b", re.IGNORECASE)

_PAIRS = (
    (
        re.compile(r"\b(?:the )?(?:upper|top)(?: (?:half|part))?,? (or|and|than) (?:the )?(?:lower|bottom)\b"),
        r"north \1 south",
    ),
    (
        re.compile(r"\b(?:the )?(?:lower|bottom)(?: (?:half|part))?,? (or|and|than) (?:the )?(?:upper|top)\b"),
        r"south \1 north",
    ),
    (re.compile(r"\b(?:the )?left(?: (?:half|part|side))?,? (or|and|than) (?:the )?right\b"), r"west \1 east"),
    (re.compile(r"\b(?:the )?right(?: (?:half|part|side))?,? (or|and|than) (?:the )?left\b"), r"east \1 west"),
)

#: Polite frames: "Could you please tell me in a few words what NDVI is?" is "What is NDVI?".
_POLITE = re.compile(
    r"^\W*(?:(?:hi|hello|hey|dear|good (?:morning|day|evening))\b[^,.!]{0,20}[,.!]\s*)?(?:(?:please|so|well|ok|okay|now),? )*"
    r"(?:(?:can|could|would|will) you (?:please |kindly |perhaps )*|i(?:'d| would| want| need)?(?: like| love)? ?(?:to )?"
    r"|do you |help me (?:to )?)?"
    r"(?:tell me|know|let me know|explain(?: to me)?|say|find out|wonder|understand|work out|check|show me)\b,?"
    r"(?: (?:please|briefly|roughly|quickly|exactly),?)*"
    r" (?=(?:what|which|when|where|how|on which|in which|by how|at what|in what|on what|from which)\b)(?P<rest>.*)$",
    re.IGNORECASE,
)
#: Negated openings: "Isn't it greener?" is "Is it greener?".
_RHETORICAL = re.compile(r"^\W*(is|are|was|were|has|have|did|does|do)n[' ]?t\b(?= (?!there\b))", re.IGNORECASE)
_MOST_RECENT = re.compile(r"\bmost recent\b", re.IGNORECASE)
#: Order of index and limit: "above NDVI 0.9" is "NDVI above 0.9".
_INDEX_LIMIT = re.compile(r"\b(above|below|over|under)(?: an?)? ([A-Z][A-Z0-9]{1,5})(?: of)? (-?\d)")
_IMAGE = r"(?:day|date|image|picture|scene|acquisition|observation|overpass|frame)"

_ON_LAST = re.compile(
    rf"\b(?:on|in|at|for) the (?:very )?(?P<w>last|latest|most recent|newest|first|earliest"
    rf"|oldest) {_IMAGE}\b(?! (?:of|in|on|with|without|from))"
)

_AT_END = re.compile(
    r"\bat the (?P<w>end|beginning|start) of (?:the )?(?:series|record|time series|period"
    r"|data|observations?)\b|\bat (?:its|the very) (?P<v>end|beginning|start)\b"
)


#: Descriptions of months: "the dry season, June to August" is "June to August"; three months of a season are that
#: season.
_CLIMATE = re.compile(
    r"\b(?:the )?(?:dry|wet|rainy) season\b[ ,(]*(?:from |i\.?e\.?,? )?(?=(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))",
    re.IGNORECASE,
)
_QUARTERS = (
    (re.compile(r"\(?\bmarch (?:to|through|until|-|–) may\b\)?", re.IGNORECASE), "spring"),
    (re.compile(r"\(?\bjune (?:to|through|until|-|–) august\b\)?", re.IGNORECASE), "summer"),
    (re.compile(r"\(?\bseptember (?:to|through|until|-|–) november\b\)?", re.IGNORECASE), "autumn"),
)
#: Two or more years: with months, they mean one part of the year in each of them.
_TWO_YEARS = re.compile(r"\b(?:19|20)\d\d\b.*\b(?:19|20)\d\d\b")


_SEASON = re.compile(r"\b(?:the )?(spring|summer|autumn|winter)s?\b(?! (?:of )?(?:19|20)\d\d)", re.IGNORECASE)


def _part_at_the_end(text: str) -> str:
    """Move a part of the year that applies to every year to the end of the question, where it is read as such."""
    for pattern, season in _QUARTERS:
        text = pattern.sub(season, text)
    named = {m[1].lower() for m in _SEASON.finditer(text)}
    if len(named) != 1 or re.search(r"\bin (?:the )?(?:spring|summer|autumn|winter)\b", text, re.IGNORECASE):
        return text
    rest = " ".join(_SEASON.sub(" ", text).rstrip(" ?.!").split())
    return f"{rest} in {named.pop()}?"


def plain(question: str, first: str = "", last: str = "") -> str:
    """Return a question with usual names of places, the past tense, and a date for "the last day".

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
    text = _POLITE.sub(lambda m: m["rest"], text)
    text = re.sub(r"\b(?:falls?|lies?) (?:with)?in(?:to)? (?=the |q[1-4])", "are in ", text)
    text = _RHETORICAL.sub(lambda m: m[1], _MOST_RECENT.sub("latest", text))
    text = _INDEX_LIMIT.sub(r"\2 \1 \3", text)
    text = _CLIMATE.sub("", text)
    if _TWO_YEARS.search(text):
        text = _part_at_the_end(text)
    for pattern, instead in _PAIRS:
        text = pattern.sub(instead, text)
    if first and last:
        ends = ("first", "earliest", "oldest", "beginning", "start")
        text = _ON_LAST.sub(lambda m: f"on {first if m['w'] in ends else last}", text)
        text = _AT_END.sub(lambda m: f"on {first if (m['w'] or m['v']) in ends else last}", text)
    return re.sub(r"^(\W*)[Hh]ad (.{1,60}?) been (\w+ing)\b", r"\1Was \2 \3", text)


def point_of(question: str, bounds: tuple[float, float, float, float] | None) -> tuple[str, tuple[float, float] | None]:
    """Remove coordinates from a question, and return them.

    Latitude comes first, unless letters or words indicate otherwise, or only the other order lies in the cube.

    Parameters
    ----------
    question : str
    bounds : (west, south, east, north), optional
        Bounds of the cube in degrees.

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
