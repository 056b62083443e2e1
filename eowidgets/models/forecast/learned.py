"""Networks as forecasters of irregular series: trained on hindcasts of the series that they are given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from eowidgets.errors import InputError, ModelError
from eowidgets.models.base import Card, param
from eowidgets.models.forecast.base import Series, SeriesModel, register_series
from eowidgets.models.forecast.grid import past_grid, regrid, steps_ahead, to_days
from eowidgets.models.forecast.linear import DLinear, NLinear
from eowidgets.models.forecast.network import SeriesNetwork, make_network

#: Series that are learnt from at most, the windows cut from them at least and at most.
SERIES, CUTS, WINDOWS = 2000, 24, 40_000
#: Series that go through a network at once.
CHUNK = 4096


class NetworkForecaster(SeriesModel):
    """A :class:`~eowidgets.models.forecast.network.SeriesNetwork` with the grid in time that it needs.

    ``fit`` cuts the series at many dates and makes each time what ``predict`` makes: the look-back is regridded from
    what was known on that date. So nothing learnt leans on the future of a window. Forecasts beyond the horizon run on
    from the forecast before.
    """

    regular = True
    trained = True

    @dataclass(frozen=True, slots=True)
    class Params:
        """The grid, and the training."""

        step: float = param(10.0, unit="days", low=1e-3, high=366.0, help="Days between two steps of the grid.")
        lookback: int = param(36, unit="steps", low=4, high=2000, help="Steps of the past that are seen.")
        horizon: int = param(9, unit="steps", low=1, high=2000, help="Steps that are learnt; more are made in turn.")
        updates: int = param(300, low=1, high=100_000, help="Steps of the optimiser.")
        batch: int = param(256, low=1, high=100_000, help="Windows in a step of the optimiser.")
        rate: float = param(2e-3, low=1e-7, high=1.0, help="Peak of the learning rate.")
        seed: int = param(0, low=0, high=2**31 - 1, help="Of weights, windows and dropout.")

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self.network: SeriesNetwork | None = None

    def _examples(self, series: Series) -> tuple[Tensor, Tensor]:
        """Look-backs (m, lookback, c) and what came after them (m, horizon, c)."""
        p = self.params
        reach, first = p.horizon * p.step, float(series.days[0])
        earliest = first + min(p.lookback * p.step, (series.cut - first - reach) / 2)
        cuts = series.days[(series.days >= earliest) & (series.days <= series.cut - reach + 1e-6 * p.step)]
        if not len(cuts) or earliest < first:
            raise InputError(
                f"{series.cut - first:.0f} days are too few to learn {reach:g} days ahead from: "
                "give longer series, a shorter horizon, or take a forecaster that needs no training."
            )
        generator = torch.Generator().manual_seed(p.seed)
        good = series.seen.any(dim=1).all(dim=1).nonzero().flatten().cpu()
        if not len(good):
            raise InputError("No series was seen in all of its channels: leave out channels that hold nothing.")
        some = good[torch.randperm(len(good), generator=generator)[:SERIES]].to(series.values.device)
        series = Series(series.values[some], series.days, series.seen[some])
        count = min(len(cuts), max(CUTS, WINDOWS // len(some)))
        cuts = cuts[torch.linspace(0, len(cuts) - 1, count).round().long()]
        past, ahead = [], []
        for cut in cuts.tolist():
            known = series.until(cut)
            then = series.until(cut + reach + 1e-6 * p.step)
            past.append(regrid(known, past_grid(cut, p.step, p.lookback), p.step))
            ahead.append(regrid(then, past_grid(cut + reach, p.step, p.horizon), p.step))
        return torch.cat(past), torch.cat(ahead)

    def _fit(self, series: Series) -> None:
        p = self.params
        x, y = (part.float() for part in self._examples(series))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(p.seed)
            network = make_network(self.name, p.lookback, p.horizon, x.shape[2]).to(x.device)
            self._learn(network, x, y)
        self.network = network.eval().requires_grad_(False)

    def _learn(self, network: SeriesNetwork, x: Tensor, y: Tensor) -> None:
        p = self.params
        optimiser = torch.optim.AdamW(network.parameters(), lr=p.rate)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, p.rate, total_steps=p.updates + 1)
        own = getattr(network, "loss", None)
        network.train()
        for _ in range(p.updates):
            chosen = torch.randint(len(x), (p.batch,)).to(x.device)
            # Absolute errors: what came after a cut has clouds in it.
            loss = own(x[chosen], y[chosen]) if own else (network(x[chosen]) - y[chosen]).abs().mean()
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()

    def _predict(self, series: Series, future: Tensor) -> Tensor:
        p, network = self.params, self.network
        if network is None or series.values.shape[2] != network.channels:
            trained = network.channels if network is not None else 0
            raise ModelError(
                f"Forecaster {self.name!r} has learnt {trained} channels, and these series have "
                f"{series.values.shape[2]}: fit it on the same channels."
            )
        network.to(series.values.device)
        window = regrid(series, past_grid(series.cut, p.step, p.lookback), p.step).float()
        steps = steps_ahead(future, series.cut, p.step)
        made = torch.cat([_run(network, part, steps) for part in torch.split(window, CHUNK)])
        return to_days(window[:, -1], made, future, series.cut, p.step)


def _run(network: SeriesNetwork, window: Tensor, steps: int) -> Tensor:
    """Forecast as many steps as asked for, each stretch from the look-back before it."""
    path = window
    while path.shape[1] < window.shape[1] + steps:
        path = torch.cat([path, network(path[:, -network.lookback :])], dim=1)
    return path[:, window.shape[1] : window.shape[1] + steps]


class LinearForecaster(NetworkForecaster):
    """A linear map, by default solved in closed form."""

    @dataclass(frozen=True, slots=True)
    class Params(NetworkForecaster.Params):
        """The grid, and how the map is found."""

        closed: bool = param(True, help="Solve by ridge regression; if not, train by gradient descent.")
        ridge: float = param(1.0, unit="observations", low=1e-9, high=1e9, help="Pull of the map towards zero.")

    def _learn(self, network: SeriesNetwork, x: Tensor, y: Tensor) -> None:
        if self.params.closed and isinstance(network, NLinear | DLinear):
            network.solve(x, y, self.params.ridge)
        else:
            super()._learn(network, x, y)


LIMITS = "Learns from the series it is given only: a few years at least, and many series."


@register_series
class NLinearForecaster(LinearForecaster):
    """One linear map of the look-back, around the last value."""

    name = "nlinear"
    card = Card("NLinear", "One linear map from the last year to what comes next.", NLinear.paper, limits=LIMITS)


@register_series
class DLinearForecaster(LinearForecaster):
    """Two linear maps, of trend and remainder."""

    name = "dlinear"
    card = Card("DLinear", "Linear maps of the trend and of what is left.", DLinear.paper, limits=LIMITS)


@register_series
class PatchTSTForecaster(NetworkForecaster):
    """Patched transformer, channel by channel."""

    name = "patchtst"
    card = Card("PatchTST", "A transformer over patches of each series.", "Nie et al. (2023), ICLR", limits=LIMITS)


@register_series
class ITransformerForecaster(NetworkForecaster):
    """Transformer across channels."""

    name = "itransformer"
    card = Card("iTransformer", "Attention across bands and indices.", "Liu et al. (2024), ICLR", limits=LIMITS)


@register_series
class TimesNetForecaster(NetworkForecaster):
    """Convolutions over folded periods."""

    name = "timesnet"
    card = Card("TimesNet", "Series folded by their periods into images.", "Wu et al. (2023), ICLR", limits=LIMITS)


@register_series
class TimeMixerForecaster(NetworkForecaster):
    """Seasons and trends mixed across resolutions."""

    name = "timemixer"
    card = Card("TimeMixer", "Seasons and trends at several resolutions.", "Wang et al. (2024), ICLR", limits=LIMITS)


@register_series
class SpaceTimeForecaster(NetworkForecaster):
    """Companion state spaces in closed loop."""

    name = "spacetime"
    card = Card("SpaceTime", "State spaces that run on by themselves.", "Zhang et al. (2023), ICLR", limits=LIMITS)
