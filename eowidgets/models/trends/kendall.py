"""Theil–Sen slopes and Mann–Kendall tests of many series at once.

The slope is the median of the slopes of all pairs (Theil, 1950; Sen, 1968, doi:10.1080/01621459.1968.10480934); its interval
uses the ranks of Sen's equation 2.6. The test is that of Mann (1945) and Kendall (1975) with the correction for ties. Missing
values are left out, as in pymannkendall: the test uses the order of the others, the slope their times. For
autocorrelation: the variance after Hamed and Rao (1998, doi:10.1016/S0022-1694(97)00125-X) or Yue and Wang (2004,
doi:10.1023/B:WARM.0000043140.61082.60), prewhitening, or trend-free prewhitening (Yue et al., 2002, doi:10.1002/hyp.1095). With
several periods per year: the seasonal test (Hirsch et al., 1982, doi:10.1029/WR018i001p00107), or with the covariance of the
periods (Hirsch and Slack, 1984, doi:10.1029/WR020i006p00727).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

#: Corrections for autocorrelation of yearly values, and of values of several periods per year.
YEARLY = ("prewhiten", "trend-free-prewhiten", "hamed-rao", "yue-wang")
SEASONAL = ("hirsch-slack",)


@dataclass(frozen=True, slots=True)
class Trend:
    """Trends of n series, each an array (n,); NaN where a series has too few values.

    Attributes
    ----------
    slope, low, high : array
        Change per unit of time, and its 95 % interval.
    intercept : array
        Of the line with this slope through the medians, at time 0.
    s, variance, tau, z, p : array
        Mann–Kendall score, its variance, Kendall's tau, normalised score and two-sided p.
    count : array
        Number of values.
    """

    slope: Array
    low: Array
    high: Array
    intercept: Array
    s: Array
    variance: Array
    tau: Array
    z: Array
    p: Array
    count: Array


def trend(
    values: Array, per_year: int = 1, autocorrelation: str | None = None, level: float = 0.95, confidence: float = 0.95
) -> Trend:
    """Compute slope and test of series at even steps.

    Parameters
    ----------
    values : array, shape (c * per_year, n)
        NaN where missing. One value per period, whole cycles (years).
    per_year : int
        Periods per cycle; above 1 the test is seasonal. The unit of time is one cycle.
    autocorrelation : str, optional
        One of :data:`YEARLY`, or for several periods one of :data:`SEASONAL`.
    level : float
        Level of the interval of the slope.
    confidence : float
        Level of the bounds beyond which an autocorrelation is significant (Hamed and Rao).

    Returns
    -------
    Trend
    """
    cycles = values.reshape(-1, per_year, values.shape[1])
    with np.errstate(invalid="ignore", divide="ignore"):
        parts = [_Pairs.of(cycles[:, k]) for k in range(per_year)]
        s, variance, denominator = (sum(getattr(p, name) for p in parts) for name in ("s", "variance", "pairs"))
        slopes = parts[0].slopes if per_year == 1 else np.concatenate([p.slopes for p in parts], axis=1)
        slopes.sort(axis=1)  # NaN last
        count = np.isfinite(values).sum(axis=0)
        slope = _ranked_median(slopes, denominator)
        low, high = _interval(slopes, denominator, variance, level)
        del slopes
        times = np.arange(len(values))[:, None] / per_year
        middle = _median(np.where(np.isfinite(values), times, np.nan))
        intercept = _median(values) - middle * slope
        if per_year > 1:
            if autocorrelation is not None:
                s, variance, denominator = _correlated(cycles)
            z = s / np.sqrt(variance) if autocorrelation is not None else _z(s, variance)
        else:
            if autocorrelation is not None:
                s, variance, denominator = _corrected(values, slope, s, variance, autocorrelation, confidence)
            z = _z(s, variance)
        tau = s / denominator
        p = _p(z)
    few = count < 2
    found = {
        "slope": slope, "low": low, "high": high, "intercept": intercept,
        "s": s, "variance": variance, "tau": tau, "z": z, "p": p,
    }  # fmt: skip
    return Trend(count=count, **{name: np.where(few, np.nan, v) for name, v in found.items()})


@dataclass(frozen=True, slots=True)
class _Pairs:
    """All pairs of values of each series: score, its variance, number of pairs, and their slopes (n, pairs)."""

    s: Array
    variance: Array
    pairs: Array
    slopes: Array

    @classmethod
    def of(cls, values: Array) -> _Pairs:
        y = np.ascontiguousarray(values.T)
        n, t = y.shape
        count = np.isfinite(y).sum(axis=1)
        pairs = count * (count - 1) / 2
        made = np.empty((n, t * (t - 1) // 2))
        lags = np.repeat(np.arange(1.0, t), np.arange(t - 1, 0, -1))
        at = 0
        for lag in range(1, t):
            np.subtract(y[:, lag:], y[:, :-lag], out=made[:, at : at + t - lag])
            at += t - lag
        up, down = (made > 0).sum(axis=1), (made < 0).sum(axis=1)
        made /= lags
        return cls((up - down).astype("float64"), _variance(y, count, pairs - up - down), pairs, made)


def _variance(y: Array, count: Array, ties: Array) -> Array:
    """Return the variance of the score, corrected for ties; ``y`` is (n, t)."""
    whole = (count * (count - 1.0) * (2 * count + 5)).astype("float64")
    tied = np.flatnonzero(ties)
    if len(tied):
        some = y[tied]
        # A group of k equal values subtracts k (k - 1) (2 k + 5): each of its k values contributes (k - 1) (2 k + 5).
        for i in range(some.shape[1]):
            k = (some == some[:, i : i + 1]).sum(axis=1)
            whole[tied] -= np.where(k > 0, (k - 1.0) * (2 * k + 5), 0.0)
    return np.asarray(whole / 18)


def _ranked_median(ordered: Array, count: Array) -> Array:
    """Return the median of the first ``count`` values of each row of (n, m), sorted."""
    at, m = np.arange(len(ordered)), ordered.shape[1]
    if not m:
        return np.full(len(ordered), np.nan)
    k = count.astype(int)
    low, high = np.clip((k - 1) // 2, 0, m - 1), np.clip(k // 2, 0, m - 1)
    return np.asarray(np.where(k > 0, (ordered[at, low] + ordered[at, high]) / 2, np.nan))


def _interval(ordered: Array, count: Array, variance: Array, level: float) -> tuple[Array, Array]:
    """Return the slopes at the ranks of Sen (1968), eq. 2.6, rounded as in scipy.stats.theilslopes."""
    from scipy.special import ndtri

    m = ordered.shape[1]
    if not m:
        return np.full(len(ordered), np.nan), np.full(len(ordered), np.nan)
    wide = -ndtri((1 - level) / 2) * np.sqrt(variance)
    high = np.minimum(np.rint((count + wide) / 2), count - 1)
    low = np.maximum(np.rint((count - wide) / 2) - 1, 0)
    known = np.isfinite(wide) & (count > 0)
    at = np.arange(len(ordered))
    ends = (np.where(known, e, 0).astype(int).clip(0, m - 1) for e in (low, high))
    one, two = (np.where(known, ordered[at, e], np.nan) for e in ends)
    return one, two


def _median(values: Array) -> Array:
    """Return the median over axis 0 without NaN, (n,)."""
    ordered = np.sort(values.T, axis=1)
    return _ranked_median(ordered, np.isfinite(values).sum(axis=0))


def _z(s: Array, variance: Array) -> Array:
    return np.asarray(np.where(s == 0, 0.0, (s - np.sign(s)) / np.sqrt(variance)))


def _p(z: Array) -> Array:
    from scipy.special import ndtr

    return np.asarray(2 * ndtr(-np.abs(z)))


def _corrected(
    values: Array, slope: Array, s: Array, variance: Array, how: str, confidence: float
) -> tuple[Array, Array, Array]:
    """Return score, variance and number of pairs with one of the corrections :data:`YEARLY`."""
    x, there, n = _compact(values)
    pairs = n * (n - 1) / 2
    rank = np.arange(1, len(x) + 1)[:, None]
    if how == "prewhiten":
        return _of_pairs(_whitened(x, there, _first_acf(x, there, n)))
    rest = x - rank * slope
    if how == "trend-free-prewhiten":
        white = _whitened(rest, there, _first_acf(rest, there, n, tied=variance < n * (n - 1) * (2 * n + 5) / 18))
        return _of_pairs(white + rank[:-1] * slope)
    if how == "hamed-rao":
        return s, variance * _hamed_rao(rest, there, n, confidence), pairs
    lags = _acf(rest, there, n, len(x) - 1)
    weight = np.stack([np.where(k < n, 1 - k / n, 0.0) for k in range(1, len(x))]) if len(x) > 1 else np.zeros((0, 1))
    return s, variance * (1 + 2 * (weight * lags).sum(axis=0)), pairs


def _of_pairs(values: Array) -> tuple[Array, Array, Array]:
    found = _Pairs.of(values)
    return found.s, found.variance, found.pairs


def _compact(values: Array) -> tuple[Array, Array, Array]:
    """Move existing values to the front; return them (0 behind), their mask, and their number."""
    known = np.isfinite(values)
    order = np.argsort(~known, axis=0, kind="stable")
    there = np.take_along_axis(known, order, axis=0)
    x = np.where(there, np.take_along_axis(values, order, axis=0), 0.0)
    return x, there, known.sum(axis=0)


def _acf(x: Array, there: Array, n: Array, lags: int) -> Array:
    """Return autocorrelations at the lags 1 to ``lags``, (lags, series), of series that are 0 after their end."""
    mean = np.where(there, x, 0.0).sum(axis=0) / n
    y = np.where(there, x - mean, 0.0)
    whole = (y * y).sum(axis=0)
    out = np.zeros((lags, x.shape[1]))
    for k in range(1, lags + 1):
        out[k - 1] = (y[k:] * y[:-k]).sum(axis=0) / whole
    return out


def _first_acf(x: Array, there: Array, n: Array, tied: Array | None = None) -> Array:
    """Return the autocorrelation at lag 1.

    For tied values, rounding decides whether they stay tied afterwards: there the sum is computed as in pymannkendall,
    series by series.
    """
    if len(x) < 2:
        return np.full(x.shape[1], np.nan)
    found = np.asarray(_acf(x, there, n, 1)[0])
    for i in np.flatnonzero(tied) if tied is not None else ():
        y = np.ascontiguousarray(x[: n[i], i])
        y = y - y.mean()
        whole = np.correlate(y, y, "full")[n[i] - 1 :] / n[i]
        found[i] = whole[1] / whole[0]
    return found


def _whitened(x: Array, there: Array, first: Array) -> Array:
    """Subtract the autoregressive part of the previous value; NaN after the end."""
    return np.asarray(np.where(there[1:], x[1:] - x[:-1] * first, np.nan))


def _hamed_rao(rest: Array, there: Array, n: Array, confidence: float) -> Array:
    """Return the factor of the variance, from lags whose autocorrelation of ranks is significant."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    ranks = rankdata(np.where(there, rest, np.inf), axis=0)
    lags = _acf(np.where(there, ranks, 0.0), there, n, len(rest) - 1)
    bound = ndtri((1 + confidence) / 2) / np.sqrt(n)
    total = np.zeros(rest.shape[1])
    for k, acf in enumerate(lags, start=1):
        counts = (np.abs(acf) > bound) & (k < n)
        total += np.where(counts, (n - k) * (n - k - 1.0) * (n - k - 2) * acf, 0.0)
    return np.asarray(1 + 2 / (n * (n - 1.0) * (n - 2)) * total)


def _correlated(cycles: Array) -> tuple[Array, Array, Array]:
    """Return score, variance and pairs with the covariance of the periods; years with a missing period are left out."""
    c, p, series = cycles.shape
    whole = np.asarray(np.isfinite(cycles).all(axis=1))
    x = np.where(whole[:, None], cycles, np.nan)
    n = whole.sum(axis=0)
    first, second = np.triu_indices(c, 1)
    signs = np.nan_to_num(np.sign(x[second] - x[first]))  # pairs, periods, series
    s = signs.sum(axis=(0, 1))
    both = np.einsum("ipn,iqn->pqn", signs, signs, optimize=True)
    ranks = np.zeros((c, p, series))
    np.add.at(ranks, second, signs)
    np.subtract.at(ranks, first, signs)
    ranks = np.where(whole[:, None], (n + 1 + ranks) / 2, 0.0)
    product = np.einsum("ipn,iqn->pqn", ranks, ranks, optimize=True)
    gamma = (both + 4 * product - n * (n + 1.0) ** 2) / 3
    # The sum of all terms, cross terms included, is the variance of the total score.
    return s, gamma.sum(axis=(0, 1)), p * n * (n - 1) / 2
