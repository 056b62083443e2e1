"""PatchTST: a token is a patch of one channel, and channels pass independently through the same network."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.models.forecast.networks.network import BatchNorm, EncoderLayer, SeriesNetwork, register_network


@register_network
class PatchTST(SeriesNetwork):
    """Patched, channel-independent transformer (Nie et al., 2023, ICLR, arXiv:2211.14730).

    The defaults are the paper's small network for the ETTh sets. If a look-back is shorter than a patch, it is a single
    patch.

    Parameters
    ----------
    patch, stride : int
        Steps per patch, and between the starts of two patches.
    width, hidden : int
        Of a token, and of the feed-forward layer.
    depth, heads : int
    dropout : float
    """

    name = "patchtst"
    paper = "Nie et al. (2023), A time series is worth 64 words, ICLR; arXiv:2211.14730"

    def __init__(
        self,
        lookback: int,
        horizon: int,
        channels: int,
        patch: int = 16,
        stride: int = 8,
        width: int = 16,
        hidden: int = 128,
        depth: int = 3,
        heads: int = 4,
        dropout: float = 0.3,
    ) -> None:
        super().__init__(lookback, horizon, channels)
        self.patch, self.stride = min(patch, lookback), min(stride, lookback)
        count = (lookback + self.stride - self.patch) // self.stride + 1
        self.width = width * count
        self.embed = nn.Linear(self.patch, width)
        self.position = nn.Parameter(torch.empty(count, width).uniform_(-0.02, 0.02))
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.Sequential(*(EncoderLayer(width, heads, hidden, dropout, BatchNorm) for _ in range(depth)))
        self.head = nn.Linear(self.width, self.outputs)

    def features(self, x: Tensor) -> Tensor:
        """Return all patches of a channel, concatenated, (b, c, patches · width)."""
        rows = functional.pad(x.transpose(1, 2), (0, self.stride), mode="replicate")  # b c t
        patches = rows.unfold(-1, self.patch, self.stride)  # b c n patch
        tokens = self.dropout(self.embed(patches) + self.position)
        out: Tensor = self.layers(tokens)
        return out.flatten(-2)

    def project(self, features: Tensor) -> Tensor:
        """Project each channel's patches to its future values."""
        out: Tensor = self.head(features)
        return out.transpose(1, 2)
