"""Question templates for the training of the parser and for generated question sets."""

from __future__ import annotations

import datetime as dt
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

from eowidgets.analysis.ask import lexicon as lex
from eowidgets.analysis.ask.dates import SEASONS
from eowidgets.analysis.ask.language import COVERS, KINDS, PLACES, QuestionProgram, from_json

Split = Literal["all", "train", "held-out"]
_FILE = Path(__file__).with_name("templates.txt")
_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{(\w)\}")
_MONTHS = "January February March April May June July August September October November December".split()  # noqa: SIM905
_DRAWN = (
    "the drawn area",
    "my polygon",
    "the area I drew",
    "my rectangle",
    "the selected area",
    "the polygon",
    "my area",
)
_FOREST = ("forest", "trees", "woodland", "the forest", "woods", "trees", "forest")
_UNITS = {"ha": ("hectares", "ha", "hectares"), "km2": ("km2", "square kilometres"), "m2": ("square metres", "m2")}
_SIZES = (
    ("larger than 1 ha", 1.0),
    ("bigger than half a hectare", 0.5),
    ("of at least 2 hectares", 2.0),
    ("over 0.2 ha", 0.2),
)


@dataclass(frozen=True, slots=True)
class Template:
    """A wording, with the parts of the program that it fixes; ``fixed["kind"]`` may be "unanswerable"."""

    text: str
    fixed: dict[str, str]

    @property
    def held_out(self) -> bool:
        """Whether the template is held out from training: one in ten, by a checksum of its text."""
        return zlib.crc32(self.text.encode()) % 10 == 0


@lru_cache(maxsize=1)
def templates() -> tuple[tuple[Template, ...], tuple[str, ...]]:
    """Return all templates, and the things that no cube shows."""
    found: list[Template] = []
    things: list[str] = []
    heading = ""
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            heading = line[3:]
        elif heading == "things":
            things += line.split()
        elif line and not line.startswith("#"):
            kind, _, rest = heading.partition(" ")
            fixed = {"kind": kind} | dict(pair.split("=", 1) for pair in rest.split(";") if pair)
            found.append(Template(line, fixed))
    return tuple(found), tuple(things)


@lru_cache(maxsize=1)
def vocabulary() -> frozenset[str]:
    """Return all words of the training templates."""
    found, things = templates()
    text = " ".join(t.text for t in found if not t.held_out)
    words = re.findall(r"[a-z]+(?:['-][a-z]+)*", re.sub(r"\{\w\}", " ", text).lower())
    return frozenset(words) | {w for word in words for w in word.split("-")} | {t.lower() for t in things}


class Sampler:
    """Draws questions together with their programs.

    Parameters
    ----------
    first, last : str
        ISO days of the series.
    rng : Generator
    layers, indices : sequence of str
        Names for questions.
    split : {"all", "train", "held-out"}
        The templates to use.
    covers : sequence of str
        Kinds of land for questions.
    dated : bool
        False for a single picture: questions then have a place but no time, and exclude sky and drawn areas.
    """

    def __init__(
        self,
        first: str,
        last: str,
        rng: np.random.Generator,
        layers: Sequence[str] = (),
        indices: Sequence[str] = ("NDVI", "NDMI", "EVI"),
        split: Split = "all",
        *,
        covers: Sequence[str] = COVERS,
        dated: bool = True,
    ) -> None:
        self.first, self.last, self.rng = first[:10], last[:10], rng
        self.layers, self.indices, self.covers = tuple(layers), tuple(indices), tuple(covers)
        self.dated = dated
        every = [t for t in templates()[0] if split == "all" or t.held_out == (split == "held-out")]
        self._by_kind: dict[str, dict[str, list[Template]]] = {}
        for template in every:
            if ("{l}" in template.text or template.fixed.get("of") == "layer") and not self.layers:
                continue
            heading = str(sorted(template.fixed.items()))
            self._by_kind.setdefault(template.fixed["kind"], {}).setdefault(heading, []).append(template)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of questions with templates."""
        return tuple(k for k in self._by_kind if k in KINDS)

    def draw(self, kind: str | None = None) -> tuple[str, QuestionProgram | None]:
        """Draw a question of a kind (of any, if None) and its program; None means that it cannot be answered."""
        headings = self._by_kind[kind or self._pick(self.kinds)]
        template = self._pick(headings[self._pick(tuple(headings))])
        return self.fill(template)

    def _pick(self, things: Sequence[Any]) -> Any:
        return things[int(self.rng.integers(len(things)))]

    def fill(self, template: Template) -> tuple[str, QuestionProgram | None]:
        """Fill in a template."""
        text = template.text
        while _CHOICE.search(text):
            text = _CHOICE.sub(lambda m: str(self._pick(m.group(1).split("|"))), text)
        values: dict[str, Any] = {k: v for k, v in template.fixed.items() if k not in ("two", "to")}
        ranged = values["kind"] in ("change", "trend")
        if "~" in text:
            phrase, scope = self._scope(values["kind"], ranged)
            text = text.replace("~", phrase)
            values |= scope
        slots: dict[str, str] = {}
        for mark in dict.fromkeys(_SLOT.findall(text)):
            slots[mark] = self._slot(mark, values, template.fixed, slots)
        text = " ".join(_SLOT.sub(lambda m: slots[m.group(1)], text).split()).replace(" ,", ",")
        if template.fixed["kind"] == "unanswerable":
            return text, None
        if values.get("of") == "image" and re.search(r"\b(clear|cloud-free|cloudless|usable)\b", text):
            values["of"] = "clear image"
        if values.get("of") == "layer":
            values["of"] = values["layer"]
        if "of" not in values and hasattr(KINDS[values["kind"]](), "of"):
            named = [(lex.NOUN_OF | lex.WORD_OF)[m.group(1)] for m in lex.PHRASES.finditer(text.lower())]
            if values["kind"] in ("statistic", "extreme", "when"):  # "the vegetation is driest" is about moisture
                named = [n for n in named if n in lex.INDICES] or named
            values["of"] = named[0] if named else ""
        if values.get("of") == "image" and re.search(r"\b(clear|cloud-free|cloudless|usable)\b", text):
            values["of"] = "clear image"
        if values.get("of") == "layer":
            values["of"] = values["layer"]
        values.pop("_season", None)
        direction = values.pop("direction", "")
        if direction and values["kind"] == "change":
            values["direction"] = direction
        elif direction:
            values["of"] = f"{values['of']} {direction}".strip()
        return text, from_json(values)

    def _slot(self, mark: str, values: dict[str, Any], fixed: dict[str, str], slots: dict[str, str]) -> str:
        if mark in "cxyi":
            name = self._topic(mark)
            if fixed["kind"] != "unanswerable":
                values.setdefault("of", name)
            return self._noun(name)
        if mark == "k":
            name = self._pick([c for c in self.covers if c != values.get("of")] or COVERS)
            values["to" if fixed.get("to") == "k" else "than"] = name
            return self._noun(name)
        if mark == "f":
            return str(self._pick(_FOREST))
        if mark == "s":
            name = self._pick(("snow", "cloud"))
            values.setdefault("of", name)
            return self._noun(name)
        if mark == "m":
            values.setdefault("of", "image")
            return str(self._pick(("images", "dates", "scenes", "pictures", "acquisitions", "image", "data")))
        if mark in "de":
            return self._two_dates("d" if mark == "d" else "e", values, "in ")
        if mark in "DE":
            return self._two_dates(mark.lower(), values, "")
        if mark in "pqPQ":
            return self._two_places(mark, values, fixed)
        if mark == "n":
            words, values["min_hectares"] = self._pick(_SIZES)
            return str(words)
        if mark == "u":
            unit = self._pick(("ha", "ha", "km2", "m2"))
            if values["kind"] == "area":
                values["unit"] = unit
            return str(self._pick(_UNITS[unit]))
        if mark == "a":
            values["area"] = "drawn"
            return str(self._pick(_DRAWN))
        if mark == "l":
            values["layer"] = self._pick(self.layers)
            return f"my {values['layer']}"
        return str(self._pick(templates()[1]))

    def _topic(self, mark: str) -> str:
        if mark == "i" or (mark == "y" and self.rng.random() < 0.5):
            return str(self._pick(self.indices))
        if mark == "x" and self.dated and self.rng.random() < 0.25:
            return str(self._pick(("snow", "cloud", "vegetation")))
        return str(self._pick(self.covers))

    def _noun(self, name: str) -> str:
        known = lex.NOUNS.get(name)
        words = [w.strip() for w in known.split(",")] if known else [name]
        word = str(words[0] if self.rng.random() < 0.4 else self._pick(words))
        return name if word == name.lower() and name.isupper() and self.rng.random() < 0.8 else word

    # --- where and when -------------------------------------------------------------------------------------------

    def _scope(self, kind: str, ranged: bool) -> tuple[str, dict[str, Any]]:
        draw = self.rng.random()
        if draw < 0.35:
            return "", {}
        if not self.dated:
            return self._where() if draw < 0.7 else ("", {})
        if draw < 0.62:
            return self._when(kind, ranged)
        if draw < 0.76:
            return self._where()
        if draw < 0.83:
            return f"{self._pick(('in', 'inside', 'within'))} {self._pick(_DRAWN)}", {"area": "drawn"}
        if draw < 0.87 and self.layers:
            name = self._pick(self.layers)
            return f"in my {name}", {"layer": name}
        (a, b), (c, d) = self._where(), self._when(kind, ranged)
        return (f"{a} {c}" if self.rng.random() < 0.5 else f"{c} {a}"), b | d

    def _where(self) -> tuple[str, dict[str, Any]]:
        place = str(self._pick(PLACES[1:]))
        return f"in the {self._spoken(place)}", {"place": place}

    def _spoken(self, place: str) -> str:
        if place == "centre":
            return str(self._pick(("centre", "center", "middle")))
        joined = place.replace("-", str(self._pick(("-", "", " "))))
        tail = self._pick(("", "", " part", " half", " corner"))
        return joined + (tail if not tail or self.rng.random() < 0.5 else f"ern{tail}")

    def _years(self) -> list[int]:
        first, last = int(self.first[:4]), int(self.last[:4])
        # First or last years with only a few weeks are not typical of questions.
        whole = [y for y in range(first, last + 1) if f"{y}-03-01" >= self.first and f"{y}-10-01" <= self.last]
        return whole or [int(self.last[:4])]

    def _period(self) -> tuple[str, str, str]:
        """Draw a year, season, month or day: its words, first and last day."""
        year = int(self._pick(self._years()))
        draw = self.rng.random()
        if draw < 0.6:
            return f"{year}", f"{year}-01-01", f"{year}-12-31"
        if draw < 0.8:
            season = str(self._pick(("spring", "summer", "autumn", "winter")))
            a, b = SEASONS[season]
            return f"{season} {year}", f"{year}-{a:02d}-01", _month_end(year + (b < a), b)
        month = int(self.rng.integers(1, 13))
        if draw < 0.92:
            return f"{_MONTHS[month - 1]} {year}", f"{year}-{month:02d}-01", _month_end(year, month)
        day = dt.date(year, month, int(self.rng.integers(1, 29))).isoformat()
        written = day if self.rng.random() < 0.5 else f"{int(day[8:])} {_MONTHS[month - 1]} {year}"
        return f"on {written}", day, day

    def _when(self, kind: str, ranged: bool) -> tuple[str, dict[str, Any]]:
        draw = self.rng.random()
        years = self._years()
        if draw < (0.7 if ranged else 0.25) and len(years) > 1:
            return self._span(years)
        if not ranged and draw < 0.35:
            season = str(self._pick(("spring", "summer", "autumn", "winter")))
            year = next(y for y in range(int(self.last[:4]), 0, -1) if _season_end(y, season) <= self.last)
            a, _ = SEASONS[season]
            return f"last {season}", {"start": f"{year}-{a:02d}-01", "end": _season_end(year, season)}
        if draw > 0.95 and kind in ("statistic", "trend", "extreme", "share"):
            season = str(self._pick(("spring", "summer", "autumn", "winter")))
            a, b = SEASONS[season]
            return f"in {season}", {"months": list(range(a, b + 1)) if a < b else [12, 1, 2]}
        if draw > 0.9:
            year = int(self.last[:4]) - 1
            return f"{self._pick(('last', 'in the last'))} year", {"start": f"{year}-01-01", "end": f"{year}-12-31"}
        words, start, end = self._period()
        return (words if words.startswith("on ") else f"in {words}"), {"start": start, "end": end}

    def _span(self, years: list[int]) -> tuple[str, dict[str, Any]]:
        a, b = sorted(self.rng.choice(years, 2, replace=False).tolist())
        draw = int(self.rng.integers(8))
        if draw < 2:
            return f"between {a} and {b}", {"start": f"{a}-01-01", "end": f"{b}-12-31"}
        if draw < 4:
            return f"from {a} {self._pick(('to', 'until', 'till'))} {b}", {"start": f"{a}-01-01", "end": f"{b}-12-31"}
        if draw == 4:
            return f"since {a}", {"start": f"{a}-01-01"}
        if draw == 5:
            return f"before {b}", {"end": f"{b - 1}-12-31"}
        if draw == 6:
            return f"after {a}", {"start": f"{a + 1}-01-01"}
        count = int(self.rng.integers(2, max(3, len(years))))
        last = dt.date.fromisoformat(self.last)
        start = last.replace(year=last.year - count) + dt.timedelta(days=1)
        word = {2: "two", 3: "three", 4: "four", 5: "five"}.get(count, str(count))
        return f"{self._pick(('in', 'over'))} the {self._pick(('last', 'past'))} {word} years", {
            "start": start.isoformat(),
            "end": self.last,
        }

    def _two_dates(self, which: str, values: dict[str, Any], preposition: str) -> str:
        years = self._years()
        have = values.get("start", values.get("other", {}).get("start", ""))[:4]
        year = int(self._pick([y for y in years if str(y) != have] or years))
        season = values.get("_season") or (str(self._pick(("", "", "", "summer ", "spring "))))
        values["_season"] = season or " "
        start, end = f"{year}-01-01", f"{year}-12-31"
        if season.strip():
            a, b = SEASONS[season.strip()]
            start, end = f"{year}-{a:02d}-01", _month_end(year, b)
        if which == "d":
            values |= {"start": start, "end": end}
        else:
            values.pop("_season")
            if values["kind"] == "compare":
                values["other"] = {"start": start, "end": end}
            else:  # a change runs from the earlier to the later one
                values |= {"start": min(start, values["start"]), "end": max(end, values["end"])}
        return f"{preposition}{season.strip()} {year}".replace("  ", " ")

    def _two_places(self, mark: str, values: dict[str, Any], fixed: dict[str, str]) -> str:
        second = mark in "qQ"
        place = str(self._pick([p for p in PLACES[1:] if p != values.get("place")]))
        if second:
            values["other"] = {"place": place}
        elif fixed["kind"] != "unanswerable":
            values["place"] = place
        return f"{'in ' if mark.islower() else ''}the {self._spoken(place)}"


def _month_end(year: int, month: int) -> str:
    following = dt.date(year + month // 12, month % 12 + 1, 1)
    return (following - dt.timedelta(days=1)).isoformat()


def _season_end(year: int, season: str) -> str:
    a, b = SEASONS[season]
    return _month_end(year + (b < a), b)
