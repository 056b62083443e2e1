"""The answers of RSVQA: yes and no, words, and ranges of counts and of sizes."""

from __future__ import annotations

import bisect
from typing import Any

#: Upper ends of the ranges that numbers are grouped in; the first is for zero.
BINS = (0.005, 0.5, 1.5, 3.5, 10.5, 100.5, 1000.5)
#: Kinds of questions with answers, in the order of the tables.
KINDS = ("presence", "count", "compare", "area", "settlement")

_COVERS = ("forest", "field", "water", "built-up", "bare")
#: Ranges of whole numbers and of hectares, one for each bin.
_COUNTS = ("0", "0", "1", "2 to 3", "4 to 10", "11 to 100", "more than 100")
_SIZES = (
    *("none", "up to 0.5 ha", "0.5 to 1.5 ha", "1.5 to 3.5 ha", "3.5 to 10.5 ha", "10.5 to 100 ha"),
    *("100 to 1000 ha", "more than 1000 ha"),
)

ANSWERS: tuple[str, ...] = tuple(dict.fromkeys(("yes", "no", "rural", "urban", *_COVERS, *_COUNTS, *_SIZES)))
_PER_HECTARE = {"ha": 1.0, "km2": 0.01, "m2": 1e4}


def bin_of(number: float) -> int:
    """Return the index of the range of :data:`BINS` that a number lies in."""
    return bisect.bisect_left(BINS, abs(number))


def answer_class(kind: str, answer: Any, unit: str = "ha") -> str | None:
    """Return the answer class of a true answer; None if there is none.

    Parameters
    ----------
    kind : str
        One of :data:`KINDS`.
    answer : bool, int, float or str
    unit : str
        Unit of a size: ``"ha"``, ``"km2"`` or ``"m2"``.

    Examples
    --------
    >>> answer_class("count", 7), answer_class("area", 20_000, "m2"), answer_class("presence", True)
    ('4 to 10', '1.5 to 3.5 ha', 'yes')
    """
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    if kind == "count":
        return _COUNTS[min(bin_of(answer), len(_COUNTS) - 1)]
    if kind == "area":
        return _SIZES[bin_of(answer / _PER_HECTARE[unit])]
    return answer if answer in ANSWERS else None
