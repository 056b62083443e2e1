"""LENet (Dong et al., 2024): building change between two images; see README.md in this folder."""

from eowidgets.models.change.lenet.config import LENET_PAPER, LENET_SIZES, LENetConfig
from eowidgets.models.change.lenet.model import ChangeLENet
from eowidgets.models.change.lenet.network import (
    AUX_WEIGHT,
    CSDW,
    DICE_WEIGHT,
    PRIOR,
    BasicBlock,
    DecoderLevel,
    Encoder,
    LENet,
    Pyramid,
    SqueezeExcite,
    conv_norm,
    difference_weights,
    exchange,
    maps_loss,
    overlap_loss,
    start_rare,
)

__all__ = [
    "AUX_WEIGHT",
    "CSDW",
    "DICE_WEIGHT",
    "LENET_PAPER",
    "LENET_SIZES",
    "PRIOR",
    "BasicBlock",
    "ChangeLENet",
    "DecoderLevel",
    "Encoder",
    "LENet",
    "LENetConfig",
    "Pyramid",
    "SqueezeExcite",
    "conv_norm",
    "difference_weights",
    "exchange",
    "maps_loss",
    "overlap_loss",
    "start_rare",
]
