"""Words by number, for networks that read and write."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

#: Numbers of the words that every vocabulary begins with.
NULL, UNKNOWN, START, END = range(4)
SPECIAL = ("<null>", "<unknown>", "<start>", "<end>")

_JOINED = re.compile(r"\b(north|south)[ -]?(east|west)")
_TOKEN = re.compile(r"[a-z]+|\d+(?:\.\d+)?|[.|,]")


def words(text: str) -> list[str]:
    """Lower-case words, numbers, and the marks that part what was said from what is asked.

    Examples
    --------
    >>> words("Any trees in the Northeast?")
    ['any', 'trees', 'in', 'the', 'north', 'east']
    """
    return _TOKEN.findall(_JOINED.sub(r"\1 \2", text.lower()))


class Vocabulary:
    """Words by number; what is not known has one number.

    Parameters
    ----------
    known : sequence of str
        Without the special ones.
    """

    def __init__(self, known: Sequence[str]) -> None:
        self.known = [*SPECIAL, *known]
        self.number = {w: i for i, w in enumerate(self.known)}

    @classmethod
    def of(cls, texts: Iterable[str], least: int = 2) -> Vocabulary:
        """Words that occur often enough, in alphabetical order."""
        seen = Counter(w for t in texts for w in words(t))
        return cls(sorted(w for w, n in seen.items() if n >= least))

    def __len__(self) -> int:
        """How many, the special ones included."""
        return len(self.known)

    def strange(self, text: str) -> list[str]:
        """Words of a text that are not known, in order."""
        return [w for w in words(text) if w not in self.number]

    def encode(self, text: str, longest: int, *, marked: bool = False) -> list[int]:
        """Numbers, cut and filled up to ``longest``; ``marked`` puts start and end around."""
        body = [self.number.get(w, UNKNOWN) for w in words(text)]
        line = [START, *body[: longest - 2], END] if marked else body[:longest]
        return line + [NULL] * (longest - len(line))

    def decode(self, numbers: Iterable[int]) -> str:
        """The text up to the end mark."""
        out: list[str] = []
        for n in numbers:
            if n == END:
                break
            if n >= len(SPECIAL):
                out.append(self.known[n])
        return " ".join(out)
