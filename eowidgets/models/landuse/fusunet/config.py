"""Sizes of FUSU-Net and its two branches."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HRNetConfig:
    """Sizes of HRNet.

    Attributes
    ----------
    channels : int
        Bands.
    stem : int
        Filters of the first two convolutions, which halve the size, and of the bottlenecks after them.
    bottlenecks : int
    widths : tuple of int
        Of the branches, each at half the resolution of the previous one.
    modules : tuple of int
        Number of modules in the stages with two, three, ... branches.
    blocks : int
        Residual blocks per branch and module.
    """

    channels: int
    stem: int = 16
    bottlenecks: int = 1
    widths: tuple[int, ...] = (16, 32)
    modules: tuple[int, ...] = (1,)
    blocks: int = 2


@dataclass(frozen=True, slots=True)
class UTAEConfig:
    """Sizes of U-TAE (Garnot and Landrieu, 2021).

    Attributes
    ----------
    channels : int
        Bands.
    encoder, decoder : tuple of int
        Widths of the levels, from the finest; the last ones are equal.
    heads, keys, width : int
        Of the attention over the dates.
    """

    channels: int
    encoder: tuple[int, ...] = (16, 32)
    decoder: tuple[int, ...] = (16, 32)
    heads: int = 4
    keys: int = 4
    width: int = 64


@dataclass(frozen=True, slots=True)
class FusuConfig:
    """Sizes of FUSU-Net.

    Attributes
    ----------
    sharp : HRNetConfig
    series : UTAEConfig or None
        None: the high-resolution images alone.
    classes : int
    """

    sharp: HRNetConfig
    series: UTAEConfig | None
    classes: int


#: The network of the authors: HRNet-W18 on RGB, U-TAE on 15 bands, 18 classes.
PAPER = FusuConfig(
    HRNetConfig(3, stem=64, bottlenecks=4, widths=(18, 36, 72, 144), modules=(1, 4, 3), blocks=4),
    UTAEConfig(15, encoder=(64, 64, 64, 128), decoder=(32, 32, 64, 128), heads=16, width=256),
    classes=18,
)
