"""Harmonic forecast: the yearly waves of each series carried on, corrected by what they leave."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from eowidgets.contract.card import Card
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.models.classical.series import DAYS_PER_YEAR
from eowidgets.models.forecast.base import Forecaster
from eowidgets.models.forecast.series.dates import When
from eowidgets.models.forecast.series.past import Past
from eowidgets.models.forecast.series.season import fit_season


@register
class HarmonicForecast(Forecaster):
    """Robust harmonic regression, continued; see :class:`~eowidgets.models.classical.harmonic.Harmonic`.

    Two waves cannot draw a snowy winter or a sudden spring: what they leave around the same day of other years is
    added (:func:`~eowidgets.models.forecast.series.season.fit_season`). A trend, if asked for, goes on no longer than it was
    observed, and stays level afterwards: a slope seen for two years says nothing about ten.
    """

    name = "forecast-harmonic"
    card = Card(
        title="Harmonic forecast",
        summary="The mean year of each series: waves, and what they leave around the same day of other years.",
        paper="Menenti et al. (1993), Advances in Space Research 13(5); Zhu and Woodcock (2014), RSE 144.",
        url="https://doi.org/10.1016/j.rse.2014.01.011",
        limits="Cannot follow a sudden change such as logging or harvest; needs about a year of dates to know a season.",
        licence="Apache-2.0",
    )

    @dataclass(frozen=True, slots=True)
    class Params(When):
        """Shape of the fit."""

        terms: int = param(2, low=1, high=6, label="Waves per year", help="1 is the yearly wave.")
        trend: bool = param(False, label="Trend", help="Let the level rise or fall steadily over the years.")
        local: bool = param(True, label="Local", help="Correct the waves by what other years had around the same day.")
        robust: bool = param(True, label="Robust", help="Give less weight to outliers such as missed cloud.")
        ridge: float = param(
            0.3, low=1e-6, high=100.0, unit="observations", help="Pull of waves and trend towards zero."
        )
        season: float = param(DAYS_PER_YEAR, unit="days", low=1e-3, high=3660.0, help="Length of the slowest wave.")

    def _predict(self, series: Past, future: Tensor) -> Tensor:
        p = self.params
        rounds = 5 if p.robust else 0
        year = fit_season(
            series, terms=p.terms, trend=p.trend, length=p.season, ridge=p.ridge, rounds=rounds, local=p.local
        )
        return series.unrow(year.at(future))
