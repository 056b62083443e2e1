"""The choices that make one network of change out of many; what the papers leave open, or what is smaller here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: Bands that the shipped networks see.
BANDS = ("red", "green", "blue")
#: Values of their maps: nothing, road, building (the classes of LEVIR-MCI).
CLASSES = 3


@dataclass(frozen=True, slots=True)
class LENetConfig:
    """Sizes and switches of LENet.

    Parameters
    ----------
    encoder : {"residual", "swin"}
        A small residual network, or Swin-V2 as in the paper, where it is Swin-V2-B pre-trained on ImageNet.
    widths : tuple of int
        Channels of the encoder's stages. Swin-V2-B has 128, 256, 512, 1024.
    blocks : int
        Residual blocks in a stage of ``encoder="residual"``.
    depths, encoder_heads : tuple of int
        Blocks and heads in the stages of ``encoder="swin"``; the defaults are those of Swin-V2-B.
    width : int
        Channels of the pyramid and the decoder (256 in the paper).
    stem : int
        Stride before the first stage, a power of two: 4, as in the paper. The finest map has half of it.
    decoder : {"swin", "conv"}
        Blocks of the decoder: Swin-V2 as in the paper, or residual convolutions.
    depth : int
        Blocks a level of the decoder (2 in the paper).
    heads : int or tuple of int
        Of the decoder's Swin-V2 blocks, for each level from the finest if there are several (4, 8, 16, 32 in the paper).
    attention_window : int
        Side of the windows of all Swin-V2 blocks (8 in the paper).
    position_hidden : int
        Width of the network that makes the position bias of Swin-V2 blocks (512 in the paper).
    exchange : bool
        Layer exchange: swap both dates' features of even levels before the pyramid, and back after it.
    csdw : bool
        Channel-spatial difference weighting after every stage and in the decoder.
    csdw_patches : bool
        The same after the patch embedding, as in the reference code. The shipped weights have none there.
    separate : bool
        A pyramid and a decoder of its own for each date, as in the reference code. Shared ones need half the
        parameters and make the network treat both dates alike.
    classes, channels : int
        Classes of the map, and bands of a picture.
    """

    encoder: Literal["residual", "swin"] = "residual"
    widths: tuple[int, ...] = (32, 64, 96, 104)
    blocks: int = 1
    depths: tuple[int, ...] = (2, 2, 18, 2)
    encoder_heads: tuple[int, ...] = (4, 8, 16, 32)
    width: int = 40
    stem: int = 4
    decoder: Literal["swin", "conv"] = "swin"
    depth: int = 1
    heads: int | tuple[int, ...] = 4
    attention_window: int = 8
    position_hidden: int = 64
    exchange: bool = True
    csdw: bool = True
    csdw_patches: bool = False
    separate: bool = False
    classes: int = CLASSES
    channels: int = len(BANDS)


#: The authors' configuration: Swin-V2-B, a pyramid and decoder of 256 channels for each date, all weightings.
LENET_PAPER = LENetConfig(
    encoder="swin",
    widths=(128, 256, 512, 1024),
    width=256,
    depth=2,
    heads=(4, 8, 16, 32),
    position_hidden=512,
    csdw_patches=True,
    separate=True,
    classes=2,
)


@dataclass(frozen=True, slots=True)
class SiamDiffConfig:
    """Sizes of FC-Siam-diff; the paper's widths are 16, 32, 64, 128 with dropout 0.2."""

    widths: tuple[int, ...] = (16, 33, 66, 116)
    dropout: float = 0.1
    classes: int = CLASSES
    channels: int = len(BANDS)


#: Widths and dropout of the paper; two classes.
SIAMDIFF_PAPER = SiamDiffConfig(widths=(16, 32, 64, 128), dropout=0.2, classes=2)


@dataclass(frozen=True, slots=True)
class MCIConfig:
    """Sizes of the MCI model of Change-Agent.

    Parameters
    ----------
    widths, depths, reductions, heads : tuple of int
        Of the Mix Transformer's four stages. MiT-B1 has 64, 128, 320, 512 channels, 2 blocks each, spatial
        reductions 8, 4, 2, 1, heads 1, 2, 5, 8.
    shrink : int
        The pictures are averaged over so many pixels first (1 in the paper: 256 pixels are seen as 256).
    layers : int
        BI3 layers of each branch (3 in the paper).
    text_width, text_layers, text_heads : int
        Of the caption decoder (512, 1, 8 in the paper).
    tells : bool
        The words see what the map shows, pooled to the cells that they attend to. In the paper the branches share the
        encoder alone; with it a short training says what it maps.
    near : bool
        The words also attend to the cells of the third stage, four times as many, with both dates' features and what the
        map shows there: enough to count houses, and to tell new ones from vanished ones. Not in the paper.
    dropout : float
    words : int
        Size of the vocabulary, the four special tokens included.
    longest : int
        Tokens of a caption, start and end included (41 in the paper).
    side : int
        Largest side, in pixels, whose positions are learned.
    """

    widths: tuple[int, ...] = (16, 32, 48, 64)
    depths: tuple[int, ...] = (1, 1, 1, 1)
    reductions: tuple[int, ...] = (8, 4, 2, 1)
    heads: tuple[int, ...] = (1, 2, 3, 4)
    shrink: int = 2
    layers: int = 3
    text_width: int = 96
    text_layers: int = 1
    text_heads: int = 4
    tells: bool = False
    near: bool = False
    dropout: float = 0.1
    words: int = 400
    longest: int = 32
    side: int = 256
    classes: int = CLASSES
    channels: int = len(BANDS)


#: The authors' configuration: MiT-B1 on whole pixels, a caption decoder of width 512. The vocabulary depends on the captions.
MCI_PAPER = MCIConfig(
    widths=(64, 128, 320, 512),
    depths=(2, 2, 2, 2),
    heads=(1, 2, 5, 8),
    shrink=1,
    text_width=512,
    text_heads=8,
    longest=41,
)
