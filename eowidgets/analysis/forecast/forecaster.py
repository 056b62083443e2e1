"""How a forecast is made: check what is asked for, learn from the past, forecast later days, some pixels at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import torch
import xarray as xr
from annotated_types import Interval
from torch import Tensor

from eowidgets.analysis.forecast.conformal import normal_factors, spread
from eowidgets.analysis.forecast.holdout import FEWEST, Holdout, hold_out
from eowidgets.analysis.forecast.result import assemble
from eowidgets.analysis.forecast.strategies import make_strategy
from eowidgets.analysis.history import Block, Clouds, History, admitted, days_of
from eowidgets.arguments import DateLike, Latitude, Longitude
from eowidgets.contract.model import Model
from eowidgets.cube.area import AreaLike
from eowidgets.errors import InputError, shown

LEVELS = (0.5, 0.8, 0.95)
Level = Annotated[float, Interval(gt=0, lt=1)]
#: Further ahead than this the past says nothing, in days.
FURTHEST = 5 * 366
#: Pixels on which hold-out windows are run, and pixels forecast at once.
SAMPLE, CHUNK = 512, 16_384
#: A forecast may start so long after the last date: today, say, with a cube of last month.
STALE = np.timedelta64(366, "D")


@dataclass(frozen=True)
class Ask:
    """What is asked for; see :func:`eowidgets.analysis.forecast.forecast.forecast`."""

    index: str | None = "ndvi"
    bands: Sequence[str] | None = None
    area: AreaLike | tuple[Longitude, Latitude] | None = None
    mean: bool = False
    days: int = 180
    model: str | Model | type[Model] = "harmonic"
    levels: Sequence[Level] = LEVELS
    from_date: DateLike | None = None
    calibrate: bool = True
    clouds: Clouds = "mask"
    seed: int = 0
    params: dict[str, Any] = field(default_factory=dict)

    def history(self, cube: xr.Dataset, until: np.datetime64) -> History:
        """What may be looked at, up to a day."""
        return History(cube, self.index, self.bands, self.area, mean=self.mean, until=until, clouds=self.clouds)


class Maker:
    """Learns from the past of a cube when made; then forecasts whatever days.

    Attributes
    ----------
    start : datetime64
        The last day that is looked at.
    cut : float
        The same, in days since 1970-01-01.
    horizon : int
        Days ahead.
    history : History
    strategy : Strategy
        How the model is asked.
    holdout : Holdout
        How the forecaster would have fared.
    call : (str, dict)
        The function that this is made for, and its arguments that :class:`Ask` does not hold; noted on the result.
    """

    def __init__(self, cube: xr.Dataset, ask: Ask) -> None:
        cube = admitted(cube)
        self.ask, self.cube = ask, cube
        self.call: tuple[str, dict[str, Any]] = ("forecast", {})
        self.levels = _levels(ask.levels)
        self.start = _day(ask.from_date, cube["time"].values)
        self.history = ask.history(cube, self.start)
        self.strategy = make_strategy(ask.model, self.history, ask.seed, ask.params)
        self.cut = float(days_of(np.array([self.start]))[0])
        self.horizon = _horizon(ask.days, self.cut - float(self.history.days[0]) + 1)
        self.holdout = self._learn()

    def _learn(self) -> Holdout:
        trial, h = self.strategy.trial(self.history)
        block = h.sample(SAMPLE) if h.place == "pixels" else h.series()
        most = int(block.seen.sum(1).max()) if block.seen.numel() else 0
        if most < FEWEST:
            place = {"point": "This pixel was", "area": "This area was", "pixels": "The pixels were"}[h.place]
            raise InputError(
                f"{place} seen clearly on {most} date{'s' if most != 1 else ''} up to {self.start}: "
                f"a forecast needs at least {FEWEST}."
            )
        with torch.random.fork_rng():
            torch.manual_seed(int(self.ask.seed))
            held = hold_out(trial, block, h.days, self.cut, self.horizon)
            torch.manual_seed(int(self.ask.seed))
            if self.strategy.learns:
                self.strategy.fit(block, h.days)
        return held

    def at(self, future: npt.NDArray[np.float64]) -> xr.Dataset:
        """Forecast days since 1970-01-01."""
        h, ahead = self.history, torch.as_tensor(future)
        fans = self._factors(ahead)
        if h.place == "pixels":
            shape = (h.cube.sizes["y"], h.cube.sizes["x"])
            parts = [self._chunks(block, ahead, fans) for _, block in h.strips()]
            # (level, h, n, c) of each strip, rows after rows
            stacked = [torch.cat([p[k] for p in parts], dim=-2).numpy() for k in range(3)]
            arrays = [a.reshape(*a.shape[:-2], *shape, a.shape[-1]) for a in stacked]
            blind = int((h.inside & np.isnan(arrays[0][0, ..., 0])).sum())
        else:
            arrays = [a.numpy()[..., 0, :] for a in self._chunks(h.series(), ahead, fans)]
            blind = 0
        return assemble(self, ahead.numpy(), (arrays[0], arrays[1], arrays[2]), blind)

    def _factors(self, ahead: Tensor) -> list[tuple[Tensor, Tensor]]:
        leads = ahead - self.cut
        if not self.ask.calibrate:
            return [normal_factors(leads, self.levels)] * len(self.history.names)
        return [self.holdout.conformal(c).factors(leads, ahead, self.levels) for c in range(len(self.history.names))]

    def _chunks(self, block: Block, ahead: Tensor, fans: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor, Tensor]:
        """Forecast (h, n, c), lower and upper ends (level, h, n, c)."""
        firsts = range(0, len(block.values), CHUNK)
        parts = [self._chunk(block.some(slice(first, first + CHUNK)), ahead, fans) for first in firsts]
        return tuple(torch.cat([p[k] for p in parts], dim=-2) for k in range(3))  # type: ignore[return-value]

    def _chunk(self, block: Block, ahead: Tensor, fans: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor, Tensor]:
        n, _, c = block.values.shape
        mean = torch.full((n, len(ahead), c), torch.nan)
        known = block.seen.sum(1) >= FEWEST  # n c
        some = known.any(1)
        seen = block.seen & known[:, None]
        if bool(some.any()):
            known_ones = Block(block.values[some], seen[some], block.where[some])
            mean[some] = self.strategy.forecast(known_ones, self.history.days, ahead)
        scale = spread(block.values, seen, self.history.days, ahead)
        if self.ask.calibrate:
            scale = scale.sqrt()
        low = torch.where(seen, block.values, torch.inf).amin(1)  # n c
        high = torch.where(seen, block.values, -torch.inf).amax(1)
        ends = torch.empty(2, len(self.levels), len(ahead), n, c)
        for k in range(c):
            centre = mean[..., k].T  # h n
            least, most = self.history.limits(self.history.names[k])
            # Where too few errors are known: all that is possible, or else the range ever seen and as much on each side.
            room = (high - low)[:, k]
            widest = (torch.minimum(low[:, k], centre) - room, torch.maximum(high[:, k], centre) + room)
            if least > -torch.inf and most < torch.inf:
                widest = (centre * 0 + least, centre * 0 + most)
            for end, factor in enumerate(fans[k]):
                sized = centre + factor[:, :, None].float() * scale[..., k].T
                ends[end, ..., k] = torch.where(factor[:, :, None].isfinite(), sized, widest[end]).clamp(least, most)
        return mean.permute(1, 0, 2), ends[0], ends[1]


def _levels(levels: Sequence[float]) -> tuple[float, ...]:
    try:
        found = tuple(sorted({float(v) for v in levels}))
    except (TypeError, ValueError):
        found = ()
    if not found or not all(0 < v < 1 for v in found):
        raise InputError(
            f"Levels {shown(levels)} are not possible: give numbers between 0 and 1, such as (0.5, 0.8, 0.95)."
        )
    return found


def _day(from_date: DateLike | None, times: npt.NDArray[np.datetime64]) -> np.datetime64:
    if not len(times):
        raise InputError("This cube has no date: there is nothing to forecast from.")
    first, last = (np.datetime64(str(t)[:10], "D") for t in times[[0, -1]])
    if from_date is None:
        return last
    try:
        day: np.datetime64 = np.datetime64(str(from_date)).astype("datetime64[D]")
    except ValueError:
        raise InputError(f"{shown(from_date)} is not a date: write it as 2019-07-06.") from None
    if not first <= day <= last + STALE:
        raise InputError(f"{day} is outside the record ({first} to {last}): forecast from a day within it.")
    return day


def steps(every: Any, horizon: int) -> int:
    """Check the days between the dates of a forecast.

    Raises
    ------
    InputError
    """
    try:
        step = int(every)
    except (TypeError, ValueError, OverflowError):
        step = 0
    if not 1 <= step <= horizon:
        raise InputError(f"A date every {every} days is not possible within {horizon} days: give 1 to {horizon}.")
    return step


def _horizon(days: Any, record: float) -> int:
    try:
        horizon = int(days)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"A horizon of {shown(days)} is not a number of days.") from None
    if horizon < 1 or horizon != days:
        raise InputError(f"A horizon of {days} days is nothing to forecast: give at least 1 day.")
    if horizon > FURTHEST:
        raise InputError(f"{horizon} days ahead is beyond reason: ask for at most {FURTHEST} (five years).")
    if horizon > record:
        raise InputError(
            f"{horizon} days ahead is longer than the record of {record:.0f} days: ask for no more than the record."
        )
    return horizon
