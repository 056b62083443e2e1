"""Residual networks that encode an image as a grid of features (He et al., 2016): a small one, and ResNet-152."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from eowidgets.models.blocks.residual import Block, Bottleneck


class Encoder(nn.Module):
    """A stem and one block per width; each halves the grid.

    Parameters
    ----------
    channels : int
        Number of bands of the image.
    widths : tuple of int
        Channels of the stem and of the following blocks.
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
        """Return features (b, widths[-1], h / shrink, w / shrink) of an image (b, channels, h, w)."""
        out: Tensor = self.blocks(self.stem(x))
        return out


class DeepEncoder(nn.Module):
    """ResNet with bottleneck blocks, without its classifier.

    Parameters
    ----------
    channels : int
        Number of bands of the image.
    depths : tuple of int
        Bottlenecks in each of four stages; (3, 8, 36, 3) is ResNet-152, with 2048 output channels.
    """

    WIDTHS = (64, 128, 256, 512)

    def __init__(self, channels: int, depths: tuple[int, ...]) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(channels, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)
        )
        stages, inside = [], 64
        for level, (width, depth) in enumerate(zip(self.WIDTHS, depths, strict=True)):
            first = Bottleneck(inside, width, 2 if level else 1)
            inside = 4 * width
            stages.append(nn.Sequential(first, *(Bottleneck(inside, width, 1) for _ in range(depth - 1))))
        self.stages = nn.Sequential(*stages)
        self.shrink = 32

    def forward(self, x: Tensor) -> Tensor:
        """Return features (b, 2048, h / 32, w / 32) of an image (b, channels, h, w)."""
        out: Tensor = self.stages(self.stem(x))
        return out
