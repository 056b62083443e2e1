"""Whittaker's smoother for irregular dates: a smooth curve through the clear observations of each pixel."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from eowidgets.contract.card import Card
from eowidgets.contract.feeds import Batch
from eowidgets.contract.model import Model
from eowidgets.contract.outputs import Bands, Output, Value
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.contract.task import Task
from eowidgets.models.classical.series import (
    MAD_TO_SD,
    SCORE,
    flat,
    huber_weights,
    masked_median,
    relative_days,
    solving_dtype,
    unflat,
)

#: Minimum distance between dates, in days: slopes between two passes on one day would be noise.
CLOSEST = 1.0
#: A negligible penalty on slopes, in days: without it one observation would leave the slope undetermined.
SLOPE_PENALTY = 1e-3

Banded = tuple[Tensor, Tensor, Tensor]


def penalty(days: Tensor, length: float) -> Banded:
    """Return diagonal and first two off-diagonals of the roughness penalty, shapes (t,), (t - 1,), (t - 2,).

    ``length³ · Σ_i  (h_{i-1} + h_i) / 2 · z''_i²`` with the second divided difference
    ``z''_i = 2 · ((z_{i+1} - z_i) / h_i - (z_i - z_{i-1}) / h_{i-1}) / (h_{i-1} + h_i)``: the integral of the
    squared second derivative, so that the smoothness does not depend on the number of observations.
    """
    t = days.shape[0]
    steps = (days[1:] - days[:-1]).clamp_min(CLOSEST)
    main, first, second = (days.new_zeros(max(t - k, 0)) for k in range(3))
    slope = SLOPE_PENALTY / steps
    main[:-1] += slope
    main[1:] += slope
    first -= slope
    if t > 2:
        before, after = steps[:-1], steps[1:]
        span = before + after
        # z''_i = a z_{i-1} + b z_i + c z_{i+1}
        a, b, c = 2 / (before * span), -2 / (before * after), 2 / (after * span)
        weight = length**3 * span / 2
        main[:-2] += weight * a * a
        main[1:-1] += weight * b * b
        main[2:] += weight * c * c
        first[:-1] += weight * a * b
        first[1:] += weight * b * c
        second += weight * a * c
    return main, first, second


def solve_banded(bands: Banded, weight: Tensor, right: Tensor) -> Tensor:
    """Solve ``(diag(weight) + P) z = right`` for all pixels, P symmetric with two off-diagonals (L D Lᵀ).

    Parameters
    ----------
    bands : three tensors, as returned by :func:`penalty`
    weight : Tensor, shape (t, n)
    right : Tensor, shape (t, n, c)

    Returns
    -------
    Tensor, shape (t, n, c)
    """
    main, first, second = bands
    t = weight.shape[0]
    nothing = torch.zeros_like(weight[0])
    diagonal: list[Tensor] = []
    lower1: list[Tensor] = []
    lower2: list[Tensor] = []
    half: list[Tensor] = []
    for i in range(t):
        l1 = lower1[i - 1] if i > 0 else nothing
        l2 = lower2[i - 2] if i > 1 else nothing
        pivot = main[i] + weight[i]
        value = right[i]
        if i > 0:
            pivot = pivot - l1 * l1 * diagonal[i - 1]
            value = value - l1.unsqueeze(-1) * half[i - 1]
        if i > 1:
            pivot = pivot - l2 * l2 * diagonal[i - 2]
            value = value - l2.unsqueeze(-1) * half[i - 2]
        below = nothing
        if i + 1 < t:
            below = first[i].expand_as(pivot)
            if i > 0:
                below = below - lower2[i - 1] * diagonal[i - 1] * l1
        diagonal.append(pivot)
        half.append(value)
        lower1.append(below / pivot)
        lower2.append(second[i] / pivot if i + 2 < t else nothing)
    z: list[Tensor] = [nothing] * t
    for i in reversed(range(t)):
        value = half[i] / diagonal[i].unsqueeze(-1)
        if i + 1 < t:
            value = value - lower1[i].unsqueeze(-1) * z[i + 1]
        if i + 2 < t:
            value = value - lower2[i].unsqueeze(-1) * z[i + 2]
        z[i] = value
    return torch.stack(z)


@register
class Whittaker(Model):
    """Penalised least squares: close to the clear observations, and smooth in between.

    Minimises ``Σ_i w_i (y_i - z_i)² + length³ ∫ z''(d)² dd`` over the values z at the cube's dates.

    Source: Whittaker (1923); Eilers (2003), doi:10.1021/ac034173t, eq. 2, with divided differences for uneven
    spacing as he proposes. Choices made here: λ is given as ``length³`` in days³ (with one observation every ``length``
    days the curve bends over about ``length`` days), so that it means the same for every sensor; the robust
    weights are Huber's, one for each date and all bands; dates within one day count as one day apart.
    """

    name = "whittaker"
    task = Task.RECONSTRUCT
    card = Card(
        title="Whittaker smoother",
        summary="Fits a smooth curve to the clear observations of each pixel; dates may be irregular.",
        paper="Eilers (2003), A perfect smoother, Analytical Chemistry 75(14), 3631–3636.",
        url="https://doi.org/10.1021/ac034173t",
        licence="Apache-2.0",
        scores={SCORE: 27.6},
        limits="Rounds off sudden changes such as mowing or logging; may overshoot in gaps longer than its length.",
    )

    @dataclass(frozen=True, slots=True)
    class Params:
        """Smoothness and robustness."""

        length: float = param(
            20.0,
            unit="days",
            low=1.0,
            high=730.0,
            label="Smoothing length",
            help="Larger is smoother: λ is the cube of this length.",
        )
        robust: bool = param(True, label="Robust", help="Give less weight to outliers such as undetected cloud.")

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """Return the outputs: the curve at every date, and the robust standard deviation of the residuals."""
        spread = "Robust standard deviation of the residuals over all bands"
        return (
            Bands("bands", dims="tyx", unit="1"),
            Value("residual_spread", unit="1", long_name=spread, vmin=0, vmax=0.1),
        )

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Smooth the series.

        Returns
        -------
        dict
            ``bands`` (b, t, c, h, w) and ``residual_spread`` (b, h, w), NaN for a pixel without clear dates.
        """
        x = batch.x
        b, _, _, h, w = x.shape
        y, usable = flat(x).to(solving_dtype(x.device)), flat(batch.usable)
        bands = penalty(relative_days(batch.days, y), self.params.length)
        # Pixels without clear dates get weights of 1 to keep the system solvable; they are blanked below.
        seen = (usable | ~usable.any(dim=1, keepdim=True)).to(y.dtype)
        # The solver goes date by date, so the pixels of a date are contiguous in memory.
        dated = y.permute(2, 0, 1).contiguous()  # t n c

        def smooth(weight: Tensor) -> Tensor:
            dates = weight.T.contiguous()
            return solve_banded(bands, dates, dates.unsqueeze(-1) * dated).permute(1, 2, 0)  # n c t

        z = smooth(seen)
        for _ in range(4 if self.params.robust else 0):
            z = smooth(seen * huber_weights(y - z, usable))
        spread = MAD_TO_SD * masked_median((y - z).abs(), usable.unsqueeze(1), dim=-1)
        known = batch.usable.any(dim=1, keepdim=True).unsqueeze(2)
        return {
            "bands": unflat(z, (b, h, w)).to(x.dtype).masked_fill(~known, torch.nan),
            "residual_spread": unflat(spread.square().mean(dim=-1).sqrt(), (b, h, w)).to(x.dtype),
        }
