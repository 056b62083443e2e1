"""The mean year of each series: a few harmonics, and the residuals around the same day of other years."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from eowidgets.models.classical.harmonic import design, evaluate, robust_solve
from eowidgets.models.classical.series import DAYS_PER_YEAR, solving_dtype
from eowidgets.models.forecast.series.past import Past

#: Standard deviation of the kernel, as a share of a season: ten days of a year.
WIDTH = 10 / DAYS_PER_YEAR
#: Weight of the harmonics, relative to one date observed on that day of the season.
PULL = 0.3
#: Days of a season on which the correction is computed; it is linear between them.
NODES = 48


@dataclass(frozen=True, slots=True)
class Season:
    """A fitted mean year, one row per series and channel.

    Attributes
    ----------
    coefficients : Tensor, shape (m, 1 + trend + 2 terms)
        Of the harmonics, in seasons since ``origin``.
    correction : Tensor, shape (m, NODES) or (m, 0)
        Correction from ``origin`` through the season; empty without a correction.
    origin, length : float
        Origin of the time axis, and days per season.
    reach : float
        Largest extrapolation of a trend, in days.
    trend : bool
    """

    coefficients: Tensor
    correction: Tensor
    origin: float
    length: float
    reach: float
    trend: bool

    def at(self, days: Tensor) -> Tensor:
        """Return values on any days, (m, h)."""
        terms = (self.coefficients.shape[1] - 1 - self.trend) // 2
        ahead = (days - self.origin) / self.length
        columns = design(ahead * DAYS_PER_YEAR, terms, self.trend, 0.0)
        if self.trend:
            columns[:, 1].clamp_(max=self.reach / self.length)
        made = evaluate(columns.to(self.coefficients), self.coefficients[:, None], self.coefficients.dtype).squeeze(1)
        if not self.correction.shape[1]:
            return made
        place = (ahead % 1) * NODES
        left = place.floor().long() % NODES
        share = (place - place.floor()).to(made)
        left, right = left.to(made.device), ((left + 1) % NODES).to(made.device)
        return made + self.correction[:, left] * (1 - share) + self.correction[:, right] * share


def fit_season(
    series: Past,
    *,
    terms: int = 2,
    trend: bool = False,
    length: float = DAYS_PER_YEAR,
    ridge: float = 0.3,
    rounds: int = 5,
    local: bool = True,
) -> Season:
    """Fit the mean year of every series and channel.

    Robust harmonic regression gives a curve that is also valid in gaps; around each day of the season it is corrected by
    the median of its residuals, weighted with a Gaussian kernel and with the weight ``PULL`` on no correction. So few
    dates give the harmonics, and many the observed season. This is kernel regression guided by a parametric fit (Glad,
    1998, Scandinavian Journal of Statistics 25(4)), with a median instead of the mean, because the observations include
    undetected clouds.

    Parameters
    ----------
    series : Past
        All of it is used: cut it first (:meth:`Past.until`).
    terms, trend, length, ridge, rounds
        Harmonics per season, whether to fit a trend, days per season, penalty on harmonics and trend in observations,
        rounds of reweighting.
    local : bool
        Whether to correct the harmonics.
    """
    y, seen = series.rows()
    dtype = solving_dtype(y.device)
    y = y.to(dtype)
    columns = design((series.days - series.cut) / length * DAYS_PER_YEAR, terms, trend, 0.0).to(y.device, dtype)
    coefficients, _ = robust_solve(columns, y.unsqueeze(1), seen, ridge, rounds)
    left = y - evaluate(columns, coefficients, dtype).squeeze(1)
    reach = series.cut - float(series.days[0])
    correction = left[:, :0]
    if local:
        nodes = series.cut + torch.arange(NODES, dtype=torch.float64) * (length / NODES)
        apart = (nodes - series.days[:, None]) / length
        apart = apart - apart.round()  # in seasons, around the circle
        kernel = torch.exp(-0.5 * (apart / WIDTH).square())
        correction = kernel_median(left.float(), seen, kernel.to(y.device, torch.float32), PULL).to(dtype)
    return Season(coefficients.squeeze(1), correction, series.cut, length, reach, trend)


def kernel_median(y: Tensor, seen: Tensor, kernel: Tensor, pull: float) -> Tensor:
    """Return weighted medians of each row.

    Parameters
    ----------
    y, seen : Tensor, shape (m, t)
    kernel : Tensor, shape (t, g)
        Weight of each date for each of g medians.
    pull : float
        Weight of a zero that is added to every row.

    Returns
    -------
    Tensor, shape (m, g)
    """
    zero = torch.zeros_like(y[:, :1])
    value, order = torch.cat([torch.where(seen, y, torch.inf), zero], dim=1).sort(dim=1)
    share = torch.cat([seen, torch.ones_like(seen[:, :1])], dim=1).gather(1, order).to(y.dtype)
    kernel = torch.cat([kernel, torch.full_like(kernel[:1], pull)])
    found = []
    for weight in kernel.unbind(1):
        reached = (weight[order] * share).cumsum(dim=1)
        half = reached[:, -1:] / 2
        found.append(value.gather(1, torch.searchsorted(reached, half).clamp_max(y.shape[1])))
    return torch.cat(found, dim=1)
