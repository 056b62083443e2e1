"""Encoders with published weights: vectors that stand for pixels or patches; importing it registers its models."""

from eowidgets.models.encode.galileo import Galileo
from eowidgets.models.encode.olmoearth import OlmoEarth
from eowidgets.models.encode.presto import PrestoModel
from eowidgets.models.encode.prithvi import Prithvi
from eowidgets.models.encode.satmaepp import SatMAEpp

__all__ = ["Galileo", "OlmoEarth", "PrestoModel", "Prithvi", "SatMAEpp"]
