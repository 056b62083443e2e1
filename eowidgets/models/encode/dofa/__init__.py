"""DOFA (Xiong et al., 2024): a vector per patch; see README.md in this folder."""

from eowidgets.models.encode.dofa.model import Dofa
from eowidgets.models.encode.dofa.network import Encoder

__all__ = ["Dofa", "Encoder"]
