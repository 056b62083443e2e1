"""Simulated scenes whose truth is known: land cover, seasons, clouds, radar and events; see :func:`simulate`."""

from eowidgets.cube.simulate.events import EVENTS, Event
from eowidgets.cube.simulate.land import CLASSES
from eowidgets.cube.simulate.scene import Scene, simulate

__all__ = ["CLASSES", "EVENTS", "Event", "Scene", "simulate"]
