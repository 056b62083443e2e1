"""Composites: one cloud-free image for each month, season or year, or one for all dates."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from eowidgets.contract.card import Card
from eowidgets.contract.feeds import Batch
from eowidgets.contract.model import Dates, Model
from eowidgets.contract.outputs import Bands, Output, Value
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.contract.task import Task
from eowidgets.models.classical.periods import PERIODS, period_start
from eowidgets.models.classical.series import masked_median, take


class Composite(Model):
    """Base of composites: group dates by period; return one image per period, and the number of observations per pixel."""

    task = Task.COMPOSITE

    @dataclass(frozen=True, slots=True)
    class Params:
        """Length of the period."""

        period: str = param(
            "month", choices=PERIODS, label="Period", help="One image for each month, season (Dec–Feb, ...) or year."
        )

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """Return the outputs: composite bands, and the number of clear observations."""
        return (
            Bands("bands", dims="tyx", unit="1"),
            Value("observations", dims="tyx", unit="1", long_name="Clear observations in the period", vmin=0),
        )

    def out_dates(self, dates: Dates) -> Dates:
        """Return the first day of every period that has a date."""
        return np.unique(period_start(dates, self.params.period)).astype("datetime64[ns]")

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Compute the composites.

        Returns
        -------
        dict
            ``bands`` (b, s, c, h, w), NaN where a pixel is not observed in that period, and ``observations``
            (b, s, h, w).
        """
        dates = np.floor(batch.days.detach().cpu().numpy()).astype("int64").astype("datetime64[D]")
        starts = period_start(dates, self.params.period)
        order = np.argsort(batch.days.detach().cpu().numpy(), kind="stable")
        frames, counts = [], []
        for start in np.unique(starts):
            chosen = torch.as_tensor(order[starts[order] == start], device=batch.x.device)
            x, usable = batch.x[:, chosen], batch.usable[:, chosen]
            frames.append(self.combine(x, usable))
            counts.append(usable.sum(dim=1))
        return {"bands": torch.stack(frames, dim=1), "observations": torch.stack(counts, dim=1).to(batch.x.dtype)}

    @abstractmethod
    def combine(self, x: Tensor, usable: Tensor) -> Tensor:
        """Reduce (b, t, c, h, w) to (b, c, h, w), NaN where nothing is usable."""


@register
class CompositeMedian(Composite):
    """Median of the clear observations, band by band."""

    name = "composite-median"
    card = Card(
        title="Median composite",
        summary="Computes the median of the clear observations of each period, band by band.",
        paper="Common practice; compared with other composites by White et al. (2014), doi:10.1080/07038992.2014.945827.",
        url="https://doi.org/10.1080/07038992.2014.945827",
        licence="Apache-2.0",
        limits="Bands of one pixel may come from different dates; noisy where a period has few clear dates.",
    )

    def combine(self, x: Tensor, usable: Tensor) -> Tensor:
        """Reduce (b, t, c, h, w) to (b, c, h, w)."""
        return masked_median(x, usable.unsqueeze(2))


@register
class CompositeMedoid(Composite):
    """The clear observation that is nearest to all others, so every spectrum is a measured one.

    Source: Flood (2013), doi:10.3390/rs5126481, eq. 1: the member that minimises the sum of Euclidean distances
    to the others. Ties are resolved to the earliest date.
    """

    name = "composite-medoid"
    card = Card(
        title="Medoid composite",
        summary="Selects the observed spectrum that lies nearest to all others of its period.",
        paper="Flood (2013), Remote Sensing 5(12), 6481–6500.",
        url="https://doi.org/10.3390/rs5126481",
        licence="Apache-2.0",
        limits=(
            "Neighbouring pixels may come from different dates, which looks speckled; run time grows with the square "
            "of the number of dates."
        ),
    )

    def combine(self, x: Tensor, usable: Tensor) -> Tensor:
        """Reduce (b, t, c, h, w) to (b, c, h, w)."""
        total = torch.full_like(x[:, :, 0], torch.inf)
        # Compare one date with all others at a time: all pairs at once would need t times the memory.
        for i in range(x.shape[1]):
            distance = (x - x[:, i : i + 1]).square().sum(dim=2).sqrt()
            total[:, i] = (distance * usable).sum(dim=1)
        best = total.masked_fill(~usable, torch.inf).argmin(dim=1, keepdim=True)
        return take(x, best).squeeze(1).masked_fill(~usable.any(dim=1).unsqueeze(1), torch.nan)
