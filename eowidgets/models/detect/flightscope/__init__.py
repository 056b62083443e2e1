"""A detector of aircraft without anchors, with rotated boxes; README.md beside this file describes it."""

from eowidgets.models.detect.flightscope.model import FlightScope
from eowidgets.models.detect.flightscope.network import Detector

__all__ = ["Detector", "FlightScope"]
