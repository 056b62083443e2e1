"""Sizes of the residual network of SSL4Eco."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: What convolutions see beyond the edge of an image.
Padding = Literal["zeros", "replicate"]


@dataclass(frozen=True, slots=True)
class ResNetConfig:
    """Sizes of a residual network.

    Attributes
    ----------
    channels : int
        Bands and NDVI.
    stem : int
        Width of the 7 x 7 convolution at the start.
    widths : tuple of int
        Inner width of the blocks of each stage; blocks with a bottleneck are four times as wide outside.
    depths : tuple of int
        Blocks of each stage; every stage but the first halves the resolution, after a stem of stride 4.
    bottleneck : bool
        Blocks of three convolutions (ResNet-50) or of two (ResNet-18).
    padding : {"zeros", "replicate"}
        What convolutions see beyond the edge of an image. Zeros, as in the paper, mark the edge in all vectors near it;
        repeated edge pixels do not.
    """

    channels: int
    stem: int
    widths: tuple[int, ...]
    depths: tuple[int, ...]
    bottleneck: bool
    padding: Padding = "zeros"

    @property
    def width(self) -> int:
        """Length of the vectors."""
        return self.widths[-1] * (4 if self.bottleneck else 1)

    @property
    def stride(self) -> int:
        """Pixels of the input along one side of a cell of the output."""
        return int(4 * 2 ** (len(self.widths) - 1))


#: The network of the paper: ResNet-50 on eight bands and NDVI.
PAPER = ResNetConfig(9, 64, (64, 128, 256, 512), (3, 4, 6, 3), bottleneck=True)
#: The network that is trained here, on five bands and NDVI.
SMALL = ResNetConfig(6, 32, (32, 64, 128), (1, 2, 2), bottleneck=False, padding="replicate")
