"""Season years: twelve months that begin in a month with little growth, so that they do not cut a season."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from eowidgets.models.classical.series import DAYS_PER_YEAR

Array = npt.NDArray[Any]
#: January is chosen if the growing share of the area exceeds that of the quietest month by at most this.
FAVOUR = 0.05
#: A pixel grows while its typical year is above this share of its range.
GROWING = 0.3
#: Nodes of a typical year, and its harmonics.
TIMES, WAVES = 72, 2


@dataclass(frozen=True, slots=True)
class SeasonYears:
    """Season years of a series.

    Attributes
    ----------
    years : array, shape (s,), int64
        The calendar year in which each season year begins.
    starts : array, shape (s + 1,), float64
        First day of each, in days since 1970-01-01, and the first day after the last.
    """

    years: Array
    starts: Array

    @classmethod
    def of(cls, days: Array, month: int) -> SeasonYears:
        """Return all season years that contain one of the days.

        Parameters
        ----------
        days : array
            Days since 1970-01-01.
        month : int
            First month, 1..12.
        """
        months = np.floor(np.asarray([days.min(), days.max()])).astype("int64").astype("datetime64[D]")
        first, last = (months.astype("datetime64[M]").astype(int) - (month - 1)) // 12 + 1970
        years = np.arange(first, last + 1)
        starts = np.array([f"{y:04d}-{month:02d}-01" for y in range(first, last + 2)], "datetime64[D]")
        return cls(years, starts.astype("float64"))

    @property
    def january(self) -> Array:
        """First of January of each year, in days since 1970-01-01, shape (s,)."""
        return (self.years - 1970).astype("datetime64[Y]").astype("datetime64[D]").astype("float64")


def quiet_month(values: Array, usable: Array, days: Array) -> int:
    """Return the month at whose beginning the smallest part of an area grows; January if it is nearly as good.

    Each pixel is weighted by the range of its typical year, a fit of :data:`WAVES` yearly harmonics.

    Parameters
    ----------
    values, usable : array, shape (t, n)
    days : array, shape (t,)

    Returns
    -------
    int
        1..12.
    """
    phase = 2 * np.pi * days / DAYS_PER_YEAR
    waves = range(1, WAVES + 1)
    columns = np.stack([np.ones_like(phase), *(f(k * phase) for k in waves for f in (np.cos, np.sin))], axis=1)
    weight = usable.astype("float64")
    m = columns.shape[1]
    normal = (weight.T @ (columns[:, :, None] * columns[:, None, :]).reshape(len(days), -1)).reshape(-1, m, m)
    normal += np.diag([1e-6, *([0.1] * (m - 1))])
    found = np.linalg.solve(normal, ((weight * values).T @ columns)[..., None])[..., 0]
    middle = (np.arange(TIMES) + 0.5) / TIMES * 2 * np.pi
    year = np.stack([np.ones(TIMES), *(f(k * middle) for k in waves for f in (np.cos, np.sin))], axis=1)
    typical = found @ year.T
    low, span = typical.min(axis=1, keepdims=True), np.ptp(typical, axis=1)[:, None]
    grows = (span * (typical > low + GROWING * span)).sum(axis=0) / max(float(span.sum()), 1e-12)
    # A boundary lies between two nodes: half a month on each side is used.
    per_month = TIMES // 12
    around = np.arange(12)[:, None] * per_month + np.arange(-(per_month // 2), per_month // 2)
    share = grows[around % TIMES].mean(axis=1)
    if share[0] <= share.min() + FAVOUR:
        return 1
    calm = share <= share.min() + 1e-9
    return int(np.flatnonzero(calm)[0]) + 1 if calm.sum() < 2 else _middle(calm) + 1


def _middle(calm: Array) -> int:
    """Return the middle of the longest circular run of True months."""
    best = (0, 0)
    for start in range(12):
        length = 0
        while length < 12 and calm[(start + length) % 12]:
            length += 1
        best = max(best, (length, -start))
    return (-best[1] + best[0] // 2) % 12
