"""Confidence intervals of stratified shares and ratios that hold for rare classes and strata without an error."""

from __future__ import annotations

from statistics import NormalDist
from typing import Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
#: ``score``: combined Wilson intervals of the strata. ``normal``: the estimate plus and minus z standard errors.
Method = Literal["score", "normal"]


def quantile(confidence: float) -> float:
    """Return the normal quantile z of a two-sided interval.

    Examples
    --------
    >>> round(quantile(0.95), 3)
    1.96
    """
    return NormalDist().inv_cdf((1 + confidence) / 2)


def wilson(hits: Array, n: Array, z: float) -> tuple[Array, Array]:
    """Return the limits of Wilson's score interval of a binomial share (Wilson 1927, doi:10.2307/2276774).

    Parameters
    ----------
    hits, n : array
        May be fractions, such as an effective number of samples.
    z : float

    Examples
    --------
    >>> low, high = wilson(np.array([0.0]), np.array([50.0]), 1.96)
    >>> low[0], round(high[0], 4)
    (0.0, 0.0714)
    """
    share, square = hits / n, z**2 / n
    centre = (share + square / 2) / (1 + square)
    half = z * np.sqrt(share * (1 - share) / n + square / (4 * n)) / (1 + square)
    low, high = np.clip(centre - half, 0, share), np.clip(centre + half, share, 1)
    return np.where(hits <= 0, 0.0, low), np.where(hits >= n, 1.0, high)


def share_limits(hits: Array, n: Array, weights: Array, z: float, possible: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Return the limits of a stratified share.

    The distances between the share and the Wilson limits of each stratum are combined as variances are ("variance
    estimates recovery": Zou and Donner 2008, doi:10.1002/sim.3095). A stratum without a hit keeps a width.

    Parameters
    ----------
    hits, n : array, shape (strata,)
        Samples with the property, and all samples.
    weights : array, shape (strata,)
        Shares of the area, with the sum 1.
    z : float
    possible : array of bool, shape (strata,)
        False where the property cannot occur in a stratum.
    """
    low, high = wilson(hits, n, z)
    share = hits / n
    high = np.where(possible, high, share)
    value = float(weights @ share)
    below = np.sqrt(np.sum((weights * (share - low)) ** 2))
    above = np.sqrt(np.sum((weights * (high - share)) ** 2))
    return max(0.0, value - float(below)), min(1.0, value + float(above))


def ratio_limits(
    right: Array,
    wrong: Array,
    n: Array,
    weights: Array,
    z: float,
    possible: tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]],
) -> tuple[float, float]:
    """Return the limits of the ratio R = right / (right + wrong) of two stratified shares.

    The interval holds each R for which the difference (1 - R) right - R wrong may be zero (Fieller's argument), with the
    limits of the difference from Wilson limits of the strata, their correlation included (Zou and Donner 2008). It is
    Wilson's own interval where one stratum alone is involved.

    Parameters
    ----------
    right, wrong : array, shape (strata,)
        Samples of the class that are right, and that are not.
    n, weights, z
        See :func:`share_limits`.
    possible : pair of arrays of bool, shape (strata,)
        False where right, and wrong, samples cannot occur.
    """
    inside = np.flatnonzero((right + wrong == n) & (n > 0))
    others = np.setdiff1d(np.flatnonzero(possible[0] | possible[1]), inside)
    if len(inside) == 1 and not len(others):
        low, high = wilson(right[inside], n[inside], z)
        return float(low[0]), float(high[0])
    ratios = np.linspace(0, 1, 2001)[:, None]
    a, b = right / n, wrong / n
    (a_low, a_high), (b_low, b_high) = wilson(right, n, z), wilson(wrong, n, z)
    a_high, b_high = np.where(possible[0], a_high, a), np.where(possible[1], b_high, b)
    with np.errstate(divide="ignore", invalid="ignore"):
        together = np.nan_to_num(np.sqrt(a * b / ((1 - a) * (1 - b))), posinf=1.0).clip(0, 1)

    def spread(a_side: Array, b_side: Array) -> Array:
        one, two = (1 - ratios) * weights * a_side, ratios * weights * b_side
        return np.asarray(np.sqrt(np.sum(one**2 + two**2 + 2 * together * one * two, axis=1)))

    value = np.sum(weights * ((1 - ratios) * a - ratios * b), axis=1)
    fits = (value - spread(a - a_low, b_high - b) <= 0) & (value + spread(a_high - a, b - b_low) >= 0)
    kept = ratios[fits, 0]
    return (float(kept[0]), float(kept[-1])) if len(kept) else (0.0, 1.0)
