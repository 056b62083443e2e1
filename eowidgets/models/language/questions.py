"""A small classifier of questions: it predicts the kind of program and its choices.

Words and their pairs are hashed into a table of learned vectors, summed, and classified by one linear layer per choice
(Joulin et al. 2017, "Bag of Tricks for Efficient Text Classification", with several heads). It runs in NumPy: a
question takes well under a millisecond, without heavy imports. Trained by ``training/parser.py`` on templates.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from eowidgets.contract.checkpoint import checkpoint

CHECKPOINT = checkpoint(Path(__file__).parent, "questions.templates")
BUCKETS, WIDTH = 8192, 48

_PREPOSITIONS = frozenset(("in", "on", "at", "of", "for", "during", "over", "within", "inside", "around", "from", "by"))

#: The heads and their choices.
HEADS: dict[str, tuple[str, ...]] = {
    "kind": (
        *("presence", "count", "compare", "area", "share", "settlement", "locate", "when", "trend", "change"),
        *("extreme", "statistic", "describe", "unanswerable"),
    ),
    "relation": ("more", "less", "which"),
    "how": ("grid", "polygon", "nearest"),
    "moment": ("first", "last", "peak", "low", "change"),
    "change": ("what", "whether", "amount", "from-to"),
    "direction": ("", "loss", "gain", "change"),
    "which": ("highest", "lowest"),
    "extreme": ("value", "place"),
    "stat": ("mean", "median", "spread"),
}


def features(tokens: Sequence[str], unknown: Collection[str] = ()) -> npt.NDArray[np.int64]:
    """Return the hash buckets of the words of a question, of pairs and triples of neighbours, and of its placeholders.

    Parameters
    ----------
    tokens : sequence of str
        Words and placeholders (``‹c›`` for a land-cover class, ...).
    unknown : collection of str
        Words outside the training data: all of them share one bucket.
    """
    strange = set(unknown)
    words = ["‹u›" if t in strange else t for t in tokens]
    plain = [w for w in _without_place_and_time(words) if w not in ("the", "a", "please")]
    found = [f"1 {w}" for w in words]
    found += [f"p {w[:5]}" for w in words if len(w) > 5]  # deforested, deforestation
    found += [f"2 {a} {b}" for a, b in zip(["^", *plain], [*plain, "$"], strict=True)]
    found += [f"3 {a} {b} {c}" for a, b, c in zip(["^", *plain], plain, [*plain[1:], "$"], strict=False)]
    for mark in ("‹c›", "‹i›", "‹s›", "‹m›", "‹d›", "‹p›", "‹u›", "‹l›"):
        found.append(f"n {mark} {min(words.count(mark), 3)}")
    if plain:
        found += [f"f {plain[0]}", f"f {' '.join(plain[:2])}", f"f {' '.join(plain[:3])}"]
    return np.array([zlib.crc32(f.encode()) % BUCKETS for f in found], np.int64)


def _without_place_and_time(words: Sequence[str]) -> list[str]:
    """Return the words without dates, places and the prepositions before them, which do not affect the kind of question."""
    kept: list[str] = []
    for word in words:
        if word in ("‹d›", "‹p›", "‹a›"):
            if kept and kept[-1] in _PREPOSITIONS:
                kept.pop()
        else:
            kept.append(word)
    return kept


class QuestionClassifier:
    """The trained classifier.

    Parameters
    ----------
    weights : mapping of str to array
        ``table`` (buckets, width), and for each head ``<head>.weight`` (choices, width) and ``<head>.bias``.
    """

    def __init__(self, weights: dict[str, npt.NDArray[np.float32]]) -> None:
        self._weights = {k: np.asarray(v, np.float32) for k, v in weights.items()}

    def __call__(self, tokens: Sequence[str], unknown: Collection[str] = ()) -> dict[str, dict[str, float]]:
        """Return the probabilities of every choice of every head."""
        buckets = features(tokens, unknown)
        hidden = np.maximum(self._weights["table"][buckets].sum(axis=0) / np.sqrt(len(buckets)), 0)
        out = {}
        for head, choices in HEADS.items():
            scores = self._weights[f"{head}.weight"] @ hidden + self._weights[f"{head}.bias"]
            chances = np.exp(scores - scores.max())
            out[head] = dict(zip(choices, (chances / chances.sum()).tolist(), strict=True))
        return out


@lru_cache(maxsize=1)
def question_classifier() -> QuestionClassifier:
    """Return the classifier with the weights in the package."""
    from safetensors.numpy import load

    return QuestionClassifier(load(CHECKPOINT.content()))
