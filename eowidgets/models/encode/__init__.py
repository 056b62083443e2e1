"""Encoders with published weights: vectors that stand for pixels or patches; importing it registers its models."""

from eowidgets.models.encode.agrifm import AgriFMModel
from eowidgets.models.encode.astropt import AstroPTModel
from eowidgets.models.encode.dynamicvis import DynamicVisModel
from eowidgets.models.encode.galileo import GalileoNano
from eowidgets.models.encode.presto import PrestoModel
from eowidgets.models.encode.skysense import SkySenseModel

__all__ = ["AgriFMModel", "AstroPTModel", "DynamicVisModel", "GalileoNano", "PrestoModel", "SkySenseModel"]
