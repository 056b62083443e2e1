"""Exponential smoothing and the Theta method on irregular dates, without a loop over dates or series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from eowidgets.contract.card import Card
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.models.classical.series import DAYS_PER_YEAR, huber_weights, solving_dtype
from eowidgets.models.forecast.base import Forecaster
from eowidgets.models.forecast.series.dates import When
from eowidgets.models.forecast.series.past import Past
from eowidgets.models.forecast.series.season import fit_season

#: Candidate half-lives, in median spacings of the dates: from almost the last value to almost the mean.
HALF_LIVES = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 64.0)
#: Half-life of the neighbourhood in which a value is checked, in median spacings.
NEARBY = 4.0
#: Number of dates whose mutual weights are computed at once.
PIECE = 128


def levels(y: Tensor, seen: Tensor, days: Tensor, half_life: float, pull: float = 0.0) -> Tensor:
    """Return exponentially weighted means of all values before each day, and of all values.

    The weight of a value halves with every ``half_life`` days of age (Wright, 1986): for regular dates this is simple
    exponential smoothing whose first level is estimated from the data.

    Parameters
    ----------
    y, seen : Tensor, shape (n, t)
        Values times their weight, and the weight: 0 where nothing was observed.
    days : Tensor, shape (t,), float64
    pull : float
        Weight of a zero, relative to a value of the previous date.

    Returns
    -------
    Tensor, shape (n, t + 1)
        Entry k is the mean of the values before date k, entry t that of all; 0 if there are none.
    """
    # The sums lose weight until the next date; before the first date they are empty.
    gaps = torch.exp2(-((days[1:] - days[:-1]) / half_life).clamp_max(60.0))
    faded = torch.cat([gaps.new_zeros(1), gaps]).to(y.device, y.dtype)
    carried = _carried(torch.stack([y, seen.to(y.dtype)]), faded)
    before = torch.cat([torch.zeros_like(carried[..., :1]), carried], dim=-1)
    total = before[1] + pull
    return before[0] / torch.where(total > 0, total, 1.0)


def _carried(x: Tensor, faded: Tensor) -> Tensor:
    """Return sums ``s[k] = x[k] + faded[k] s[k - 1]`` along the last dimension, :data:`PIECE` dates at a time."""
    found, last = [], torch.zeros_like(x[..., :1])
    for piece, fade in zip(torch.split(x, PIECE, -1), torch.split(faded, PIECE), strict=True):
        # Entry (i, k) is the product of the fading factors from date i to date k.
        logs = fade.clamp_min(1e-300).log() if fade.dtype == torch.float64 else fade.clamp_min(1e-37).log()
        ages = logs.cumsum(0)
        weight = torch.exp(ages[None] - ages[:, None]).triu()
        sums = piece @ weight + last * torch.exp(ages)
        found.append(sums)
        last = sums[..., -1:]
    return torch.cat(found, dim=-1)


class Smoothing(Forecaster):
    """Base of both: the mean year is subtracted first and added back afterwards."""

    drift: ClassVar[float]
    detrended: ClassVar[bool] = False

    @dataclass(frozen=True, slots=True)
    class Params(When):
        """The season that is subtracted first, and the shrinkage of the level."""

        terms: int = param(2, low=0, high=6, label="Waves per year", help="0 subtracts no season.")
        season: float = param(DAYS_PER_YEAR, unit="days", low=1e-3, high=3660.0, help="Period of the slowest harmonic.")
        ridge: float = param(0.3, low=1e-6, high=100.0, unit="observations", help="Penalty on harmonics and trend.")
        pull: float = param(
            5.0, low=0.0, high=1000.0, unit="observations", help="Weight that shrinks the level towards the mean year."
        )

    def _predict(self, series: Past, future: Tensor) -> Tensor:
        p = self.params
        y, seen = series.rows()
        dtype = solving_dtype(y.device)
        year = fit_season(series, terms=p.terms, length=p.season, ridge=p.ridge, local=p.terms > 0)
        rest = torch.where(seen, y.to(dtype) - year.at(series.days), 0.0)
        spacing = float((series.days[1:] - series.days[:-1]).median()) if len(series.days) > 1 else 1.0
        weight = _trust(rest, seen, series.days, NEARBY * spacing)
        age = ((series.days - series.cut) / p.season).to(y.device, dtype)
        slope, middle, centre = _line(rest, weight, age, p.ridge)
        if self.detrended:
            rest = torch.where(seen, rest - centre - slope * (age - middle), 0.0)
            weight = _trust(rest, seen, series.days, NEARBY * spacing)
        best = torch.full_like(rest[:, :1], torch.inf)
        level, lag = torch.zeros_like(best), torch.zeros_like(best)
        for half_life in HALF_LIVES:
            mean = levels(weight * rest, weight, series.days, half_life * spacing, p.pull)
            error = (weight * (rest - mean[:, :-1]).square()).sum(dim=1, keepdim=True)
            better = error < best
            best = torch.where(better, error, best)
            level = torch.where(better, mean[:, -1:], level)
            # Mean age of the level: the time that a drift has continued since.
            lag = torch.where(better, -levels(weight * age, weight, series.days, half_life * spacing)[:, -1:], lag)
        made = level.expand(-1, len(future))
        if self.drift:
            span = (series.cut - float(series.days[0])) / p.season
            ahead = ((future - series.cut) / p.season).clamp(max=span).to(y.device, dtype)
            # The removed line is added back; for other drifts, the level is as old as its mean age.
            made = made + (centre + slope * (ahead - middle) if self.detrended else self.drift * slope * (ahead + lag))
        return series.unrow(made + year.at(future))


def _trust(y: Tensor, seen: Tensor, days: Tensor, half_life: float) -> Tensor:
    """Return weights of the values of each row: lower for values that differ from their neighbours in time.

    Neighbours, not all dates: a lasting change is not an outlier.
    """
    known = seen.to(y.dtype)
    fade = torch.exp2(-((days[1:] - days[:-1]) / half_life).clamp_max(60.0))
    edge, both = fade.new_zeros(1), torch.stack([y, known])  # y is 0 where nothing was observed
    ahead = _carried(both, torch.cat([edge, fade]).to(y.device, y.dtype))
    back = _carried(both.flip(-1), torch.cat([edge, fade.flip(0)]).to(y.device, y.dtype)).flip(-1)
    near = ahead + back - both
    around = near[0] / near[1].clamp_min(1e-12)
    return huber_weights((y - around).unsqueeze(1), seen) * known


def _line(y: Tensor, weight: Tensor, time: Tensor, ridge: float) -> tuple[Tensor, Tensor, Tensor]:
    """Return slope, mean time and mean of each row by ridge regression with a level, (n, 1) each."""
    total = weight.sum(dim=1, keepdim=True).clamp_min(1e-12)
    middle, mean = (weight * time).sum(1, keepdim=True) / total, (weight * y).sum(1, keepdim=True) / total
    apart = weight * (time - middle)
    slope = (apart * (y - mean)).sum(1, keepdim=True) / ((apart * (time - middle)).sum(1, keepdim=True) + ridge)
    return slope, middle, mean


@register
class ExponentialSmoothing(Smoothing):
    """Simple exponential smoothing around the mean year; its rate is chosen for each series by one-step errors.

    The level is shrunk towards the mean year, so that one outlier does not define a new level, but several do.
    """

    name = "forecast-ses"
    drift = 0.0
    card = Card(
        title="Exponential smoothing",
        summary="The mean year, shifted towards the last observations.",
        paper="Wright (1986), Management Science 32(4), on irregular dates; Hyndman et al. (2008), ETS(A,N,A).",
        limits="Continues the last anomaly; has no trend.",
        licence="Apache-2.0",
    )


@register
class Theta(Smoothing):
    """The Theta method: exponential smoothing with half of the trend as drift, around the mean year.

    Hyndman and Billah (2003) show this equivalence. The drift is continued for no longer than the length of the series.
    """

    name = "forecast-theta"
    drift = 0.5
    card = Card(
        title="Theta",
        summary="Exponential smoothing with half of the trend continued: a strong baseline for few dates.",
        paper="Assimakopoulos and Nikolopoulos (2000), Int. J. Forecasting 16(4); Hyndman and Billah (2003), IJF 19(2).",
        limits="Continues the last anomaly; a trend over a short series may be random.",
        licence="Apache-2.0",
    )


@register
class Holt(Smoothing):
    """Exponential smoothing around the mean season and a trend, as in the Holt-Winters method.

    One line is fitted to the whole record, by ridge regression, instead of a smoothed slope, because dates are few and
    irregular. It is removed before the level is smoothed. The trend is continued for no longer than the length of the series.
    """

    name = "forecast-holt"
    drift = 1.0
    detrended = True
    card = Card(
        title="Holt",
        summary="Exponential smoothing around a trend, which is continued.",
        paper="Holt (1957), reprinted in Int. J. Forecasting 20(1), 2004; Winters (1960), Management Science 6(3).",
        limits="Wrong where a trend ends; a trend over a short series may be random.",
        licence="Apache-2.0",
    )
