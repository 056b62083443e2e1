"""Questions in many wordings with their meaning: the training data of ``training/sentences.py``.

The wordings are in ``wordings.txt``, the words for their placeholders in ``wordings.toml``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from eowidgets.analysis.ask import lexicon as lex
from eowidgets.analysis.ask.language import COVERS
from eowidgets.analysis.ask.templates import templates

_FILE = Path(__file__).with_name("wordings.txt")
_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_MARK = re.compile(r"\{([A-Za-z]+\d?)\}")
_PLAIN = re.compile(r"\{=([a-z ]+)\}")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_SEASONS = ("spring", "summer", "autumn", "winter")
_PARTS = ("north", "south", "east", "west", "north-west", "north-east", "south-west", "south-east", "centre", "middle")
_WORDS: dict[str, Any] = tomllib.loads(_FILE.with_suffix(".toml").read_text(encoding="utf-8"))
#: Names of topics that are missing in the lexicon: similar words must be recognised as topics, too.
SYNONYMS: dict[str, list[str]] = _WORDS["synonyms"]
#: Words that change a question.
EXTRAS: list[str] = _WORDS["extras"]


@dataclass(slots=True)
class Asked:
    """A question with its choices, the words that change it, and words that name a topic."""

    text: str
    choices: dict[str, str]
    frame: int
    extra: set[str] = field(default_factory=set)
    named: dict[str, str] = field(default_factory=dict)


def frames() -> list[tuple[str, dict[str, str]]]:
    """Return all wordings with the choices of their heading, including those of the parser's templates."""
    names = {
        "kind": "kind",
        "neg": "negated",
        "dir": "direction",
        "ask": "change",
        "ext": "extreme",
        "out": "outlook",
        "of": "fact",
    }
    found: list[tuple[str, dict[str, str]]] = []
    heading: dict[str, str] = {}
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            kind, _, rest = line[3:].partition(" ")
            heading = {"kind": kind} | {names.get(k, k): v for k, v in (p.split("=", 1) for p in rest.split(";") if p)}
        elif line and not line.startswith("#"):
            found.append((line, heading))
    other = [
        (t.text.replace("{n}", "{size}").replace("{a}", "the drawn area"), _of_template(t.fixed))
        for t in templates()[0]
    ]
    return [(text, _said(choices)) for text, choices in found + other]


def _of_template(fixed: Mapping[str, str]) -> dict[str, str]:
    """Return the choices of a template of the parser by the names of the heads."""
    kind = fixed["kind"]
    named = {"which": "moment" if kind == "when" else "which", "ask": "extreme" if kind == "extreme" else "change"}
    out = {
        named.get(k, k): v
        for k, v in fixed.items()
        if k in ("kind", "relation", "how", "which", "ask", "direction", "stat")
    }
    if kind == "count":
        images = {"image": "image", "clear image": "clear"}
        out["fact"] = images.get(fixed.get("of", ""), "patches")
    return out


def _said(choices: Mapping[str, str]) -> dict[str, str]:
    """Return the choices by the names of the heads."""
    out = dict(choices)
    sky, rel2 = out.pop("sky", ""), out.pop("rel2", "")
    if out["kind"] == "count":
        fact = out.pop("fact", "")
        out["counted"] = "sky" if sky else fact or "patches"
    if out["kind"] == "change" and out.get("change") == "amount2":
        out |= {"change": "amount", "direction": "gain"}
    if out["kind"] in ("count", "locate", "change", "when", "rank", "compare"):
        out.setdefault("direction", "")
    if out["kind"] in ("presence", "share"):
        out["negated"] = "yes" if out.get("negated") else ""
    if out["kind"] == "extent":
        out.setdefault("days", "")
        out["days"] = "yes" if out["days"] else ""
    return out | ({"relation": "more"} if rel2 else {})


class Writer:
    """Writes questions.

    Parameters
    ----------
    rng : Generator
    junk : sequence of str
        Words that no image shows.
    keep : collection of int, optional
        Numbers of the wordings that may be used.
    """

    def __init__(self, rng: np.random.Generator, junk: Sequence[str], keep: Sequence[int] | None = None) -> None:
        self.rng, self.junk = rng, junk
        self._frames = frames()
        by: dict[str, list[int]] = {}
        for n in keep if keep is not None else range(len(self._frames)):
            by.setdefault(str(sorted(self._frames[n][1].items())), []).append(n)
        # A heading with many wordings is drawn more often, but not in proportion to their number.
        weight = np.array([len(v) ** 0.6 * (2.5 if "unanswerable" in k else 1.0) for k, v in by.items()])
        self._headings, self._weight = list(by.values()), weight / weight.sum()

    def draw(self) -> Asked:
        """Draw one question."""
        heading = self._headings[int(self.rng.choice(len(self._headings), p=self._weight))]
        number = self._pick(heading)
        text, choices = self._frames[number]
        asked = Asked("", dict(choices), number)
        while _CHOICE.search(text):
            text = _CHOICE.sub(lambda m: str(self._pick(m.group(1).split("|"))), text)
        text = _MARK.sub(lambda m: self._fill(m.group(1), asked), text)
        for said in _PLAIN.findall(text):  # "exceeds" gives the relation to a limit without a mark
            head, choice = ("relation", said[9:]) if said.startswith("relation ") else ("limit", said)
            asked.choices[head] = choice
        text = _PLAIN.sub("", text)
        scope = self._scope()
        if scope and text.count("~") == 1 and not text.startswith("~") and self.rng.random() < 0.15:
            text = f"{scope} {self._pick((',', ':', ''))} {text.replace('~', '')}"
        text = text.replace("~", scope)
        if asked.choices["kind"] == "fact" and asked.choices["fact"] == "meaning":
            text = text.replace("{b}", str(self._pick(_WORDS["bands"])))
        if asked.choices["kind"] == "trend":
            asked.choices.pop("relation", None)
        asked.text = self._worn(text, asked)
        return asked

    def _pick(self, things: Sequence[object]) -> object:
        return things[int(self.rng.integers(len(things)))]

    def _fill(self, mark: str, asked: Asked) -> str:
        if mark in _WORDS["sets"]:
            head, words = _WORDS["sets"][mark]["head"], _WORDS["sets"][mark]["words"]
            choice = str(self._pick(list(words)))
            if head:
                asked.choices[head] = choice
            return str(self._pick(words[choice]))
        draw = self.rng.random()
        if mark in "ckf":
            return self._land("forest" if mark == "f" else str(self._pick((*COVERS, "forest", "vegetation"))), asked)
        if mark == "x":
            return self._land(str(self._pick((*COVERS, "vegetation", "snow", "cloud", "forest"))), asked)
        if mark == "s":
            return self._land(str(self._pick(("snow", "cloud"))), asked)
        if mark == "m":
            return self._land("image", asked)
        if mark == "y":
            return self._fill("i" if draw < 0.6 else "x", asked)
        if mark in "ij":
            name = str(self._pick(_WORDS["indices"]))
            name = name.lower() if draw < 0.3 else name
            meant = (
                asked.choices["kind"] not in ("fact", "extreme", "statistic", "unanswerable")
                and self.rng.random() < 0.12
            )
            return f"{self._pick(('mean', 'average'))} {name}" if meant else name
        if mark in "deDE":
            return self._time(mark.islower())
        if mark in "pqPQ":
            return self._place(mark.islower())
        if mark == "w":
            return str(self._pick(self.junk))
        return str(self._pick(_WORDS["bands"] if mark == "b" else _WORDS["plain"][mark]))

    def _land(self, topic: str, asked: Asked) -> str:
        if self.rng.random() < 0.2:
            word = str(self._pick(SYNONYMS[topic]))
            asked.named[word] = topic
            return word
        words = [w.strip() for w in lex.NOUNS[topic].split(",")]
        return str(words[0] if self.rng.random() < 0.3 else self._pick(words))

    def _scope(self) -> str:
        draw = self.rng.random()
        if draw < 0.35:
            return ""
        if draw < 0.65:
            return self._time(True)
        if draw < 0.85:
            return self._place(True)
        parts = [self._time(True), self._place(True)]
        return " ".join(parts if draw < 0.93 else parts[::-1])

    def _time(self, preposition: bool) -> str:
        a, b = sorted(self.rng.choice(np.arange(2009, 2023), 2, replace=False).tolist())
        month, other, season = str(self._pick(_MONTHS)), str(self._pick(_MONTHS)), str(self._pick(_SEASONS))
        single = (
            f"{a}",
            f"{a}",
            f"{b}",
            f"{season} {a}",
            f"{month} {a}",
            f"{month[:3]} {b}",
            f"the {season} of {a}",
            f"{season}",
            f"{month}",
        )
        text = str(self._pick(single))
        if not preposition:
            return text
        count, day = self._pick(("two", "three", "5")), int(self.rng.integers(1, 29))
        ranged = (
            f"between {a} and {b}", f"from {a} to {b}", f"since {a}", f"from {month} {a} to {other} {b}",
            f"over the last {count} years",
            f"until {b}", f"after {a}", f"before {b}", f"on {day} {month} {a}", f"on {a}-0{day % 9 + 1}-{day:02d}", f"by {b}",
            f"from {month} to {other} {a}", f"{a} to {b}", f"{a}-{b}", f"between {month} {a} and {other} {b}",
            f"at the end of {a}", f"early in {a}", "last year", f"last {season}",
        )  # fmt: skip
        if self.rng.random() < 0.45:
            return str(self._pick(ranged))
        return f"{self._pick(('in', 'in', 'in', 'for', 'during', 'of', ''))} {text}"

    def _place(self, preposition: bool) -> str:
        place = str(self._pick(_PARTS))
        if place not in ("centre", "middle"):
            ern = str(self._pick(("", "", "ern")))
            tail = self._pick(("part", "half", "side") if ern else ("part", "half", "corner", "side", ""))
            place = f"{place.replace('-', str(self._pick(('-', '', ' '))))}{ern} {tail}".strip()
        if not preposition:
            return f"the {place}"
        if self.rng.random() < 0.15:
            return str(self._pick(_WORDS["plain"]["area"]))
        return f"{self._pick(('in', 'in', 'on', 'within', 'across', 'of'))} the {place}"

    def _worn(self, text: str, asked: Asked) -> str:
        """Disturb a question like typed text: openings, ends, fillers, a purpose, typing errors, another meaning."""
        words = text.replace(" ,", ",").replace(" :", ":").split()
        rng = self.rng
        if rng.random() < 0.06 and asked.choices["kind"] != "unanswerable" and words:
            words.insert(int(rng.integers(len(words) + 1)), str(self._pick(_WORDS["fillers"])))
        if rng.random() < 0.22 and asked.choices["kind"] != "unanswerable" and words:
            word = str(self._pick(EXTRAS if rng.random() < 0.5 else self.junk))
            if rng.random() < 0.15:  # all but the water
                word = str(self._pick(_WORDS["excluded"]))
                words = (
                    [*words, word, "the", self._land("water", asked)]
                    if rng.random() < 0.5
                    else [word, "the", self._land("forest", asked), ",", *words]
                )
            else:
                words.insert(int(rng.integers(1, len(words) + 1)), word)
            asked.extra.add(word)
        if rng.random() < 0.1:  # as keywords
            words = [w for w in words if w not in _WORDS["small"] or rng.random() < 0.4] or words
        if rng.random() < 0.15:
            words = [*str(self._pick(_WORDS["leads"])).split(), *words]
        if rng.random() < 0.12:
            words = [*words, *str(self._pick(_WORDS["tails"])).split()]
        if rng.random() < 0.08:
            purpose = str(self._pick(_WORDS["purposes"])).format(self._pick(self.junk)).split()
            words = [*purpose, *words] if rng.random() < 0.6 else [*words, *purpose[:3]]
        if rng.random() < 0.08 and len(words) > 2:
            i = int(rng.integers(len(words)))
            word = words[i]
            if len(word) > 4 and word.isalpha() and word not in asked.extra:
                j = int(rng.integers(1, len(word) - 1))
                words[i] = (
                    word[:j] + word[j + 1] + word[j] + word[j + 2 :] if rng.random() < 0.5 else word[:j] + word[j + 1 :]
                )
        out = " ".join(words)
        if rng.random() < 0.25:
            out = re.sub(r"^(what|where|how|when|who) (?:is|was)\b", r"\1s", out)
        return out.lower() if rng.random() < 0.2 else out + str(self._pick(("?", "?", "", ".")))
