"""Straight lines over parts of many series at once, from cumulative sums."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Line(NamedTuple):
    """Least-squares line of each part: ``slope``, ``intercept`` and the sum of squared residuals, each (n, s)."""

    slope: Tensor
    intercept: Tensor
    sse: Tensor


class Sums:
    """Cumulative sums of 1, x, y, x², xy and y², so that a sum over any part of a series is one difference.

    Parameters
    ----------
    x, y : Tensor, shape (n, k), float64
        Centred, so that differences of sums keep their precision.
    seen : Tensor, shape (n, k), bool
    """

    def __init__(self, x: Tensor, y: Tensor, seen: Tensor) -> None:
        terms = torch.stack([torch.ones_like(x), x, y, x * x, x * y, y * y]) * seen
        self._total = torch.nn.functional.pad(terms.cumsum(dim=-1), (1, 0))  # 6 n k+1

    def between(self, first: Tensor, last: Tensor) -> Tensor:
        """Return the sums over the positions ``first..last``, both included, (6, n, s)."""
        lower, upper = (i.unsqueeze(0).expand(6, -1, -1) for i in (first, last + 1))
        return self._total.gather(2, upper) - self._total.gather(2, lower)

    def line(self, first: Tensor, last: Tensor) -> Line:
        """Regress y on x over each part."""
        k, sx, sy, sxx, sxy, syy = self.between(first, last)
        k = k.clamp_min(1)
        xx, xy, yy = sxx - sx * sx / k, sxy - sx * sy / k, syy - sy * sy / k
        slope = torch.where(xx > 1e-9, xy / xx.clamp_min(1e-9), 0.0)
        return Line(slope, (sy - slope * sx) / k, (yy - slope * xy).clamp_min(0))

    def anchored(self, first: Tensor, last: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """Return the slopes of the least-squares lines through points (x, y), each (n, s)."""
        k, sx, sy, sxx, sxy, _ = self.between(first, last)
        xx = sxx - 2 * x * sx + k * x * x
        xy = sxy - x * sy - y * sx + k * x * y
        return torch.where(xx > 1e-9, xy / xx.clamp_min(1e-9), 0.0)

    def sse(self, first: Tensor, last: Tensor, slope: Tensor, intercept: Tensor) -> Tensor:
        """Return the sum of squared residuals of given lines, (n, s)."""
        k, sx, sy, sxx, sxy, syy = self.between(first, last)
        a, b = intercept, slope
        error: Tensor = (syy - 2 * a * sy - 2 * b * sxy + a * a * k + 2 * a * b * sx + b * b * sxx).clamp_min(0)
        return error
