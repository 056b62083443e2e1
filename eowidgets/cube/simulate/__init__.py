"""Simulated scenes whose truth is known.

:func:`simulate` draws a series at 10 m: land cover, seasons, clouds, radar and events. :func:`simulate_pair` draws two
pictures at half a metre: buildings, roads, and all that differs between two dates and is no change.
"""

from eowidgets.cube.simulate.events import EVENTS, Event
from eowidgets.cube.simulate.land import CLASSES
from eowidgets.cube.simulate.pairs import Pair, simulate_pair
from eowidgets.cube.simulate.scene import Scene, simulate

__all__ = ["CLASSES", "EVENTS", "Event", "Pair", "Scene", "simulate", "simulate_pair"]
