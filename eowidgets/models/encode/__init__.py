"""Encoders with published weights: vectors that stand for pixels or patches; importing it registers its models."""

from eowidgets.models.encode.clay import Clay
from eowidgets.models.encode.croma import CromaModel
from eowidgets.models.encode.dofa import Dofa
from eowidgets.models.encode.galileo import GalileoNano
from eowidgets.models.encode.presto import PrestoModel
from eowidgets.models.encode.satclip import SatclipModel
from eowidgets.models.encode.terramind import Terramind

__all__ = ["Clay", "CromaModel", "Dofa", "GalileoNano", "PrestoModel", "SatclipModel", "Terramind"]
