"""AstroPT (Smith et al., 2024): a vector per telescope stamp; see README.md in this folder."""

from eowidgets.models.encode.astropt.config import PAPER, SMALL, AstroPTConfig
from eowidgets.models.encode.astropt.model import AstroPTModel
from eowidgets.models.encode.astropt.network import AstroPT

__all__ = ["PAPER", "SMALL", "AstroPT", "AstroPTConfig", "AstroPTModel"]
