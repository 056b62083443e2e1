"""A break monitor by a control chart: exponentially weighted moving average of the residuals."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from eowidgets.contract.card import Card
from eowidgets.contract.feeds import Batch
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.models.classical.series import MAD_TO_SD, masked_median
from eowidgets.models.monitors.base import NOISE_FLOOR, SCORE, IndexMonitor, IndexParams
from eowidgets.models.monitors.runs import start_of

#: Observations of the history beyond so many spreads are dropped.
SHEWHART = 5.0


@register
class BreakEWMA(IndexMonitor):
    """Harmonic fit of the history, and a control chart of what follows.

    ``z_k = (1 - λ) z_{k-1} + λ e_k`` over the clear observations, from z = 0 at the start of the history; a break is
    where ``|z| ≥ L σ √(λ / (2 - λ))``, σ the spread of the history's residuals. Observations further out than
    ``outlier`` σ do not count.

    Source: Brooks et al. (2014), doi:10.1109/TGRS.2013.2272545: least squares, then a Shewhart chart drops what
    lies beyond 5 σ of the history and the rest is fitted again. With ``robust`` Huber's fit stands in for both.
    """

    name = "break-ewma"
    card = Card(
        title="Break monitor, control chart (EWMA)",
        summary="Finds the first date on which the recent average has left the pixel's own yearly course.",
        paper="Brooks et al. (2014), IEEE Transactions on Geoscience and Remote Sensing 52(6), 3316–3332.",
        url="https://doi.org/10.1109/TGRS.2013.2272545",
        licence="Apache-2.0",
        scores={SCORE: 0.74},
        limits="Two missed clouds near each other are enough for an alarm unless the limit is wide.",
    )

    @dataclass(frozen=True, slots=True)
    class Params(IndexParams):
        """The chart."""

        weight: float = param(
            0.3,
            low=0.01,
            high=1.0,
            step=0.05,
            label="Weight λ",
            help="Of the newest observation; small is slow and sure.",
        )
        limit: float = param(
            2.0, low=0.5, high=50.0, step=0.5, unit="σ", label="Limit L", help="Width of the chart; wider is stricter."
        )
        outlier: float = param(
            10.0,
            low=2.0,
            high=1000.0,
            unit="σ",
            label="Outliers beyond",
            help="Single observations so far out are skipped.",
        )

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Test; layers as in :class:`~eowidgets.models.monitors.sums.Sums`."""
        seen = self.look(batch, screen=None if self.params.robust else SHEWHART)
        residual, before = seen.residual.squeeze(1), seen.before.squeeze(1)
        if self.params.robust:
            sigma = MAD_TO_SD * masked_median(before.abs(), seen.known).nan_to_num(1.0).clamp_min(NOISE_FLOOR)
        else:
            sigma = (before.square().sum(dim=1) / seen.counted.clamp_min(1)).sqrt().clamp_min(1e-9)
        sigma = sigma.unsqueeze(1)
        near = seen.clear & (seen.after.squeeze(1).abs() <= self.params.outlier * sigma)
        weight = self.params.weight
        average = moving_average(residual, torch.cat([seen.known, near], dim=1), weight)[:, seen.length :]
        width = self.params.limit * sigma * math.sqrt(weight / (2 - weight))
        ratio = (average.abs() / width).masked_fill_(~near, 0)
        if not ratio.shape[1]:
            ratio = average = ratio.new_zeros(len(ratio), 1)
        crossing = (ratio > 1).to(torch.uint8).argmax(dim=1)
        sign = average.gather(1, crossing.unsqueeze(1)).sign()
        return self.report(
            seen, ratio.amax(dim=1), start_of(seen.after.squeeze(1) * sign - sigma, near, crossing), crossing
        )


def moving_average(values: Tensor, counts: Tensor, weight: float) -> Tensor:
    """Exponentially weighted moving average along the last dimension, shapes (n, t); it rests where nothing counts."""
    # Dates first, side by side in memory: the recursion then runs over whole rows.
    rows = values.T.contiguous()
    share = weight * counts.T.to(values.dtype)
    now = torch.zeros_like(rows[0])
    out = torch.empty_like(rows)
    for value, w, row in zip(rows, share, out, strict=True):
        now = torch.lerp(now, value, w)
        row.copy_(now)
    return out.T
