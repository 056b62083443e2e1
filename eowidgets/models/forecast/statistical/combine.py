"""Combine several forecasters: their errors differ, and the median has smaller errors than most of them."""

from __future__ import annotations

import torch
from torch import Tensor

from eowidgets.contract.card import Card
from eowidgets.contract.registry import register
from eowidgets.models.forecast.ltsf_linear.model import DLinearForecaster
from eowidgets.models.forecast.series.past import Past
from eowidgets.models.forecast.statistical.climatology import Climatology
from eowidgets.models.forecast.statistical.smoothing import ExponentialSmoothing

#: One that uses the mean year only, and one that continues the last anomaly; the third, DLinear, is trained on all series.
MEMBERS = (Climatology, ExponentialSmoothing)


@register
class Ensemble(DLinearForecaster):
    """Median of a few forecasters that use different information.

    Weights are not estimated: with a few years of dates, weights fitted on hold-out windows are noise, and equal weights do
    better (the forecast combination puzzle: Stock and Watson, 2004, Journal of Forecasting 23(6)). The median is robust
    to the failure of one member.
    """

    name = "forecast-ensemble"
    architecture = "dlinear"
    card = Card(
        title="Ensemble",
        summary="The median of the mean year, of exponential smoothing, and of a linear map trained on all series.",
        paper="Bates and Granger (1969), Operational Research Quarterly 20(4): the combination of forecasts.",
        url="https://doi.org/10.1057/jors.1969.103",
        limits="Takes as long as its members together; misses sudden changes that all members miss.",
        licence="Apache-2.0",
    )

    def _predict(self, series: Past, future: Tensor) -> Tensor:
        made = [member().forecast(series.values, series.days, series.seen, future) for member in MEMBERS]
        learned = super()._predict(series, future).to(series.values.dtype)
        return torch.stack([*made, learned]).median(dim=0).values
