"""Harmonic forecast: the yearly harmonics of each series, extrapolated and corrected by their residuals."""

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
    """Robust harmonic regression, extrapolated; see :class:`~eowidgets.models.classical.harmonic.Harmonic`.

    Two harmonics cannot represent a snowy winter or a sudden spring: the residuals around the same day of other years are
    added (:func:`~eowidgets.models.forecast.series.season.fit_season`). An optional trend is continued for no longer than it
    was observed, and is constant afterwards: a slope over two years is no evidence for ten.
    """

    name = "forecast-harmonic"
    card = Card(
        title="Harmonic forecast",
        summary="The mean year of each series: harmonics, and their residuals around the same day of other years.",
        paper="Menenti et al. (1993), Advances in Space Research 13(5); Zhu and Woodcock (2014), RSE 144.",
        url="https://doi.org/10.1016/j.rse.2014.01.011",
        limits="Cannot follow a sudden change such as logging or harvest; needs about a year of dates to fit a season.",
        licence="Apache-2.0",
    )

    @dataclass(frozen=True, slots=True)
    class Params(When):
        """Shape of the fit."""

        terms: int = param(2, low=1, high=6, label="Waves per year", help="1 is the yearly wave.")
        trend: bool = param(False, label="Trend", help="Fit a linear trend over the years.")
        local: bool = param(
            True, label="Local", help="Correct the harmonics by the residuals of other years around the same day."
        )
        robust: bool = param(True, label="Robust", help="Give less weight to outliers such as undetected cloud.")
        ridge: float = param(0.3, low=1e-6, high=100.0, unit="observations", help="Penalty on harmonics and trend.")
        season: float = param(DAYS_PER_YEAR, unit="days", low=1e-3, high=3660.0, help="Period of the slowest harmonic.")

    def _predict(self, series: Past, future: Tensor) -> Tensor:
        p = self.params
        rounds = 5 if p.robust else 0
        year = fit_season(
            series, terms=p.terms, trend=p.trend, length=p.season, ridge=p.ridge, rounds=rounds, local=p.local
        )
        return series.unrow(year.at(future))
