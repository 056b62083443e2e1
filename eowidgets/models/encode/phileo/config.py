"""Sizes of the geo-aware U-Net of PhilEO."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class GeoUNetConfig:
    """Sizes of the U-Net.

    Attributes
    ----------
    channels : int
        Bands of the input and of what is restored.
    widths : tuple of int
        Of the levels, from the finest to the coarsest.
    depths : tuple of int
        Blocks of each level, on the way down and on the way up.
    expansion, reduction : int
        Of the attention in skip connections: features are pooled to ``reduction`` x ``reduction``, and the hidden layer has
        ``expansion`` times as many channels.
    squeeze : int
        Divisor of the hidden layer by which blocks weight their channels.
    padding : {"zeros", "replicate"}
        What convolutions see beyond the edge of an image. Zeros, as in the reference code, mark the edge in all vectors
        near it; repeated edge pixels do not.
    """

    channels: int
    widths: tuple[int, ...]
    depths: tuple[int, ...]
    expansion: int = 4
    reduction: int = 4
    squeeze: int = 16
    padding: Literal["zeros", "replicate"] = "zeros"

    @property
    def stride(self) -> int:
        """Pixels along one side of a cell of the bridge."""
        return int(2 ** len(self.widths))

    @property
    def width(self) -> int:
        """Length of the vectors."""
        return self.widths[-1]


#: The "nano" configuration of the authors' full U-Net, on ten bands.
PAPER = GeoUNetConfig(10, (80, 160, 320, 640), (2, 2, 8, 2))
#: The network that is trained here, on five bands.
SMALL = GeoUNetConfig(5, (16, 32, 48, 80), (1, 1, 2, 1), expansion=1, padding="replicate")
