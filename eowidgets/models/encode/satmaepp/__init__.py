"""SatMAE++ (Noman et al., 2024): a vector per patch; see README.md in this folder."""

from eowidgets.models.encode.satmaepp.model import SatMAEpp
from eowidgets.models.encode.satmaepp.network import Encoder

__all__ = ["Encoder", "SatMAEpp"]
