"""The season of a record: its length, and the scale of time on which it lasts a year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from eowidgets.errors import InputError, shown

YEAR = 365.2425
#: Named seasons, in days.
SEASONS = {"none": None, "day": 1.0, "week": 7.0, "year": YEAR}
#: Fewest seasons in a record, and fewest dates in each, for a season to be considered.
CYCLES, DATES_EACH = 2.0, 4.0


@dataclass(frozen=True)
class Season:
    """The season of a record; forecasters work on a time scale on which a season lasts a year.

    Every forecaster of this package describes a season of one year. Days are multiplied by :attr:`rate`, so that the
    same code handles hourly data with a daily season. Without a season, the record and the forecast fall on one day
    of that year, where the mean season is a constant.

    Attributes
    ----------
    length : float or None
        Days; None without a season.
    inner : float or None
        Days of a shorter season that is removed first and added to the forecast, such as the day within the week.
    span : float
        Days from the first date to the end of the forecast; the time scale of a record without season.
    """

    length: float | None = YEAR
    inner: float | None = None
    span: float = YEAR

    @property
    def rate(self) -> float:
        """Days of the scale per day of the record."""
        return YEAR / self.length if self.length is not None else 1 / self.span

    @property
    def inner_scaled(self) -> float | None:
        """Length of the shorter season in days of the scale."""
        return None if self.inner is None else self.inner * self.rate

    @property
    def label(self) -> str:
        """Name or length, such as ``day``, ``day and week`` or ``28 days``."""
        if self.length is None:
            return "none"
        names = {v: k for k, v in SEASONS.items() if v is not None}
        words = [names.get(v, f"{v:g} days") for v in (self.inner, self.length) if v is not None]
        return " and ".join(words)


def season_of(given: str | float | None, span: float) -> Season:
    """Return the season that a caller names.

    Parameters
    ----------
    given : str, float or None
        ``"day"``, ``"week"``, ``"year"``, ``"none"``, two of them such as ``"day and week"``, or a number of days.
    span : float
        Days from the first date to the end of the forecast.

    Raises
    ------
    InputError
    """
    if given is None or given == "none":
        return Season(None, None, span)
    lengths: list[Any]
    try:
        lengths = [SEASONS[word] for word in given.split(" and ")] if isinstance(given, str) else [float(given)]
    except KeyError:
        lengths = [None]
    if None in lengths or not 1 <= len(lengths) <= 2 or not all(0 < v < 1e5 for v in lengths):
        raise InputError(
            f"The season {shown(given)} is not known: give 'auto', 'day', 'week', 'year', 'day and week', 'none' "
            "or a number of days."
        )
    lengths.sort()
    return Season(lengths[-1], lengths[0] if len(lengths) == 2 else None, span)


def possible(days: Tensor, span: float) -> Sequence[Season]:
    """Return the seasons that a record can resolve, the simplest first: none, day, week, day and week, year.

    Parameters
    ----------
    days : Tensor, shape (t,)
        Dates of the record.
    span : float
        Days from the first date to the end of the forecast.
    """
    record = float(days[-1] - days[0])
    spacing = float(days.diff().median()) if len(days) > 1 else float("inf")
    found = [Season(None, None, span)]
    for name in ("day", "week", "year"):
        length = SEASONS[name]
        if length is not None and record >= CYCLES * length and spacing * DATES_EACH <= length:
            found.append(Season(length, None, span))
            if name == "week" and spacing * DATES_EACH <= 1:
                found.append(Season(length, 1.0, span))
    return found
