"""Intervals that hold what they promise: any forecaster's errors on hold-out windows, weighted and ranked.

Split conformal prediction (Vovk et al. 2005; Papadopoulos et al. 2002) with three things that satellite series ask for.
Errors are divided by the root of how far each series usually strays from its mean season on that day of the year
(locally weighted: Lei et al. 2018, doi:10.1080/01621459.2017.1307116; the root is half way to one width for all, because
the usual spread is itself a guess). They are weighted by how close their lead time and their season are to those asked
for (Tibshirani et al. 2019). And they keep their sign: undetected cloud pulls vegetation indices down, never up, and an
interval should say so.

Written here rather than taken from mapie: that library calibrates scikit-learn regressors of one output on tables, and
has no place for lead times, masks, or ten thousand series at once. The whole method is the two functions and the class
below.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import ndtri, stdtrit
from torch import Tensor

from eowidgets.analysis.forecast.season import YEAR

#: Width of a season for the usual spread (days), and what all other dates together count for.
SEASON, ELSEWHERE = 25.0, 0.05
#: A series that never strays has no scale; this is far below what any sensor resolves.
SMALLEST = 1e-4
#: With fewer independent windows than this a result states that its intervals are wide.
FEW_WINDOWS = 6
#: Share of the variance of errors that is common to a window, and for how many windows that guess counts.
SHARED, TRUST = 0.5, 3.0
#: Points of the curve of errors over leads, its kernel as a part of the leads, and errors that pull it to a constant.
NODES, GROWTH, PULL = 33, 8.0, 5.0
#: More errors than this say nothing new, and cost time.
MOST = 20_000


def spread(values: Tensor, seen: Tensor, days: Tensor, wanted: Tensor) -> Tensor:
    """How far each series strays from its mean season around the days wanted: a mean absolute deviation.

    Parameters
    ----------
    values, seen : Tensor, shape (n, t, c)
        The past only.
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
    # Half of the usual in any season: two quiet dates of March do not make a quiet March.
    return torch.maximum(smooth(away, wanted), 0.5 * everywhere).clamp_min(SMALLEST)


@dataclass(frozen=True)
class Conformal:
    """Errors of a forecaster on hold-out windows, in units of the root of the usual spread.

    Attributes
    ----------
    scores : Tensor, shape (k,)
        (truth - forecast) / sqrt(spread).
    leads : Tensor, shape (k,)
        Days between the last date known and the date forecast.
    days : Tensor, shape (k,)
        The dates forecast, in days since 1970-01-01.
    width, season : float
        Leads, and days of the year, within about so many days count as alike.
    windows : float
        Independent hold-out windows that the errors come from.
    window : Tensor, shape (k,), optional
        Number of the window of each error; None: not known.
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
        """Lower and upper end of the intervals around a forecast, in units of the root of the usual spread.

        Parameters
        ----------
        leads, days : Tensor, shape (h,)
        levels : tuple of float

        Returns
        -------
        lower, upper : Tensor, shape (level, h)
            Infinite where the errors at hand are too few to speak of that level.
        """
        growth, known = self._growth(leads), self._growth(self.leads)
        signed = self.scores.double() / known
        # One window may err to one side by chance: of few windows, errors count with the other sign as well.
        mirror = 0.5 / max(self.windows, 1.0)
        score, place = torch.cat([signed, -signed]).sort()
        share = torch.where(place < len(signed), 1 - mirror, mirror)
        order = place % max(len(signed), 1)
        apart = (leads.double()[:, None] - self.leads.double()[order]) / self.width  # h k
        around = (days.double()[:, None] - self.days.double()[order] + YEAR / 2) % YEAR - YEAR / 2
        weight = share * torch.exp(-0.5 * (apart.square() + (around / self.season).square()))
        total = weight.sum(1, keepdim=True) + 1  # the one to come weighs as much as an error of its lead and season
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
        """Return the mean absolute error at some leads, relative to that over all: it grows with the lead."""
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
        """Return how much wider intervals are for the small number of windows, shape (level, 1).

        Errors of one window hang together: the part of their variance that windows share is known from as many draws
        as there are windows, so that its quantiles are those of Student's t with as many degrees of freedom.
        """
        if not np.isfinite(self.windows):
            return torch.ones(len(levels), 1, dtype=torch.float64)
        shared, found = self._shared(), []
        for level in levels:
            ratio = stdtrit(max(self.windows, 1.0), (1 + level) / 2) / ndtri((1 + level) / 2)
            found.append(np.sqrt(1 - shared + shared * ratio**2))
        return torch.tensor(found, dtype=torch.float64)[:, None]

    def _shared(self) -> float:
        """Return the share of the mean square error that the windows' own means make up, drawn towards a half."""
        if self.window is None or not len(self.scores):
            return SHARED
        score, window = self.scores.double(), torch.unique(self.window, return_inverse=True)[1]
        count = torch.bincount(window).double()
        mean = torch.bincount(window, score) / count
        share = float((count * mean.square()).sum() / score.square().sum().clamp_min(1e-12))
        return float((share * self.windows + SHARED * TRUST) / (self.windows + TRUST))


def normal_factors(leads: Tensor, levels: tuple[float, ...]) -> tuple[Tensor, Tensor]:
    """What the intervals would be if errors were normal with the usual spread: shape (level, h) each."""
    level = torch.tensor(levels, dtype=torch.float64)
    # A normal deviate strays sqrt(2 / pi) sigmas from zero on average.
    factor = torch.special.ndtri((1 + level) / 2) * (torch.pi / 2) ** 0.5
    upper = factor[:, None].expand(-1, len(leads))
    return -upper, upper
