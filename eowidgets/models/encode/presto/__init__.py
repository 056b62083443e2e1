"""Presto (Tseng et al., 2023): a vector per pixel; see README.md in this folder."""

from eowidgets.models.encode.presto.model import PrestoModel
from eowidgets.models.encode.presto.network import Presto

__all__ = ["Presto", "PrestoModel"]
