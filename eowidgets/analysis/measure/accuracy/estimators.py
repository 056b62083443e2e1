"""Stratified estimators of area, overall, user's and producer's accuracy with their standard errors.

Olofsson et al. 2014 (doi:10.1016/j.rse.2014.02.015), eqs. 4 to 11, are the special case in which the strata are the map
classes; Stehman 2014 (doi:10.1080/01431161.2014.930207) gives the indicator and ratio estimators for any strata.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from eowidgets.analysis.measure.accuracy.intervals import (
    Method,
    difference_limits,
    quantile,
    ratio_limits,
    share_limits,
    wilson,
)

Array = npt.NDArray[np.float64]
#: Share of a stratum that is sampled from which on the finite population correction is applied (Cochran 1977, 2.6).
LARGE_SHARE = 0.05


@dataclass(frozen=True)
class Estimated:
    """An estimate with its standard error and the limits of its confidence interval.

    Attributes
    ----------
    value, se, low, high : float
        NaN where the sample holds no information.
    """

    value: float
    se: float
    low: float
    high: float

    def times(self, factor: float) -> Estimated:
        """Return the estimate in another unit."""
        return Estimated(*(factor * v for v in (self.value, self.se, self.low, self.high)))


UNKNOWN = Estimated(*[float("nan")] * 4)


@dataclass(frozen=True)
class Estimator:
    """Estimator on counts of labelled samples.

    Parameters
    ----------
    counts : array, shape (strata, map classes, reference classes)
        Samples; rows and columns have the same classes in the same order.
    weights : array, shape (strata,)
        Area shares, with the sum 1.
    pixels : array, shape (strata,), optional
        Size of the strata in pixels, for the finite population correction.
    right : array, shape (strata, classes), optional
        Samples that agree in class and, for instance, date; by default those that agree in class.
    present : array of bool, shape (strata, classes), optional
        False where a stratum has no pixel of a map class; None if unknown.
    mapped : array, shape (classes,), optional
        Area shares of the classes in the map, for the difference estimator; None for areas from the samples alone. Both
        are equal where each stratum is one class of the map.
    confidence : float
    method : {"score", "normal"}
    """

    counts: Array
    weights: Array
    pixels: Array | None = None
    right: Array | None = None
    present: npt.NDArray[np.bool_] | None = None
    mapped: Array | None = None
    confidence: float = 0.95
    method: Method = "score"

    @cached_property
    def n(self) -> Array:
        """Number of samples in each stratum."""
        return np.asarray(self.counts.sum(axis=(1, 2)))

    @cached_property
    def _z(self) -> float:
        return quantile(self.confidence)

    @cached_property
    def _rest(self) -> Array:
        """Share of each stratum that is not sampled; 1 without the finite population correction."""
        if self.pixels is None or not np.any(self.n / self.pixels > LARGE_SHARE):
            return np.ones_like(self.n)
        return np.asarray((1 - self.n / self.pixels).clip(0, 1))

    @property
    def is_corrected(self) -> bool:
        """Whether the finite population correction is applied."""
        return bool(np.any(self._rest < 1))

    @cached_property
    def _right(self) -> Array:
        return np.einsum("hkk->hk", self.counts) if self.right is None else self.right

    def overall(self) -> Estimated:
        """Return the overall accuracy."""
        return self._share(self._right.sum(axis=1))

    def cell(self, row: int, column: int) -> Estimated:
        """Return the area share of a pair of map class and reference class."""
        possible = None if self.present is None else self.present[:, row]
        return self._share(self.counts[:, row, column], possible)

    def area(self, k: int) -> Estimated:
        """Return the area share of a reference class."""
        if self.mapped is None:
            return self._share(self.counts[:, :, k].sum(axis=1))
        return self._corrected(k, float(self.mapped[k]))

    def _corrected(self, k: int, mapped: float) -> Estimated:
        """Return the share in the map plus omissions minus commissions (difference estimator)."""
        agree = self.counts[:, k, k]
        missed, wrong = self.counts[:, :, k].sum(axis=1) - agree, self.counts[:, k].sum(axis=1) - agree
        n, mean = self.n, (missed - wrong) / self.n
        value = mapped + float(self.weights @ mean)
        se = self._se((missed + wrong) / n - mean**2, self.weights, missed + wrong)
        if self.method == "normal":
            return self._normal(value, se, 1.0)
        there = elsewhere = np.ones(len(n), bool)
        if self.present is not None:
            there, elsewhere = self.present[:, k], np.asarray(np.delete(self.present, k, axis=1).any(axis=1))
        effective = self._effective()
        shares = missed / n * effective, wrong / n * effective
        low, high = difference_limits(*shares, effective, self.weights, self._z, (elsewhere, there))
        return Estimated(value, se, max(0.0, mapped + low), min(1.0, mapped + high))

    def users(self, k: int) -> Estimated:
        """Return the user's accuracy of a map class: 1 - commission error."""
        there = np.ones(len(self.n), bool) if self.present is None else self.present[:, k]
        right = self._right[:, k]
        return self._ratio(right, self.counts[:, k].sum(axis=1) - right, (there, there))

    def producers(self, k: int) -> Estimated:
        """Return the producer's accuracy of a reference class: 1 - omission error."""
        right, missed = self._right[:, k], self.counts[:, :, k].sum(axis=1) - self._right[:, k]
        there: Any = np.ones(len(self.n), bool)
        elsewhere: Any = there
        if self.present is not None:
            there = self.present[:, k]
            # A detection of the right class with a wrong date counts as missed.
            elsewhere = np.delete(self.present, k, axis=1).any(axis=1) | (self.right is not None) & there
        return self._ratio(right, missed, (there, elsewhere))

    def _effective(self) -> Array:
        """Return the number of samples that gives the same variance without the finite population correction."""
        return np.asarray(self.n / np.maximum(self._rest, 1e-9))

    def _share(self, hits: Array, possible: npt.NDArray[np.bool_] | None = None) -> Estimated:
        n, p = self.n, hits / self.n
        value, se = float(self.weights @ p), self._se(p * (1 - p), self.weights, hits)
        if self.method == "normal":
            return self._normal(value, se, 1.0)
        every = np.ones(len(n), bool) if possible is None else possible
        effective = self._effective()
        return Estimated(value, se, *share_limits(p * effective, effective, self.weights, self._z, every))

    def _ratio(
        self, right: Array, wrong: Array, possible: tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]
    ) -> Estimated:
        n = self.n
        y, x = right / n, (right + wrong) / n
        total = float(self.weights @ x)
        if total <= 0:
            return UNKNOWN
        value = float(self.weights @ y) / total
        # The residual y - R x of a sample is 1 - R where it is right, -R where it is wrong, and 0 otherwise.
        square = (1 - value) ** 2 * y + value**2 * (x - y)
        se = self._se(square - (y - value * x) ** 2, self.weights, right + wrong) / total
        if self.method == "normal":
            return self._normal(value, se, 1.0)
        effective = self._effective()
        limits = ratio_limits(y * effective, (x - y) * effective, effective, self.weights, self._z, possible)
        return Estimated(value, se, min(limits[0], value), max(limits[1], value))

    def _se(self, variance: Array, weights: Array, hits: Array) -> float:
        """Return the standard error of a stratified mean from the variances within the strata."""
        single = self.n < 2
        of_mean = variance.clip(0) * self._rest / np.maximum(self.n - 1, 1)
        if single.any():  # no variance within: half the width of Wilson's interval replaces z standard errors
            low, high = wilson(np.minimum(hits, self.n), self.n, self._z)
            of_mean = np.where(single, ((high - low) / (2 * self._z)) ** 2, of_mean)
        return float(np.sqrt(np.sum(weights**2 * of_mean)))

    def _normal(self, value: float, se: float, most: float) -> Estimated:
        half = self._z * se
        return Estimated(value, se, max(0.0, value - half), min(most, value + half))
