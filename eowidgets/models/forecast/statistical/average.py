"""Weighted average of several statistical forecasters."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from eowidgets.contract.card import Card
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.errors import InputError, unknown
from eowidgets.models.classical.series import DAYS_PER_YEAR
from eowidgets.models.forecast.base import Forecaster
from eowidgets.models.forecast.series.dates import When
from eowidgets.models.forecast.series.past import Past
from eowidgets.models.forecast.statistical.climatology import Climatology
from eowidgets.models.forecast.statistical.harmonic import HarmonicForecast
from eowidgets.models.forecast.statistical.naive import Persistence, SeasonalNaive
from eowidgets.models.forecast.statistical.smoothing import ExponentialSmoothing, Holt, Smoothing, Theta

#: Forecasters that can be averaged, by short name.
MEMBERS: dict[str, type[Forecaster]] = {
    "persistence": Persistence,
    "seasonal-naive": SeasonalNaive,
    "climatology": Climatology,
    "harmonic": HarmonicForecast,
    "ses": ExponentialSmoothing,
    "theta": Theta,
    "holt": Holt,
}


@register
class Average(Forecaster):
    """Weighted mean of forecasters, each with its default parameters.

    ``eow.forecast(model="auto")`` fits the weights on hold-out windows and shrinks them towards equal weights: few windows
    give noisy weights, and equal weights are a strong baseline (Bates and Granger, 1969; Stock and Watson, 2004).
    """

    name = "forecast-average"
    card = Card(
        title="Average",
        summary="The weighted mean of several statistical forecasters.",
        paper="Bates and Granger (1969), Operational Research Quarterly 20(4): the combination of forecasts.",
        url="https://doi.org/10.1057/jors.1969.103",
        limits="Takes as long as its members together; misses sudden changes that all members miss.",
        licence="Apache-2.0",
    )

    @dataclass(frozen=True, slots=True)
    class Params(When):
        """Members and their weights."""

        members: tuple[str, ...] = param(("climatology", "harmonic", "ses", "theta"), help="Names of the forecasters.")
        weights: tuple[float, ...] = param((), low=0.0, high=1e6, help="One weight per member; empty: equal weights.")
        terms: int = param(2, low=0, high=6, label="Waves per year", help="Harmonics of ses and theta.")
        season: float = param(
            DAYS_PER_YEAR, unit="days", low=1e-3, high=3660.0, help="Length of the season of ses and theta."
        )

    def __init__(self, **params: object) -> None:
        super().__init__(**params)
        p = self.params
        for name in p.members:
            if name not in MEMBERS:
                raise unknown("member of an average", name, MEMBERS)
        if not p.members or (p.weights and (len(p.weights) != len(p.members) or sum(p.weights) <= 0)):
            raise InputError(
                f"An average of {len(p.members)} forecasters has {len(p.weights)} weights with the sum "
                f"{sum(p.weights):g}: give at least one member, and one weight for each, not all 0, or no weights."
            )

    def _predict(self, series: Past, future: Tensor) -> Tensor:
        p = self.params
        weights = p.weights or (1.0,) * len(p.members)
        total = torch.zeros(())
        for name, weight in zip(p.members, weights, strict=True):
            if weight > 0:
                total = total + weight / sum(weights) * self._member(name)._predict(series, future)
        return total

    def _member(self, name: str) -> Forecaster:
        kind = MEMBERS[name]
        own = {"terms": self.params.terms, "season": self.params.season} if issubclass(kind, Smoothing) else {}
        return kind(**own)
