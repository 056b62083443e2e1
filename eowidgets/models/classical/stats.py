"""Distributions and thresholds for change detection, computed from their definitions."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor


def _bisect(rising: Callable[[float], float], low: float, high: float) -> float:
    """Return the zero of an increasing function."""
    for _ in range(200):
        middle = (low + high) / 2
        if rising(middle) < 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


@lru_cache
def chi2_quantile(probability: float, freedom: int) -> float:
    """Return the value that a χ² variable with ``freedom`` degrees stays below with ``probability``.

    Examples
    --------
    >>> round(chi2_quantile(0.95, 1), 3)
    3.841
    """
    half = torch.tensor(freedom / 2, dtype=torch.float64)

    def excess(x: float) -> float:
        return float(torch.special.gammainc(half, torch.tensor(x / 2, dtype=torch.float64))) - probability

    return _bisect(excess, 0.0, 20.0 * freedom + 200.0)


@lru_cache
def cusum_constant(alpha: float) -> float:
    """Return constant a of the boundary of Chu, Stinchcombe and White (1996): ``2 (1 - Φ(a) + a φ(a)) = α``.

    Examples
    --------
    >>> round(cusum_constant(0.05) ** 2, 2)
    7.81
    """

    def excess(a: float) -> float:
        tail = math.erfc(a / math.sqrt(2)) / 2
        return alpha - 2 * (tail + a * math.exp(-a * a / 2) / math.sqrt(2 * math.pi))

    return _bisect(excess, 0.0, 20.0)


@lru_cache
def mosum_constant(alpha: float, bandwidth: float, horizon: float, *, paths: int = 20_000, steps: int = 100) -> float:
    """Return constant λ of the boundary ``λ √(log₊ t)`` that OLS-MOSUM monitoring crosses with probability ``alpha``.

    The literature tabulates simulated values (Zeileis et al., 2005) for a few bandwidths and horizons; here the same
    limit process is simulated, seeded, for the given ones: the increment over ``bandwidth`` of W(t) - t W(1), W a Wiener
    process, for 1 < t ≤ ``horizon``.

    Parameters
    ----------
    alpha : float
        Probability of a false positive over the whole horizon.
    bandwidth : float
        Length of the moving sum as a share of the history.
    horizon : float
        End of monitoring in lengths of the history.
    """
    generator = torch.Generator().manual_seed(0)
    width, end = max(1, round(bandwidth * steps)), max(steps + 1, round(horizon * steps))
    t = torch.arange(steps + 1, end + 1) / steps
    boundary = log_plus(t).sqrt()
    most = []
    for _ in range(0, paths, 2000):
        increments = torch.randn(2000, end, generator=generator) / math.sqrt(steps)
        walk = torch.nn.functional.pad(increments.cumsum(dim=1), (1, 0))
        bridge = walk - torch.arange(end + 1) / steps * walk[:, steps, None]
        moved = bridge[:, steps + 1 :] - bridge[:, steps + 1 - width : end + 1 - width]
        most.append((moved.abs() / boundary).amax(dim=1))
    return float(torch.cat(most).quantile(1 - alpha))


def log_plus(x: Tensor) -> Tensor:
    """Return 1 up to e, and the natural logarithm beyond it."""
    return x.clamp_min(math.e).log()


def otsu(values: Tensor, bins: int = 256) -> float:
    """Return the threshold that splits values into two groups with least variance within them (Otsu, 1979).

    Parameters
    ----------
    values : Tensor
        Finite values; at least one.
    bins : int
        Bins of the histogram between the smallest and the largest value.

    Returns
    -------
    float
        Upper edge of the last bin of the lower group; the middle one of equally good splits. If all values are equal, that
        value.
    """
    values = values.detach().flatten().double().cpu()
    low, high = float(values.min()), float(values.max())
    if high <= low:
        return low
    counts = torch.histc(values, bins=bins, min=low, max=high)
    centres = low + (torch.arange(bins, dtype=torch.float64) + 0.5) * (high - low) / bins
    below, mass = counts.cumsum(0)[:-1], (counts * centres).cumsum(0)
    above = counts.sum() - below
    between = below * above * (mass[:-1] / below.clamp_min(1) - (mass[-1] - mass[:-1]) / above.clamp_min(1)).square()
    best = torch.nonzero(between >= between.max() * (1 - 1e-12)).flatten().double()
    return low + (float(best.mean()) + 1) * (high - low) / bins
