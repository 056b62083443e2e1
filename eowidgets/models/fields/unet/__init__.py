"""U-Nets for field boundaries (Zahid et al., 2024); see README.md in this folder."""

from eowidgets.models.blocks.unet import UNet, UNetConfig
from eowidgets.models.fields.unet.config import PAPER, SHIPPED
from eowidgets.models.fields.unet.model import Fields, FieldsUNet

__all__ = ["PAPER", "SHIPPED", "Fields", "FieldsUNet", "UNet", "UNetConfig"]
