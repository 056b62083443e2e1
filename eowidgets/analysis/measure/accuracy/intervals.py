"""Confidence intervals of stratified shares and ratios, also valid for rare classes and strata without errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Possible = npt.NDArray[np.bool_]
#: ``score``: modified Wilson intervals of the strata, combined. ``normal``: the estimate plus and minus z standard errors.
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
    """Return the limits of the modified Wilson interval of a binomial share.

    Wilson's score interval (1927, doi:10.2307/2276774). For the first few hits and the first few misses, where it is
    too narrow, the limit on that side is that of a Poisson count (Brown, Cai and DasGupta 2001,
    doi:10.1214/ss/1009213286, section 4.1.1).

    Parameters
    ----------
    hits, n : array
        May be fractions, such as an effective number of samples.
    z : float

    Examples
    --------
    >>> low, high = wilson(np.array([0.0, 1.0]), np.array([50.0, 50.0]), 1.96)
    >>> low.round(4).tolist(), high.round(4).tolist()
    ([0.0, 0.001], [0.0714, 0.105])
    """
    from scipy.special import gammaincinv

    share, square = hits / n, z**2 / n
    centre = (share + square / 2) / (1 + square)
    half = z * np.sqrt(share * (1 - share) / n + square / (4 * n)) / (1 + square)
    low, high = np.clip(centre - half, 0, share), np.clip(centre + half, share, 1)
    tail, few, misses = 2 * (1 - NormalDist().cdf(z)), np.where(n > 50, 3, 2), n - hits
    low = np.where(hits <= few, np.minimum(low, gammaincinv(np.clip(hits, 1e-9, 4), tail) / n), low)
    high = np.where(misses <= few, np.maximum(high, 1 - gammaincinv(np.clip(misses, 1e-9, 4), tail) / n), high)
    return np.where(hits <= 0, 0.0, low), np.where(misses <= 0, 1.0, high)


def share_limits(hits: Array, n: Array, weights: Array, z: float, possible: Possible) -> tuple[float, float]:
    """Return the limits of a stratified share.

    The distances between the share and the Wilson limits of each stratum are combined like variances ("variance
    estimates recovery": Zou and Donner 2008, doi:10.1002/sim.3095). A stratum without hits still contributes a width.

    Parameters
    ----------
    hits, n : array, shape (strata,)
        Samples with the property, and all samples.
    weights : array, shape (strata,)
        Area shares, with the sum 1.
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
    possible: tuple[Possible, Possible],
) -> tuple[float, float]:
    """Return the limits of the ratio R = right / (right + wrong) of two stratified shares.

    The interval contains each R for which the difference (1 - R) right - R wrong may be zero (Fieller's argument). The
    limits of the difference are combined from the Wilson limits of the strata, including their correlation (Zou and
    Donner 2008). If only one stratum is involved, the interval is Wilson's.

    Parameters
    ----------
    right, wrong : array, shape (strata,)
        Samples of the class that are correct, and that are not.
    n, weights, z
        See :func:`share_limits`.
    possible : pair of arrays of bool, shape (strata,)
        False where correct, and incorrect, samples cannot occur.
    """
    inside = np.flatnonzero((right + wrong == n) & (n > 0))
    others = np.setdiff1d(np.flatnonzero(possible[0] | possible[1]), inside)
    if len(inside) == 1 and not len(others):
        low, high = wilson(right[inside], n[inside], z)
        return float(low[0]), float(high[0])
    parts = _Parts.of(right, wrong, n, z, possible)
    a, b = right / n, wrong / n
    value = float(weights @ a) / float(weights @ (a + b))

    def difference(ratio: float) -> float:
        return float(np.sum(weights * ((1 - ratio) * a - ratio * b)))

    lowest = _edge(lambda r: difference(r) - parts.below((1 - r) * weights, r * weights) <= 0, value, 0.0)
    highest = _edge(lambda r: difference(r) + parts.above((1 - r) * weights, r * weights) >= 0, value, 1.0)
    return lowest, highest


def difference_limits(
    more: Array, less: Array, n: Array, weights: Array, z: float, possible: tuple[Possible, Possible]
) -> tuple[float, float]:
    """Return the limits of the difference of two stratified shares of the same samples.

    Parameters
    ----------
    more, less : array, shape (strata,)
        Samples that count as +1, and as -1.
    n, weights, z, possible
        See :func:`ratio_limits`.
    """
    parts = _Parts.of(more, less, n, z, possible)
    value = float(weights @ ((more - less) / n))
    return value - parts.below(weights, weights), value + parts.above(weights, weights)


@dataclass(frozen=True)
class _Parts:
    """Distances from two shares of each stratum to their limits, and the correlation of the shares."""

    one_below: Array
    one_above: Array
    two_below: Array
    two_above: Array
    correlation: Array

    @classmethod
    def of(cls, one: Array, two: Array, n: Array, z: float, possible: tuple[Possible, Possible]) -> _Parts:
        a, b = one / n, two / n
        (a_low, a_high), (b_low, b_high) = wilson(one, n, z), wilson(two, n, z)
        a_high, b_high = np.where(possible[0], a_high, a), np.where(possible[1], b_high, b)
        with np.errstate(divide="ignore", invalid="ignore"):
            together = np.nan_to_num(np.sqrt(a * b / ((1 - a) * (1 - b))), posinf=1.0).clip(0, 1)
        return cls(a - a_low, a_high - a, b - b_low, b_high - b, together)

    def below(self, one: Array, two: Array) -> float:
        """Return the lower half width of the sum over strata of ``one`` times share 1 minus ``two`` times share 2."""
        return self._combined(one * self.one_below, two * self.two_above)

    def above(self, one: Array, two: Array) -> float:
        """Return the upper half width of the same sum."""
        return self._combined(one * self.one_above, two * self.two_below)

    def _combined(self, one: Array, two: Array) -> float:
        # Two shares of the same samples are negatively correlated, which increases the variance of their difference.
        return float(np.sqrt(np.sum(one**2 + two**2 + 2 * self.correlation * one * two)))


def _edge(fits: Callable[[float], bool], inside: float, end: float) -> float:
    """Return the last value that fits, between a fitting value and an end of the scale, by bisection."""
    if fits(end):
        return end
    for _ in range(40):
        middle = (inside + end) / 2
        inside, end = (middle, end) if fits(middle) else (inside, middle)
    return inside
