"""The value scale of forecasters: their constants assume values of the order of one."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from eowidgets.analysis.forecast.tables import TableHistory
from eowidgets.analysis.history import History, SeriesBlock


@dataclass(frozen=True)
class Units:
    """Centre and size of each channel; (0, 1) for indices and reflectance, which are forecast without scaling.

    Attributes
    ----------
    centre, size : Tensor, shape (c,)
    bounds : tuple of (float, float)
        Least and greatest valid value of each channel, infinite where unknown.
    """

    centre: Tensor
    size: Tensor
    bounds: tuple[tuple[float, float], ...]

    @classmethod
    def none(cls, history: History | TableHistory) -> Units:
        """Return units that leave values unchanged."""
        count = len(history.names)
        return cls(torch.zeros(count), torch.ones(count), tuple(history.limits(name) for name in history.names))

    @classmethod
    def of(cls, history: History | TableHistory, block: SeriesBlock) -> Units:
        """Return the units of a history from some of its series: mean and standard deviation of the observations."""
        centre, size = torch.zeros(len(history.names)), torch.ones(len(history.names))
        bounds = tuple(history.limits(name) for name in history.names)
        for c, name in enumerate(history.names):
            if isinstance(history, History) and history.as_it_is(name):
                continue
            known = block.values[..., c][block.seen[..., c]].double()
            if len(known):
                deviation = float(known.std(correction=0))
                centre[c], size[c] = float(known.mean()), deviation if deviation > 0 else max(abs(float(known[0])), 1.0)
        return cls(centre, size, bounds)

    def scaled(self, block: SeriesBlock) -> SeriesBlock:
        """Return series scaled to these units."""
        if bool((self.centre == 0).all() and (self.size == 1).all()):
            return block
        values = ((block.values.double() - self.centre) / self.size).float()
        return SeriesBlock(values, block.seen, block.where)

    def back(self, values: Tensor) -> Tensor:
        """Return values (..., c) converted back to the units of the record."""
        if bool((self.centre == 0).all() and (self.size == 1).all()):
            return values
        return (values.double() * self.size + self.centre).float()

    def limits(self, channel: int) -> tuple[float, float]:
        """Return the least and greatest valid value of a channel in these units."""
        low, high = self.bounds[channel]
        return (low - float(self.centre[channel])) / float(self.size[channel]), (
            high - float(self.centre[channel])
        ) / float(self.size[channel])
