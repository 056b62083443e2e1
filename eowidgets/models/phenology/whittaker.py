"""Whittaker's smoother on evenly spaced nodes, for observations on any days, with the variance of the curve.

The curve is a linear spline with a penalty on its second differences (Eilers, 2003, doi:10.1021/ac034173t; with a basis of
splines: Eilers and Marx, 1996, doi:10.1214/ss/1038425655). An observation between two nodes is weighted between both by its
distance, so the equations keep five diagonals and no day is rounded. The variance is that of the posterior of the
smoothing spline (Wahba, 1983, doi:10.1111/j.2517-6161.1983.tb01239.x), from the central diagonals of the inverse
(Hutchinson and de Hoog, 1985, doi:10.1007/BF01389878).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from eowidgets.models.classical.series import HUBER, MAD_TO_SD
from eowidgets.models.phenology.curve import STEP, Curve, nodes_between

Array = npt.NDArray[Any]
#: Added to the diagonal, so that a series without observations has a solution.
TINY = 1e-9
#: Rounds of reweighting of a robust fit.
ROUNDS = 2
#: Smaller residuals are not outliers, in units of the index.
SMALLEST_SCALE = 1e-4


@dataclass(slots=True)
class _Factor:
    """Factors L and D of a symmetric pentadiagonal matrix; each is a list over rows of arrays (n,)."""

    pivot: Array
    below1: Array
    below2: Array


def smooth(values: Array, usable: Array, days: Array, length: float, robust: bool) -> Curve:
    """Fit curves to series.

    Minimises ``Σ w (y - z)² + length³ ∫ z''(d)² dd``.

    Parameters
    ----------
    values : array, shape (t, n), float64
        0 where not usable.
    usable : array, shape (t, n), bool
    days : array, shape (t,)
    length : float
        Smoothing length in days, as in the model ``whittaker``.
    robust : bool
        Whether to reweight with Huber's weights.

    Returns
    -------
    Curve
        On nodes that cover the series.
    """
    nodes = nodes_between(days[0], days[-1])
    place = np.clip(((days - nodes[0]) / STEP).astype(int), 0, len(nodes) - 2)
    share = (days - nodes[place]) / STEP
    weight = usable.astype("float64")
    strength = (length / STEP) ** 3
    for again in range(ROUNDS + 1 if robust else 1):
        factor, value = _fit(values, weight, place, share, len(nodes), strength)
        fitted = value[place] * (1 - share)[:, None] + value[place + 1] * share[:, None]
        residual = np.where(usable, values - fitted, 0.0)
        if robust and again < ROUNDS:
            scale = MAD_TO_SD * median_of_used(np.abs(residual), usable)
            weight = usable * np.minimum(
                1.0, HUBER * np.maximum(scale, SMALLEST_SCALE) / np.maximum(np.abs(residual), 1e-12)
            )
    main, first = _inverse(factor)
    a, b = (1 - share)[:, None], share[:, None]
    leverage = a * a * main[place] + 2 * a * b * first[place] + b * b * main[place + 1]
    used = weight.sum(axis=0)
    left = np.maximum(used - (weight * leverage).sum(axis=0), 1.0)
    noise = (weight * residual**2).sum(axis=0) / left
    return Curve(nodes, value, main * noise, noise)


def _fit(
    values: Array, weight: Array, place: Array, share: Array, count: int, strength: float
) -> tuple[_Factor, Array]:
    """Solve ``(B' W B + strength D' D) z = B' W y`` for all series."""
    n = values.shape[1]
    main, first, right = np.full((count, n), TINY), np.zeros((count - 1, n)), np.zeros((count, n))
    for i, (k, f) in enumerate(zip(place, share, strict=True)):
        w = weight[i]
        moved = w * values[i]
        main[k] += (1 - f) ** 2 * w
        main[k + 1] += f * f * w
        first[k] += f * (1 - f) * w
        right[k] += (1 - f) * moved
        right[k + 1] += f * moved
    edge = np.full(count, 6.0)
    edge[[0, -1]] = 1.0
    if count > 3:
        edge[[1, -2]] = 5.0
    elif count == 3:
        edge[1] = 4.0
    side = np.full(count - 1, -4.0)
    side[[0, -1]] = -2.0
    if count < 3:
        edge[:], side[:] = 0.0, 0.0
    main += strength * edge[:, None]
    first += strength * side[:, None]
    return _solve(main, first, strength if count > 2 else 0.0, right)


def _solve(main: Array, first: Array, second: float, right: Array) -> tuple[_Factor, Array]:
    """Factor and solve in place; ``second`` is the same for all rows."""
    count = len(main)
    below1, below2 = np.zeros_like(main), np.zeros_like(main)
    half = right
    for i in range(count):
        pivot = main[i]
        if i > 0:
            l1 = below1[i - 1]
            pivot -= l1 * l1 * main[i - 1]
            half[i] -= l1 * half[i - 1]
        if i > 1:
            l2 = below2[i - 2]
            pivot -= l2 * l2 * main[i - 2]
            half[i] -= l2 * half[i - 2]
        if i + 1 < count:
            under = first[i]
            if i > 0:
                under -= below2[i - 1] * main[i - 1] * below1[i - 1]
            np.divide(under, pivot, out=below1[i])
        if i + 2 < count:
            np.divide(second, pivot, out=below2[i])
    half /= main
    for i in range(count - 2, -1, -1):
        half[i] -= below1[i] * half[i + 1]
        if i + 2 < count:
            half[i] -= below2[i] * half[i + 2]
    return _Factor(main, below1, below2), half


def _inverse(factor: _Factor) -> tuple[Array, Array]:
    """Return the diagonal and the first off-diagonal of the inverse, both (g, n)."""
    count = len(factor.pivot)
    main, first = 1 / factor.pivot, np.zeros_like(factor.pivot)
    second: Array | float = 0.0
    for i in range(count - 2, -1, -1):
        l1, l2 = factor.below1[i], factor.below2[i]
        if i + 2 < count:
            second = -(l1 * first[i + 1] + l2 * main[i + 2])
            first[i] = -(l1 * main[i + 1] + l2 * first[i + 1])
        else:
            first[i] = -l1 * main[i + 1]
        main[i] -= l1 * first[i] + l2 * second
    return main, first


def median_of_used(values: Array, usable: Array) -> Array:
    """Return the median of the usable values over dates (axis 0), shape (n,); 0 if there are none."""
    rows = np.where(usable, values, np.inf).T.copy()
    rows.sort(axis=1)
    count = usable.sum(axis=0)
    low, high = np.maximum((count - 1) // 2, 0), np.minimum(count // 2, rows.shape[1] - 1)
    at = np.arange(len(rows))
    middle = (rows[at, low] + rows[at, high]) / 2
    return np.where(count > 0, middle, 0.0)
