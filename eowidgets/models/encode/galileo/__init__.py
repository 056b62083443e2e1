"""Galileo (Tseng et al., 2025): a vector per patch; see README.md in this folder."""

from eowidgets.models.encode.galileo.model import Galileo
from eowidgets.models.encode.galileo.network import Encoder

#: The name of the first release, kept for one more release.
GalileoNano = Galileo

__all__ = ["Encoder", "Galileo"]
