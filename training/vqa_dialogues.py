"""Instructions and answers about pairs of pictures, generated from their true changes.

Six types, as in ChangeChat-105k: captions, classification (yes or no), quantification (counts and shares), localisation
(nine fields), open questions, and follow-up questions. One wording in each list, the
last, is held out for tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from eowidgets.simulate.words import Facts, templates

TYPES = ("caption", "classification", "quantification", "localisation", "open", "turns")
CELLS = (
    *("top left", "top", "top right"),
    *("left", "center", "right"),
    *("bottom left", "bottom", "bottom right"),
)
#: A field is named if it contains this share of the change; an even distribution names none.
NAMED = 0.15
#: Upper ends of the shares (percent of the picture) that are distinguished, and their wording.
SHARES = ((0.05, "none of it"), (5.0, "less than 5 percent"), (15.0, "5 to 15 percent"), (30.0, "15 to 30 percent"))
MOST_SHARE = "more than 30 percent"
_ACROSS = {"left": "right", "right": "left"}
_DOWN = {"top": "bottom", "bottom": "top"}


@dataclass(frozen=True, slots=True)
class Truth:
    """True changes of a pair.

    Attributes
    ----------
    facts : Facts
    buildings, roads : tuple of float
        Changed pixels in the nine fields, as shares of the picture, row by row.
    """

    facts: Facts
    buildings: tuple[float, ...]
    roads: tuple[float, ...]

    @property
    def new(self) -> int:
        """New buildings."""
        return self.facts.houses + self.facts.halls


def truth_of(facts: Facts, change: npt.NDArray[np.uint8]) -> Truth:
    """Return facts and their locations from the mask (h, w) of a pair: 1 roads, 2 buildings."""
    h, w = change.shape
    row, column = np.minimum(np.arange(h) * 3 // h, 2), np.minimum(np.arange(w) * 3 // w, 2)
    cell = row[:, None] * 3 + column[None]
    shares = [tuple((np.bincount(cell[change == v], minlength=9) / change.size).tolist()) for v in (2, 1)]
    return Truth(facts, shares[0], shares[1])


def mirrored(truth: Truth, across: bool, down: bool) -> Truth:
    """Return the true changes of the mirrored pair."""

    def turned(shares: tuple[float, ...]) -> tuple[float, ...]:
        grid = np.array(shares).reshape(3, 3)
        grid = grid[:, ::-1] if across else grid
        return tuple((grid[::-1] if down else grid).ravel().tolist())

    words = truth.facts.where.split()
    words = [_ACROSS.get(w, w) for w in words] if across else words
    words = [_DOWN.get(w, w) for w in words] if down else words
    facts = replace(truth.facts, where=" ".join(words))
    return Truth(facts, turned(truth.buildings), turned(truth.roads))


# --- answers ------------------------------------------------------------------------------------------------------


def count_words(n: int) -> str:
    """Return a count in words."""
    return str(n) if n <= 5 else "6 to 10" if n <= 10 else "more than 10"


def share_words(percent: float) -> str:
    """Return a share of the picture in words."""
    return next((text for most, text in SHARES if percent < most), MOST_SHARE)


def where_words(shares: Sequence[float]) -> str:
    """Return the fields that contain the change, in reading order."""
    total = sum(shares)
    if total <= 0:
        return "nowhere"
    named = [cell for cell, s in zip(CELLS, shares, strict=True) if s >= NAMED * total]
    return " , ".join(named) or "everywhere"


def _yes(truth: bool) -> str:
    return "yes" if truth else "no"


def _ground(t: Truth) -> str:
    return (t.facts.ground or "something else") if t.new else "nothing was built"


def _kind(t: Truth) -> str:
    f = t.facts
    if f.houses and f.halls:
        return "houses and large buildings"
    return "houses" if f.houses else "large buildings" if f.halls else "none"


def _most(t: Truth) -> str:
    a, b = sum(t.buildings), sum(t.roads)
    return "nothing" if a == b == 0 else "buildings" if a >= b else "roads"


def _both(t: Truth) -> tuple[float, ...]:
    return tuple(a + b for a, b in zip(t.buildings, t.roads, strict=True))


#: (type, topic) -> wordings and the answer.
_ASKED = {
    ("classification", "any"): (
        ("did anything change", "has anything changed", "is there any change", "are the two pictures different",
         "is there a difference between the pictures"),
        lambda t: _yes(t.facts.changed),
    ),
    ("classification", "buildings"): (
        ("are there new buildings", "were any buildings built", "did new buildings appear", "has anything been built",
         "is there any new building"),
        lambda t: _yes(t.new > 0),
    ),
    ("classification", "gone"): (
        ("were buildings removed", "are any buildings gone", "did buildings disappear", "is a building gone",
         "have any buildings been removed"),
        lambda t: _yes(t.facts.gone > 0),
    ),
    ("classification", "roads"): (
        ("are there new roads", "was a road built", "did a new road appear", "have roads been built",
         "is there any new road"),
        lambda t: _yes(t.facts.roads > 0),
    ),
    ("quantification", "buildings"): (
        ("how many new buildings are there", "how many buildings were built", "count the new buildings",
         "what is the number of new buildings", "how many buildings have been built"),
        lambda t: count_words(t.new),
    ),
    ("quantification", "gone"): (
        ("how many buildings are gone", "how many buildings were removed", "count the buildings that disappeared",
         "how many buildings have been removed"),
        lambda t: count_words(t.facts.gone),
    ),
    ("quantification", "roads"): (
        ("how many new roads are there", "how many roads were built", "count the new roads",
         "what is the number of new roads"),
        lambda t: count_words(t.facts.roads),
    ),
    ("quantification", "share"): (
        ("what share of the picture changed", "how much of the picture is different", "how much has changed",
         "what share of the picture is different"),
        lambda t: share_words(100 * sum(_both(t))),
    ),
    ("localisation", "any"): (
        ("where did something change", "where is the change", "in which part of the picture is the change",
         "where is anything different"),
        lambda t: where_words(_both(t)),
    ),
    ("localisation", "buildings"): (
        ("where did buildings change", "where were buildings built or removed", "in which part are the changed buildings",
         "where are the changed buildings"),
        lambda t: where_words(t.buildings),
    ),
    ("localisation", "roads"): (
        ("where did roads change", "where is the new road", "in which part are the new roads",
         "where are the new roads"),
        lambda t: where_words(t.roads),
    ),
    ("open", "ground"): (
        ("what was there before the new buildings", "on what were the buildings built",
         "what did the new buildings replace", "what was there before the buildings were built"),
        _ground,
    ),
    ("open", "kind"): (
        ("what kind of buildings are new", "which kind of buildings appeared", "what was built",
         "what kind of buildings were built"),
        _kind,
    ),
    ("open", "most"): (
        ("what changed most", "what is the main change", "which kind of thing changed most",
         "what is the main difference"),
        _most,
    ),
}  # fmt: skip
_CAPTION = (
    "describe what changed", "describe the change between the pictures", "what is different",
    "tell me what changed between the two pictures", "describe the difference",
)  # fmt: skip
#: Topic of the previous turn -> possible follow-ups: wordings, and the equivalent question.
_FOLLOWS = {
    "any": ((("where", "where is it", "and where"), ("localisation", "any")),
            (("how much of it", "and how much of the picture", "how much"), ("quantification", "share")),
            (("are there new buildings among it", "buildings"), ("classification", "buildings"))),
    "buildings": ((("how many", "and how many", "how many are there"), ("quantification", "buildings")),
                  (("where", "and where", "where are they"), ("localisation", "buildings")),
                  (("of what kind", "what kind"), ("open", "kind")),
                  (("what was there before", "and before"), ("open", "ground")),
                  (("and roads", "what about roads", "roads too"), ("classification", "roads"))),
    "roads": ((("how many", "and how many", "how many are there"), ("quantification", "roads")),
              (("where", "and where", "where are they"), ("localisation", "roads")),
              (("and buildings", "what about buildings", "buildings too"), ("classification", "buildings"))),
    "gone": ((("how many", "and how many", "how many are gone"), ("quantification", "gone")),
             (("and new ones", "were new ones built"), ("classification", "buildings"))),
    "caption": ((("where", "and where", "where is it"), ("localisation", "any")),
                (("how much of the picture", "how much"), ("quantification", "share")),
                (("what changed most",), ("open", "most"))),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Turn:
    """One instruction and its correct answers.

    Attributes
    ----------
    kind, topic : str
    instruction : str
    answers : tuple of str
        Right ones: several for a caption, one else.
    before : str
        The question before, of which the answer is not yet in the instruction (``turns`` only).
    """

    kind: str
    topic: str
    instruction: str
    answers: tuple[str, ...]
    before: str = ""


def questions_asked(truth: Truth) -> list[tuple[str, str, str, str]]:
    """Return type, topic, every wording and the true answer of all single questions."""
    return [(k, topic, q, answer(truth)) for (k, topic), (wordings, answer) in _ASKED.items() for q in wordings]


def with_history(question: str, answer: str, follow: str) -> str:
    """Return an instruction with the previous turn."""
    return f"{question} | {answer} | {follow}"


def turn(truth: Truth, kind: str, rng: np.random.Generator, *, held_out: bool = False) -> Turn:
    """Draw an instruction of a type."""

    def worded(wordings: Sequence[str]) -> str:
        return wordings[-1] if held_out else wordings[int(rng.integers(max(len(wordings) - 1, 1)))]

    if kind == "caption":
        return Turn(kind, "caption", worded(_CAPTION), tuple(templates(truth.facts, rng)))
    if kind != "turns":
        topics = [k for k in _ASKED if k[0] == kind]
        chosen = topics[int(rng.integers(len(topics)))]
        wordings, answer = _ASKED[chosen]
        return Turn(kind, chosen[1], worded(wordings), (answer(truth),))
    names = list(_FOLLOWS)
    topic = names[int(rng.integers(len(names)))]
    follows = _FOLLOWS[topic]
    wordings, meant = follows[int(rng.integers(len(follows)))]
    if topic == "caption":
        first = Turn("caption", "caption", worded(_CAPTION), tuple(templates(truth.facts, rng)))
    else:
        asked = [k for k in _ASKED if k[1] == topic and k != meant and k[0] != "localisation"]
        chosen = asked[int(rng.integers(len(asked)))]
        first = Turn(chosen[0], topic, worded(_ASKED[chosen][0]), (_ASKED[chosen][1](truth),))
    said = first.answers[int(rng.integers(len(first.answers)))]
    follow = worded(wordings)
    return Turn(
        "turns", f"{meant[0]} {meant[1]}", with_history(first.instruction, said, follow), (_ASKED[meant][1](truth),),
        before=first.instruction,
    )  # fmt: skip
