"""Networks as forecasters of irregular series: trained on hindcasts of the given series."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, OneCycleLR

from eowidgets.contract.params import param
from eowidgets.errors import InputError, ModelError
from eowidgets.models.blocks.fitting import fit
from eowidgets.models.blocks.plan import Plan, Step
from eowidgets.models.forecast.base import Forecaster, short_name
from eowidgets.models.forecast.networks.network import SeriesNetwork, make_network
from eowidgets.models.forecast.series.dates import DATES, When
from eowidgets.models.forecast.series.grid import ON_GRID, past_grid, regrid, steps_ahead, to_days
from eowidgets.models.forecast.series.past import Past
from eowidgets.models.forecast.series.season import fit_season
from eowidgets.models.forecast.statistical.climatology import Climatology

#: Maximum number of training series, and minimum and maximum number of windows cut from them.
SERIES, CUTS, WINDOWS = 2000, 24, 40_000
#: Number of series per pass of a network.
CHUNK = 4096
#: Default number of steps of the output; in a run, as many as fit into at most this many days: beyond that the forecast is
#: continued recursively, because few cubes are long enough to train longer outputs.
AHEAD, FURTHEST_LEARNT = 9, 180
#: For the cards of the systems.
LIMITS = "Trained on the given series only, which needs a few years and many series."


def reaching(params: Any) -> Any:
    """Return parameters in which ``ahead`` is set: the steps to the horizon of a run, at most :data:`FURTHEST_LEARNT` days.

    Parameters
    ----------
    params : Any
        With ``horizon`` in days, ``step`` and ``ahead``.
    """
    if params.ahead is not None:
        return params
    return replace(params, ahead=max(1, math.ceil(min(params.horizon, FURTHEST_LEARNT) / params.step)))


@dataclass(frozen=True, slots=True)
class Hindcast:
    """The past up to one date, on the grid, and the observations after it.

    Attributes
    ----------
    window : Tensor, shape (n, lookback, c)
    truth, seen : Tensor, shape (n, h, c)
    days : Tensor, shape (h,)
    cut : float
    """

    window: Tensor
    truth: Tensor
    seen: Tensor
    days: Tensor
    cut: float


class NetworkForecaster(Forecaster):
    """A :class:`~eowidgets.models.forecast.networks.network.SeriesNetwork` with the time grid that it needs.

    ``fit`` cuts the series at many dates and repeats the steps of ``forecast`` at each: season and look-back are computed
    from the data up to that date, and the target is the later observations. So no future data enter a window. Forecasts
    beyond the horizon are continued recursively.

    The output is averaged with climatology: a few years are little training data, and the mean of two forecasts with
    different errors is mostly better than both (Bates and Granger, 1969, Operational Research Quarterly 20(4)).

    Parameters
    ----------
    channels : int, optional
        Create the network immediately, for saved weights, as ``eow.load`` does.
    **params
        As in ``Params``.

    Attributes
    ----------
    architecture : str, optional
        Name of the network, if it differs from the short name of the model.
    network : SeriesNetwork or None
        The fitted network.
    """

    regular = True
    trained = True
    architecture: ClassVar[str | None] = None

    @dataclass(frozen=True, slots=True)
    class Params(When):
        """Dates, grid and training."""

        step: float = param(10.0, unit="days", low=1e-3, high=366.0, help="Days between two steps of the grid.")
        lookback: int = param(36, unit="steps", low=4, high=2000, help="Steps of the look-back.")
        ahead: int | None = param(
            None,
            unit="steps",
            low=1,
            high=2000,
            help="Steps per output; later steps are forecast recursively. Not set: those of the horizon in a run, otherwise 9.",
        )
        season: bool = param(True, help="Subtract the mean year of each series first, and add it back afterwards.")
        shrink: float = param(
            0.5, low=0.0, high=1.0, help="Weight of climatology in the forecast, if the mean year is subtracted."
        )
        updates: int = param(300, low=1, high=100_000, help="Optimiser steps.")
        windows: int = param(256, low=1, high=100_000, help="Windows per optimiser step.")
        rate: float = param(2e-3, low=1e-7, high=1.0, help="Peak learning rate.")
        training_seed: int = param(0, low=0, high=2**31 - 1, help="Seed of weights, windows and dropout.")

    def __init__(self, channels: int | None = None, **params: Any) -> None:
        super().__init__(**params)
        self.network: SeriesNetwork | None = None
        if channels is not None:
            with torch.random.fork_rng(devices=[]):
                self.network = self._made(channels).eval().requires_grad_(False)

    def _made(self, channels: int) -> SeriesNetwork:
        name = self.architecture or short_name(self.name)
        return make_network(name, self.params.lookback, self.steps, channels)

    @property
    def steps(self) -> int:
        """Number of steps per output."""
        return self.params.ahead or AHEAD

    def _reach(self) -> None:
        self.params = reaching(self.params)

    def _season(self, series: Past) -> Callable[[Tensor], Tensor]:
        """Return the fitted mean season as a function of days, (n, h, c); 0 if the season is not subtracted."""
        n, _, c = series.values.shape
        if not self.params.season:
            return lambda days: series.values.new_zeros(n, len(days), c)
        fitted = fit_season(series)
        return lambda days: series.unrow(fitted.at(days)).to(series.values.dtype)

    def _window(self, series: Past, season: Callable[[Tensor], Tensor]) -> Tensor:
        """Return the look-back on the grid, without the season."""
        p = self.params
        rest = torch.where(series.seen, series.values - season(series.days), 0.0)
        grid = past_grid(series.cut, p.step, p.lookback)
        return regrid(Past(rest, series.days, series.seen), grid, p.step).float()

    def _hindcasts(self, series: Past) -> list[Hindcast]:
        p = self.params
        reach, first = self.steps * p.step, float(series.days[0])
        earliest = first + min(p.lookback * p.step, (series.cut - first - reach) / 2)
        end = series.cut - reach + ON_GRID * p.step
        cuts = series.days[(series.days >= earliest) & (series.days <= end)]
        if not len(cuts) or earliest < first:
            raise InputError(
                f"{series.cut - first:.0f} days are too short to train forecasts {reach:g} days ahead: "
                "give longer series, a shorter horizon, or choose a forecaster that needs no training."
            )
        generator = torch.Generator().manual_seed(p.training_seed)
        good = series.seen.any(dim=1).all(dim=1).nonzero().flatten().cpu()
        if not len(good):
            raise InputError("No series has observations in all of its channels: leave out empty channels.")
        some = good[torch.randperm(len(good), generator=generator)[:SERIES]].to(series.values.device)
        series = Past(series.values[some], series.days, series.seen[some])
        count = min(len(cuts), max(CUTS, WINDOWS // len(some)))
        found = []
        for cut in cuts[torch.linspace(0, len(cuts) - 1, count).round().long()].tolist():
            known = series.until(cut)
            last = len(known.days)
            end = int((series.days <= cut + reach + ON_GRID * p.step).sum())
            days, seen = series.days[last:end], series.seen[:, last:end]
            if bool(seen.any()):
                season = self._season(known)
                truth = torch.where(seen, series.values[:, last:end] - season(days), 0.0)
                found.append(Hindcast(self._window(known, season), truth.float(), seen, days, cut))
        if not found:
            raise InputError(f"There are no observations within {reach:g} days after any date: give a longer horizon.")
        return found

    def _fit(self, series: Past) -> None:
        p = self.params
        examples = self._hindcasts(series)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(p.training_seed)
            network = self._made(series.values.shape[2])
            self._learn(network.to(series.values.device), examples)
        self.network = network.eval().requires_grad_(False)
        self._remember({"channels": network.channels})

    def _remember(self, more: dict[str, Any]) -> None:
        """Record the constructor arguments that recreate the network, for copies and saved models."""
        kept = {k: v for k, v in vars(self)["_made_from"][1].items() if k != "channels"}
        vars(self)["_made_from"] = ((), {**kept, **more})

    def with_params(self, **params: Any) -> Self:
        """Return a copy with other parameters; it keeps the fit if that does not depend on them."""
        new = super().with_params(**params)
        changed = {name for name in params if getattr(new.params, name) != getattr(self.params, name)}
        if changed - {*DATES, "shrink"}:
            new.network, new.fitted = None, False
            new._remember({})
        return new

    def settings(self) -> Mapping[str, Any]:
        """Return a hash of the fit."""
        if self.network is None:
            return {}
        digest = hashlib.sha256()
        for name, values in sorted(self.network.state_dict().items()):
            digest.update(f"{name} {tuple(values.shape)}".encode() + values.cpu().contiguous().numpy().tobytes())
        return {"learnt_sha256": digest.hexdigest()}

    def _learn(self, network: SeriesNetwork, examples: list[Hindcast]) -> None:
        p = self.params

        def loss(step: Step) -> Tensor:
            # Drawn from torch's global generator, which :meth:`_fit` has seeded.
            one = examples[int(torch.randint(len(examples), ()))]
            chosen = torch.randint(len(one.window), (p.windows,)).to(one.window.device)
            window, seen = one.window[chosen], one.seen[chosen]
            made = to_days(window[:, -1], network(window), one.days, one.cut, p.step)
            # Absolute errors, because the later observations include undetected clouds.
            return ((made - one.truth[chosen]).abs() * seen).sum() / seen.sum().clamp_min(1)

        def schedule(optimiser: Optimizer, _: object) -> LRScheduler:
            return OneCycleLR(optimiser, p.rate, total_steps=p.updates + 1)

        fit(network, loss, Plan(steps=p.updates, rate=p.rate, schedule=schedule, clip=1.0, every=p.updates))

    def _predict(self, series: Past, future: Tensor) -> Tensor:
        p, network = self.params, self.network
        if network is None or series.values.shape[2] != network.channels:
            trained = network.channels if network is not None else 0
            raise ModelError(
                f"Forecaster {self.name!r} was fitted to {trained} channels, but these series have "
                f"{series.values.shape[2]}: fit it to the same channels."
            )
        network.to(series.values.device)
        season = self._season(series)
        window = self._window(series, season)
        steps = steps_ahead(future, series.cut, p.step)
        made = torch.cat([_run(network, part, steps) for part in torch.split(window, CHUNK)])
        out = to_days(window[:, -1], made, future, series.cut, p.step) + season(future)
        if not (p.season and p.shrink):
            return out
        plain = Climatology().forecast(series.values, series.days, series.seen, future)
        return torch.lerp(out, plain.to(out.dtype), p.shrink)


def _run(network: SeriesNetwork, window: Tensor, steps: int) -> Tensor:
    """Forecast any number of steps, each chunk from the look-back before it."""
    path = window
    while path.shape[1] < window.shape[1] + steps:
        path = torch.cat([path, network(path[:, -network.lookback :])], dim=1)
    return path[:, window.shape[1] : window.shape[1] + steps]
