"""SatVision-TOA (Spradlin et al., 2024): Swin V2 trained by SimMIM; see README.md in this folder."""

from eowidgets.models.encode.satvision.model import SatVision
from eowidgets.models.encode.satvision.network import SimMIM, SwinV2

__all__ = ["SatVision", "SimMIM", "SwinV2"]
