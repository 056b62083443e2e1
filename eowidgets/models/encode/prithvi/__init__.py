"""Prithvi-EO 1.0 and 2.0 (Jakubik et al., 2023; Szwarcman et al., 2024); see README.md in this folder."""

from eowidgets.models.encode.prithvi.model import Prithvi
from eowidgets.models.encode.prithvi.network import Encoder

__all__ = ["Encoder", "Prithvi"]
