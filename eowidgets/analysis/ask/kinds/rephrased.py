"""Rephrase questions in words that the readers cover: symbols, holidays, tag questions, names of radar bands."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Callable, Collection

from eowidgets.analysis.ask.kinds.growing_season import spring_said
from eowidgets.analysis.ask.kinds.introduced import without_introduction
from eowidgets.analysis.ask.slots import LONGEST

_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_SHOTS = r"(?:days|dates|images|pictures|scenes|photos|acquisitions|observations)"
_Y = r"(?:19|20)\d\d"
_MONTH = "(?:" + "|".join(n.lower() for n in calendar.month_name if n) + ")"
_MONTHS = {n.lower(): i for i, n in enumerate(calendar.month_name) if n}

_HOLIDAYS = {
    "christmas eve": (12, 24), "christmas day": (12, 25), "christmas": (12, 25), "boxing day": (12, 26),
    "new year's eve": (12, 31), "new year's day": (1, 1), "new years day": (1, 1), "new year's": (1, 1), "new year": (1, 1),
    "epiphany": (1, 6), "valentine's day": (2, 14), "may day": (5, 1), "halloween": (10, 31),
}  # fmt: skip
_HOLIDAY = re.compile(
    rf"\b(?:(?P<rel>shortly before|just before|right before|shortly after|just after|right after) )?"
    rf"(?P<name>{'|'.join(sorted(_HOLIDAYS, key=len, reverse=True))})(?: of| in)? (?P<year>{_Y})\b",
    re.IGNORECASE,
)
#: Number of days that "shortly" before or after spans.
_SHORTLY = 16
_THIRD = re.compile(
    rf"\b(?:in |during )?(?:the )?(?P<third>early|mid|middle of|late|beginning of|end of)[ -]"
    rf"(?P<month>{_MONTH}),? (?P<year>{_Y})\b",
    re.IGNORECASE,
)
_TAG = re.compile(
    r"^(?P<all>[^?]+),\s*(?:(?:is|was|are|were|does|do|did|has|have|had)n['’]?t|(?:is|was|are|were|does|do|did|has|have) not)"
    r" (?:it|there|they|that|this)\s*\?*$|^(?P<all2>[^?]+),\s*(?:right|correct|true|am i right|no)\s*\?+$",
    re.IGNORECASE,
)
_STATED = re.compile(
    r"^(?P<subject>(?!(?:is|are|was|were|has|have|did|does|what|which|how|where|when)\b).{2,80}?) "
    r"(?P<verb>is|are|was|were|has|have)(?P<rest> .+)$",
    re.IGNORECASE,
)
_SEASON = r"(?:winter|spring|summer|autumn|fall)"
_FOUR_SEASONS = re.compile(rf"\s*[:,(-]*\s*\b{_SEASON}(?:,? (?:or |and )?{_SEASON}){{3}}\)?", re.IGNORECASE)

_Pair = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]
#: Wordings, and their replacements that the readers cover.
_SAID: tuple[_Pair, ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), instead)
    for pattern, instead in (
        (r"^what (?:made|makes) (.+ (?:so|such)\b.*)$", r"Why is \1"),
        (r"\s*(?:>=|≥)\s*(?=-?\d)", " at least "),
        (r"\s*(?:<=|≤)\s*(?=-?\d)", " at most "),
        (r"\s*>\s*(?=-?\d)", " above "),
        (r"\s*<\s*(?=-?\d)", " below "),
        (
            r"^\W*(?:please )?(?:show|name|give|tell|find|point out)(?: me| us)? the (half|quarter|corner|month|year|season)"
            r" (?:with|that has|having|which has) the\b",
            r"which \1 has the",
        ),
        (rf"\bon which of (?:the|these|all)(?: the)? {_SHOTS}\b", "on which date"),
        (
            rf"^of (?:the|these|all)(?: the)? (?:\w+ )?{_SHOTS},? which (?:one )?(is|was|has|had) (?:the )?(.+?)\??$",
            r"On which date \1 it \2?",
        ),
        (
            rf"\b(?:the )?({_SEASON})s (?:\([a-z ,-]*\) )?(?:of|from|in) (?:the years )?({_Y}) (?:to|until|through|-)"
            rf" ({_Y})\b",
            r"from \2 to \3 in \1",
        ),
        (
            rf"^(is|was|are|were) ({_MONTH}|{_SEASON})( {_Y})? (\w+er) than ({_MONTH}|{_SEASON})\b",
            r"\1 it \4 in \2\3 than in \5",
        ),
        (
            r"^(?:in )?(?:what|which) year (was|were) (?!(?:the )?(?:most|least|more|less|fewest)\b)(.+?) "
            r"(built|constructed|cut down|cut|felled|cleared|lost)\b",
            r"When \1 \2 \3",
        ),
        (
            rf"^by how many percentage points (?:of the \w+ )?(?:did|has|have) (.+?) "
            rf"(?:grow|grown|increased?|rise|risen|expand(?:ed)?) (?:from|between) ({_Y}) (?:to|and) ({_Y})\??$",
            r"What is the difference in the share of \1 between \3 and \2?",
        ),
        (
            rf"^by how many percentage points (?:of the \w+ )?(?:did|has|have) (.+?) "
            rf"(?:shrink|shrunk|decreased?|fall|fallen|decline) (?:from|between) ({_Y}) (?:to|and) ({_Y})\??$",
            r"What is the difference in the share of \1 between \2 and \3?",
        ),
        (r"\b(?:nr|no)\.? (?:of )?(?=pixels|rows|columns|images|dates|patches)", "number of "),
        (r"\bthe (upper|lower|left|right) one or (?:the )?(upper|lower|left|right) one\b", r"the \1 or the \2"),
        (r"\bNDRE\b", "NDREI"),
        (r"\b(is|was) (\w+) (?:the|its|at its) (lowest|highest)\b(?=\W*$)", r"\1 \2 \3"),
        (rf"\b{_MONTH}s\b(?!['’])", lambda m: m.group()[:-1]),
        (
            rf"^of all (?:the )?({_MONTH}),? which (year|one)(?:['’]s)? (?:was|is|had) (.+?)\??$",
            r"which year was \3 in \1?",
        ),
        (
            r"^(?:the )?date of (?:the )?(?:construction|building work)s?\b(?P<rest>.*)$",
            lambda m: f"When was it built{m['rest']}",
        ),
        (
            r"^(?:the )?date of (?:the )?(?:felling|clearing|clear-?cut|logging|deforestation)\b(?P<rest>.*)$",
            lambda m: f"When was the forest cleared{m['rest']}",
        ),
        (r"\b(any |new )(buildings?|houses?|construction)( \w+)? gone up\b", r"\1\2 appeared"),
        (r"\b(?:buildings?|houses?) (?:went|go|have gone) up\b", "buildings appeared"),
        (r"^(\w+)\s*[:,] (.+?) minus (.+?)\??$", r"What is the difference in \1 between \2 and \3?"),
        (r"\b(?:what is|what's) the (\w+) here\b", r"what is the mean \1"),
        (r"^cloud(?:s| cover| cover(?:age)?)? (?:on|in|of|for) (.+?)\??$", r"What share was covered by cloud on \1?"),
    )
)


def rephrased(question: str, names: Collection[str], dates: int) -> str:
    """Return the question in words that the readers cover.

    Parameters
    ----------
    question : str
    names : collection of str
        Names of the bands of the cube.
    dates : int
        Number of dates of the cube; in "of the seven dates" this number is then redundant.

    Examples
    --------
    >>> rephrased("Less than half of it was wooded in 2020, wasn't it?", (), 5)
    'Was less than half of it wooded in 2020?'
    """
    if len(question) > LONGEST:
        return question
    text = without_introduction(question.replace("’", "'"))
    text = _all_dates(text, dates)
    for pattern, instead in _SAID:
        text = pattern.sub(instead, text)
    text = spring_said(text)
    text = _HOLIDAY.sub(_holiday, text)
    text = _THIRD.sub(_third, text)
    if re.search(r"\bseasons?\b", text, re.IGNORECASE):
        text = _FOUR_SEASONS.sub("", text)
    text = _asked(text)
    return _radar(text, names)


def _all_dates(text: str, dates: int) -> str:
    """Remove a number of dates that equals that of the cube."""
    number = rf"(?:{_NUMBERS[dates]}|{dates})" if dates < len(_NUMBERS) else str(dates)
    return re.sub(
        rf"\b((?:of|on|in|over|among) (?:the|these|all)(?: the)?) {number} ({_SHOTS})\b", r"\1 \2", text, flags=re.I
    )


def _holiday(match: re.Match[str]) -> str:
    month, day = _HOLIDAYS[match["name"].lower()]
    at = dt.date(int(match["year"]), month, day)
    said = (match["rel"] or "").lower()
    if not said:
        return at.isoformat()
    days = (-_SHORTLY, -1) if "before" in said else (1, _SHORTLY)
    return "from " + " to ".join((at + dt.timedelta(n)).isoformat() for n in days)


def _third(match: re.Match[str]) -> str:
    year, month, said = int(match["year"]), _MONTHS[match["month"].lower()], match["third"].lower()
    last = calendar.monthrange(year, month)[1]
    first, end = (
        (1, 10) if said.startswith(("early", "beginning")) else (11, 20) if said.startswith("mid") else (21, last)
    )
    return f"from {year}-{month:02d}-{first:02d} to {year}-{month:02d}-{end}"


def _asked(text: str) -> str:
    """Turn "It was wooded, wasn't it?" into "was it wooded?"."""
    tag = _TAG.match(text)
    stated = _STATED.match((tag["all"] or tag["all2"]).strip()) if tag else None
    if stated is None:
        return text
    subject = stated["subject"]
    subject = subject if subject[:2].isupper() else subject[:1].lower() + subject[1:]
    return f"{stated['verb'].capitalize()} {subject}{stated['rest']}?"


def _radar(text: str, names: Collection[str]) -> str:
    """Name radar bands as bands, and replace words for their strength by higher and lower."""
    radar = [n for n in names if str(n).lower() in ("vv", "vh", "hh", "hv")]
    named = [n for n in radar if re.search(rf"\b{n}\b", text, re.IGNORECASE)]
    if not named or re.search(r"\bpolari[sz]ations\b", text, re.IGNORECASE):
        return text
    text = re.sub(r"\bsends? back (less|more) (?:signal|energy|power)\b", r"has \1", text, flags=re.I)
    text = re.sub(r"\b(?:stronger|brighter)\b", "higher", text, flags=re.I)
    text = re.sub(r"\b(?:weaker|darker)\b", "lower", text, flags=re.I)
    text = re.sub(r"\b(?:strongest|brightest)\b", "highest", text, flags=re.I)
    text = re.sub(r"\b(?:weakest|darkest)\b", "lowest", text, flags=re.I)
    text = re.sub(
        r"\s*\b(?:backscatter(?:ing)?(?: coefficient)?|signal|echo|returns?|intensity|polari[sz]ation|radar)\b",
        "",
        text,
        flags=re.I,
    )
    text = re.sub(r"(-?\d+(?:\.\d+)?) ?(?:db|decibels?)\b", r"\1", text, flags=re.I)
    return re.sub(
        r"\b(?:the )?(?:band |channel )?(vv|vh|hh|hv)(?: band| channel)?\b",
        lambda m: f"band {m[1].lower()}",
        text,
        flags=re.I,
    )
