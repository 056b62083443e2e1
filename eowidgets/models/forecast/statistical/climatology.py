"""Climatology: the mean of all years for the day of the year."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from eowidgets.contract.card import Card
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.models.classical.series import DAYS_PER_YEAR, huber_weights, solving_dtype
from eowidgets.models.forecast.base import Forecaster
from eowidgets.models.forecast.series.dates import When
from eowidgets.models.forecast.series.past import Past

#: Weight of the mean over all dates, relative to one date observed on the same day of the year.
PRIOR = 0.001


@register
class Climatology(Forecaster):
    """Mean season of each series: dates are weighted by their distance within the year.

    ``y(d) = Σ_i w_i K(d - d_i) y_i / Σ_i w_i K(d - d_i)``, a kernel regression (Nadaraya, 1964; Watson, 1964) on the
    circle of the year: K is a Gaussian of ``width`` days plus a thousandth for every date, so that a season without
    observations falls back on the mean. Robust: w is Huber's weight of a first pass.
    """

    name = "forecast-climatology"
    card = Card(
        title="Climatology",
        summary="The mean year: the weighted mean of all observations around the same day of the year.",
        paper="Kernel regression: Watson (1964), Sankhyā A 26(4), on the day of the year.",
        limits="Ignores the weather of the current year, trends and lasting changes.",
        licence="Apache-2.0",
    )

    @dataclass(frozen=True, slots=True)
    class Params(When):
        """Width of the kernel, length of the season, and robustness."""

        width: float = param(10.0, unit="days", low=1e-3, high=180.0, help="Standard deviation of the kernel.")
        season: float = param(DAYS_PER_YEAR, unit="days", low=1e-3, high=3660.0, help="Length of the season.")
        robust: bool = param(True, label="Robust", help="Give less weight to outliers such as undetected cloud.")

    def _kernel(self, days: Tensor, wanted: Tensor) -> Tensor:
        """Return the weight of every date for every day, (t, h)."""
        season: float = self.params.season
        apart = (wanted - days[:, None] + season / 2) % season - season / 2
        return torch.exp(-0.5 * (apart / self.params.width).square()) + PRIOR

    def _predict(self, series: Past, future: Tensor) -> Tensor:
        y, seen = series.rows()
        dtype = solving_dtype(y.device)
        y = y.to(dtype)
        weight = seen.to(dtype)

        def mean(wanted: Tensor, weight: Tensor) -> Tensor:
            kernel = self._kernel(series.days, wanted).to(y.device, dtype)
            total = weight @ kernel
            return ((weight * y) @ kernel) / torch.where(total > 0, total, 1.0)

        if self.params.robust:
            residual = y - mean(series.days, weight)
            weight = weight * huber_weights(residual.unsqueeze(1), seen)
        return series.unrow(mean(future, weight))
