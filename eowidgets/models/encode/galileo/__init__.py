"""Galileo-nano (Tseng et al., 2025): a vector per patch; README.md beside this file describes it."""

from eowidgets.models.encode.galileo.model import GalileoNano
from eowidgets.models.encode.galileo.network import Encoder

__all__ = ["Encoder", "GalileoNano"]
