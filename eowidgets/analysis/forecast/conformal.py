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

import torch
from torch import Tensor

YEAR = 365.2425
#: Width of a season for the usual spread (days), and what all other dates together count for.
SEASON, ELSEWHERE = 25.0, 0.05
#: A series that never strays has no scale; this is far below what any sensor resolves.
SMALLEST = 1e-4
#: From so many windows on their errors are pooled as if they were independent.
FEW_WINDOWS = 6
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
        apart = (at[:, None] - days[None] + YEAR / 2) % YEAR - YEAR / 2
        kernel = (torch.exp(-0.5 * (apart / SEASON) ** 2) + ELSEWHERE / len(days)).to(values.dtype)  # h t
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
    windows : int
        Hold-out windows that the errors come from.
    """

    scores: Tensor
    leads: Tensor
    days: Tensor
    width: float
    season: float
    windows: int = FEW_WINDOWS

    def __post_init__(self) -> None:
        if len(self.scores) > MOST:
            some = torch.linspace(0, len(self.scores) - 1, MOST).long()
            for name in ("scores", "leads", "days"):
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
        score, order = self.scores.double().sort()
        apart = (leads.double()[:, None] - self.leads.double()[order]) / self.width  # h k
        around = (days.double()[:, None] - self.days.double()[order] + YEAR / 2) % YEAR - YEAR / 2
        weight = torch.exp(-0.5 * (apart.square() + (around / self.season).square()))
        # The one to come weighs as much as an error of its very lead and season. Errors of one window hang together,
        # though: of few windows, the window to come weighs as much as any of them (group conformal prediction).
        total = weight.sum(1, keepdim=True) + 1
        if self.windows < FEW_WINDOWS:
            total = total * (1 + 1 / max(self.windows, 1))
        ends = []
        for sign in (-1, 1):
            ranked = weight if sign > 0 else weight.flip(1)
            value = torch.cat([score if sign > 0 else -score.flip(0), score.new_full((1,), torch.inf)])
            reached = ranked.cumsum(1)
            need = torch.tensor([(1 + level) / 2 for level in levels], dtype=torch.float64)
            place = torch.searchsorted(reached, (need[None] * total).contiguous() - 1e-9)  # h level
            ends.append(sign * value[place].T)
        return ends[0], ends[1]


def normal_factors(leads: Tensor, levels: tuple[float, ...]) -> tuple[Tensor, Tensor]:
    """What the intervals would be if errors were normal with the usual spread: shape (level, h) each."""
    level = torch.tensor(levels, dtype=torch.float64)
    # A normal deviate strays sqrt(2 / pi) sigmas from zero on average.
    factor = torch.special.ndtri((1 + level) / 2) * (torch.pi / 2) ** 0.5
    upper = factor[:, None].expand(-1, len(leads))
    return -upper, upper
