"""Sizes of DynamicVis: the small one that ships, and the two of the paper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: What convolutions see beyond the edge of an image.
Padding = Literal["zeros", "replicate"]


@dataclass(frozen=True, slots=True)
class DynamicVisConfig:
    """Sizes of the network.

    Parameters
    ----------
    channels : int
        Bands.
    side : int
        Pixels along one side of the images of the training; positions are interpolated for others.
    widths, depths : tuple of int
        Of the stages.
    kernels, strides : tuple of int
        Of the convolution at the start of each stage.
    keep : tuple of int
        One token in this number is mixed in each stage (``spatial_token_keep_ratios`` in the authors' code).
    state : int
        Numbers that the scan carries per channel.
    noise : float
        Scale of the Gumbel noise in the choice of tokens during training.
    gain : bool
        Multiply the weights of the tokens by the number of tokens, so that their mean is 1. The authors do not.
    padding : {"zeros", "replicate"}
        What convolutions see beyond the edge of an image. Zeros, as in the authors' code, mark the edge in all vectors near
        it; repeated edge pixels do not.
    """

    channels: int = 3
    side: int = 64
    widths: tuple[int, ...] = (24, 48, 96, 160)
    depths: tuple[int, ...] = (1, 1, 3, 1)
    kernels: tuple[int, ...] = (7, 3, 3, 3)
    strides: tuple[int, ...] = (4, 2, 2, 2)
    keep: tuple[int, ...] = (8, 4, 2, 1)
    state: int = 8
    noise: float = 0.1
    gain: bool = True
    padding: Padding = "replicate"

    @property
    def patch(self) -> int:
        """Pixels along one side of what a vector of the last stage describes."""
        product = 1
        for stride in self.strides:
            product *= stride
        return product


SMALL = DynamicVisConfig()
PAPER = {
    "base": DynamicVisConfig(
        side=512, widths=(96, 192, 384, 768), depths=(2, 4, 16, 4), state=16, gain=False, padding="zeros"
    ),
    "large": DynamicVisConfig(
        side=512, widths=(128, 256, 512, 1024), depths=(2, 4, 32, 4), state=16, gain=False, padding="zeros"
    ),
}
