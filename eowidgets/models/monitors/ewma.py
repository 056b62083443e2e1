"""A break monitor by a control chart: exponentially weighted moving average of the residuals."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from eowidgets.contract.card import Card
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.models.monitors.base import SCORE, IndexMonitor, IndexParams
from eowidgets.models.monitors.breaks import Crossing, change_point, robust_spread, since_mask
from eowidgets.models.monitors.runs import start_of
from eowidgets.models.monitors.watched import Watched

#: Observations of the history beyond this many standard deviations are dropped.
SHEWHART = 5.0


@register
class BreakEWMA(IndexMonitor):
    """Harmonic fit of the history, and a control chart of the later residuals.

    ``z_k = (1 - λ) z_{k-1} + λ e_k`` over the clear observations, from z = 0 at the start of the history; a break is
    where ``|z| ≥ L σ √(λ / (2 - λ))``, with σ the standard deviation of the history's residuals. Observations beyond
    ``outlier`` σ are ignored.

    Source: Brooks et al. (2014), doi:10.1109/TGRS.2013.2272545: least squares, then a Shewhart chart drops history values
    beyond 5 σ and the rest is fitted again. With ``robust`` Huber's fit replaces both.
    """

    name = "break-ewma"
    card = Card(
        title="Break monitor, control chart (EWMA)",
        summary="Detects the first date on which the moving average leaves the pixel's own yearly course.",
        paper="Brooks et al. (2014), IEEE Transactions on Geoscience and Remote Sensing 52(6), 3316–3332.",
        url="https://doi.org/10.1109/TGRS.2013.2272545",
        licence="Apache-2.0",
        scores={SCORE: 0.76},
        limits="Two adjacent undetected clouds cause a false positive unless the limit is wide.",
    )

    @dataclass(frozen=True, slots=True)
    class Params(IndexParams):
        """Settings of the control chart."""

        weight: float = param(
            0.1,
            low=0.01,
            high=1.0,
            step=0.05,
            label="Weight λ",
            help="Weight of the newest observation; smaller values are slower and more reliable.",
        )
        limit: float = param(
            5.0, low=0.5, high=50.0, step=0.5, unit="σ", label="Limit L", help="Width of the chart; wider is stricter."
        )
        outlier: float = param(
            10.0,
            low=2.0,
            high=1000.0,
            unit="σ",
            label="Outliers beyond",
            help="Single observations beyond this limit are skipped.",
        )
        again: int = param(
            3,
            low=1,
            high=20,
            step=1,
            unit="observations",
            label="Consecutive outliers",
            help="This many consecutive outliers on one side are used: after a clear-cut all values are outliers.",
        )

    @property
    def screen(self) -> float | None:
        """Width of the Shewhart chart as published, if the fit is not robust."""
        return None if self.params.robust else SHEWHART

    def search(self, seen: Watched, since: Tensor) -> Crossing:
        """Find where the chart is left; the first date begins the step that leads there (:func:`change_point`)."""
        p = self.params
        before, after = seen.before.squeeze(1), seen.after.squeeze(1)
        if p.robust:
            sigma = robust_spread(seen).squeeze(1)
        else:
            sigma = (before.square().sum(dim=1) / seen.counted.clamp_min(1)).sqrt().clamp_min(1e-9)
        wide = sigma.unsqueeze(1)
        fresh = since_mask(seen.clear, since)
        near = fresh & (after.abs() <= p.outlier * wide)
        if p.robust:
            # This many consecutive outliers on one side are not undetected clouds: they are used, clipped at the limit.
            for side in (1, -1):
                near |= fresh & (in_a_row(fresh & (side * after > p.outlier * wide), fresh) >= p.again)
            after = torch.minimum(torch.maximum(after, -p.outlier * wide), p.outlier * wide)
        weight = p.weight
        known = seen.known & (since == 0).unsqueeze(1)
        if bool(known.any()):
            values, counts = torch.cat([before, after], dim=1), torch.cat([known, near], dim=1)
            average = moving_average(values, counts, weight)[:, seen.length :]
        else:  # a repeated search begins at 0, without the history
            average = moving_average(after, near, weight) if after.shape[1] else after
        width = p.limit * wide * math.sqrt(weight / (2 - weight))
        ratio = (average.abs() / width).masked_fill_(~near, 0)
        if not ratio.shape[1]:
            ratio = average = ratio.new_zeros(len(ratio), 1)
        crossing = (ratio > 1).to(torch.uint8).argmax(dim=1)
        sign = average.gather(1, crossing.unsqueeze(1)).sign().squeeze(1)
        found = Crossing(ratio.amax(dim=1), crossing, crossing)
        if p.robust:
            return change_point(seen, found, sign, sigma, since)
        return replace(found, first=start_of(after * sign.unsqueeze(1) - wide, near, crossing))


def in_a_row(out: Tensor, clear: Tensor) -> Tensor:
    """Return the number of consecutive clear observations, up to each date, that are True in ``out``, shapes (n, t)."""
    count = (out & clear).cumsum(dim=1)
    # Subtract the count at the last clear observation that is False in ``out``.
    return count - torch.where(clear & ~out, count, 0).cummax(dim=1).values


def moving_average(values: Tensor, counts: Tensor, weight: float) -> Tensor:
    """Return the exponentially weighted moving average along the last dimension, (n, t), constant where not counted."""
    # Dates first, contiguous in memory: the recursion then processes whole rows.
    rows = values.T.contiguous()
    share = weight * counts.T.to(values.dtype)
    now = torch.zeros_like(rows[0])
    out = torch.empty_like(rows)
    for value, w, row in zip(rows, share, out, strict=True):
        now = torch.lerp(now, value, w)
        row.copy_(now)
    return out.T
