"""Read questions about the growing season: "When does spring begin?", "How long was the growing season in 2019?"."""

from __future__ import annotations

import re
from dataclasses import replace

from eowidgets.analysis.ask.kinds.given import Given
from eowidgets.analysis.ask.kinds.patterns import NEGATED, indices_in
from eowidgets.analysis.ask.language import COVERS, SKIES, QuestionProgram, Season
from eowidgets.analysis.ask.scopes import scopes
from eowidgets.analysis.ask.slots import Slots

_BEGIN = r"(?:begin\w*|began|begun|start\w*|onset|commenc\w*|arriv\w*|c[ao]me|comes|coming|set in)"
_END = r"(?:end(?!\w*less)\w*|over|finish\w*|stop\w*)"
#: A season of plants; "the season" alone counts only with a verb such as begin, end, peak or last.
_SEASON = r"(?:growing|greening|vegetation) seasons?"
_NAMED = re.compile(rf"\b{_SEASON}\b|\b(?:the|this|each|every) season (?:{_BEGIN}|{_END}|peak\w*|last\w*)\b")
_STARTS = re.compile(rf"\b{_BEGIN}\b")
_ENDS = re.compile(rf"\b{_END}\b")
_PEAKS = re.compile(r"\bpeak\w*\b")
_LENGTH = re.compile(
    r"\b(?:how long|length|last(?:s|ed)?(?! (?:image|year|spring|summer|autumn|winter))|duration|how many days)\b"
)
_THAN = re.compile(r"\b(?P<relation>earlier|sooner|later|longer|shorter)\b(?: or (?:earlier|later|longer|shorter))?")
#: Openings of questions for a date or a length; "what is the mean NDVI at the start" does not match.
_WHEN = re.compile(
    r"^(?:and |so |please )?(?:when|how long|how many days|how (?:early|late)|(?:on |at |by )?(?:what|which) (?:date|day|time)"
    r"|(?:(?:what|which) (?:is|was|were|are) |(?:show|give|tell|find|list|name)(?: me| us)? )?(?:the )?"
    r"(?:(?:average|mean|usual|typical|median) )*"
    r"(?:dates?|days?|starts?|beginning|onset|ends?|length|duration|growing season))\b"
)
#: Trends of dates, ranks of years and future seasons, which are not computed.
_OTHER = (
    (
        re.compile(r"\b(?:will|shall|going to|next|coming year|forecast|predict\w*|expect\w*)\b"),
        "Growing seasons are dated from images, not forecast: ask for a year of the series.",
    ),
    (
        re.compile(r"\b(?:earliest|latest|longest|shortest)\b|\b(?:which|what) (?:year|spring|season)\b"),
        "Growing seasons are dated per year, but not ranked: ask when one starts or ends, or how long it is.",
    ),
)
_YEAR = r"(?: (?:of |in )?(?:19|20)\d\d)?"
#: The begin or end of a calendar season, which no image shows.
_CALENDAR = re.compile(
    rf"^(?:and )?when (?:does|do|did|is|was|will) (?:the )?(?:(?:summer|autumn|fall|winter)(?:time)?{_YEAR} (?:{_BEGIN}|{_END})"
    rf"|spring(?:time)?{_YEAR} {_END})\b|\b(?:start|beginning|onset|end) of (?:the )?(?:summer|autumn|winter)$"
)
_NO_CALENDAR = (
    "The images date the growing season, not the seasons of the calendar: ask when the growing season starts or ends."
)
#: Spring as the growing season, indicated by a verb or noun of its beginning; the calendar season has none.
_SPRING = (
    (
        rf"\b(?:the )?spring(?:time)?(?: season)?({_YEAR}) "
        r"(?=(?:begin|start|arriv|coming|comes?|came|set in|earlier|later|sooner)\w*\b)",
        r"the growing season\1 ",
    ),
    (r"\b(?:start|beginning|onset|arrival|first day) of (?:the )?spring(?:time)?\b", "start of the growing season"),
    (r"\b(earliest|latest) spring\b", r"\1 start of the growing season"),
    (rf"\b(?:was|is) (the growing season{_YEAR}) (earlier|later|sooner)\b", r"did \1 start \2"),
    (r"(\bgrowing season\b.*\bthan) (?:in )?(?:the )?spring(?:time)?(?: of| in)? (?=(?:19|20)\d\d)", r"\1 in "),
    (
        r"\b(?:do|does|did) (?:the )?(?:plants?|vegetation|trees|leaves|forest) (?:start|begin)(?:s|ed)?(?: to)? "
        r"(?:grow|growing|green|greening|sprout|sprouting)(?: up)?\b",
        "did the growing season start",
    ),
    (r"\b(?:the )?(?:spring )?green-?up\b", "the growing season start"),
    (r"\b(?:vegetation (?:period|season)|growing period|growth season)\b", "growing season"),
)
_TREND = "Comparing growing seasons needs two years: name both."


def spring_said(text: str) -> str:
    """Rephrase a question about the beginning of spring as one about the growing season.

    Examples
    --------
    >>> spring_said("When did spring 2019 begin?"), spring_said("How green was spring 2019?")
    ('When did the growing season 2019 begin?', 'How green was spring 2019?')
    """
    for pattern, instead in _SPRING:
        text = re.sub(pattern, instead, text, flags=re.IGNORECASE)
    return text


def growing_season(low: str, slots: Slots, given: Given) -> QuestionProgram | str | None:
    """Read a question about start, peak, end or length of the growing season, or refuse what is not computed."""
    if _CALENDAR.search(low):
        return _NO_CALENDAR
    if not _NAMED.search(low):
        return None
    asked = _asked(low)
    if asked is None or NEGATED.search(low):
        return None
    for pattern, sentence in _OTHER:
        if pattern.search(low):
            return sentence
    names = [t.name for t in slots.topics]
    if any(n in SKIES for n in names):
        return None
    relation = _THAN.search(low)
    if relation is None and not _WHEN.search(low):
        return None
    scope, other = scopes(slots, "compare" if relation else "")
    if (scope.months and not scope.start) or any(d.months and not d.start for d in slots.dates):
        return "The growing season is computed for the whole year: ask without months."
    indices = indices_in(names, given)
    of = indices[0] if indices else "NDVI"
    lands = [n for n in names if n in COVERS]
    if lands:
        scope = replace(scope, cover=lands[0])
        other = None if other is None else replace(other, cover=lands[0])
    if relation is None:
        return Season(scope, of, asked)  # type: ignore[arg-type]
    if other is None or len(slots.dates) != 2:
        return _TREND
    word = relation["relation"].replace("sooner", "earlier")
    if (word in ("longer", "shorter")) != (asked == "length"):
        return _TREND
    return Season(scope, of, asked, word, other)  # type: ignore[arg-type]


def _asked(low: str) -> str | None:
    """Return the event that is asked for, if it is exactly one."""
    if re.search(r"\b(?:longer|shorter)\b", low):
        return "length"
    found = [
        name
        for name, pattern in (("start", _STARTS), ("end", _ENDS), ("peak", _PEAKS), ("length", _LENGTH))
        if pattern.search(low)
    ]
    if "length" in found and found != ["length"]:
        found = [n for n in found if n != "length"]
    return found[0] if len(found) == 1 else None
