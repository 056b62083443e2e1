"""Sizes of the networks for biomass."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FCNConfig:
    """Sizes of the fully convolutional network; the widths are those of the authors."""

    channels: int
    outputs: int = 1
    widths: tuple[int, ...] = (16, 32, 64, 128)


@dataclass(frozen=True, slots=True)
class UNetConfig:
    """Sizes of the U-Net with residual blocks; the authors use widths of 64, 128, ..., three levels down for 15 pixels."""

    channels: int
    outputs: int = 1
    widths: tuple[int, ...] = (16, 32, 64, 128)


@dataclass(frozen=True, slots=True)
class XceptionConfig:
    """Sizes of Xception-S2.

    Attributes
    ----------
    channels, outputs : int
    entry : tuple of int
        Widths of the first two 1 x 1 convolutions.
    width, blocks : int
        Filters and number of the blocks of separable convolutions.
    """

    channels: int
    outputs: int = 1
    entry: tuple[int, int] = (32, 48)
    width: int = 64
    blocks: int = 4


#: Sizes of the authors, for twelve bands of Sentinel-2.
PAPER = {
    "fcn": FCNConfig(channels=12),
    "unet": UNetConfig(channels=12, widths=(64, 128, 256, 512)),
    "xceptions2": XceptionConfig(channels=12, entry=(128, 256), width=728, blocks=8),
}
