"""Galileo (Tseng et al., 2025): a vector per patch; README.md beside this file describes it."""

from eowidgets.models.encode.galileo.model import Galileo
from eowidgets.models.encode.galileo.network import Encoder

#: The name of the first release, for one release.
GalileoNano = Galileo

__all__ = ["Encoder", "Galileo"]
