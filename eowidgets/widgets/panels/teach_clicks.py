"""The part of a teach panel that turns clicks and polygons into labels."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from eowidgets.cube.grid import pixel
from eowidgets.engine.scheduler import LIGHT
from eowidgets.errors import InputError
from eowidgets.learn.session import TeachSession
from eowidgets.widgets.panels.teach_layers import LabelPins


class TeachClicks:
    """Mixed into :class:`~eowidgets.widgets.panels.teach_panel.TeachPanel`."""

    viewer: Any
    map: Any
    active: Any
    session: TeachSession
    chosen: Any
    _pins: LabelPins
    _size: Any
    _labelling: Any
    _show_failure: Callable[..., None]
    _source_of_clicks: Any
    _say: Callable[..., None]
    _guard: Callable[..., None]
    _done_with: Callable[[float, float], None]

    def _take_pins(self) -> None:
        """Turn a new pin into a label, and a removed pin into the removal of its label."""
        pins = list(self._source_of_clicks.pins)
        if not self.active:
            self._pins.keep(pins)
            return
        new, gone = self._pins.changes(pins)
        if new:
            self._click(*new[-1])
        elif len(gone) == 1:
            self._guard(lambda: self.session.remove(gone))
        elif gone:
            self._draw_pins()
            self._say("The labels were kept: remove them one by one, or with Clear labels.")

    def _link_own_viewer(self) -> None:
        """Link nothing: a drawn area becomes a label and disappears."""

    def _draw(self) -> None:
        """Turn a polygon that was drawn into a label."""
        drawn = self._source_of_clicks.area
        if drawn is None or not self.active:
            return
        self._source_of_clicks.area = None
        name = self.chosen
        if name is None:
            raise InputError("Erase works with clicks: choose a class before you draw a polygon.")
        self.session.draw(drawn, name, image=self._date())

    def _date(self) -> str:
        return str(getattr(self._source_of_clicks, "date", "") or "")

    def _click(self, lon: float, lat: float) -> None:
        """Label or erase a point; in the background if the series has to be read first."""
        # The current class: another one may be chosen before the series is read.
        name, size, image = self.chosen, self._size.value, self._date()

        def act() -> None:
            self._guard(lambda: self._label(lon, lat, name, size, image))

        if self._must_read(lon, lat):
            self._say("Reading the series ...")
            LIGHT.submit("click", lambda _: act(), owner=self).on_change(self._show_failure)
        else:
            act()

    def _must_read(self, lon: float, lat: float) -> bool:
        """Return whether the series must be read to find the field at a point."""
        try:
            tile = self.session.grid.tile_at(*pixel(self.session.cube, lon, lat))
        except InputError:  # outside: the label is refused later
            return False
        return self._size.value is not None and self.chosen is not None and not self.session.grid.has(tile)

    def _label(self, lon: float, lat: float, name: str | None, size: int | None, image: str) -> None:
        try:
            if name is None:
                if not self.session.erase(lon, lat):
                    self._say("There is no label at this place.")
                return
            with self._labelling:
                if not self.session.click(lon, lat, name, size=size, image=image):
                    self._say(f"This place is labelled {name} already: choose another class to correct it, or Erase.")
                    return
                self._pins.clicked(lon, lat)
            self._done_with(lon, lat)
        finally:
            soon(self._draw_pins)

    def _draw_pins(self) -> None:
        if self.active:
            pins = self._pins.pins()
            for shown in (self.viewer, self.map):
                if shown is not None and list(shown.pins) != pins:
                    shown.pins = pins

    def _switch(self) -> None:
        """Show the pins of labels while clicks are labels, and only the pins of the user otherwise."""
        clicks = self._source_of_clicks
        if self.active:
            self._pins.keep(clicks.pins)
            self._draw_pins()
        else:
            self._pins.keep(clicks.pins)
            clicks.pins = self._pins.own()


def soon(action: Callable[[], None]) -> None:
    """Call a function after the observers of the current trait changes; immediately without an event loop."""
    try:
        asyncio.get_running_loop().call_soon(action)
    except RuntimeError:
        action()
