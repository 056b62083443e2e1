"""Encoders: vectors that stand for pixels or patches; importing it registers its models."""

from eowidgets.models.encode.galileo import GalileoNano
from eowidgets.models.encode.phileo import PhilEO
from eowidgets.models.encode.presto import PrestoModel
from eowidgets.models.encode.satvision import SatVision
from eowidgets.models.encode.spectralearth import SpectralEarth
from eowidgets.models.encode.ssl4eco import SSL4Eco

__all__ = ["GalileoNano", "PhilEO", "PrestoModel", "SSL4Eco", "SatVision", "SpectralEarth"]
