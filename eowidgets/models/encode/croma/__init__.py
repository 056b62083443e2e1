"""CROMA (Fuller et al., 2023): a vector per patch; see README.md in this folder."""

from eowidgets.models.encode.croma.model import CromaModel
from eowidgets.models.encode.croma.network import Croma

__all__ = ["Croma", "CromaModel"]
