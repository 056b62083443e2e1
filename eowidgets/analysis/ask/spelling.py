"""Correction of misspelt words: one edit away from a known word, two edits for long words."""

from __future__ import annotations

import calendar
import re
from functools import lru_cache

from eowidgets.analysis.ask.dates import SEASONS
from eowidgets.analysis.ask.lexicon import HARMLESS as FUNCTION_WORDS
from eowidgets.analysis.ask.lexicon import NOUN_OF, WORD_OF
from eowidgets.analysis.ask.meanings import HARMLESS, MEANINGS

#: Minimum and maximum length of a corrected word: short words are one edit away from too many others.
SHORTEST, LONGEST = 5, 24
#: Minimum length for the correction of a wrong letter, as opposed to an inserted, missing or swapped one ("horses" is
#: not a misspelt "houses"), and minimum length for two edits.
MIDDLING, LONG = 7, 10
MONTHS = frozenset(name.lower() for name in calendar.month_name if name)
#: Words that neither lexicon nor table lists: units, and names of a drawn area.
_UNITS = frozenset(
    """drawn drew selected marked chosen outlined sketched rectangle selection drawing polygon ha km km2 m2 sqm sq percent pct
    hectares hectare""".split()  # noqa: SIM905
)
#: Words that are corrected at any length.
_SHORT = frozenset(w for w in FUNCTION_WORDS if 3 < len(w) < 6)
_WORD = re.compile(r"(?<![\w‹'-])[^\W\d_]+(?:['-][^\W\d_]+)*(?![\w›])")


@lru_cache
def words_known() -> frozenset[str]:
    """Return the words with a meaning in questions, and the words without effect."""
    phrases = frozenset(w for phrase in (*NOUN_OF, *WORD_OF) for w in (phrase, *re.split(r"[\s-]", phrase)))
    return phrases | frozenset(MEANINGS) | HARMLESS | FUNCTION_WORDS | MONTHS | frozenset(SEASONS) | _UNITS


def mend(question: str, keep: frozenset[str] = frozenset()) -> tuple[str, dict[str, str]]:
    """Correct the misspelt words of a question; return the question and the corrections.

    Words with a capital letter inside a sentence are names, and are only corrected to months.

    Parameters
    ----------
    question : str
    keep : frozenset of str
        Further correct words, in lower case.

    Examples
    --------
    >>> mend("Whats the avrage NDVI in Septmber 2018?")
    ('Whats the average NDVI in September 2018?', {'avrage': 'average', 'Septmber': 'September'})
    """
    slips: dict[str, str] = {}
    known = words_known() | keep

    def right(match: re.Match[str]) -> str:
        word = match.group()
        low = word.lower()
        if word.isupper() or low in known or low.rstrip("s") in known or low.removesuffix("'s") in known:
            return word
        if all(part in known for part in low.split("-")):
            return word
        name = word[0].isupper() and match.start() > 0
        near = nearest(low, MONTHS if name else known, most=2 if name else 1)
        if near is None and not name:
            near = nearest(low, _SHORT, most=1, shortest=3)
        if near is None:
            return word
        slips[word] = near.capitalize() if word[0].isupper() else near
        return slips[word]

    return _WORD.sub(right, question), slips


def note(slips: dict[str, str]) -> str:
    """Return a sentence that lists the corrections; empty without corrections."""
    read = ", ".join(f"{was[:30]!r} as {now!r}" for was, now in slips.items())
    return f" Read {read}." if read else ""


@lru_cache(maxsize=4096)
def nearest(word: str, known: frozenset[str], most: int = 2, shortest: int = SHORTEST) -> str | None:
    """Return the known word that is one edit away (two for long words), or None.

    Examples
    --------
    >>> nearest("forrest", frozenset({"forest", "field"}))
    'forest'
    """
    if not shortest <= len(word) <= LONGEST:
        return None
    allowed = min(most, 1 if len(word) < LONG else 2)
    best: tuple[int, int, str] | None = None
    for other in known:
        if len(other) < 4 or abs(len(other) - len(word)) > allowed or other[0] != word[0]:
            continue
        slips = _distance(word, other, allowed)
        rank = (slips, abs(len(word) - len(other)), other)
        if slips <= allowed and (best is None or rank < best):
            best = rank
    return best[2] if best else None


def _distance(a: str, b: str, most: int) -> int:
    """Count the edits between two words: insertions, deletions, replacements and swaps of neighbours."""
    wrong = 1 if len(a) >= MIDDLING else 2
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        older, before, row = before, row, [i]
        for j, y in enumerate(b, 1):
            cost = min(before[j] + 1, row[-1] + 1, before[j - 1] + (x != y) * wrong)
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]
