"""Calibrated prediction intervals from the errors of any forecaster on hold-out windows.

Split conformal prediction (Vovk et al. 2005; Papadopoulos et al. 2002) with three additions for satellite time series.
Errors are divided by the square root of the usual deviation of each series from its mean season on that day of the year
(locally weighted: Lei et al. 2018, doi:10.1080/01621459.2017.1307116). The square root is half way to one width for all
series, because the usual deviation is itself an estimate. Errors are weighted by the similarity of their lead time and
season to those of the forecast (Tibshirani et al. 2019). Errors keep their sign: undetected cloud lowers vegetation
indices and never raises them, so intervals are asymmetric.

The package does not use mapie: that library calibrates scikit-learn regressors with one output on tables, and supports
neither lead times, nor masks, nor ten thousand series at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import ndtri, stdtrit
from torch import Tensor

from eowidgets.analysis.forecast.season import YEAR

#: Width (days) of the seasonal kernel of the usual deviation, and the total weight of all other dates.
SEASON, ELSEWHERE = 25.0, 0.05
#: Lower limit of the usual deviation, far below the resolution of any sensor: a constant series has deviation 0.
SMALLEST = 1e-4
#: With fewer independent windows than this a result states that its intervals are wide.
FEW_WINDOWS = 6
#: Prior share of the error variance that is common to a window, and the number of windows that this prior counts as.
SHARED, TRUST = 0.5, 3.0
#: Nodes of the curve of errors over leads, its kernel as a part of their range, and the weight of the constant prior.
NODES, GROWTH, PULL = 33, 8.0, 5.0
#: Largest number of errors that are kept: more of them cost time and do not change the quantiles.
MOST = 20_000


def seasonal_deviation(values: Tensor, seen: Tensor, days: Tensor, wanted: Tensor) -> Tensor:
    """Compute the mean absolute deviation of each series from its mean season around the wanted days.

    Parameters
    ----------
    values, seen : Tensor, shape (n, t, c)
        Observations up to the start of the forecast.
    days : Tensor, shape (t,)
    wanted : Tensor, shape (h,)

    Returns
    -------
    Tensor, shape (n, h, c)
    """
    weight = seen.to(values.dtype)
    known = torch.where(seen, values, 0.0)

    def smooth(of: Tensor, at: Tensor) -> Tensor:
        apart = ((at[:, None] - days[None] + YEAR / 2) % YEAR - YEAR / 2).to(values.dtype)
        kernel = torch.exp(-0.5 * (apart / SEASON) ** 2) + ELSEWHERE / len(days)  # h t
        total = torch.einsum("ht,ntc->nhc", kernel, weight)
        return torch.einsum("ht,ntc->nhc", kernel, weight * of) / total.clamp_min(1e-12)

    away = (known - smooth(known, days)).abs()
    everywhere = (weight * away).sum(1, keepdim=True) / weight.sum(1, keepdim=True).clamp_min(1)
    # At least half of the overall deviation: two quiet dates of March do not make March quiet.
    return torch.maximum(smooth(away, wanted), 0.5 * everywhere).clamp_min(SMALLEST)


@dataclass(frozen=True)
class Conformal:
    """Errors of a forecaster on hold-out windows, divided by the square root of the usual deviation.

    Attributes
    ----------
    scores : Tensor, shape (k,)
        (observed - forecast) / sqrt(usual deviation).
    leads : Tensor, shape (k,)
        Days between the last known date and the date of the forecast.
    days : Tensor, shape (k,)
        Dates of the forecasts, in days since 1970-01-01.
    width, season : float
        Kernel widths, in days, over leads and over days of the year.
    windows : float
        Independent hold-out windows that the errors come from.
    window : Tensor, shape (k,), optional
        Index of the window of each error; None if unknown.
    """

    scores: Tensor
    leads: Tensor
    days: Tensor
    width: float
    season: float
    windows: float = float("inf")
    window: Tensor | None = None

    def __post_init__(self) -> None:
        if len(self.scores) > MOST:
            some = torch.linspace(0, len(self.scores) - 1, MOST).long()
            for name in ("scores", "leads", "days", "window"):
                if getattr(self, name) is not None:
                    object.__setattr__(self, name, getattr(self, name)[some])

    def factors(self, leads: Tensor, days: Tensor, levels: tuple[float, ...]) -> tuple[Tensor, Tensor]:
        """Return lower and upper ends of the intervals around a forecast, divided by the root of the usual deviation.

        Parameters
        ----------
        leads, days : Tensor, shape (h,)
        levels : tuple of float

        Returns
        -------
        lower, upper : Tensor, shape (level, h)
            Infinite where there are too few errors for that level.
        """
        growth, known = self._growth(leads), self._growth(self.leads)
        signed = self.scores.double() / known
        # The errors of one window may have one sign by chance: with few windows, errors also count with the other sign.
        mirror = 0.5 / max(self.windows, 1.0)
        score, place = torch.cat([signed, -signed]).sort()
        share = torch.where(place < len(signed), 1 - mirror, mirror)
        order = place % max(len(signed), 1)
        apart = (leads.double()[:, None] - self.leads.double()[order]) / self.width  # h k
        around = (days.double()[:, None] - self.days.double()[order] + YEAR / 2) % YEAR - YEAR / 2
        weight = share * torch.exp(-0.5 * (apart.square() + (around / self.season).square()))
        total = weight.sum(1, keepdim=True) + 1  # the error to be predicted has weight 1, as one of its lead and season
        ends = []
        for sign in (-1, 1):
            ranked = weight if sign > 0 else weight.flip(1)
            value = torch.cat([score if sign > 0 else -score.flip(0), score.new_full((1,), torch.inf)])
            reached = ranked.cumsum(1)
            need = torch.tensor([(1 + level) / 2 for level in levels], dtype=torch.float64)
            place = torch.searchsorted(reached, (need[None] * total).contiguous() - 1e-9)  # h level
            ends.append(sign * value[place].T * growth)
        wider = self._wider(levels)
        return ends[0] * wider, ends[1] * wider

    def _growth(self, leads: Tensor) -> Tensor:
        """Return the mean absolute error at some leads, relative to that over all leads."""
        size, known = self.scores.double().abs(), self.leads.double()
        if not len(size) or not bool(size.sum() > 0):
            return torch.ones_like(leads, dtype=torch.float64)
        low, high = known.min(), known.max()
        nodes = torch.linspace(float(low), float(high), NODES, dtype=torch.float64)
        near = float(high - low) / GROWTH
        weight = torch.exp(-0.5 * ((nodes[:, None] - known) / max(near, 1e-9)).square())
        curve = (weight @ size + PULL * size.mean()) / (weight.sum(1) + PULL) / size.mean()
        place = ((leads.double() - low) / (high - low).clamp_min(1e-12) * (NODES - 1)).clamp(0, NODES - 1)
        left = place.floor().long().clamp_max(NODES - 2)
        share = place - left
        return (curve[left] * (1 - share) + curve[left + 1] * share).clamp_min(0.05)

    def _wider(self, levels: tuple[float, ...]) -> Tensor:
        """Return the factor by which few windows widen the intervals, shape (level, 1).

        Errors of one window are correlated. The share of their variance that is common to a window is estimated from as
        many draws as there are windows, so its quantiles are those of Student's t with as many degrees of freedom.
        """
        if not np.isfinite(self.windows):
            return torch.ones(len(levels), 1, dtype=torch.float64)
        shared, found = self._shared(), []
        for level in levels:
            ratio = stdtrit(max(self.windows, 1.0), (1 + level) / 2) / ndtri((1 + level) / 2)
            found.append(np.sqrt(1 - shared + shared * ratio**2))
        return torch.tensor(found, dtype=torch.float64)[:, None]

    def _shared(self) -> float:
        """Return the share of the mean square error due to the means of the windows, shrunk towards a half."""
        if self.window is None or not len(self.scores):
            return SHARED
        score, window = self.scores.double(), torch.unique(self.window, return_inverse=True)[1]
        count = torch.bincount(window).double()
        mean = torch.bincount(window, score) / count
        share = float((count * mean.square()).sum() / score.square().sum().clamp_min(1e-12))
        return float((share * self.windows + SHARED * TRUST) / (self.windows + TRUST))


def normal_factors(leads: Tensor, levels: tuple[float, ...]) -> tuple[Tensor, Tensor]:
    """Return intervals under normal errors with the usual deviation: lower and upper ends, shape (level, h) each."""
    level = torch.tensor(levels, dtype=torch.float64)
    # The mean absolute value of a normal deviate is sqrt(2 / pi) standard deviations.
    factor = torch.special.ndtri((1 + level) / 2) * (torch.pi / 2) ** 0.5
    upper = factor[:, None].expand(-1, len(leads))
    return -upper, upper
