"""NLinear and DLinear: one linear map from the look-back to the horizon, trained or in closed form."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from eowidgets.models.forecast.networks.network import SeriesNetwork, moving_average, register_network


def ridge_map(x: Tensor, y: Tensor, ridge: float) -> tuple[Tensor, Tensor]:
    """Solve a linear map ``y ≈ x W + b`` with an unpenalised bias, by the normal equations in float64.

    Parameters
    ----------
    x, y : Tensor, shapes (n, inputs), (n, outputs)
    ridge : float
        Added to the diagonal, in observations of unit variance.

    Returns
    -------
    W, b : Tensor, float64, shapes (inputs, outputs), (outputs,)
    """
    x, y = x.double(), y.double()
    mean_x, mean_y = x.mean(dim=0), y.mean(dim=0)
    x, y = x - mean_x, y - mean_y
    normal = x.T @ x
    normal.diagonal().add_(ridge)
    weight = torch.linalg.solve(normal, x.T @ y)
    return weight, mean_y - mean_x @ weight


def absolute_map(x: Tensor, y: Tensor, ridge: float, rounds: int) -> tuple[Tensor, Tensor]:
    """Solve :func:`ridge_map` for absolute instead of squared errors, by ``rounds`` of reweighting.

    Each output has its own weights, so an outlier in one output does not affect the others.
    """
    weight, bias = ridge_map(x, y, ridge)
    x, y = torch.cat([x, torch.ones_like(x[:, :1])], dim=1).double(), y.double()
    penalty = torch.full_like(x[0], ridge)
    penalty[-1] = 0
    both = torch.cat([weight, bias[None]])
    for _ in range(rounds):
        left = (y - x @ both).abs()
        share = 1 / left.clamp_min(0.05 * left.mean(dim=0) + 1e-12)
        share = share / share.mean(dim=0)
        normal = torch.stack([(x * s[:, None]).T @ x for s in share.unbind(1)]) + penalty.diag()
        right = (x.T @ (share * y)).T.unsqueeze(-1)  # outputs inputs 1
        both = torch.linalg.solve(normal, right).squeeze(-1).T
    return both[:-1], both[-1]


@register_network
class NLinear(SeriesNetwork):
    """Subtract the last value, apply one linear map to every channel, add it back (Zeng et al., 2023, AAAI)."""

    name = "nlinear"
    paper = "Zeng et al. (2023), Are transformers effective for time series forecasting?, AAAI; arXiv:2205.13504"

    def __init__(self, lookback: int, horizon: int, channels: int) -> None:
        super().__init__(lookback, horizon, channels)
        self.width = lookback
        self.head = nn.Linear(lookback, self.outputs)
        # The paper initialises the map with the mean of the look-back.
        nn.init.constant_(self.head.weight, 1 / lookback)

    def features(self, x: Tensor) -> Tensor:
        """Return differences from the last value, (b, c, t)."""
        return (x - x[:, -1:]).transpose(1, 2)

    def project(self, features: Tensor) -> Tensor:
        """Apply the map."""
        out: Tensor = self.head(features)
        return out.transpose(1, 2)

    def forward(self, x: Tensor, seen: Tensor | None = None) -> Tensor:
        """Forecast without scaling: the map is linear, and the last value is the level."""
        x = x if seen is None else torch.where(seen, x, 0.0)
        return self.project(self.features(x)) + x[:, -1:]

    @torch.no_grad()
    def solve(self, x: Tensor, y: Tensor, ridge: float = 1.0, rounds: int = 0) -> NLinear:
        """Set the map in closed form from windows ``(b, lookback, c)`` and their futures ``(b, horizon, c)``.

        With ``rounds`` of reweighting it minimises absolute errors instead of squared errors.
        """
        rows = (y - x[:, -1:]).transpose(1, 2).flatten(0, 1)
        weight, bias = absolute_map(self.features(x).flatten(0, 1), rows, ridge, rounds)
        self.head.weight.copy_(weight.T)
        self.head.bias.copy_(bias)
        return self


@register_network
class DLinear(SeriesNetwork):
    """Two linear maps, of the moving average and of the remainder (Zeng et al., 2023, AAAI).

    Both maps are linear in the look-back, so their sum is one map: in closed form it is the least-squares map with a
    constant, without NLinear's last value.

    Parameters
    ----------
    window : int
        Odd number of steps of the moving average.
    """

    name = "dlinear"
    paper = NLinear.paper

    def __init__(self, lookback: int, horizon: int, channels: int, window: int = 25) -> None:
        super().__init__(lookback, horizon, channels)
        self.width, self.window = 2 * lookback, window
        self.head = nn.Linear(self.width, self.outputs)
        nn.init.constant_(self.head.weight, 1 / lookback)

    def features(self, x: Tensor) -> Tensor:
        """Return trend and remainder, concatenated, (b, c, 2 t)."""
        trend = moving_average(x, self.window)
        return torch.cat([trend, x - trend], dim=1).transpose(1, 2)

    def project(self, features: Tensor) -> Tensor:
        """Apply both maps."""
        out: Tensor = self.head(features)
        return out.transpose(1, 2)

    def forward(self, x: Tensor, seen: Tensor | None = None) -> Tensor:
        """Forecast without normalisation."""
        return self.project(self.features(x if seen is None else torch.where(seen, x, 0.0)))

    @torch.no_grad()
    def solve(self, x: Tensor, y: Tensor, ridge: float = 1.0, rounds: int = 0) -> DLinear:
        """Set both maps in closed form; arguments as for :meth:`NLinear.solve`."""
        rows = y.transpose(1, 2).flatten(0, 1)
        weight, bias = absolute_map(self.features(x).flatten(0, 1), rows, ridge, rounds)
        self.head.weight.copy_(weight.T)
        self.head.bias.copy_(bias)
        return self
