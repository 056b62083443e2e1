"""CROMA (Fuller et al., 2023): a vector per patch; README.md beside this file describes it."""

from eowidgets.models.encode.croma.model import CromaModel
from eowidgets.models.encode.croma.network import Croma

__all__ = ["Croma", "CromaModel"]
