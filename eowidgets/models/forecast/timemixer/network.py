"""TimeMixer: several resolutions of one series, whose seasons are mixed upwards and whose trends downwards."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.models.forecast.networks.network import SeriesNetwork, moving_average, register_network


def time_mlp(inputs: int, outputs: int) -> nn.Sequential:
    """Return two linear layers along time, from one resolution to another."""
    return nn.Sequential(nn.Linear(inputs, outputs), nn.GELU(), nn.Linear(outputs, outputs))


class PastMixing(nn.Module):
    """Past-decomposable mixing: every scale is decomposed, and both parts are mixed across scales."""

    def __init__(self, lengths: Sequence[int], width: int, hidden: int, window: int) -> None:
        super().__init__()
        pairs = list(pairwise(lengths))
        self.window = window
        self.up = nn.ModuleList(time_mlp(fine, coarse) for fine, coarse in pairs)
        self.down = nn.ModuleList(time_mlp(coarse, fine) for fine, coarse in reversed(pairs))
        self.feed = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))

    def forward(self, scales: list[Tensor]) -> list[Tensor]:
        """Mix scales (b, t_i, width), the finest first."""
        trends = [moving_average(x, self.window) for x in scales]
        # Time last, for the layers along it.
        seasons = [(x - trend).transpose(1, 2) for x, trend in zip(scales, trends, strict=True)]
        trends = [trend.transpose(1, 2) for trend in trends]
        season, mixed = seasons[0], [seasons[0]]
        for layer, coarse in zip(self.up, seasons[1:], strict=True):
            season = coarse + layer(season)
            mixed.append(season)
        trend, level = trends[-1], [trends[-1]]
        for layer, fine in zip(self.down, reversed(trends[:-1]), strict=True):
            trend = fine + layer(trend)
            level.append(trend)
        both = zip(scales, mixed, reversed(level), strict=True)
        return [x + self.feed((s + t).transpose(1, 2)) for x, s, t in both]


@register_network
class TimeMixer(SeriesNetwork):
    """Decomposable multiscale mixing (Wang et al., 2024, ICLR, arXiv:2405.14616); channels are independent.

    Parameters
    ----------
    width, hidden : int
        Of a step, and of the feed-forward layer.
    depth : int
        Mixing blocks.
    scales : int
        Number of coarser resolutions, each half of the previous one; fewer if the look-back is short.
    window : int
        Odd number of steps of the moving average that separates season and trend.
    dropout : float
    """

    name = "timemixer"
    paper = "Wang et al. (2024), TimeMixer, ICLR; arXiv:2405.14616"

    def __init__(
        self,
        lookback: int,
        horizon: int,
        channels: int,
        width: int = 16,
        hidden: int = 32,
        depth: int = 2,
        scales: int = 3,
        window: int = 25,
        dropout: float = 0.1,
    ) -> None:
        super().__init__(lookback, horizon, channels)
        self.lengths = [lookback]
        while len(self.lengths) <= scales and self.lengths[-1] >= 4:
            self.lengths.append(self.lengths[-1] // 2)
        self.width = width * sum(self.lengths)
        self.step_width = width
        self.embed = nn.Conv1d(1, width, kernel_size=3, padding=1, padding_mode="replicate", bias=False)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.Sequential(*(PastMixing(self.lengths, width, hidden, window) for _ in range(depth)))
        self.ahead = nn.ModuleList(nn.Linear(length, self.outputs) for length in self.lengths)
        self.out = nn.Linear(width, 1)

    def features(self, x: Tensor) -> Tensor:
        """Return all steps of all scales of a channel, (b, c, Σ t_i · width)."""
        b, _, c = x.shape
        rows = x.transpose(1, 2).reshape(b * c, 1, -1)  # (b c) 1 t
        scales = []
        for _ in self.lengths:
            scales.append(self.dropout(self.embed(rows)).transpose(1, 2))  # (b c) t_i width
            rows = functional.avg_pool1d(rows, 2) if rows.shape[-1] > 1 else rows
        mixed: list[Tensor] = self.blocks(scales)
        return torch.cat(mixed, dim=1).reshape(b, c, -1)

    def project(self, features: Tensor) -> Tensor:
        """Sum the projections of all scales to the future."""
        b, c, _ = features.shape
        steps = torch.split(features.reshape(b * c, -1, self.step_width), self.lengths, dim=1)
        said = [layer(s.transpose(1, 2)) for layer, s in zip(self.ahead, steps, strict=True)]
        out: Tensor = self.out(torch.stack(said).sum(0).transpose(1, 2))  # (b c) h 1
        return out.reshape(b, c, -1).transpose(1, 2)
