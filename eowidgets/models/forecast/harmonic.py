"""Harmonic forecast: the yearly waves of each series, and its trend, carried on."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from eowidgets.models.base import Card, param
from eowidgets.models.classical.harmonic import design, evaluate, robust_solve
from eowidgets.models.classical.series import DAYS_PER_YEAR, solving_dtype
from eowidgets.models.forecast.base import Series, SeriesModel, register_series


@register_series
class HarmonicForecast(SeriesModel):
    """Robust harmonic regression with a trend, continued; see :class:`~eowidgets.models.classical.harmonic.Harmonic`.

    The trend goes on no longer than it was observed, and stays level afterwards: a slope seen for two years says
    nothing about ten.
    """

    name = "harmonic"
    card = Card(
        title="Harmonic forecast",
        summary="A level, a trend and one to three yearly waves for each series, carried on.",
        paper="Menenti et al. (1993), Advances in Space Research 13(5); Zhu and Woodcock (2014), RSE 144.",
        url="https://doi.org/10.1016/j.rse.2014.01.011",
        limits="Cannot follow a sudden change such as logging or harvest; needs about a year of dates to know a season.",
    )

    @dataclass(frozen=True, slots=True)
    class Params:
        """Shape of the fit."""

        terms: int = param(2, low=1, high=6, label="Waves per year", help="1 is the yearly wave.")
        trend: bool = param(True, label="Trend", help="Let the level rise or fall steadily over the years.")
        robust: bool = param(True, label="Robust", help="Give less weight to outliers such as missed cloud.")
        ridge: float = param(
            0.3, low=1e-6, high=100.0, unit="observations", help="Pull of waves and trend towards zero."
        )
        season: float = param(DAYS_PER_YEAR, unit="days", low=1e-3, high=3660.0, help="Length of the slowest wave.")

    def _predict(self, series: Series, future: Tensor) -> Tensor:
        p = self.params
        y, seen = series.rows()
        scale, origin = DAYS_PER_YEAR / p.season, series.cut

        def columns(days: Tensor) -> Tensor:
            # The design counts in years: a season of another length is stretched to one.
            return design((days - origin) * scale, p.terms, p.trend, 0.0).to(y.device, solving_dtype(y.device))

        y = y.to(solving_dtype(y.device))
        coefficients, _ = robust_solve(columns(series.days), y.unsqueeze(1), seen, p.ridge, rounds=5 if p.robust else 0)
        ahead = columns(future)
        if p.trend:
            ahead[:, 1].clamp_(max=(origin - float(series.days[0])) * scale / DAYS_PER_YEAR)
        return series.unrow(evaluate(ahead, coefficients, y.dtype).squeeze(1))
