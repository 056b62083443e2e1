"""Gap filling from the nearest clear dates of the same pixel: the baselines for all networks.

Clear observations are returned unchanged. A pixel without any clear observation stays NaN.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from eowidgets.contract.card import Card
from eowidgets.contract.feeds import Batch
from eowidgets.contract.model import Model
from eowidgets.contract.outputs import Bands, Output
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.contract.task import Task
from eowidgets.models.classical.series import SCORE, blank, next_index, previous_index, relative_days, take


class GapFiller(Model):
    """Base of the gap fillers: bands keep their names and dates."""

    task = Task.RECONSTRUCT

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """Return the outputs: every band at every date."""
        return (Bands("bands", dims="tyx", unit="1"),)


@register
class FillLast(GapFiller):
    """Carry the last clear observation forward (zero-order hold)."""

    name = "fill-last"
    card = Card(
        title="Last clear observation",
        summary="Repeats the last clear observation of each pixel until the next one.",
        paper="Zero-order hold; the simplest gap filling in use.",
        licence="Apache-2.0",
        scores={SCORE: 25.4},
        limits="Lags behind every change by the length of the gap; ignores seasons; keeps undetected cloud.",
    )

    @dataclass(frozen=True, slots=True)
    class Params:
        """Behaviour before the first clear date."""

        before_first: str = param(
            "hold",
            choices=("hold", "empty"),
            label="Before the first clear date",
            help="hold: repeat the first clear observation; empty: leave the pixel without data.",
        )

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Fill the gaps; shapes as in :class:`~eowidgets.contract.outputs.Output`."""
        before = previous_index(batch.usable)
        if self.params.before_first == "hold":
            before = torch.where(before < 0, next_index(batch.usable), before)
        return {"bands": blank(take(batch.x, before), before >= 0)}


@register
class FillClosest(GapFiller):
    """Take the clear observation nearest in days; ties are resolved to the earlier one."""

    name = "fill-closest"
    card = Card(
        title="Closest clear observation",
        summary="Repeats the nearest clear observation of each pixel, before or after.",
        paper="Nearest-neighbour interpolation in time.",
        licence="Apache-2.0",
        scores={SCORE: 26.5},
        limits="Jumps in the middle of a gap; keeps undetected cloud; uses dates from the future.",
    )

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Fill the gaps; shapes as in :class:`~eowidgets.contract.outputs.Output`."""
        before, after = previous_index(batch.usable), next_index(batch.usable)
        days = relative_days(batch.days, batch.x)
        here = days.view(1, -1, 1, 1)
        since = torch.where(before < 0, torch.inf, here - days[before.clamp_min(0)])
        until = torch.where(after < 0, torch.inf, days[after.clamp_min(0)] - here)
        nearest = torch.where(since <= until, before, after)
        return {"bands": blank(take(batch.x, nearest), nearest >= 0)}


@register
class FillLinear(GapFiller):
    """Interpolate linearly, in days, between the clear observations on either side of a gap.

    Before the first and after the last clear date the nearest observation is held, because extrapolating a line from two
    noisy observations diverges quickly.
    """

    name = "fill-linear"
    card = Card(
        title="Linear interpolation in time",
        summary="Interpolates linearly in days between the clear observations of each pixel.",
        paper="Linear interpolation; the usual baseline for optical time series.",
        licence="Apache-2.0",
        scores={SCORE: 27.4},
        limits="Undetected cloud or shadow at the end of a gap spoils the whole gap; cuts off seasonal peaks.",
    )

    @dataclass(frozen=True, slots=True)
    class Params:
        """Longest gap that is filled."""

        max_gap: float = param(
            0.0,
            unit="days",
            low=0.0,
            high=3660.0,
            step=1.0,
            label="Longest gap to fill",
            help="Gaps longer than this stay empty; 0 fills every gap.",
        )

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Fill the gaps; shapes as in :class:`~eowidgets.contract.outputs.Output`."""
        filled, gap = interpolate(batch.x, batch.usable, batch.days)
        known = torch.isfinite(gap)
        if self.params.max_gap > 0:
            known &= batch.usable | (gap <= self.params.max_gap)
        return {"bands": blank(filled, known)}


def interpolate(x: Tensor, usable: Tensor, days: Tensor) -> tuple[Tensor, Tensor]:
    """Interpolate linearly in time where values are not usable; the edges hold the nearest observation.

    Parameters
    ----------
    x : Tensor, shape (b, t, c, h, w)
    usable : Tensor, shape (b, t, h, w), bool
    days : Tensor, shape (t,), not decreasing

    Returns
    -------
    filled : Tensor, shape (b, t, c, h, w)
    gap : Tensor, shape (b, t, h, w)
        Length in days of the gap that each date lies in: from the previous clear date to the next, at an edge from the
        date itself to the nearest clear one, 0 at a clear date, inf for a pixel without clear dates.
    """
    before, after = previous_index(usable), next_index(usable)
    start = torch.where(before < 0, after, before)
    end = torch.where(after < 0, before, after)
    elapsed = relative_days(days, x)
    here = elapsed.view(1, -1, 1, 1)
    first, last = elapsed[start.clamp_min(0)], elapsed[end.clamp_min(0)]
    # Two observations on one day define no line: the first of them is kept (weight 0).
    weight = ((here - first) / (last - first).clamp_min(1e-6)).clamp(0, 1).masked_fill(last <= first, 0)
    gap = torch.maximum(last, here) - torch.minimum(first, here)
    low = take(x, start)
    filled = low + weight.unsqueeze(2) * (take(x, end) - low)
    return torch.where(usable.unsqueeze(2), x, filled), gap.masked_fill(start < 0, torch.inf)
