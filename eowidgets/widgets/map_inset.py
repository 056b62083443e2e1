"""The map of an Explorer: small in a corner of the picture, or as large as the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets

if TYPE_CHECKING:
    from eowidgets.widgets.map.area_map import AreaMap


class MapInset(ipywidgets.Box):
    """A map with a button that enlarges it; the small map shows where the picture lies and has no controls.

    Parameters
    ----------
    map : AreaMap

    Attributes
    ----------
    large : bool
    """

    #: Zoom levels between the two sizes.
    LEVELS = 2

    def __init__(self, map: AreaMap) -> None:
        self._map = map
        map.zoom = max(1, map.zoom - self.LEVELS)
        self._button = ipywidgets.ToggleButton(description="Map", icon="expand", tooltip="Enlarge the map")
        self._button.add_class("eow-inset-button")
        super().__init__((map, self._button))
        self.add_class("eow-inset")
        self._button.observe(self._resize, names="value")

    @property
    def large(self) -> bool:
        """Whether the map is as large as the picture."""
        return bool(self._button.value)

    @large.setter
    def large(self, value: bool) -> None:
        self._button.value = value

    def _resize(self, _: object = None) -> None:
        self._map.zoom = max(1, self._map.zoom + (self.LEVELS if self.large else -self.LEVELS))
        (self.add_class if self.large else self.remove_class)("eow-inset-large")
        self._button.description = "Picture" if self.large else "Map"
        self._button.icon = "compress" if self.large else "expand"
        self._button.tooltip = "Make the map small again" if self.large else "Enlarge the map"
