"""A small sentence encoder: it predicts the request of a question, and the words that the request does not cover.

Words are vectors of 64 numbers, cut from GloVe (Pennington et al. 2014, doi:10.3115/v1/D14-1162), so that words outside
the training questions are represented like their neighbours. Two layers of self-attention (Vaswani et al. 2017) follow.
Every choice of a program has a linear layer over the whole sentence; another over each word predicts whether it is a topic
(``copse`` is forest) or changes the question (``oak`` in "how much oak forest"). It runs in NumPy. Trained by
``training/sentences.py``.

To add a kind of question: name it in ``HEADS["kind"]`` and its choices as separate heads, write about forty wordings in
``training/wordings.txt``, train, and build its program in ``eowidgets/analysis/ask/encoded.py``.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from eowidgets.contract.checkpoint import checkpoint

CHECKPOINT = checkpoint(Path(__file__).parent, "questions.sentences")
#: Widths of the word vectors, of the letter vectors, and of the layers; attention heads; buckets of letters.
WORD, LETTERS, WIDTH, PARTS, LAYERS, BUCKETS = 64, 24, 96, 4, 2, 2048
#: Maximum number of words of a question; the rest is ignored.
LONGEST = 48
#: Placeholders that :mod:`eowidgets.analysis.ask.slots` inserts for the entities of a question, including numbers.
MARKS = ("", "‹c›", "‹i›", "‹s›", "‹m›", "‹d›", "‹p›", "‹a›", "‹l›", "‹n›", "‹#›", "‹^›", "‹?›")

_FACTS = (
    *("dates", "satellite", "size", "width", "height", "rows", "columns", "pixels", "bands", "resolution", "interval"),
    *("longest gap", "years", "days", "images a year", "acquisitions", "crs", "imaging", "indices", "place"),
    *("latitude", "longitude", "empty months", "meaning"),
)
#: The heads and their choices.
HEADS: dict[str, tuple[str, ...]] = {
    "kind": (
        *("presence", "count", "compare", "area", "share", "settlement", "locate", "when", "trend", "change"),
        *("extreme", "statistic", "outlook", "threshold", "extent", "rank", "event", "fact", "describe"),
        "unanswerable",
    ),
    "negated": ("", "yes"),
    "counted": ("patches", "image", "clear", "sky"),
    "relation": ("more", "less", "which", "which less", "difference"),
    "how": ("grid", "polygon", "nearest"),
    "moment": ("first", "last", "peak", "low", "change"),
    "change": ("what", "whether", "amount", "from-to", "cause"),
    "direction": ("", "loss", "gain", "change"),
    "which": ("highest", "lowest"),
    "extreme": ("value", "place"),
    "stat": ("mean", "median", "spread"),
    "outlook": ("value", "more", "less"),
    "measure": ("share", "area", "count", "loss", "gain", "mean", "any date"),
    "limit": ("above", "at least", "below", "at most"),
    "days": ("", "yes"),
    "by": ("month", "year", "season", "half", "quarter"),
    "fact": _FACTS,
}
#: Tags of a word: no role, changes the question, or another name of a topic.
TAGS = ("", "extra", "forest", "field", "water", "built-up", "bare", "vegetation", "snow", "cloud", "image")


@dataclass(frozen=True, slots=True)
class Sentence:
    """Prediction for a sentence: a probability for every choice of every head, and for every tag of every word."""

    choices: dict[str, dict[str, float]]
    tags: npt.NDArray[np.float32]

    def best(self, head: str) -> tuple[str, float]:
        """Return the likeliest choice of a head, and its probability."""
        return max(self.choices[head].items(), key=lambda kv: kv[1])


def spelt_out(text: str) -> str:
    """Return the text with a percent sign as a word, and without the number of a shortwave-infrared band.

    Examples
    --------
    >>> spelt_out("30 % of it")
    '30  percent of it'
    """
    return re.sub(r"(?i)\b(swir)[ -]?[12]\d?\b", r"\1", text).replace("%", " percent")


def letters(word: str) -> list[int]:
    """Return the buckets of the letter trigrams and four-grams of a word.

    Examples
    --------
    >>> len(letters("ndvi"))
    7
    """
    text = f"<{word}>"
    found = [text[i : i + n] for n in (3, 4) for i in range(len(text) - n + 1)]
    return [zlib.crc32(run.encode()) % BUCKETS for run in found or [text]]


def mark_of(token: str) -> int:
    """Return the number of the placeholder that a token is; 0 for a word."""
    if token[:1].isdigit():
        return MARKS.index("‹#›")
    return MARKS.index(token) if token in MARKS else MARKS.index("‹?›") if token[:1] == "‹" else 0


class SentenceReader:
    """The trained encoder.

    Parameters
    ----------
    weights : mapping of str to array
        ``vectors`` (words, 64) as int8 with ``scale`` (64,), ``words`` as bytes, and the layers as
        ``training/sentences.py`` names them.
    """

    def __init__(self, weights: dict[str, npt.NDArray[Any]]) -> None:
        self._vectors, self._scale = weights["vectors"], weights["scale"].astype(np.float32)
        self._listed = weights["words"].tobytes()
        small = ("vectors", "scale", "words")
        self._w = {k: np.asarray(v, np.float32) for k, v in weights.items() if k not in small}

    @cached_property
    def words(self) -> dict[str, int]:
        """Row of every word with a vector."""
        return {w: i for i, w in enumerate(self._listed.decode().split("\n"))}

    def __call__(self, tokens: Sequence[str]) -> Sentence:
        """Classify the words of a question, with placeholders for its entities."""
        read = ["‹^›", *tokens[: LONGEST - 1]]
        x = self._inputs(read)
        for n in range(LAYERS):
            x = x + self._attend(_norm(x, self._w, f"{n}.n1"), n)
            inner = _norm(x, self._w, f"{n}.n2") @ self._w[f"{n}.up.weight"].T + self._w[f"{n}.up.bias"]
            x = x + np.maximum(inner, 0) @ self._w[f"{n}.down.weight"].T + self._w[f"{n}.down.bias"]
        x = _norm(x, self._w, "last")
        pooled = np.concatenate([x[0], x.mean(0), x.max(0)])
        out = {}
        for head, choices in HEADS.items():
            chances = _softmax(self._w[f"head.{head}.weight"] @ pooled + self._w[f"head.{head}.bias"])
            out[head] = dict(zip(choices, chances.tolist(), strict=True))
        tags = np.zeros((len(tokens), len(TAGS)), np.float32)
        tags[:, 1] = 1.0  # words beyond the maximum length are tagged as changing the question
        tags[: len(read) - 1] = _softmax(x[1:] @ self._w["tags.weight"].T + self._w["tags.bias"])
        return Sentence(out, tags)

    def _inputs(self, read: Sequence[str]) -> npt.NDArray[np.float32]:
        x = np.zeros((len(read), WORD + LETTERS), np.float32)
        marks = np.array([mark_of(t) for t in read])
        for i, token in enumerate(read):
            if marks[i]:
                continue
            row = self.words.get(token)
            if row is not None:
                x[i, :WORD] = self._vectors[row] * self._scale
            x[i, WORD:] = self._w["letters"][letters(token)].mean(0)
        found = x @ self._w["in.weight"].T + self._w["in.bias"] + self._w["marks"][marks] + self._w["at"][: len(read)]
        return np.asarray(found, np.float32)

    def _attend(self, x: npt.NDArray[np.float32], n: int) -> npt.NDArray[np.float32]:
        three = x @ self._w[f"{n}.qkv.weight"].T + self._w[f"{n}.qkv.bias"]
        q, k, v = three.reshape(len(x), 3, PARTS, WIDTH // PARTS).transpose(1, 2, 0, 3)
        mixed = _softmax(q @ k.transpose(0, 2, 1) / np.sqrt(WIDTH // PARTS)) @ v
        flat = mixed.transpose(1, 0, 2).reshape(len(x), WIDTH)
        return np.asarray(flat @ self._w[f"{n}.out.weight"].T + self._w[f"{n}.out.bias"], np.float32)


def _norm(x: npt.NDArray[np.float32], w: dict[str, npt.NDArray[np.float32]], name: str) -> npt.NDArray[np.float32]:
    moved = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
    return np.asarray(moved * w[f"{name}.weight"] + w[f"{name}.bias"], np.float32)


def _softmax(x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    grown = np.exp(x - x.max(-1, keepdims=True))
    return np.asarray(grown / grown.sum(-1, keepdims=True), np.float32)


@lru_cache(maxsize=1)
def sentence_reader() -> SentenceReader:
    """Return the encoder with the weights in the package."""
    from safetensors.numpy import load

    return SentenceReader(load(CHECKPOINT.content()))
