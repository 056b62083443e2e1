"""Object detectors; importing it registers its models."""

from eowidgets.models.detect.flightscope import FlightScope

__all__ = ["FlightScope"]
