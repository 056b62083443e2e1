"""An anchor-free detector of aircraft with rotated boxes; see README.md in this folder."""

from eowidgets.models.detect.flightscope.model import FlightScope
from eowidgets.models.detect.flightscope.network import Detector

__all__ = ["Detector", "FlightScope"]
