"""Months of the year as text."""

from __future__ import annotations

from eowidgets.errors import InputError


def months_of(text: str) -> tuple[int, ...]:
    """Return the months, 1..12, from the first to the last: ``"5-9"``, or ``"11-2"`` across the new year.

    Examples
    --------
    >>> months_of("11-2")
    (11, 12, 1, 2)
    """
    first, _, last = text.partition("-")
    try:
        a, b = int(first), int(last or first)
    except ValueError:
        a = b = 0
    if not (1 <= a <= 12 and 1 <= b <= 12):
        raise InputError(f"The months {text[:20]!r} are invalid: write the first and the last month, for example 5-9.")
    return tuple((a - 1 + k) % 12 + 1 for k in range((b - a) % 12 + 1))
