"""The part of a teach panel that proposes where to label next."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

from eowidgets.arguments import checked
from eowidgets.cube.globe import locate
from eowidgets.errors import InputError
from eowidgets.learn.session import Place, TeachSession
from eowidgets.widgets.panels.teach_layers import RING, TeachLayers


@checked
class TeachNext:
    """Mixed into :class:`~eowidgets.widgets.panels.teach_panel.TeachPanel`."""

    session: TeachSession
    chosen: Any
    _layers: TeachLayers
    _click: Callable[[float, float], None]
    _words: Any
    _proposal: Any
    _places: list[Place]
    _place: int
    _why: str

    def propose(self) -> list[Place]:
        """Propose ten places whose label helps most, and look at the first.

        Returns
        -------
        list of Place
            The places.

        Raises
        ------
        InputError
            Before there is a map.
        """
        return self._offer(self.session.least_sure(10), "least sure")

    def propose_like(self) -> list[Place]:
        """Propose ten places that resemble the labels of the chosen class and not those of others.

        Returns
        -------
        list of Place
            The places.

        Raises
        ------
        InputError
            If the class has no label.
        """
        name = self.chosen
        if name is None:
            raise InputError("Choose a class first: places like its labels are proposed.")
        return self._offer(self.session.more_of(name, 10), f"like {name}")

    def _offer(self, places: list[Place], why: str) -> list[Place]:
        if not places:
            raise InputError("No further place was found: the map is certain, or everything is labelled.")
        self._why = why
        self._places, self._place = list(places), 0
        self._go(0)
        return places

    def _go(self, by: int) -> None:
        """Show another of the proposed places."""
        if not self._places:
            self._put_away()
            return
        self._place = (self._place + by) % len(self._places)
        self._proposal.layout.display = None
        self._words.value = f"<b title='{escape(self._why)}'>Place {self._place + 1} of {len(self._places)}</b>"
        self._layers.show_places(self._places, self._place)
        self._layers.look_at(self._places[self._place])

    def _done_with(self, lon: float, lat: float) -> None:
        """Remove a labelled place from the list, and go to the next."""
        column, row = (float(v) for v in locate(self.session.box, lon, lat))
        near = [abs(p.row + 0.5 - row) <= RING and abs(p.column + 0.5 - column) <= RING for p in self._places]
        if any(near):
            at = near.index(True)
            self._places = [p for p, gone in zip(self._places, near, strict=True) if not gone]
            self._place = min(at, max(0, len(self._places) - 1))
            self._go(0)

    def _put_away(self) -> None:
        self._places = []
        self._proposal.layout.display = "none"
        self._layers.show_places([], 0)

    def label_here(self) -> None:
        """Label the proposed place, or without one the middle of the view, with the chosen class."""
        if self._places:
            place = self._places[self._place]
            self._click(place.lon, place.lat)
            return
        view = self._layers.view()
        centre = self.session.ground.pixel_shape((view.top + view.bottom) // 2, (view.left + view.right) // 2)
        self._click(float(centre.x), float(centre.y))
