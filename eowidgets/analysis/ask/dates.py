"""Dates in questions: years, months, days, seasons, ranges, and dates relative to the last image."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from eowidgets.analysis.ask.language import Scope

#: Placeholder for text that is written like a date and is not one.
NO_DATE = "?"
SEASONS = {"spring": (3, 5), "summer": (6, 8), "autumn": (9, 11), "fall": (9, 11), "winter": (12, 2)}
_MONTHS = {name.lower(): i for i, name in enumerate(calendar.month_name) if i}
_MONTHS |= {name.lower(): i for i, name in enumerate(calendar.month_abbr) if i} | {"sept": 9}
_NUMBERS = {"a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "ten": 10}

_M = "(?:" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\b\.?"
_Y = r"(?:1[5-9]|20|21)\d\d"
_S = r"(?:spring|summer|autumn|fall|winter)(?:time|s)?"
_D = r"\d{1,2}(?:st|nd|rd|th)?"
_TENS = {"fifties": 1950, "sixties": 1960, "seventies": 1970, "eighties": 1980, "nineties": 1990}
_ORDINALS = {"first": 0, "1st": 0, "second": 1, "2nd": 1, "third": 2, "3rd": 2, "fourth": 3, "4th": 3, "last": -1}
_O = "(?:" + "|".join(_ORDINALS) + ")"
_N = r"(?:\d{1,2}|" + "|".join(_NUMBERS) + ")"

#: Pattern of one moment or period, the most specific first.
_SINGLE = re.compile(
    rf"""(?P<iso>{_Y}-\d\d-\d\d)\b
      | (?P<dotted>\d{{1,2}}[./]\d{{1,2}}[./]{_Y})\b
      | (?:the\ )?(?P<part>{_O}\ (?:half|quarter)\ of\ (?:the\ year\ )?{_Y})\b
      | (?P<quarter>q[1-4]\ (?:of\ )?{_Y})\b
      | (?P<days>{_D}\ ?(?:to|until|till|through|-)\ ?(?:the\ )?{_D}\ (?:of\ )?{_M},?\ {_Y})\b
      | (?:the\ )?(?P<dmy>{_D}\ (?:of\ )?{_M},?\ (?:of\ )?{_Y})\b
      | (?P<mdy>{_M}\ (?:the\ )?{_D},?\ {_Y})\b
      | (?P<ym>{_Y}-(?:0[1-9]|1[0-2]))\b(?!-)
      | (?P<my>{_M},?\ (?:of\ |in\ )?{_Y})\b
      | (?P<sy>{_S}\ (?:of\ |in\ )?(?:the\ year\ )?{_Y})(?:/\d\d)?\b
      | (?P<ys>{_Y}\ (?:{_S}|{_M}))\b
      | (?P<lastn>(?:the\ )?(?:last|past|previous|recent)\ {_N}\ (?:years|months|yrs))\b
      | (?P<ago>{_N}\ years?\ ago)\b
      | (?P<lasts>(?:the\ )?(?:last|past|previous)\ (?:{_S}|{_M}))(?!\ \d)
      | (?P<lasty>(?:the\ )?(?:last|past|previous)\ year)\b
      | (?P<thisy>(?:this|the\ current)\ year)\b
      | (?:the\ )?(?P<tens>(?:nineteen-?\ ?)?(?:{"|".join(_TENS)}))\b
      | (?:the\ )?(?P<dm>{_D}\ (?:of\ )?{_M}|{_M}\ (?:the\ )?{_D})\b(?!\ ?[\d%])
      | (?:the\ )?(?:early\ |late\ |mid\ )?(?P<decade>(?:1[89]|20)\d0)'?s\b
      | (?:the\ )?(?:year\ )?(?P<year>{_Y})\b(?!\s?(?:m2?|ha|km2?|px|pixels?|hectares?|square)\b)
      | (?P<month>(?<=in\ )(?:may|march)\b(?!\ i\b)|(?<=between\ )(?:may|march)\b|(?<=from\ )(?:may|march)\b
          |(?<=and\ )(?:may|march)\b|(?<=to\ )(?:may|march)\b|(?<=during\ )(?:may|march)\b|(?<=of\ )(?:may|march)\b
          |(?!may\b|march\b|mar\b|sep\b|dec\b|jan\b)(?:{_M}))
      | (?P<season>(?<!would\ )(?<!snow\ )(?<!trees\ )(?<!to\ )(?<!did\ )\b(?!fall){_S}\b|(?<=in\ )fall\b|(?<=the\ )fall\b)""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Found:
    """A period in a text, from character ``at`` to ``to``."""

    start: str
    end: str
    months: tuple[int, ...]
    at: int
    to: int

    def put(self, scope: Scope) -> Scope:
        """Return the scope limited to this period."""
        return replace(scope, start=self.start, end=self.end, months=self.months)


def find_dates(text: str, first: str, last: str) -> list[Found]:
    """Return the periods that a lower-case text names, in order.

    Parameters
    ----------
    text : str
    first, last : str
        ISO days of the series: relative expressions (last summer, the past three years) count back from ``last``.
    """
    matches = list(_SINGLE.finditer(text))
    years = [m.group() for m in matches if m.lastgroup != "dm" and re.search(_Y, m.group())]
    year = re.search(_Y, years[0])[0] if years else first[:4] if first and first[:4] == last[:4] else ""  # type: ignore[index]
    singles = [_single(m, last, year) for m in matches if m.lastgroup != "dm" or year]
    found: list[Found] = []
    i = 0
    while i < len(singles):
        one = singles[i]
        nxt = singles[i + 1] if i + 1 < len(singles) else None
        between = text[one.to : nxt.at] if nxt else ""
        opened = re.search(
            r"\b(between|from|over|in|during|since|the years?|for|of)?\s*(the )?(years? )?$", text[: one.at]
        )
        lead = opened.group(1) if opened else None
        if nxt and _joins(between, lead):
            found.append(_range(one, nxt, text, opened.start() if opened and lead in ("between", "from") else one.at))
            i += 2
            continue
        found.append(_open_ended(one, text, last))
        i += 1
    return found


def _joins(between: str, lead: str | None) -> bool:
    """Return whether the words between two dates join them to one period."""
    word = between.strip(" ,")
    if word in ("to", "until", "till", "through", "up to", "-", "–", "—"):
        return True
    return word == "and" and lead == "between"


def _range(one: Found, two: Found, text: str, at: int) -> Found:
    start, end = one, two
    if not one.start and one.months and two.start:  # "between March and May 2019"
        year = two.start[:4]
        start = replace(one, start=f"{year}-{one.months[0]:02d}-01")
        if start.start > two.end:
            start = replace(start, start=f"{int(year) - 1}{start.start[4:]}")
    if not start.start and not end.start:  # "from May to July", of every year
        a, b = one.months[0], two.months[-1]
        months = tuple(range(a, b + 1)) if a <= b else (*range(a, 13), *range(1, b + 1))
        return Found("", "", months, at, two.to)
    low, high = min(start.start, end.start), max(start.end, end.end)
    return Found(low, high, (), at, two.to)


def _open_ended(one: Found, text: str, last: str) -> Found:
    """Extend a date by since, after, before or until; return it unchanged without such a word."""
    before = re.search(
        r"\b(since|after|before|until|till|up to|prior to|by the end of|from|starting (?:in|from))\s*(?:the )?"
        r"(?:(?P<part>end|start|beginning) of |early |late )?(?:the )?$",
        text[: one.at],
    )
    if not before or not one.start:
        return one
    word, at = before.group(1), before.start()
    if word == "since" or word.startswith("starting"):
        return replace(one, end="", at=at)
    if word == "from":
        after = re.match(r"\s*(on|onwards?)\b(?! the)", text[one.to :])
        return replace(one, end="", at=at, to=one.to + after.end()) if after else one
    if word == "after":
        return replace(one, start=_shift(one.end, 1), end="", at=at)
    if word in ("before", "prior to") and before["part"] != "end":
        return replace(one, start="", end=_shift(one.start, -1), at=at)
    return replace(one, start="", at=at)


def _single(match: re.Match[str], last: str, year: str) -> Found:
    kind = match.lastgroup or ""
    words = match.group(kind) + (f" {year}" if kind == "dm" else "")
    try:
        start, end, months = _READ[kind](words, dt.date.fromisoformat(last[:10]))
    except (ValueError, KeyError):
        start, end, months = NO_DATE, NO_DATE, ()  # the 31st of February
    at, to = match.span()
    return Found(start, end, months, at, to)


_Period = tuple[str, str, tuple[int, ...]]


def _day(year: int, month: int, day: int) -> _Period:
    text = dt.date(year, month, day).isoformat()
    return text, text, ()


def _month(year: int, month: int) -> _Period:
    return f"{year}-{month:02d}-01", f"{year}-{month:02d}-{calendar.monthrange(year, month)[1]}", ()


def _season(year: int, name: str) -> _Period:
    a, b = SEASONS[_season_name(name)]
    return _month(year, a)[0], _month(year + (b < a), b)[1], ()


def _season_name(text: str) -> str:
    return next(s for s in SEASONS if s in text)


def _numbers(text: str) -> list[int]:
    return [int(n) for n in re.findall(r"\d+", text)]


def _month_in(text: str) -> int:
    return next(_MONTHS[w] for w in re.findall(r"[a-z]+", text) if w in _MONTHS)


def _dmy(text: str, _: dt.date) -> _Period:
    day, year = _numbers(text)
    return _day(year, _month_in(text), day)


def _part(text: str, _: dt.date) -> _Period:
    """Return the period of a half or a quarter of a year."""
    year = _numbers(text)[-1]
    count = 2 if "half" in text else 4
    number = int(text[1]) - 1 if text[0] == "q" else _ORDINALS[text.split()[0]] % count
    if number >= count:
        raise ValueError(text)
    return _month(year, number * 12 // count + 1)[0], _month(year, (number + 1) * 12 // count)[1], ()


def _days(text: str, _: dt.date) -> _Period:
    one, two, year = _numbers(text)
    return _day(year, _month_in(text), one)[0], _day(year, _month_in(text), two)[0], ()


def _tens(text: str, _: dt.date) -> _Period:
    year = next(y for name, y in _TENS.items() if name in text)
    return f"{year}-01-01", f"{year + 9}-12-31", ()


def _dotted(text: str, _: dt.date) -> _Period:
    day, month, year = _numbers(text)
    return _day(year, month, day)


def _year_and(text: str, _: dt.date) -> _Period:
    year = _numbers(text)[0]
    return _season(year, text) if any(s in text for s in SEASONS) else _month(year, _month_in(text))


def _last_n(text: str, last: dt.date) -> _Period:
    count = _count(text)
    if "month" in text:
        total = last.year * 12 + last.month - 1 - count
        year, month = divmod(total, 12)
        start = dt.date(year, month + 1, min(last.day, calendar.monthrange(year, month + 1)[1]))
    else:
        start = last.replace(year=last.year - count, day=min(last.day, 28) if last.month == 2 else last.day)
    return (start + dt.timedelta(days=1)).isoformat(), last.isoformat(), ()


def _count(text: str) -> int:
    words = re.findall(r"\d+|[a-z]+", text)
    return next(int(w) if w.isdigit() else _NUMBERS[w] for w in words if w.isdigit() or w in _NUMBERS)


def _last_season(text: str, last: dt.date) -> _Period:
    """Return the latest season that has ended."""
    for year in (last.year, last.year - 1, last.year - 2):
        period = _season(year, text) if any(s in text for s in SEASONS) else _month(year, _month_in(text))
        if period[1] <= last.isoformat():
            return period
    raise ValueError(text)


def _whole_year(year: int) -> _Period:
    return f"{year}-01-01", f"{year}-12-31", ()


def _months(text: str) -> tuple[int, ...]:
    a, b = SEASONS[_season_name(text)]
    return tuple(range(a, b + 1)) if a <= b else (12, 1, 2)


def _shift(day: str, by: int) -> str:
    return (dt.date.fromisoformat(day) + dt.timedelta(days=by)).isoformat()


_READ: dict[str, Callable[[str, dt.date], _Period]] = {
    "iso": lambda t, _: _day(*(int(n) for n in t.split("-"))),
    "dotted": _dotted,
    "part": _part,
    "quarter": _part,
    "days": _days,
    "tens": _tens,
    "dm": lambda t, _: _day(_numbers(t)[-1], _month_in(t), _numbers(t)[0]),
    "dmy": _dmy,
    "mdy": _dmy,
    "ym": lambda t, _: _month(*_numbers(t)),
    "my": _year_and,
    "sy": _year_and,
    "ys": _year_and,
    "lastn": _last_n,
    "ago": lambda t, last: _whole_year(last.year - _count(t)),
    "lasts": _last_season,
    "lasty": lambda _, last: _whole_year(last.year - 1),
    "thisy": lambda _, last: _whole_year(last.year),
    "decade": lambda t, _: (f"{t}-01-01", f"{int(t) + 9}-12-31", ()),
    "year": lambda t, _: _whole_year(int(t)),
    "month": lambda t, _: ("", "", (_month_in(t),)),
    "season": lambda t, _: ("", "", _months(t)),
}
