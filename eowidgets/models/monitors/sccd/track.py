"""Filter each series observation by observation until several consecutive ones are outside its forecast."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from eowidgets.models.classical.series import DAYS_PER_YEAR, masked_median
from eowidgets.models.monitors.breaks import NOISE_FLOOR
from eowidgets.models.monitors.sccd.state import Noise, State, errors, forecast, start, update, waves
from eowidgets.models.monitors.watched import FEWEST, PER_COEFFICIENT

#: Statistics below this share of the threshold begin no run, and later observations are not tested.
LOW = 0.5
#: Number of steps after which finished pixels are removed.
EVERY = 16


@dataclass(frozen=True, slots=True)
class Settings:
    """Strictness of the test, and noise of the state.

    ``limit`` and ``outlier`` are squared lengths of standardised forecast errors, ``angle`` is in degrees.
    """

    terms: int
    trend: bool
    robust: bool
    history: float
    consecutive: int
    limit: float
    outlier: float
    angle: float
    smallest: float
    ridge: float
    noise: Noise


@dataclass(frozen=True, slots=True)
class Tracked:
    """The first break of each series.

    Attributes
    ----------
    score : Tensor, shape (n,)
        Statistic of the weakest observation in the strongest run, over the threshold; above 1 there is a break, NaN if
        nothing was tracked.
    first, confirmed : Tensor, shape (n,), float64
        Days, NaN without a break.
    magnitude : Tensor, shape (n, c)
        Median forecast error of the run, NaN without a break.
    pending : Tensor, shape (n,)
        Latest anomalous observations, too few for a break; NaN if nothing was tracked.
    """

    score: Tensor
    first: Tensor
    confirmed: Tensor
    magnitude: Tensor
    pending: Tensor


def histories(usable: Tensor, days: Tensor, begin: float, years: float, fewest: int) -> tuple[Tensor, Tensor]:
    """Return the end of the history of each pixel: enough years and enough clear observations.

    Returns
    -------
    length : Tensor, shape (n,), int64
        Dates in the history.
    enough : Tensor, shape (n,), bool
    """
    count = usable.cumsum(dim=1)
    ready = (days >= begin + years * DAYS_PER_YEAR) & (torch.nn.functional.pad(count, (1, -1)) >= fewest)
    enough = ready.any(dim=1)
    return torch.where(enough, ready.to(torch.uint8).argmax(dim=1), usable.shape[1]), enough


def track(y: Tensor, usable: Tensor, days: Tensor, begin: float, settings: Settings) -> Tracked:
    """Track series.

    Parameters
    ----------
    y : Tensor, shape (n, c, t)
        In the precision of the computation; 0 where not usable.
    usable : Tensor, shape (n, t), bool
    days : Tensor, shape (t,), float64
    begin : float
        First day of the history.
    """
    s = settings
    n, c, t = y.shape
    k = 1 + s.trend + 2 * s.terms
    out = Tracked(
        y.new_full((n,), torch.nan),
        y.new_full((n,), torch.nan),
        y.new_full((n,), torch.nan),
        y.new_full((n, c), torch.nan),
        y.new_full((n,), torch.nan),
    )
    if not t:
        return out
    days = days.to(y)
    length, enough = histories(usable, days, begin, s.history, max(FEWEST, PER_COEFFICIENT * k))
    index = torch.arange(t, device=y.device)
    later = usable & (index >= length.unsqueeze(1))
    rows = torch.nonzero(enough & later.any(dim=1)).flatten()
    if not len(rows):
        return out
    known = usable[rows] & (index < length[rows].unsqueeze(1))
    border = days[(length[rows] - 1).clamp_min(0)]
    state = start(y[rows], known, days, border, terms=s.terms, trend=s.trend, ridge=s.ridge, robust=s.robust)
    out.score[rows], out.pending[rows] = 0.0, 0.0
    later = later[rows]
    count = later.sum(dim=1)
    # Positions of the clear dates after the history, in order; the last date is the padding.
    most = int(count.max())
    place = torch.where(later, later.cumsum(dim=1) - 1, most)
    order = torch.full((len(rows), most + 1), t - 1, dtype=torch.int64, device=y.device)
    order = order.scatter_(1, place, index.expand(len(rows), -1))[:, :most]
    order = torch.nn.functional.pad(order, (0, s.consecutive), value=t - 1)
    _follow(out, state, y, days, rows, order, count, s)
    return out


def _follow(
    out: Tracked, state: State, y: Tensor, days: Tensor, rows: Tensor, order: Tensor, count: Tensor, s: Settings
) -> None:
    """Step through the clear observations, and fill ``out``."""
    season = waves(days, s.terms)
    floor = NOISE_FLOOR if s.robust else 1e-9
    bands = torch.arange(y.shape[1], device=y.device)
    active = torch.ones_like(rows, dtype=torch.bool)
    for step in range(int(count.max())):
        active &= step < count
        if step % EVERY == 0 and not bool(active.all()):
            keep = torch.nonzero(active).flatten()
            if not len(keep):
                return
            rows, order, count, state, active = rows[keep], order[keep], count[keep], state.take(keep), active[keep]
        at = order[:, step]
        state = forecast(state, days[at], s.trend, s.noise)
        wave = season[at]
        error = errors(state, y[rows, :, at].unsqueeze(2), days[at].unsqueeze(1), wave.unsqueeze(1), s.trend)[..., 0]
        statistic = (error.square() / state.variance).sum(dim=1) / s.limit
        take = active & (statistic <= s.outlier / s.limit)
        some = torch.nonzero(active & (statistic > LOW)).flatten()
        if len(some):
            window = order[some, step : step + s.consecutive]
            values = y[rows[some, None, None], bands[:, None], window.unsqueeze(1)]
            ended = _judge(out, state.take(some), values, days, season, rows[some], window, count[some] - step, s)
            active[some] &= ~ended
            take[some] &= ~ended
        # All are updated, and pixels that reject the observation are restored: faster than selecting.
        new = update(state, error, wave, s.trend, floor)
        keep = torch.nonzero(~take).flatten()
        new.put(keep, state.take(keep))
        state = new


def _judge(
    out: Tracked, state: State, y: Tensor, days: Tensor, season: Tensor, rows: Tensor, window: Tensor, left: Tensor,
    s: Settings,
) -> Tensor:  # fmt: skip
    """Test the observations of a window (n, w), of which ``left`` (n,) exist; return where the series ends here, (n,)."""
    there = torch.arange(s.consecutive, device=y.device) < left.unsqueeze(1)
    when = days[window]
    error = errors(state, y, when, season[window], s.trend)  # n c w
    statistic = (error.square() / state.variance.unsqueeze(2)).sum(dim=1) / s.limit
    weakest = statistic.masked_fill(~there, torch.inf).amin(dim=1)
    whole = there.all(dim=1)
    size = masked_median(error, there.unsqueeze(1), dim=-1)
    counts = (weakest > 1) & _together(error, state.variance, there, s.angle) & _large(size, s.smallest)
    broken = whole & counts
    score = torch.where(broken, weakest, weakest.clamp_max(1))
    out.score[rows] = torch.where(whole, torch.maximum(out.score[rows], score), out.score[rows])
    # The series ends in a run that more dates may confirm: the run must not update the state.
    pending = ~whole & (weakest > 1)
    out.pending[rows] = torch.where(pending, left.to(y), out.pending[rows])
    at = rows[broken]
    out.first[at], out.confirmed[at] = when[broken, 0], when[broken, -1]
    out.magnitude[at] = size[broken]
    return broken | pending


def _large(size: Tensor, smallest: float) -> Tensor:
    return size.square().sum(dim=1).sqrt() >= smallest


def _together(error: Tensor, variance: Tensor, there: Tensor, angle: float) -> Tensor:
    """Return whether standardised errors have one direction: their mean angle to their median is below ``angle``."""
    unit = error / variance.sqrt().unsqueeze(2)
    middle = masked_median(unit, there.unsqueeze(1), dim=-1).unsqueeze(2)
    length = unit.square().sum(dim=1).sqrt() * middle.square().sum(dim=1).sqrt()
    turn = torch.rad2deg(((unit * middle).sum(dim=1) / length.clamp_min(1e-12)).clamp(-1, 1).acos())
    return (turn * there).sum(dim=1) / there.sum(dim=1).clamp_min(1) < angle
