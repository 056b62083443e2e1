"""A break monitor based on quartiles: consecutive observations far outside the quartiles of the history."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from eowidgets.contract.card import Card
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.models.monitors.base import SCORE, IndexMonitor, IndexParams
from eowidgets.models.monitors.breaks import Crossing, since_mask
from eowidgets.models.monitors.runs import find_runs
from eowidgets.models.monitors.watched import Watched


@register
class BreakIQR(IndexMonitor):
    """Harmonic fit of the history; outliers are detected by the quartiles q of its residuals.

    An observation is anomalous if its residual lies outside ``q25 - s · (q75 - q25) .. q75 + s · (q75 - q25)``
    (Tukey's fences, 1977); ``consecutive`` consecutive anomalies are a break. Quartiles by linear interpolation.
    """

    name = "break-iqr"
    card = Card(
        title="Break monitor, quartiles (IQR)",
        summary="Detects the first run of consecutive clear observations far outside the quartiles of the residuals.",
        paper="Tukey (1977), Exploratory Data Analysis, for the fences.",
        licence="Apache-2.0",
        scores={SCORE: 0.80},
        limits="Quartiles of a short history are unreliable; one break per pixel.",
    )

    @dataclass(frozen=True, slots=True)
    class Params(IndexParams):
        """Strictness of the test."""

        sensitivity: float = param(
            0.5,
            low=0.1,
            high=20.0,
            step=0.1,
            unit="IQR",
            label="Fence",
            help="Distance from the quartiles in interquartile ranges; higher is stricter.",
        )
        consecutive: int = param(
            4,
            low=1,
            high=20,
            step=1,
            unit="observations",
            label="Consecutive",
            help="Consecutive observations that confirm a break.",
        )

    def search(self, seen: Watched, since: Tensor) -> Crossing:
        """Find the first run outside the fences."""
        low, high = (q.unsqueeze(1) for q in quartiles(seen.before.squeeze(1), seen.known))
        reach = self.params.sensitivity * (high - low).clamp_min(1e-9)
        after = seen.after.squeeze(1)
        beyond = torch.maximum(after - high, low - after) / reach
        runs = find_runs(beyond, since_mask(seen.clear, since), self.params.consecutive)
        return Crossing(runs.score, runs.first, runs.last)


def quartiles(values: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Return the 25th and 75th percentile of the values (n, t) where ``mask`` is True, linearly interpolated, (n,)."""
    ordered = values.masked_fill(~mask, torch.inf).sort(dim=1).values
    last = (mask.sum(dim=1, keepdim=True) - 1).clamp_min(0)
    found = []
    for share in (0.25, 0.75):
        place = share * last
        below = place.floor().long()
        a, b = ordered.gather(1, below), ordered.gather(1, torch.minimum(below + 1, last))
        part = (place - below).to(ordered.dtype)
        # Both are infinite for a pixel without history: 0 avoids NaN in later steps; the pixel is not monitored.
        found.append(torch.where(a.isinf(), 0.0, a + (b - a) * part).squeeze(1))
    return found[0], found[1]
