"""Harmonics for each season year, as in HANTS (Menenti et al., 1993, doi:10.1016/0273-1177(93)90550-U), with variances."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from eowidgets.models.classical.series import DAYS_PER_YEAR, HUBER, MAD_TO_SD
from eowidgets.models.phenology.curve import Curve, nodes_between
from eowidgets.models.phenology.whittaker import ROUNDS, SMALLEST_SCALE, median_of_used

Array = npt.NDArray[Any]
#: Days before and after a season year whose observations are fitted with it.
MARGIN = 60.0
#: Ridge penalty on the harmonics, in observations.
RIDGE = 0.05


def waves(values: Array, usable: Array, days: Array, first: float, last: float, terms: int, robust: bool) -> Curve:
    """Fit level and harmonics to the observations of one season year.

    Parameters
    ----------
    values, usable : array, shape (t, n)
    days : array, shape (t,)
    first, last : float
        First day of the season year, and of the next one.
    terms : int
        Harmonics per year.
    robust : bool

    Returns
    -------
    Curve
        From :data:`MARGIN` days before the season year to :data:`MARGIN` days after it, limited to the dates.
    """
    low, high = first - MARGIN, last + MARGIN
    pick = (days >= low) & (days <= high)
    y, seen, when = values[pick], usable[pick], days[pick]
    nodes = nodes_between(max(low, days[0]), min(high, days[-1]))
    columns, grid = (_columns(d, first, terms) for d in (when, nodes))
    weight = seen.astype("float64")
    m = columns.shape[1]
    outer = (columns[:, :, None] * columns[:, None, :]).reshape(len(when), -1)
    ridge = np.diag([1e-9, *([RIDGE] * (m - 1))])
    for again in range(ROUNDS + 1 if robust else 1):
        normal = (weight.T @ outer).reshape(-1, m, m) + ridge
        found = np.linalg.solve(normal, ((weight * y).T @ columns)[..., None])[..., 0]
        residual = np.where(seen, y - columns @ found.T, 0.0)
        if robust and again < ROUNDS:
            scale = np.maximum(MAD_TO_SD * median_of_used(np.abs(residual), seen), SMALLEST_SCALE)
            weight = seen * np.minimum(1.0, HUBER * scale / np.maximum(np.abs(residual), 1e-12))
    inverse = np.linalg.inv(normal)
    noise = (weight * residual**2).sum(axis=0) / np.maximum(weight.sum(axis=0) - m, 1.0)
    spread = (grid[:, :, None] * grid[:, None, :]).reshape(len(nodes), -1) @ inverse.reshape(-1, m * m).T
    return Curve(nodes, grid @ found.T, np.maximum(spread, 0.0) * noise, noise)


def _columns(days: Array, origin: float, terms: int) -> Array:
    phase = 2 * np.pi * (days - origin) / DAYS_PER_YEAR
    both = [f(k * phase) for k in range(1, terms + 1) for f in (np.cos, np.sin)]
    return np.stack([np.ones_like(phase), *both], axis=1)
