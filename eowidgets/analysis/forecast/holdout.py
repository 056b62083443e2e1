"""How a forecaster would have fared: the same forecast from earlier days, beside persistence and climatology."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from eowidgets.analysis.forecast.conformal import YEAR, Conformal, normal_factors, spread
from eowidgets.analysis.forecast.strategies import OfSeries, Strategy
from eowidgets.analysis.history import Block
from eowidgets.errors import InputError
from eowidgets.models.forecast.base import short_name
from eowidgets.models.forecast.statistical.climatology import Climatology
from eowidgets.models.forecast.statistical.naive import Persistence

#: What every forecast is compared with.
RIVALS = {short_name(kind.name): kind for kind in (Persistence, Climatology)}
#: Hold-out windows have at least so many dates before them.
FEWEST = 3
#: With fewer errors than this, all lead times and seasons are taken together; otherwise seasons so many days apart differ.
MANY, APART = 500, 40.0
#: Days around the same day of earlier years, so that windows differ by more than the year.
SHIFTS = (0, -30, 30)


def origins(days: Tensor, cut: float, horizon: float, most: int = Strategy.windows) -> list[float]:
    """Days to forecast from, all before ``cut``, latest first.

    The same season of earlier years where the record holds a year before each of them; in a shorter record the
    dates themselves, from the third on.

    Parameters
    ----------
    days : Tensor, shape (t,)
        Of the past.
    cut : float
        The day that the forecast itself starts from.
    horizon : float
        Days ahead.
    most : int
        No more than so many.
    """
    first = float(days[0])
    years = range(1, 1 + int((cut - first) / YEAR) + 1)
    same = [cut - year * YEAR + shift for year in years for shift in SHIFTS]
    same = [o for o in same if o - first >= YEAR and _dates(days, o, cut, horizon)]
    if len(same) >= len(SHIFTS):
        return same[:most]
    later = [float(d) for d in days[FEWEST - 1 :] if _dates(days, float(d), cut, horizon)]
    some: Any = np.unique(np.linspace(0, len(later) - 1, min(most, len(later))).round().astype(int)) if later else []
    return [later[i] for i in reversed(list(some))]


def _dates(days: Tensor, origin: float, cut: float, horizon: float) -> bool:
    known = int((days <= origin).sum()) >= FEWEST
    return known and bool(((days > origin) & (days <= min(origin + horizon, cut))).any())


@dataclass
class Errors:
    """Errors of one channel over all windows, one entry for each value seen.

    Attributes
    ----------
    window : Tensor, shape (k,), int64
    lead, day : Tensor, shape (k,)
        Days ahead, and days since 1970-01-01.
    scale : Tensor, shape (k,)
        The usual spread.
    error : dict of str to Tensor, shape (k,)
        Truth minus forecast, by forecaster.
    """

    window: Tensor
    lead: Tensor
    day: Tensor
    scale: Tensor
    error: dict[str, Tensor]

    def __len__(self) -> int:
        return len(self.window)


@dataclass
class Holdout:
    """What hold-out windows tell.

    Attributes
    ----------
    name : str
        Of the forecaster.
    channels : list of Errors
    origins : list of float
        Days that windows start from.
    width, season : float
        Leads, and days of the year, within about so many days count as alike.
    """

    name: str
    channels: list[Errors]
    origins: list[float]
    width: float
    season: float
    _conformal: dict[int, Conformal] = field(default_factory=dict, repr=False)

    @property
    def forecasters(self) -> tuple[str, ...]:
        """The forecaster, then what it is compared with."""
        return (self.name, *(r for r in RIVALS if r != self.name))

    def mae(self, channel: int) -> list[float]:
        """Mean absolute error by forecaster."""
        return [float(self.channels[channel].error[f].abs().mean()) for f in self.forecasters]

    def rmse(self, channel: int) -> list[float]:
        """Root mean square error by forecaster."""
        return [float(self.channels[channel].error[f].square().mean().sqrt()) for f in self.forecasters]

    def conformal(self, channel: int) -> Conformal:
        """Calibrator made from all windows."""
        if channel not in self._conformal:
            self._conformal[channel] = self._without(channel, None)
        return self._conformal[channel]

    def _without(self, channel: int, window: int | None) -> Conformal:
        e = self.channels[channel]
        keep = e.window != (-1 if window is None else window)
        return Conformal(
            (e.error[self.name] / e.scale.sqrt())[keep], e.lead[keep], e.day[keep], self.width, self.season
        )

    def coverage(self, channel: int, levels: tuple[float, ...], calibrated: bool = True) -> list[float]:
        """Share of hold-out values inside their interval, each window judged by all the others.

        NaN where a single window leaves nothing to judge it by.
        """
        e = self.channels[channel]
        score = (e.error[self.name] / (e.scale.sqrt() if calibrated else e.scale)).double()
        inside, count = torch.zeros(len(levels), dtype=torch.float64), 0
        for window in sorted(set(e.window.tolist())):
            here = e.window == window
            days, where = torch.unique(e.day[here], return_inverse=True)
            leads = torch.zeros_like(days).index_copy_(0, where, e.lead[here])
            if not calibrated:
                lower, upper = normal_factors(leads, levels)
            elif bool(here.all()):
                continue
            else:
                lower, upper = self._without(channel, window).factors(leads, days, levels)
            inside += ((lower[:, where] <= score[here]) & (score[here] <= upper[:, where])).sum(1)
            count += int(here.sum())
        return [float(v) / count if count else float("nan") for v in inside]


def hold_out(strategy: Strategy, block: Block, days: Tensor, cut: float, horizon: float) -> Holdout:
    """Forecast from earlier days and keep the errors.

    A model that learns is fitted once, on what lies before the earliest window, so that no window was learnt from.

    Parameters
    ----------
    strategy : Strategy
        Fitted here if it learns.
    block : Block
        The past, (n, t, c).
    days : Tensor, shape (t,)
    cut : float
        The day that the forecast itself starts from.
    horizon : float
    """
    starts = origins(days, cut, horizon, strategy.windows)
    if starts and strategy.learns:
        before = days <= min(starts)
        try:
            strategy.fit(block.on(before), days[before])
        except InputError:  # too little before the first window to learn from: no window, and wide intervals
            starts = []
    rivals = {name: OfSeries(kind()) for name, kind in RIVALS.items() if name != strategy.name}
    forecasters: dict[str, Strategy] = {strategy.name: strategy, **rivals}
    found: list[list[Errors]] = [[] for _ in range(block.values.shape[2])]
    for number, start in enumerate(starts):
        past, ahead = days <= start, (days > start) & (days <= min(start + horizon, cut))
        given = block.on(past)
        truth, there = block.values[:, ahead], block.seen[:, ahead]
        if not bool(given.seen.any()) or not bool(there.any()):
            continue
        # A series with next to nothing before the window is not forecast from there in earnest either.
        there = there & (given.seen.sum(1, keepdim=True) >= FEWEST)
        made = {name: f.forecast(given, days[past], days[ahead]) for name, f in forecasters.items()}
        scale = spread(given.values, given.seen, days[past], days[ahead])
        day = days[ahead].expand(len(truth), -1)
        for c, errors in enumerate(found):
            k = there[..., c]
            error = {name: (truth - m)[..., c][k] for name, m in made.items()}
            when = day[k]
            errors.append(Errors(torch.full((len(when),), number), when - start, when, scale[..., c][k], error))
    joined = [_joined(e, tuple(forecasters)) for e in found]
    # A single series has too few errors to tell lead times or seasons apart.
    many = max(map(len, joined)) >= MANY
    widths = (max(15.0, horizon / 6), APART) if many else (float(horizon), float("inf"))
    return Holdout(strategy.name, joined, starts, *widths)


def _joined(parts: list[Errors], names: tuple[str, ...]) -> Errors:
    empty = torch.zeros(0)
    if not parts:
        return Errors(empty.long(), empty, empty, empty, dict.fromkeys(names, empty))
    error = {name: torch.cat([p.error[name] for p in parts]) for name in names}
    return Errors(
        torch.cat([p.window for p in parts]),
        torch.cat([p.lead for p in parts]),
        torch.cat([p.day for p in parts]),
        torch.cat([p.scale for p in parts]),
        error,
    )
