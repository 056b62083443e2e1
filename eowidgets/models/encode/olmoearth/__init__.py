"""OlmoEarth v1, v1.1 and v1.2 (Herzog et al., 2025): a vector per patch; see README.md in this folder."""

from eowidgets.models.encode.olmoearth.model import OlmoEarth
from eowidgets.models.encode.olmoearth.network import Encoder

__all__ = ["Encoder", "OlmoEarth"]
