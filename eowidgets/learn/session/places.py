"""Select places to label: the best by a score, spread over the area."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
#: Share of the pixels from which places are selected, and their minimum number.
BEST, LEAST = 0.05, 400
#: Maximum number of compared pixels.
MOST = 20_000


@dataclass(frozen=True, slots=True)
class Place:
    """A proposed pixel.

    Attributes
    ----------
    lon, lat : float
        Centre of the pixel, in degrees.
    row, column : int
    score : float
        Uncertainty, or similarity, 0..1.
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
    """Select pixels with a high score and a distance from each other.

    Parameters
    ----------
    score : array, shape (n,)
        -inf if a pixel cannot be selected.
    rows, columns : array, shape (n,)
    count : int
    near : (rows, columns), optional
        Pixels from which the selected ones also keep a distance.
    least : int
        Minimum number of highest-score pixels to select from.

    Returns
    -------
    array of int64
        Positions of the selected pixels, the best first; fewer if there are not enough.
    """
    usable = np.flatnonzero(np.isfinite(score))
    if not len(usable) or count < 1:
        return usable[:0]
    pool = min(len(usable), MOST, max(least, int(BEST * len(usable))))
    best = usable[np.argsort(-score[usable], kind="stable")[:pool]]
    y, x, s = rows[best].astype(float), columns[best].astype(float), score[best]
    # Rank within the pool, so that a constant score leaves the choice to distance.
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
