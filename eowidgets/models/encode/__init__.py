"""Encoders with published weights: vectors that stand for pixels or patches; importing it registers its models."""

from eowidgets.models.encode.galileo import GalileoNano
from eowidgets.models.encode.presto import PrestoModel

__all__ = ["GalileoNano", "PrestoModel"]
