"""A network with the scales of its data, which are stored with the weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from eowidgets.contract.feeds import Batch
from eowidgets.contract.trainable import Examples

#: Smallest standard deviation of a band, so that a constant band is not divided by 0.
TINY = 1e-6
DAYS_PER_YEAR = 365.2425


class BandScale(nn.Module):
    """Scale bands to mean 0 and standard deviation 1, as measured on the examples; 0 where nothing was observed."""

    mean: Tensor
    std: Tensor

    def __init__(self, bands: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(bands))
        self.register_buffer("std", torch.ones(bands))

    def learn(self, x: Tensor, seen: Tensor) -> None:
        """Measure mean and standard deviation of values (n, t, c, ...) where ``seen`` (n, t, ...)."""
        values = x.movedim(2, -1)[seen].double()
        if len(values):
            self.mean = values.mean(0).float()
            self.std = values.std(0, correction=0).clamp_min(TINY).float()

    def forward(self, x: Tensor, seen: Tensor) -> Tensor:
        """Scale values (n, t, c, ...)."""
        shape = (-1,) + (1,) * (x.dim() - 3)
        return (x - self.mean.view(shape)) / self.std.view(shape) * seen[:, :, None]


class Scaled(nn.Module):
    """A network with the scales of its bands and of its numeric target, and the season of its examples.

    Attributes
    ----------
    body : Module
    bands : BandScale
    centre, spread : Tensor
        Mean and standard deviation of a numeric target; 0 and 1 for classes.
    season : Tensor, shape (2,), float64
        First and last day of the examples.
    """

    centre: Tensor
    spread: Tensor
    season: Tensor

    def __init__(self, body: nn.Module, bands: int) -> None:
        super().__init__()
        self.body, self.bands = body, BandScale(bands)
        self.register_buffer("centre", torch.zeros(()))
        self.register_buffer("spread", torch.ones(()))
        self.register_buffer("season", torch.zeros(2, dtype=torch.float64))

    def learn(self, examples: Examples) -> None:
        """Measure bands, target and season of the examples."""
        batch, target = examples.batch, examples.target
        self.bands.learn(batch.x, batch.usable)
        self.season = batch.days[[0, -1]].double()
        if target.is_floating_point():
            known = target[target.isfinite()].double()
            self.centre = known.mean().float()
            self.spread = known.std(correction=0).clamp_min(TINY).float()

    def inputs(self, batch: Batch) -> Tensor:
        """Return the scaled bands of a batch."""
        scaled: Tensor = self.bands(batch.x, batch.usable)
        return scaled

    def answer(self, found: Tensor) -> Tensor:
        """Convert network outputs to logits, or to numbers in the unit of the target."""
        return found * self.spread + self.centre

    def aligned(self, days: Tensor) -> tuple[Tensor, Tensor]:
        """Find the training season among other dates.

        Returns
        -------
        offsets : Tensor, shape (t,), float64
            Days since the beginning of the season, in the year with most dates inside it (the latest such year).
        inside : Tensor, shape (t,), bool
            Dates inside the season, or within a sixteenth of its length before or after it.
        """
        first, last = self.season.to(days.device)
        slack = (last - first) / 16 + 1
        years = torch.unique(torch.round((days - first) / DAYS_PER_YEAR))
        years = torch.unique(torch.cat([years - 1, years]))
        offsets = days - first - years[:, None] * DAYS_PER_YEAR
        inside = (offsets >= -slack) & (offsets <= last - first + slack)
        best = len(years) - 1 - int(inside.sum(1).flip(0).argmax())
        return offsets[best], inside[best]
