"""Sizes of the Swin V2 networks of SatVision-TOA."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SwinConfig:
    """Sizes of a Swin V2 encoder.

    Attributes
    ----------
    channels : int
        Bands.
    side : int
        Side of the training images in pixels.
    widths, depths, heads : tuple of int
        Channels, blocks and heads of each stage.
    patch : int
        Pixels along one side of a token of the first stage.
    window : int
        Tokens along one side of a window; stages with fewer tokens have one window.
    mask : int
        Side in pixels of the masked squares in training.
    hidden : int
        Width of the network that computes the position bias.
    norm_period : int
        Number of blocks of the third stage after which there is an additional norm; 0 for none.
    """

    channels: int
    side: int
    widths: tuple[int, ...]
    depths: tuple[int, ...]
    heads: tuple[int, ...]
    patch: int = 4
    window: int = 8
    mask: int = 8
    hidden: int = 512
    norm_period: int = 0

    @property
    def stride(self) -> int:
        """Pixels along one side of a cell of the output."""
        return int(self.patch * 2 ** (len(self.widths) - 1))

    @property
    def width(self) -> int:
        """Length of the vectors."""
        return self.widths[-1]


#: The network of the paper, on 14 bands of MODIS.
GIANT = SwinConfig(14, 128, (512, 1024, 2048, 4096), (2, 2, 42, 2), (16, 32, 64, 128), norm_period=6)
#: The shipped network, on six bands of reflectance.
SMALL = SwinConfig(6, 64, (48, 96), (2, 4), (3, 6), hidden=64)
