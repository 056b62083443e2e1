"""Vocabularies that map words to numbers, for networks with text input or output."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

#: Special tokens at the beginning of every vocabulary.
NULL, UNKNOWN, START, END = range(4)
SPECIAL = ("<null>", "<unknown>", "<start>", "<end>")

_JOINED = re.compile(r"\b(north|south)[ -]?(east|west)")
_TOKEN = re.compile(r"[a-z]+|\d+(?:\.\d+)?|[.|,]")


def words(text: str) -> list[str]:
    """Return lower-case words, numbers, and the punctuation that separates previous turns from the question.

    Examples
    --------
    >>> words("Any trees in the Northeast?")
    ['any', 'trees', 'in', 'the', 'north', 'east']
    """
    return _TOKEN.findall(_JOINED.sub(r"\1 \2", text.lower()))


class Vocabulary:
    """Map words to numbers; all unknown words share one number.

    Parameters
    ----------
    known : sequence of str
        Words without the special tokens.
    """

    def __init__(self, known: Sequence[str]) -> None:
        self.known = [*SPECIAL, *known]
        self.number = {w: i for i, w in enumerate(self.known)}

    @classmethod
    def of(cls, texts: Iterable[str], least: int = 2) -> Vocabulary:
        """Return the vocabulary of words that occur often enough, in alphabetical order."""
        seen = Counter(w for t in texts for w in words(t))
        return cls(sorted(w for w, n in seen.items() if n >= least))

    def __len__(self) -> int:
        """Return the number of words, including special tokens."""
        return len(self.known)

    def strange(self, text: str) -> list[str]:
        """Return the words of a text outside the vocabulary, in order."""
        return [w for w in words(text) if w not in self.number]

    def encode(self, text: str, longest: int, *, marked: bool = False) -> list[int]:
        """Return word numbers, cut and padded to ``longest``; ``marked`` adds start and end tokens."""
        body = [self.number.get(w, UNKNOWN) for w in words(text)]
        line = [START, *body[: longest - 2], END] if marked else body[:longest]
        return line + [NULL] * (longest - len(line))

    def decode(self, numbers: Iterable[int]) -> str:
        """Return the text up to the end token."""
        out: list[str] = []
        for n in numbers:
            if n == END:
                break
            if n >= len(SPECIAL):
                out.append(self.known[n])
        return " ".join(out)
