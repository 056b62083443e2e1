"""Five tasks over the same networks: long and short forecasts, imputation, anomaly detection, classification.

The tasks are those of the Time-Series-Library (Wu et al., 2023). Every network of
:mod:`eowidgets.models.forecast.networks.network` supports all of them, except SpaceTime, which does not reconstruct.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.errors import InputError, unknown
from eowidgets.models.forecast.networks.network import instance_norm, make_network


class SeriesTask(nn.Module):
    """A network with a task and its training loss.

    Parameters
    ----------
    network : str
        Name of a network.
    lookback, channels : int
        Shape of a window.
    horizon : int
        Steps to forecast; ignored by the other tasks.
    classes : int
        For classification.
    **options
        For the network.
    """

    name: ClassVar[str]

    def __init__(
        self, network: str, lookback: int, channels: int, *, horizon: int = 0, classes: int = 0, **options: float
    ) -> None:
        super().__init__()
        self._check(horizon, classes)
        self.network = make_network(network, lookback, self._horizon(horizon), channels, **options)

    def _check(self, horizon: int, classes: int) -> None:
        """Refuse sizes that do not suit the task."""

    @staticmethod
    def _horizon(horizon: int) -> int:
        return 0

    @abstractmethod
    def forward(self, x: Tensor, seen: Tensor | None = None) -> Tensor:
        """Return the result for windows (b, t, c) and their masks of observed values."""

    @abstractmethod
    def loss(self, x: Tensor, y: Tensor, seen: Tensor | None = None) -> Tensor:
        """Return the training loss for windows and their targets."""


class LongForecast(SeriesTask):
    """Many steps ahead; trained on squared errors, or on the loss that the network defines.

    ``forward`` returns (b, horizon, c).
    """

    name = "long-forecast"

    def _check(self, horizon: int, classes: int) -> None:
        if horizon < 1:
            raise InputError(f"The horizon of a forecast is {horizon}: give 1 or more steps.")

    @staticmethod
    def _horizon(horizon: int) -> int:
        return horizon

    def forward(self, x: Tensor, seen: Tensor | None = None) -> Tensor:
        """Forecast the horizon."""
        out: Tensor = self.network(x, seen)
        return out

    def loss(self, x: Tensor, y: Tensor, seen: Tensor | None = None) -> Tensor:
        """Return the squared error of the horizon ``y`` (b, horizon, c)."""
        own = getattr(self.network, "loss", None)
        if own is not None and seen is None:
            out: Tensor = own(x, y)
            return out
        return functional.mse_loss(self.forward(x, seen), y)


class ShortForecast(LongForecast):
    """A few steps ahead of series on any scale; trained on SMAPE, as in the M4 competition (percent, 0 to 200)."""

    name = "short-forecast"

    def loss(self, x: Tensor, y: Tensor, seen: Tensor | None = None) -> Tensor:
        """Return the symmetric mean absolute percentage error."""
        made = self.forward(x, seen)
        return 200 * ((made - y).abs() / (made.abs() + y.abs()).clamp_min(1e-6)).mean()


class Imputation(SeriesTask):
    """Fill gaps: ``forward`` returns the window (b, t, c) with its observed values unchanged."""

    name = "imputation"

    def forward(self, x: Tensor, seen: Tensor | None = None) -> Tensor:
        """Fill the missing values."""
        made: Tensor = self.network(x, seen)
        return made if seen is None else torch.where(seen, x, made)

    def loss(self, x: Tensor, y: Tensor, seen: Tensor | None = None) -> Tensor:
        """Return the squared error against the whole window ``y``, over the hidden values."""
        wrong: Tensor = (self.network(x, seen) - y).square()
        if seen is None or bool(seen.all()):
            return wrong.mean()
        return wrong[~seen].mean()


class AnomalyDetection(SeriesTask):
    """Detect steps that the network does not reconstruct: ``forward`` returns its squared error (b, t).

    The error is in units of each window's own variance.
    """

    name = "anomaly-detection"

    def forward(self, x: Tensor, seen: Tensor | None = None) -> Tensor:
        """Score every step; 0 where nothing was observed."""
        _, _, deviation = instance_norm(x, seen)
        share = torch.ones_like(x) if seen is None else seen.to(x.dtype)
        known = x if seen is None else torch.where(seen, x, 0.0)
        wrong: Tensor = ((self.network(x, seen) - known) / deviation).square() * share
        return wrong.sum(dim=-1) / share.sum(dim=-1).clamp_min(1)

    def loss(self, x: Tensor, y: Tensor, seen: Tensor | None = None) -> Tensor:
        """Return the mean score; ``y`` is ignored."""
        return self.forward(x, seen).mean()

    @torch.no_grad()
    def threshold(self, x: Tensor, ratio: float, seen: Tensor | None = None) -> float:
        """Return the score that a share ``ratio`` of the steps of normal windows exceeds.

        Raises
        ------
        InputError
            If the ratio does not lie between 0 and 1.
        """
        if not 0 < ratio < 1:
            raise InputError(f"The share of anomalies is {ratio}: give a number between 0 and 1.")
        return float(torch.quantile(self.forward(x, seen).flatten().double(), 1 - ratio))


class Classification(SeriesTask):
    """Predict one class per window: ``forward`` returns logits (b, classes)."""

    name = "classification"

    def __init__(
        self, network: str, lookback: int, channels: int, *, horizon: int = 0, classes: int = 0, **options: float
    ) -> None:
        super().__init__(network, lookback, channels, horizon=horizon, classes=classes, **options)
        with torch.no_grad():
            training = self.network.training
            size = self.network.eval().features(torch.zeros(1, lookback, channels)).numel()
            self.network.train(training)
        # The head of the network is not used.
        self.head = nn.Sequential(nn.GELU(), nn.Dropout(0.1), nn.Linear(size + 2 * channels, classes))

    def _check(self, horizon: int, classes: int) -> None:
        if classes < 2:
            raise InputError(f"The number of classes is {classes}: give classes=2 or more.")

    @staticmethod
    def _horizon(horizon: int) -> int:
        return 1

    def forward(self, x: Tensor, seen: Tensor | None = None) -> Tensor:
        """Return logits from the features of all channels, and the mean and scale that normalisation removes."""
        normal, mean, deviation = instance_norm(x, seen)
        parts = (self.network.features(normal), mean, deviation)
        out: Tensor = self.head(torch.cat([part.flatten(1) for part in parts], dim=1))
        return out

    def loss(self, x: Tensor, y: Tensor, seen: Tensor | None = None) -> Tensor:
        """Return the cross-entropy with the classes ``y`` (b,)."""
        return functional.cross_entropy(self.forward(x, seen), y)


TASKS: dict[str, type[SeriesTask]] = {
    task.name: task for task in (LongForecast, ShortForecast, Imputation, AnomalyDetection, Classification)
}


def series_task(
    task: str, network: str, lookback: int, channels: int, *, horizon: int = 0, classes: int = 0, **options: float
) -> SeriesTask:
    """Create one of the five tasks for one of the networks.

    Raises
    ------
    InputError
        If there is no such task or network, or a size does not suit.

    Examples
    --------
    >>> import torch
    >>> fill = series_task("imputation", "timesnet", lookback=36, channels=2)
    >>> fill(torch.randn(8, 36, 2), torch.rand(8, 36, 2) > 0.3).shape
    torch.Size([8, 36, 2])
    """
    if task not in TASKS:
        raise unknown("task", task, TASKS)
    return TASKS[task](network, lookback, channels, horizon=horizon, classes=classes, **options)
