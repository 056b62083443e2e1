"""Hold-out errors: forecast from earlier days, and compare with persistence and climatology."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from eowidgets.analysis.forecast.conformal import Conformal, normal_factors, seasonal_deviation
from eowidgets.analysis.forecast.origins import FEWEST, effective, origins, overlaps, window_of
from eowidgets.analysis.forecast.season import YEAR
from eowidgets.analysis.forecast.strategies import OfSeries, Strategy
from eowidgets.analysis.history import SeriesBlock
from eowidgets.errors import InputError
from eowidgets.models.forecast.base import short_name
from eowidgets.models.forecast.statistical.climatology import Climatology
from eowidgets.models.forecast.statistical.naive import Persistence

#: Reference forecasts that every forecaster is compared with.
RIVALS = {short_name(kind.name): kind for kind in (Persistence, Climatology)}
#: With fewer errors than MANY all seasons are pooled; otherwise APART is the width (days) of the kernel over seasons.
MANY, APART = 500, 40.0
#: Lower limit, in years, of the length of a record.
LEAST_YEARS = 0.5


@dataclass
class Errors:
    """Errors of one channel over all windows, one entry for each observed value.

    Attributes
    ----------
    window : Tensor, shape (k,), int64
    lead, day : Tensor, shape (k,)
        Days ahead, and days since 1970-01-01.
    scale : Tensor, shape (k,)
        The usual deviation.
    error : dict of str to Tensor, shape (k,)
        Observation minus forecast, by forecaster.
    less : Tensor, shape (k,)
        Expected ratio of the error with the whole record to that with the shorter record before the window.
    """

    window: Tensor
    lead: Tensor
    day: Tensor
    scale: Tensor
    error: dict[str, Tensor]
    less: Tensor

    def __len__(self) -> int:
        return len(self.window)

    def replaced(self, error: dict[str, Tensor]) -> Errors:
        """Return a copy with other errors of the same values."""
        return Errors(self.window, self.lead, self.day, self.scale, error, self.less)


@dataclass
class Holdout:
    """Errors of forecasters on hold-out windows.

    Attributes
    ----------
    name : str
        Name of the forecaster whose errors size the intervals.
    channels : list of Errors
    origins : list of float
        Days that windows start from.
    horizon, cut : float
        Length of a window in days, and the day by which all windows end.
    width, season : float
        Kernel widths, in days, over leads and over days of the year.
    """

    name: str
    channels: list[Errors]
    origins: list[float]
    horizon: float
    cut: float
    width: float
    season: float
    _conformal: dict[int, Conformal] = field(default_factory=dict, repr=False)

    @property
    def forecasters(self) -> tuple[str, ...]:
        """The forecaster, then the reference forecasts."""
        return (self.name, *(r for r in RIVALS if r != self.name))

    @property
    def overlap(self) -> npt.NDArray[np.bool_]:
        """Mask of pairs of windows that share days, shape (window, window)."""
        return overlaps(self.origins, self.horizon, self.cut)

    def replaced(self, name: str, channels: list[Errors]) -> Holdout:
        """Return a copy for another forecaster, with its errors."""
        return Holdout(name, channels, self.origins, self.horizon, self.cut, self.width, self.season)

    def mae(self, channel: int) -> list[float]:
        """Return the mean absolute error of each forecaster."""
        return [float(self.channels[channel].error[f].abs().mean()) for f in self.forecasters]

    def rmse(self, channel: int) -> list[float]:
        """Return the root mean square error of each forecaster."""
        return [float(self.channels[channel].error[f].square().mean().sqrt()) for f in self.forecasters]

    def conformal(self, channel: int) -> Conformal:
        """Return the calibrator fitted on all windows."""
        if channel not in self._conformal:
            self._conformal[channel] = self._from(channel, torch.unique(self.channels[channel].window).tolist())
        return self._conformal[channel]

    def _scores(self, channel: int) -> Tensor:
        """Return errors divided by the root of the usual deviation, as expected with the whole record."""
        e = self.channels[channel]
        return (e.error[self.name] * e.less / e.scale.sqrt()).double()

    def _from(self, channel: int, windows: Sequence[int]) -> Conformal:
        e = self.channels[channel]
        keep = torch.isin(e.window, torch.tensor(windows, dtype=torch.long))
        starts = [self.origins[w] for w in windows]
        return Conformal(
            self._scores(channel)[keep],
            e.lead[keep],
            e.day[keep],
            self.width,
            self.season,
            effective(starts, self.horizon, self.cut),
            e.window[keep],
        )

    def coverage(self, channel: int, levels: tuple[float, ...], calibrated: bool = True) -> list[float]:
        """Return the share of hold-out values inside their interval, by level.

        The interval of a window is calibrated on the windows that do not overlap with it. NaN where there are none.
        """
        e, overlap = self.channels[channel], self.overlap
        score = self._scores(channel) if calibrated else (e.error[self.name] / e.scale).double()
        known = torch.unique(e.window).tolist()
        inside, count = torch.zeros(len(levels), dtype=torch.float64), 0
        for window in known:
            here = e.window == window
            days, where = torch.unique(e.day[here], return_inverse=True)
            leads = torch.zeros_like(days).index_copy_(0, where, e.lead[here])
            others = [w for w in known if not overlap[window, w]]
            if not calibrated:
                lower, upper = normal_factors(leads, levels)
            elif not others:
                continue
            else:
                lower, upper = self._from(channel, others).factors(leads, days, levels)
            inside += ((lower[:, where] <= score[here]) & (score[here] <= upper[:, where])).sum(1)
            count += int(here.sum())
        return [float(v) / count if count else float("nan") for v in inside]


def hold_out(
    strategies: Strategy | Sequence[Strategy], block: SeriesBlock, days: Tensor, cut: float, horizon: float
) -> Holdout:
    """Forecast from earlier days and keep the errors.

    A model that learns is fitted once, on the dates before the earliest window, so that no hold-out window is training
    data.

    Parameters
    ----------
    strategies : Strategy or sequence of Strategy
        Fitted here if they learn; persistence and climatology are added. The first names the result.
    block : SeriesBlock
        Series up to ``cut``, (n, t, c).
    days : Tensor, shape (t,)
        Dates on the scale on which a season lasts a year, as ``cut`` and ``horizon``.
    cut : float
        The day that the forecast itself starts from.
    horizon : float
    """
    given = [strategies] if isinstance(strategies, Strategy) else list(strategies)
    starts = origins(days, cut, horizon, min(s.windows for s in given))
    if starts and any(s.learns for s in given):
        before = days <= min(starts)
        try:
            for one in given:
                if one.learns:
                    one.fit(block.on(before), days[before])
        except InputError:  # too few dates before the first window to fit on: no window, wide intervals
            starts = []
    rivals = {name: OfSeries(kind(), given[0].season) for name, kind in RIVALS.items()}
    forecasters: dict[str, Strategy] = {**rivals, **{s.name: s for s in given}}
    found: list[list[Errors]] = [[] for _ in range(block.values.shape[2])]
    for number, start in enumerate(starts):
        past, ahead = days <= start, window_of(days, start, horizon, cut)
        known = block.on(past)
        observed, there = block.values[:, ahead], block.seen[:, ahead]
        if not bool(known.seen.any()) or not bool(there.any()):
            continue
        # Series with fewer dates before the window than a forecast needs are not scored in it.
        there = there & (known.seen.sum(1, keepdim=True) >= FEWEST)
        predicted = {name: f.forecast(known, days[past], days[ahead]) for name, f in forecasters.items()}
        scale = seasonal_deviation(known.values, known.seen, days[past], days[ahead])
        day = days[ahead].expand(len(observed), -1)
        for c, errors in enumerate(found):
            k = there[..., c]
            error = {name: (observed - p)[..., c][k] for name, p in predicted.items()}
            when = day[k]
            less = torch.full((len(when),), _less(start - float(days[0]), cut - float(days[0])))
            window = torch.full((len(when),), number)
            errors.append(Errors(window, when - start, when, scale[..., c][k], error, less))
    joined = [_joined(e, tuple(forecasters)) for e in found]
    # A single series has too few errors for seasonal weights.
    many = max(map(len, joined)) >= MANY
    widths = (max(min(15.0, horizon / 2), horizon / 6), APART) if many else (float(horizon), float("inf"))
    return Holdout(given[0].name, joined, starts, horizon, cut, *widths)


def _joined(parts: list[Errors], names: tuple[str, ...]) -> Errors:
    empty = torch.zeros(0)
    if not parts:
        return Errors(empty.long(), empty, empty, empty, dict.fromkeys(names, empty), empty)
    error = {name: torch.cat([p.error[name] for p in parts]) for name in names}
    return Errors(
        torch.cat([p.window for p in parts]),
        torch.cat([p.lead for p in parts]),
        torch.cat([p.day for p in parts]),
        torch.cat([p.scale for p in parts]),
        error,
        torch.cat([p.less for p in parts]),
    )


def _less(known: float, record: float) -> float:
    """Return the expected ratio of errors with the whole record to those with an earlier, shorter one, both in days.

    The mean of n seasons, each with standard deviation s around the true one, errs in the next by s sqrt(1 + 1/n).
    """
    few, all_of_them = (max(d / YEAR, LEAST_YEARS) for d in (known, record))
    return float(((1 + 1 / all_of_them) / (1 + 1 / few)) ** 0.5)
