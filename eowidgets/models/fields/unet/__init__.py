"""U-Nets for field boundaries (Zahid et al., 2024); README.md beside this file describes them."""

from eowidgets.models.blocks.unet import UNet, UNetConfig
from eowidgets.models.fields.unet.config import PAPER, SHIPPED
from eowidgets.models.fields.unet.model import Fields, FieldsUNet

__all__ = ["PAPER", "SHIPPED", "Fields", "FieldsUNet", "UNet", "UNetConfig"]
