"""SatMAE++ (Noman et al., 2024): a vector per patch; README.md beside this file describes it."""

from eowidgets.models.encode.satmaepp.model import SatMAEpp
from eowidgets.models.encode.satmaepp.network import Encoder

__all__ = ["Encoder", "SatMAEpp"]
