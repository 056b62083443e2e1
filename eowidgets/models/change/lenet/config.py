"""Configuration of LENet, including options that the paper leaves open and smaller sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from eowidgets.models.change.shipped import BANDS, CLASSES


@dataclass(frozen=True, slots=True)
class LENetConfig:
    """Sizes and options of LENet.

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
        Stride before the first stage, a power of two: 4, as in the paper. The finest map has half this stride.
    decoder : {"swin", "conv"}
        Blocks of the decoder: Swin-V2 as in the paper, or residual convolutions.
    depth : int
        Blocks per level of the decoder (2 in the paper).
    heads : int or tuple of int
        Of the decoder's Swin-V2 blocks; a tuple gives one number per level, from the finest (4, 8, 16, 32 in the paper).
    attention_window : int
        Side of the windows of all Swin-V2 blocks (8 in the paper).
    position_hidden : int
        Width of the network that computes the position bias of Swin-V2 blocks (512 in the paper).
    exchange : bool
        Layer exchange: swap both dates' features of even levels before the pyramid, and swap them back after it.
    csdw : bool
        Channel-spatial difference weighting after every stage and in the decoder.
    csdw_patches : bool
        The same after the patch embedding, as in the reference code. The shipped weights do not have it.
    separate : bool
        A separate pyramid and decoder for each date, as in the reference code. Shared ones need half the parameters and
        make the network treat both dates alike.
    symmetric : bool
        Average the logits of each head over both orders of the dates, so that swapped dates give the same maps. It
        requires ``separate=False``, so that everything before the heads treats both dates alike. Not in the paper.
    classes, channels : int
        Number of classes of the map, and of bands of an image.
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
    symmetric: bool = False
    classes: int = CLASSES
    channels: int = len(BANDS)


#: The shipped network.
LENET_SMALL = LENetConfig(widths=(24, 48, 72, 96), width=32, symmetric=True)
#: The authors' configuration: Swin-V2-B, a pyramid and decoder of 256 channels for each date, all weighting modules.
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

#: Configurations by name; weights are shipped for ``"small"``.
LENET_SIZES: dict[str, LENetConfig] = {"small": LENET_SMALL, "paper": LENET_PAPER}
