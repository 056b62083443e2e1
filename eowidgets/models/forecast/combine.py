"""Forecasts from several forecasters together: each errs in its own way, and their median errs less than most."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor

from eowidgets.contract.card import Card
from eowidgets.models.forecast.base import Past, SeriesModel, register_series, series_model
from eowidgets.models.forecast.learned import DLinearForecaster

#: One that knows the mean year only, one that carries the last anomaly on, and one that has learnt from all series.
MEMBERS = ("climatology", "ses", "dlinear")


@register_series
class Ensemble(SeriesModel):
    """Median of a few forecasters that know different things.

    Weights are not estimated: with a few years of dates those found on hold-out windows are noise, and equal ones do
    better (the forecast combination puzzle: Stock and Watson, 2004, Journal of Forecasting 23(6)). The median is not
    drawn away by one member that fails.
    """

    name = "ensemble"
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
        # The parameters are those of the member that learns.
        learned = series_model("dlinear", **asdict(self.params))
        self.members = [learned if name == "dlinear" else series_model(name) for name in MEMBERS]

    def _fit(self, series: Past) -> None:
        for member in self.members:
            member.fit(series.values, series.days, series.seen)

    def _predict(self, series: Past, future: Tensor) -> Tensor:
        made = [member.predict(series.values, series.days, series.seen, future) for member in self.members]
        return torch.stack(made).median(dim=0).values
