"""Encoders: vectors that describe pixels, patches, chips or places; importing it registers its models."""

from eowidgets.models.encode.agrifm import AgriFMModel
from eowidgets.models.encode.astropt import AstroPTModel
from eowidgets.models.encode.clay import Clay
from eowidgets.models.encode.croma import CromaModel
from eowidgets.models.encode.dofa import Dofa
from eowidgets.models.encode.dynamicvis import DynamicVisModel
from eowidgets.models.encode.galileo import Galileo
from eowidgets.models.encode.olmoearth import OlmoEarth
from eowidgets.models.encode.phileo import PhilEO
from eowidgets.models.encode.presto import PrestoModel
from eowidgets.models.encode.prithvi import Prithvi
from eowidgets.models.encode.satclip import SatclipModel
from eowidgets.models.encode.satmaepp import SatMAEpp
from eowidgets.models.encode.satvision import SatVision
from eowidgets.models.encode.skysense import SkySenseModel
from eowidgets.models.encode.spectralearth import SpectralEarth
from eowidgets.models.encode.ssl4eco import SSL4Eco
from eowidgets.models.encode.terramind import Terramind

__all__ = [
    "AgriFMModel",
    "AstroPTModel",
    "Clay",
    "CromaModel",
    "Dofa",
    "DynamicVisModel",
    "Galileo",
    "OlmoEarth",
    "PhilEO",
    "PrestoModel",
    "Prithvi",
    "SSL4Eco",
    "SatMAEpp",
    "SatVision",
    "SatclipModel",
    "SkySenseModel",
    "SpectralEarth",
    "Terramind",
]
