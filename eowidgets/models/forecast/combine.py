"""Forecasts from several forecasters together: each errs in its own way, and their median errs less than most."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor

from eowidgets.contract.card import Card
from eowidgets.contract.registry import register
from eowidgets.models.forecast.base import Forecaster
from eowidgets.models.forecast.climatology import Climatology
from eowidgets.models.forecast.learned import DLinearForecaster, reaching
from eowidgets.models.forecast.past import Past
from eowidgets.models.forecast.smoothing import ExponentialSmoothing

#: One that knows the mean year only, and one that carries the last anomaly on; the third learns from all series.
MEMBERS = (Climatology, ExponentialSmoothing)


@register
class Ensemble(Forecaster):
    """Median of a few forecasters that know different things.

    Weights are not estimated: with a few years of dates those found on hold-out windows are noise, and equal ones do
    better (the forecast combination puzzle: Stock and Watson, 2004, Journal of Forecasting 23(6)). The median is not
    drawn away by one member that fails.
    """

    name = "forecast-ensemble"
    trained = True
    card = Card(
        title="Ensemble",
        summary="The median of the mean year, of exponential smoothing, and of a linear map learnt from all series.",
        paper="Bates and Granger (1969), Operational Research Quarterly 20(4): the combination of forecasts.",
        url="https://doi.org/10.1057/jors.1969.103",
        limits="Takes as long as its members together; where all of them miss a sudden change, so does it.",
        licence="Apache-2.0",
    )

    Params = DLinearForecaster.Params

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self.members = self._members()

    def _members(self) -> tuple[Forecaster, ...]:
        # The parameters are those of the member that learns.
        return (*(member() for member in MEMBERS), DLinearForecaster(**asdict(self.params)))

    def _reach(self) -> None:
        self.params = reaching(self.params)

    def _fit(self, series: Past) -> None:
        self.members = tuple(m.fit(series.values, series.days, series.seen) for m in self._members())

    def _predict(self, series: Past, future: Tensor) -> Tensor:
        made = [member.forecast(series.values, series.days, series.seen, future) for member in self.members]
        return torch.stack(made).median(dim=0).values
