"""Synthetic breaks of known date and size, added to series."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eowidgets.models.classical.series import DAYS_PER_YEAR

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Breaks:
    """One break per series, all arrays of shape (n,).

    Attributes
    ----------
    day : ndarray
        Day since 1970-01-01 on which it starts.
    size : ndarray
        In the units of the series, signed; 0 for no break.
    takes : ndarray
        Days from its start to its full size; 0 is abrupt.
    recovers : ndarray
        Years from its full size back to zero; infinite for a lasting break.
    """

    day: Array
    size: Array
    takes: Array
    recovers: Array

    def course(self, days: npt.ArrayLike) -> Array:
        """Return the contribution of the breaks to the series on some days (t,), shape (n, t)."""
        since = np.asarray(days, dtype="float64")[None] - self.day[:, None]
        begun = since >= 0
        grown = np.clip((since + 1e-9) / np.maximum(self.takes[:, None], 1e-9), 0, 1)
        left = 1 - (since - self.takes[:, None]) / (self.recovers[:, None] * DAYS_PER_YEAR)
        return np.where(begun, self.size[:, None] * grown * np.clip(left, 0, 1), 0.0)


def draw_breaks(
    n: int,
    first: float,
    last: float,
    rng: np.random.Generator,
    *,
    sizes: tuple[float, ...] = (0.1, 0.2, 0.3, 0.4),
    takes: tuple[float, ...] = (0.0, 182.0),
    recovers: tuple[float, ...] = (np.inf, 2.0, 0.5),
    down: npt.ArrayLike = 0.5,
) -> Breaks:
    """Draw breaks that start between two days; ``down`` is the probability of a loss, (n,) or one for all."""
    sign = np.where(rng.random(n) < np.asarray(down), -1.0, 1.0)
    return Breaks(
        rng.uniform(first, last, n), sign * rng.choice(sizes, n), rng.choice(takes, n), rng.choice(recovers, n)
    )
