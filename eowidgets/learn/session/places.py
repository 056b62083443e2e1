"""Places that are worth a look: the best by a score, spread over the area."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
#: Share of the pixels that places are chosen from, and their least number.
BEST, LEAST = 0.05, 400
#: Pixels that are compared at most.
MOST = 20_000


@dataclass(frozen=True, slots=True)
class Place:
    """A pixel that is proposed.

    Attributes
    ----------
    lon, lat : float
        Of its centre, in degrees.
    row, column : int
    score : float
        Uncertainty, or likeness, 0..1.
    """

    lon: float
    lat: float
    row: int
    column: int
    score: float


def spread(
    score: Array,
    rows: Array,
    columns: Array,
    count: int,
    near: tuple[Array, Array] | None = None,
    least: int = LEAST,
) -> Array:
    """Choose pixels with a high score that lie apart from each other.

    Parameters
    ----------
    score : array, shape (n,)
        -inf where a pixel cannot be chosen.
    rows, columns : array, shape (n,)
    count : int
    near : (rows, columns), optional
        Pixels from which the chosen ones keep a distance as well.
    least : int
        Pixels of the highest score that are chosen from at least.

    Returns
    -------
    array of int64
        Which pixels, the best first; fewer where there are not enough.
    """
    usable = np.flatnonzero(np.isfinite(score))
    if not len(usable) or count < 1:
        return usable[:0]
    pool = min(len(usable), MOST, max(least, int(BEST * len(usable))))
    best = usable[np.argsort(-score[usable], kind="stable")[:pool]]
    y, x, s = rows[best].astype(float), columns[best].astype(float), score[best]
    # Rank within the pool, so that a flat score leaves the choice to distance.
    s = s - s.min()
    s = 0.25 + 0.75 * (s / s.max() if s.max() > 0 else np.ones_like(s))
    reach = np.sqrt(len(usable) / count)
    distance = np.full(len(best), reach)
    for row, column in zip(*near, strict=True) if near is not None else ():
        distance = np.minimum(distance, np.hypot(y - row, x - column))
    chosen: list[int] = []
    for _ in range(min(count, len(best))):
        gain = s * (distance / reach)
        one = int(gain.argmax())
        if gain[one] <= 0:
            break
        chosen.append(one)
        distance = np.minimum(distance, np.hypot(y - y[one], x - x[one]))
    return np.asarray(best[np.array(chosen, "int64")])
