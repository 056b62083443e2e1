"""A small residual network that turns a picture into a grid of features (He et al., 2016)."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional


class Block(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut."""

    def __init__(self, inside: int, outside: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inside, outside, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outside),
            nn.ReLU(),
            nn.Conv2d(outside, outside, 3, padding=1, bias=False),
            nn.BatchNorm2d(outside),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride > 1 or inside != outside:
            self.shortcut = nn.Sequential(nn.Conv2d(inside, outside, 1, stride, bias=False), nn.BatchNorm2d(outside))

    def forward(self, x: Tensor) -> Tensor:
        """Transform (b, inside, h, w)."""
        return functional.relu(self.body(x) + self.shortcut(x))


class Encoder(nn.Module):
    """Stem and one block for every width; each halves the picture.

    Parameters
    ----------
    channels : int
        Bands of the picture.
    widths : tuple of int
        Channels of the stem and of every block after it.
    """

    def __init__(self, channels: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(channels, widths[0], 3, 2, 1, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU()
        )
        self.blocks = nn.Sequential(
            Block(widths[0], widths[0], 1),
            *(Block(a, b, 2) for a, b in pairwise(widths)),
        )
        self.shrink = 2 ** len(widths)

    def forward(self, x: Tensor) -> Tensor:
        """Features (b, widths[-1], h / shrink, w / shrink) of a picture (b, channels, h, w)."""
        out: Tensor = self.blocks(self.stem(x))
        return out
