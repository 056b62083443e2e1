"""NLinear and DLinear as forecasters whose map is solved in closed form, or trained."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from eowidgets.contract.card import Card
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.models.forecast.ltsf_linear.network import DLinear, NLinear
from eowidgets.models.forecast.networks.learned import LIMITS, Hindcast, NetworkForecaster
from eowidgets.models.forecast.networks.network import SeriesNetwork
from eowidgets.models.forecast.series.grid import regrid
from eowidgets.models.forecast.series.past import Past

#: Iterations of reweighting of a map in closed form: absolute errors, as for the other networks.
ROUNDS = 5


class LinearForecaster(NetworkForecaster):
    """A linear map, by default solved in closed form for absolute errors."""

    @dataclass(frozen=True, slots=True)
    class Params(NetworkForecaster.Params):
        """Grid, and estimation of the map."""

        closed: bool = param(True, help="Solve by ridge regression; otherwise train by gradient descent.")
        ridge: float = param(1.0, unit="observations", low=1e-9, high=1e9, help="Ridge penalty of the map.")

    def _learn(self, network: SeriesNetwork, examples: list[Hindcast]) -> None:
        p = self.params
        if not (p.closed and isinstance(network, NLinear | DLinear)):
            super()._learn(network, examples)
            return
        # The map has one output per step of the grid, so later observations are interpolated to the grid.
        past = torch.cat([one.window for one in examples])
        steps = p.step * torch.arange(1, self.steps + 1, dtype=torch.float64)
        later = [regrid(Past(one.truth, one.days, one.seen), one.cut + steps, p.step) for one in examples]
        network.solve(past, torch.cat(later), p.ridge, ROUNDS)


@register
class NLinearForecaster(LinearForecaster):
    """One linear map of the look-back, around the last value."""

    name = "forecast-nlinear"
    card = Card(
        "NLinear",
        "One linear map from the last year to the forecast.",
        NLinear.paper,
        limits=LIMITS,
        licence="Apache-2.0",
    )


@register
class DLinearForecaster(LinearForecaster):
    """Two linear maps, of trend and remainder."""

    @dataclass(frozen=True, slots=True)
    class Params(LinearForecaster.Params):
        """Settings with a stronger ridge penalty: it shrinks the forecast towards the mean year, not the last value.

        The penalty replaces the averaging with climatology of the other models.
        """

        shrink: float = param(
            0.0, low=0.0, high=1.0, help="Weight of climatology in the forecast, if the mean year is subtracted."
        )
        ridge: float = param(100.0, unit="observations", low=1e-9, high=1e9, help="Ridge penalty of the map.")

    name = "forecast-dlinear"
    card = Card(
        "DLinear", "Linear maps of the trend and of the remainder.", DLinear.paper, limits=LIMITS, licence="Apache-2.0"
    )
