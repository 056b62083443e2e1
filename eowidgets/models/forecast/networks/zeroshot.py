"""Base of pre-trained forecasters: interpolation to their grid, and from it to any day."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from eowidgets.contract.params import param
from eowidgets.models.forecast.base import Forecaster
from eowidgets.models.forecast.series.dates import When
from eowidgets.models.forecast.series.grid import past_grid, regrid, steps_ahead, to_days
from eowidgets.models.forecast.series.past import Past


@dataclass(frozen=True, slots=True)
class GridParams(When):
    """The input grid of a pre-trained forecaster."""

    step: float = param(10.0, unit="days", low=1e-3, high=366.0, help="Days between two steps of the grid.")
    lookback: int = param(180, unit="steps", low=8, high=2048, help="Steps of the look-back.")


class ZeroShot(Forecaster):
    """A pre-trained forecaster of single series: there is no training here, and channels are independent.

    A subclass defines :meth:`_median`.

    Attributes
    ----------
    chunk : int
        Series per pass of the network.
    """

    regular = True
    chunk: ClassVar[int] = 256
    #: Tags of the trained weights, for the list of models.
    pretrained: ClassVar[tuple[str, ...]]
    Params: ClassVar[type] = GridParams

    @abstractmethod
    def _median(self, rows: Tensor, steps: int) -> Tensor:
        """Return the median forecast (n, steps) of series (n, t) on the grid, float32 on the CPU."""

    def _predict(self, series: Past, future: Tensor) -> Tensor:
        p = self.params
        # No more steps than the series has days: values before the first date would be invented.
        span = int((series.cut - float(series.days[0])) / p.step) + 1
        count = max(8, min(p.lookback, span))
        window = regrid(series, past_grid(series.cut, p.step, count), p.step).float()
        steps = steps_ahead(future, series.cut, p.step)
        rows = window.transpose(1, 2).flatten(0, 1).cpu()
        made = [self._median(part, steps) for part in torch.split(rows, self.chunk)]
        ahead = series.unrow(torch.cat(made).to(window))
        return to_days(window[:, -1], ahead, future, series.cut, p.step)
