"""Exponential smoothing and the Theta method on irregular dates, without a loop over dates or series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from eowidgets.models.base import Card, param
from eowidgets.models.classical.harmonic import design, evaluate, robust_solve
from eowidgets.models.classical.series import DAYS_PER_YEAR, solving_dtype
from eowidgets.models.forecast.base import Series, SeriesModel, register_series

#: Half-lives that are tried, in median spacings of the dates: from almost the last value to almost the mean.
HALF_LIVES = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 64.0)


def levels(y: Tensor, seen: Tensor, days: Tensor, half_life: float) -> Tensor:
    """Exponentially weighted mean of all that came before each day, and after the last one.

    The weight of a value halves with every ``half_life`` days of age (Wright, 1986): simple exponential smoothing where
    dates are regular, with its first level left to the data.

    Parameters
    ----------
    y, seen : Tensor, shape (n, t)
        ``y`` is 0 where ``seen`` is 0.
    days : Tensor, shape (t,), float64

    Returns
    -------
    Tensor, shape (n, t + 1)
        Entry k is the mean of the values before date k, entry t that of all; 0 where there is none.
    """
    # Age counts from the date before: what all weights of a column share cancels, and would only underflow.
    ends = torch.cat([days[:1], days])
    age = ends - days[:, None]  # t (t + 1)
    before = torch.arange(len(days))[:, None] < torch.arange(len(days) + 1)
    weight = torch.where(before, torch.exp2(-(age.clamp_min(0) / half_life).clamp_max(60.0)), 0.0)
    weight = weight.to(y.device, y.dtype)
    total = seen @ weight
    return (y @ weight) / torch.where(total > 0, total, 1.0)


class Smoothing(SeriesModel):
    """What both have in common: a yearly curve is taken out first and put back afterwards."""

    drift: ClassVar[float]

    @dataclass(frozen=True, slots=True)
    class Params:
        """The season that is taken out first."""

        terms: int = param(2, low=0, high=6, label="Waves per year", help="0 leaves the series as it is.")
        season: float = param(DAYS_PER_YEAR, unit="days", low=1e-3, high=3660.0, help="Length of the slowest wave.")
        ridge: float = param(1.0, low=1e-6, high=100.0, unit="observations", help="Pull of the waves towards zero.")

    def _predict(self, series: Series, future: Tensor) -> Tensor:
        p = self.params
        y, seen = series.rows()
        dtype = solving_dtype(y.device)
        y, known = y.to(dtype), seen.to(dtype)
        scale = DAYS_PER_YEAR / p.season

        def columns(days: Tensor) -> Tensor:
            return design((days - series.cut) * scale, p.terms, True, 0.0).to(y.device, dtype)

        coefficients, _ = robust_solve(columns(series.days), y.unsqueeze(1), seen, p.ridge, rounds=3)
        slope = coefficients[:, 0, 1] * scale / DAYS_PER_YEAR  # per day
        # The waves only: level and trend are what is smoothed.
        waves = coefficients.clone()
        waves[..., :2] = 0
        rest = known * (y - evaluate(columns(series.days), waves, dtype).squeeze(1))
        spacing = float((series.days[1:] - series.days[:-1]).median()) if len(series.days) > 1 else 1.0
        best = torch.full_like(rest[:, :1], torch.inf)
        level, lag = torch.zeros_like(best), torch.zeros_like(best)
        for half_life in HALF_LIVES:
            mean = levels(rest, known, series.days, half_life * spacing)
            had = known.cumsum(dim=1) - known > 0
            error = (known * had * (rest - mean[:, :-1]).square()).sum(dim=1, keepdim=True)
            better = error < best
            best = torch.where(better, error, best)
            level = torch.where(better, mean[:, -1:], level)
            # Mean age of the level: how far a drift has gone on since.
            age = levels(known * series.days.to(y.device, dtype), known, series.days, half_life * spacing)[:, -1:]
            lag = torch.where(better, series.cut - age, lag)
        span = series.cut - float(series.days[0])
        ahead = (future - series.cut).clamp(max=span).to(y.device, dtype)
        made = level + self.drift * slope[:, None] * (ahead + lag)
        return series.unrow(made + evaluate(columns(future), waves, dtype).squeeze(1))


@register_series
class ExponentialSmoothing(Smoothing):
    """Simple exponential smoothing around a yearly curve, its rate chosen for each series by one-step errors."""

    name = "ses"
    drift = 0.0
    card = Card(
        title="Exponential smoothing",
        summary="The season of all years, shifted to where the last dates were.",
        paper="Wright (1986), Management Science 32(4), on irregular dates; Hyndman et al. (2008), ETS(A,N,A).",
        limits="Keeps the last anomaly for ever; no trend.",
    )


@register_series
class Theta(Smoothing):
    """The Theta method: exponential smoothing with half of the trend as drift, around a yearly curve.

    Hyndman and Billah (2003) show that it is just that. The drift goes on no longer than the series did.
    """

    name = "theta"
    drift = 0.5
    card = Card(
        title="Theta",
        summary="Exponential smoothing with half of the trend carried on: hard to beat on few dates.",
        paper="Assimakopoulos and Nikolopoulos (2000), Int. J. Forecasting 16(4); Hyndman and Billah (2003), IJF 19(2).",
        limits="Keeps the last anomaly; a trend over a short series may be a mere accident.",
    )
