"""Encoders with published weights: vectors that describe pixels, patches or places; importing it registers its models."""

from eowidgets.models.encode.clay import Clay
from eowidgets.models.encode.croma import CromaModel
from eowidgets.models.encode.dofa import Dofa
from eowidgets.models.encode.galileo import Galileo
from eowidgets.models.encode.olmoearth import OlmoEarth
from eowidgets.models.encode.presto import PrestoModel
from eowidgets.models.encode.prithvi import Prithvi
from eowidgets.models.encode.satclip import SatclipModel
from eowidgets.models.encode.satmaepp import SatMAEpp
from eowidgets.models.encode.terramind import Terramind

__all__ = [
    "Clay",
    "CromaModel",
    "Dofa",
    "Galileo",
    "OlmoEarth",
    "PrestoModel",
    "Prithvi",
    "SatMAEpp",
    "SatclipModel",
    "Terramind",
]
