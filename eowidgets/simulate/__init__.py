"""Simulated scenes with known reference data.

:func:`simulate` draws a series at 10 m: land cover, seasons, clouds, radar and events. :func:`simulate_pair` draws two
images at half a metre: buildings, roads, and differences between two dates that are not change. :func:`simulate_aircraft`
draws aircraft on the ground with their rotated boxes.
"""

from eowidgets.cube.labels import LAND_CLASSES as CLASSES
from eowidgets.simulate.aircraft import Airfield, simulate_aircraft
from eowidgets.simulate.events import EVENTS, Event
from eowidgets.simulate.pairs import Pair, simulate_pair
from eowidgets.simulate.scene import Scene, simulate

__all__ = ["CLASSES", "EVENTS", "Airfield", "Event", "Pair", "Scene", "simulate", "simulate_aircraft", "simulate_pair"]
