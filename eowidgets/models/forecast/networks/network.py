"""Shared by the networks: input and output shapes, instance normalisation, moving average, encoder layer."""

from __future__ import annotations

from abc import abstractmethod
from importlib import import_module
from typing import ClassVar, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.errors import InputError, unknown
from eowidgets.models.blocks.attention import Attention

#: Variance below which a series counts as constant; absolute, because series are near unit scale.
SMALLEST_VARIANCE = 1e-5


class SeriesNetwork(nn.Module):
    """A network from ``lookback`` steps of ``channels`` series to ``horizon`` steps of the same.

    With a horizon of 0 the same network reconstructs its look-back; :mod:`eowidgets.models.forecast.networks.tasks` builds
    five tasks on it.

    Parameters
    ----------
    lookback, horizon, channels : int

    Attributes
    ----------
    outputs : int
        Number of output steps: ``horizon``, or ``lookback`` for a network that reconstructs.
    width : int
        Length of the vector that :meth:`features` returns for each row.
    """

    name: ClassVar[str]
    paper: ClassVar[str]

    def __init__(self, lookback: int, horizon: int, channels: int) -> None:
        super().__init__()
        if min(lookback, channels) < 1 or horizon < 0:
            raise InputError(
                f"A look-back of {lookback} steps, {channels} channels and horizon {horizon} is invalid: give positive sizes."
            )
        self.lookback, self.horizon, self.channels = lookback, horizon, channels
        self.outputs = horizon or lookback
        self.width = 0

    @abstractmethod
    def features(self, x: Tensor) -> Tensor:
        """Encode a normalised look-back ``(b, t, c)`` into ``(b, rows, width)``; rows are channels, or one."""

    @abstractmethod
    def project(self, features: Tensor) -> Tensor:
        """Project the result of :meth:`features` to the output ``(b, outputs, c)``, still normalised."""

    def forward(self, x: Tensor, seen: Tensor | None = None) -> Tensor:
        """Forecast, or reconstruct.

        Parameters
        ----------
        x : Tensor, shape (b, lookback, c)
        seen : Tensor, optional, shape (b, lookback, c), bool
            False where there is a gap; the value there is ignored.

        Returns
        -------
        Tensor, shape (b, outputs, c)
        """
        x, mean, deviation = instance_norm(x, seen)
        return self.project(self.features(x)) * deviation + mean


def instance_norm(x: Tensor, seen: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """Centre and scale each series by itself (Liu et al., 2022, Non-stationary Transformers); gaps become 0.

    Returns
    -------
    normalised, mean, deviation : Tensor, shapes (b, t, c), (b, 1, c), (b, 1, c)
    """
    if seen is None:
        mean = x.mean(dim=1, keepdim=True).detach()
        centred = x - mean
        variance = centred.square().mean(dim=1, keepdim=True)
    else:
        share = seen.to(x.dtype)
        count = share.sum(dim=1, keepdim=True).clamp_min(1)
        x = torch.where(seen, x, 0.0)
        mean = (x.sum(dim=1, keepdim=True) / count).detach()
        centred = (x - mean) * share
        variance = centred.square().sum(dim=1, keepdim=True) / count
    deviation = (variance + SMALLEST_VARIANCE).sqrt().detach()
    return centred / deviation, mean, deviation


def moving_average(x: Tensor, window: int) -> Tensor:
    """Return the centred moving average along time, (b, t, c); the ends are padded by repetition."""
    if window % 2 == 0:
        raise InputError(f"The window of a centred moving average is {window}: give an odd number.")
    half = window // 2
    padded = functional.pad(x.transpose(1, 2), (half, half), mode="replicate")
    return functional.avg_pool1d(padded, window, stride=1).transpose(1, 2)


class BatchNorm(nn.BatchNorm1d):
    """Batch normalisation of tokens ``(..., n, width)`` over everything but the width."""

    def forward(self, x: Tensor) -> Tensor:
        """Normalise tokens."""
        return super().forward(x.flatten(0, -2)).reshape(x.shape)


class EncoderLayer(nn.Module):
    """Transformer encoder layer, normalised after each half (Vaswani et al., 2017)."""

    def __init__(
        self, width: int, heads: int, hidden: int, dropout: float, norm: type[nn.Module] = nn.LayerNorm
    ) -> None:
        super().__init__()
        self.attention = Attention(width, heads)
        self.feed = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, width))
        self.norm1, self.norm2 = norm(width), norm(width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Mix tokens, shape (..., n, width)."""
        x = self.norm1(x + self.dropout(self.attention(x)))
        out: Tensor = self.norm2(x + self.dropout(self.feed(x)))
        return out


#: Folders of the systems whose ``network.py`` registers a network.
SYSTEMS = ("itransformer", "ltsf_linear", "patchtst", "spacetime", "timemixer", "timesnet")

N = TypeVar("N", bound=type[SeriesNetwork])
NETWORKS: dict[str, type[SeriesNetwork]] = {}


def register_network(cls: N) -> N:
    """Register a network class by its name (a class decorator)."""
    NETWORKS[cls.name] = cls
    return cls


def make_network(name: str, lookback: int, horizon: int, channels: int, **options: float) -> SeriesNetwork:
    """Create a network by name, with its own defaults for options that are not given.

    Raises
    ------
    InputError
        If no network has this name, or the sizes are invalid.
    """
    for system in SYSTEMS:
        import_module(f"eowidgets.models.forecast.{system}.network")
    if name not in NETWORKS:
        raise unknown("network", name, NETWORKS)
    return NETWORKS[name](lookback, horizon, channels, **options)
