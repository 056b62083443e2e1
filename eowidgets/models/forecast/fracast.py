"""Fracast: a small zero-shot forecaster whose weights come with its package (optional)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from eowidgets.errors import MissingExtraError
from eowidgets.models.base import Card, param
from eowidgets.models.forecast.base import Series, SeriesModel, register_series
from eowidgets.models.forecast.grid import past_grid, regrid, steps_ahead, to_days

#: Series at once: its context is padded to 2048 steps, however short it is.
CHUNK = 256


@register_series
class FracastForecaster(SeriesModel):
    """Adapter of the PyPI package ``fracast``: the median of its nine quantiles.

    Nothing is trained here, and nothing is downloaded. Each series and channel is forecast by itself, from the same grid
    that the networks get.
    """

    name = "fracast"
    needs = "fracast"
    regular = True
    card = Card(
        title="Fracast",
        summary="A pretrained forecaster of 85 000 weights that needs no training.",
        paper="The package fracast 0.1.0.",
        url="https://pypi.org/project/fracast/",
        limits="Has seen no satellite series; needs several seasons to find one at all; slow (2048 steps a series).",
    )

    @dataclass(frozen=True, slots=True)
    class Params:
        """The grid that it sees."""

        step: float = param(10.0, unit="days", low=1e-3, high=366.0, help="Days between two steps of the grid.")
        lookback: int = param(180, unit="steps", low=8, high=2048, help="Steps of the past that are seen.")

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        try:
            from fracast import FracastModel
        except ImportError as error:
            raise MissingExtraError("Forecaster 'fracast'", "hub") from error
        self.model = FracastModel.from_pretrained(weights="fp32")

    def _predict(self, series: Series, future: Tensor) -> Tensor:
        p = self.params
        # No more steps than there are days: what lies before the first date would be made up.
        span = int((series.cut - float(series.days[0])) / p.step) + 1
        count = max(8, min(p.lookback, span))
        window = regrid(series, past_grid(series.cut, p.step, count), p.step).float()
        steps = steps_ahead(future, series.cut, p.step)
        rows = window.transpose(1, 2).flatten(0, 1).cpu()
        middle = self.model.quantiles.index(0.5)
        made = [
            self.model.forecast_batch(part.numpy(), horizon=steps)[..., middle] for part in torch.split(rows, CHUNK)
        ]
        ahead = series.unrow(torch.cat([torch.from_numpy(part) for part in made]).to(window))
        return to_days(window[:, -1], ahead, future, series.cut, p.step)
