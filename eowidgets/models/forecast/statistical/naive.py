"""Naive forecasts: the last value, and the value of one season ago."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from eowidgets.contract.card import Card
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.models.classical.series import DAYS_PER_YEAR, next_index, previous_index
from eowidgets.models.forecast.base import Forecaster
from eowidgets.models.forecast.series.dates import When
from eowidgets.models.forecast.series.past import Past


def last_seen(series: Past) -> Tensor:
    """Return the latest value of every series and channel, shape (n, 1, c); 0 if there is none."""
    index = previous_index(series.seen)[:, -1:]
    return series.values.gather(1, index.clamp_min(0))


@register
class Persistence(Forecaster):
    """Repeat the last observation."""

    name = "forecast-persistence"
    card = Card(
        title="Persistence",
        summary="Repeats the last clear value: the baseline of every forecast.",
        paper="The random-walk forecast; Hyndman and Athanasopoulos, Forecasting (2021), section 5.2.",
        limits="Ignores seasons; repeats the errors of the last date.",
        licence="Apache-2.0",
    )

    def _predict(self, series: Past, future: Tensor) -> Tensor:
        return last_seen(series).expand(-1, len(future), -1)


@register
class SeasonalNaive(Forecaster):
    """Repeat the value observed nearest to the same day of the last season.

    The forecast for day ``d`` is the value observed nearest to ``d - k · season``, where k is the smallest number that
    reaches the past. Without an observation within an eighth of a season around that day, the last value is used.
    """

    name = "forecast-seasonal-naive"
    card = Card(
        title="Seasonal naive",
        summary="Repeats the observation of about a year before.",
        paper="Hyndman and Athanasopoulos, Forecasting (2021), section 5.2.",
        limits="Repeats last year's clouds, droughts and harvests; needs a year of dates.",
        licence="Apache-2.0",
    )

    @dataclass(frozen=True, slots=True)
    class Params(When):
        """Length of the season."""

        season: float = param(DAYS_PER_YEAR, unit="days", low=1e-3, high=3660.0, help="Length of the season.")

    def _predict(self, series: Past, future: Tensor) -> Tensor:
        season: float = self.params.season
        seasons = ((future - series.cut) / season - 1e-9).floor() + 1
        wanted = future - seasons * season  # h, none after the cut
        t, device = len(series.days), series.values.device
        # The observed dates around each requested day: their positions in the series, then the dates before and after them.
        right = torch.searchsorted(series.days, wanted - 1e-6).clamp_max(t - 1)
        left = (right - 1).clamp_min(0)
        before = previous_index(series.seen)[:, left.to(device)]
        after = next_index(series.seen)[:, right.to(device)]
        days, day = series.days.to(device), wanted.to(device)[None, :, None]

        def distance(index: Tensor) -> Tensor:
            return torch.where(index < 0, torch.inf, (days[index.clamp_min(0)] - day).abs())

        apart = torch.stack([distance(before), distance(after)])
        nearest = torch.where(apart[0] < apart[1], before, after).clamp_min(0)
        near = apart.amin(dim=0) <= season / 8
        return torch.where(near, series.values.gather(1, nearest), last_seen(series))
