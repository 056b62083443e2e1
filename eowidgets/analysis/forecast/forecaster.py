"""Prepare a forecast: check the request, fit on the past, forecast later days, a number of series at a time."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import torch
import xarray as xr
from annotated_types import Interval
from torch import Tensor

from eowidgets.analysis.forecast.automatic import AUTO, Decision, candidates, decide
from eowidgets.analysis.forecast.conformal import normal_factors, seasonal_deviation
from eowidgets.analysis.forecast.holdout import Holdout, hold_out
from eowidgets.analysis.forecast.origins import FEWEST
from eowidgets.analysis.forecast.result import assemble
from eowidgets.analysis.forecast.season import YEAR, Season, season_of
from eowidgets.analysis.forecast.seasons import choose_season
from eowidgets.analysis.forecast.strategies import OfSeries, Strategy, make_strategy
from eowidgets.analysis.forecast.tables import TableHistory, is_table, read_table
from eowidgets.analysis.forecast.units import Units
from eowidgets.analysis.forecast.when import day_of, horizon_of, iso, steps, table_dates, time_of
from eowidgets.analysis.history import Clouds, History, SeriesBlock, admitted, days_of
from eowidgets.arguments import DateLike, Latitude, Longitude
from eowidgets.contract.model import Model
from eowidgets.cube.area import AreaLike
from eowidgets.engine.long import Long
from eowidgets.errors import InputError, shown

LEVELS = (0.5, 0.8, 0.95)
Level = Annotated[float, Interval(gt=0, lt=1)]
#: Series used in hold-out windows: of one model, and of all that "auto" tries; and series forecast at once.
SAMPLE, SAMPLE_AUTO, CHUNK = 512, 256, 16_384


@dataclass(frozen=True)
class ForecastRequest:
    """The checked arguments of :func:`eowidgets.analysis.forecast.forecast.forecast`."""

    index: str | None = None
    bands: Sequence[str] | None = None
    area: AreaLike | tuple[Longitude, Latitude] | None = None
    mean: bool = False
    days: float | str | None = None
    model: str | Model | type[Model] = AUTO
    levels: Sequence[Level] = LEVELS
    from_date: DateLike | None = None
    calibrate: bool = True
    clouds: Clouds = "mask"
    seed: int = 0
    season: str | float = AUTO
    params: dict[str, Any] = field(default_factory=dict)

    def history(self, source: Any, until: np.datetime64) -> History | TableHistory:
        """Return the part of a cube, or of a table that was read, up to a day or a time."""
        if isinstance(source, xr.Dataset):
            return History(source, self.index, self.bands, self.area, mean=self.mean, until=until, clouds=self.clouds)
        return self.table(source, until)

    def table(self, source: Long, until: np.datetime64) -> TableHistory:
        """Return the part of a table up to a time."""
        return TableHistory(source, self.bands if self.bands or self.index is None else [self.index], until)

    def refuse_cube_only(self) -> None:
        """Raise where an argument has no meaning for a table."""
        wrong = {"area": self.area is not None, "mean": self.mean, "clouds": self.clouds != "mask"}
        for name in (n for n, given in wrong.items() if given):
            raise InputError(f"{name} applies to cubes only: leave it out for a table.")


class PreparedForecast:
    """A forecaster fitted on the past of a cube or a table; :meth:`at` forecasts any later days.

    Attributes
    ----------
    source : Dataset or Long
        The cube, or the table.
    start : datetime64
        The last day or time that is used.
    cut : float
        The same in days since 1970-01-01.
    horizon : float
        Days ahead.
    history : History or TableHistory
    season : Season
        The time scale of the models.
    units : Units
        The scale of the values that models work on.
    strategy : Strategy
        The adapter that runs the model.
    holdout : Holdout
        Hold-out errors of the forecaster, on the scales of ``season`` and ``units``.
    decision : Decision or None
        The selection of ``model="auto"``.
    call : (str, dict)
        The public function that is called, and those of its arguments that :class:`ForecastRequest` does not hold;
        both are recorded on the result.
    """

    def __init__(self, source: Any, request: ForecastRequest, every: Any = None, client: Any = None) -> None:
        self.request, self.client = request, client
        self.call: tuple[str, dict[str, Any]] = ("forecast", {"every": every})
        self.levels = _levels(request.levels)
        self.table = is_table(source)
        if self.table:
            request.refuse_cube_only()
            self.source: Any = read_table(source)
            self.start = time_of(request.from_date, np.unique(self.source.dates))
            past = request.table(self.source, self.start)
            self.history: History | TableHistory = past
            self.cut = float(past.days[-1])
            self.horizon, self.regular = table_dates(request.days, every, past.times)
        else:
            self.source = admitted(source)
            self.start = day_of(request.from_date, self.source["time"].values)
            self.history = request.history(self.source, self.start)
            self.cut = float(days_of(np.array([self.start]))[0])
            self.horizon = horizon_of(request.days, self.cut - float(self.history.days[0]) + 1, self.start)
            step = steps(every, int(self.horizon))
            self.regular = self.cut + np.arange(step, self.horizon + 1, step, dtype="float64")
        self.decision: Decision | None = None
        self._prepare()

    def _prepare(self) -> None:
        """Choose scales, season and model, and run the hold-out windows."""
        h, request = self.history, self.request
        auto = request.model == AUTO if isinstance(request.model, str) else False
        most = SAMPLE_AUTO if auto else SAMPLE
        block = h.sample(most) if h.place in ("pixels", "table") else self._series()
        self._enough(block)
        self.season = self._season(block)
        if auto:
            if request.params:
                name = next(iter(request.params))
                raise InputError(
                    f"The parameter {name!r} belongs to a model, but model is 'auto': name the model as well."
                )
            given = [self._make(name, {}) for name in candidates(self.season)]
        else:
            given = [make_strategy(request.model, h, request.seed, request.params, self.season, self._spacing)]
        raw = not isinstance(given[0], OfSeries)
        self.units = Units.none(h) if raw else Units.of(h, block)
        self.strategy, self.holdout = self._learn(given, block)
        if auto:
            self._decide(given)

    def _make(self, model: str, params: Mapping[str, Any]) -> Strategy:
        return make_strategy(model, self.history, self.request.seed, params, self.season, self._spacing)

    def using(self, model: str) -> PreparedForecast:
        """Return a copy that forecasts with another model, which must need no fit; skill and intervals are kept."""
        other = copy.copy(self)
        other.strategy = self._make(model, {})
        return other

    @property
    def _spacing(self) -> float | None:
        """Median days between the dates of a table, which networks use as the step of their grid; None for a cube."""
        days = self.history.days
        return float(days.diff().median()) if self.table and len(days) > 1 else None

    def _series(self) -> SeriesBlock:
        return self.history.block() if isinstance(self.history, TableHistory) else self.history.series()

    def _enough(self, block: SeriesBlock) -> None:
        """Raise if no series has enough dates."""
        most = int(block.seen.sum(1).max()) if block.seen.numel() else 0
        if most < FEWEST:
            what = {
                "point": "This pixel was observed without cloud",
                "area": "This area was observed without cloud",
                "pixels": "The pixels were observed without cloud",
                "series": "This series has values",
                "table": "The series have values",
            }[self.history.place]
            raise InputError(
                f"{what} on {most} date{'s' if most != 1 else ''} up to {self.start}: a forecast needs at least {FEWEST}."
            )

    def _season(self, block: SeriesBlock) -> Season:
        days, given = self.history.days, self.request.season
        span = self.cut - float(days[0]) + self.horizon
        if given != AUTO:
            return season_of(given, span)
        if not self.table:
            return Season()
        units = Units.of(self.history, block)
        return choose_season(units.scaled(block), days, self.cut, self.horizon)

    def _learn(self, given: Sequence[Strategy], block: SeriesBlock) -> tuple[Strategy, Holdout]:
        """Run hold-out windows and fit the model."""
        trial, part = given[0], block
        if isinstance(self.history, History):
            trial, h = given[0].trial(self.history)
            part = block if h is self.history else h.sample(SAMPLE)
        part = self.units.scaled(part)
        rate = self.season.rate
        days = self.history.days * rate
        with torch.random.fork_rng():
            torch.manual_seed(int(self.request.seed))
            tried = given if len(given) > 1 else trial
            held = hold_out(tried, part, days, self.cut * rate, self.horizon * rate)
            torch.manual_seed(int(self.request.seed))
            if given[0].learns:
                given[0].fit(self.units.scaled(block), days)
        return given[0], held

    def _decide(self, given: Sequence[Strategy]) -> None:
        names, held = self.history.names, self.holdout
        many = len(names) > 1
        unit = "of that of climatology" if many else str(self.history.attrs(names[0]).get("units", ""))
        exact = self.horizon != int(self.horizon)
        length = f"{self.horizon * 24:.3g} hours" if exact and self.horizon < 3 else f"{self.horizon:.4g} days"
        dates = ", ".join(iso(o / self.season.rate, self.table) for o in held.origins)
        protocol = (
            f"Forecast {', '.join(names[:4])} {length} ahead from {len(held.origins)} earlier dates ({dates}) with nothing "
            f"but what was known then; season: {self.season.label}. The average is scored with weights from other windows."
        )
        same_season = self.season.length is None or self._season_before(held.origins)
        if not same_season and held.origins:
            protocol += (
                " No window has a whole season of record before it, so all lie in other parts of the season than the "
                "forecast: climatology is used whatever their errors are."
            )
        size = 1.0 if many else float(self.units.size[0])
        self.decision = decide(
            held,
            [s.name for s in given],
            int(self.request.seed),
            "" if unit == "1" else unit,
            protocol,
            size,
            same_season=same_season or not held.origins,
        )
        self.holdout = self.decision.holdout
        self.strategy = self._make(self.decision.choice.winner, self.decision.choice.params)

    def _season_before(self, origins: Sequence[float]) -> bool:
        """Return whether one of the origins (on the scale of the season) has a whole season of record before it."""
        first = float(self.history.days[0]) * self.season.rate
        return any(origin - first >= YEAR - 1 for origin in origins)

    def at(self, future: npt.NDArray[np.float64]) -> xr.Dataset:
        """Forecast the given days since 1970-01-01.

        Parameters
        ----------
        future : array, shape (h,)
            Dates to forecast, in days since 1970-01-01.

        Returns
        -------
        Dataset
            As :func:`eowidgets.analysis.forecast.forecast.forecast` returns it.
        """
        h, ahead = self.history, torch.as_tensor(future)
        fans = self._factors(ahead)
        blind = 0
        if isinstance(h, TableHistory):
            block = h.block()
            arrays = [a.movedim(-2, -3).numpy() for a in self._chunks(block, ahead, fans)]  # ... n h c
            arrays = arrays if h.place == "table" else [a[..., 0, :, :] for a in arrays]
            blind = int((block.seen.sum(1) < FEWEST).any(1).sum())
        elif h.place == "pixels":
            shape = (h.cube.sizes["y"], h.cube.sizes["x"])
            parts = self._strips(h, ahead, fans)
            # (level, h, n, c) of each strip, row by row
            stacked = [torch.cat([p[k] for p in parts], dim=-2).numpy() for k in range(3)]
            arrays = [a.reshape(*a.shape[:-2], *shape, a.shape[-1]) for a in stacked]
            blind = int((h.inside & np.isnan(arrays[0][0, ..., 0])).sum())
        else:
            arrays = [a.numpy()[..., 0, :] for a in self._chunks(h.series(), ahead, fans)]
        return assemble(self, ahead.numpy(), (arrays[0], arrays[1], arrays[2]), blind)

    def _strips(self, h: History, ahead: Tensor, fans: list[tuple[Tensor, Tensor]]) -> list[Any]:
        """Forecast every strip of a cube: on the workers of the client if there is one and the model is one of series."""
        if self.client is None or not isinstance(self.strategy, OfSeries):
            return [self.strip(rows, ahead, fans) for rows in h.rows]
        from eowidgets.analysis.forecast.remote import strips_on

        return strips_on(self.client, self, h, ahead, fans)

    def strip(self, rows: slice, ahead: Tensor, fans: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor, Tensor]:
        """Forecast some rows of a cube: (h, n, c), lower and upper ends (level, h, n, c)."""
        assert isinstance(self.history, History)  # noqa: S101  (a table has no rows)
        return self._chunks(self.history.strip(rows), ahead, fans)

    def _factors(self, ahead: Tensor) -> list[tuple[Tensor, Tensor]]:
        leads, ahead = (ahead - self.cut) * self.season.rate, ahead * self.season.rate
        if not self.request.calibrate:
            return [normal_factors(leads, self.levels)] * len(self.history.names)
        return [self.holdout.conformal(c).factors(leads, ahead, self.levels) for c in range(len(self.history.names))]

    def _chunks(
        self, block: SeriesBlock, ahead: Tensor, fans: list[tuple[Tensor, Tensor]]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the forecast (h, n, c) and the lower and upper ends of its intervals (level, h, n, c)."""
        block = self.units.scaled(block)
        firsts = range(0, len(block.values), CHUNK)
        parts = [self._chunk(block.some(slice(first, first + CHUNK)), ahead, fans) for first in firsts]
        return tuple(torch.cat([p[k] for p in parts], dim=-2) for k in range(3))  # type: ignore[return-value]

    def _chunk(
        self, block: SeriesBlock, ahead: Tensor, fans: list[tuple[Tensor, Tensor]]
    ) -> tuple[Tensor, Tensor, Tensor]:
        n, _, c = block.values.shape
        days, future = self.history.days * self.season.rate, ahead * self.season.rate
        mean = torch.full((n, len(ahead), c), torch.nan)
        known = block.seen.sum(1) >= FEWEST  # n c
        some = known.any(1)
        seen = block.seen & known[:, None]
        if bool(some.any()):
            known_ones = SeriesBlock(block.values[some], seen[some], block.where[some])
            mean[some] = self.strategy.forecast(known_ones, days, future)
        scale = seasonal_deviation(block.values, seen, days, future)
        if self.request.calibrate:
            scale = scale.sqrt()
        low = torch.where(seen, block.values, torch.inf).amin(1)  # n c
        high = torch.where(seen, block.values, -torch.inf).amax(1)
        ends = torch.empty(2, len(self.levels), len(ahead), n, c)
        for k in range(c):
            centre = mean[..., k].T  # h n
            least, most = self.units.limits(k)
            # With too few errors for a level, the interval spans the valid range, or else the observed range extended
            # by its own width.
            room = (high - low)[:, k]
            widest = (torch.minimum(low[:, k], centre) - room, torch.maximum(high[:, k], centre) + room)
            if least > -torch.inf and most < torch.inf:
                widest = (centre * 0 + least, centre * 0 + most)
            for end, factor in enumerate(fans[k]):
                sized = centre + factor[:, :, None].float() * scale[..., k].T
                ends[end, ..., k] = torch.where(factor[:, :, None].isfinite(), sized, widest[end]).clamp(least, most)
        return self.units.back(mean.permute(1, 0, 2)), self.units.back(ends[0]), self.units.back(ends[1])


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
