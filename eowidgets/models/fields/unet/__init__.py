"""U-Nets for field boundaries (Zahid et al., 2024); README.md beside this file describes them."""

from eowidgets.models.fields.unet.config import PAPER, SHIPPED, UNetConfig
from eowidgets.models.fields.unet.model import Fields, FieldsUNet
from eowidgets.models.fields.unet.network import UNet

__all__ = ["PAPER", "SHIPPED", "Fields", "FieldsUNet", "UNet", "UNetConfig"]
