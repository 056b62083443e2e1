"""The expected cost of work, as a line next to the button that starts it."""

from __future__ import annotations

import time
from html import escape
from typing import Any

from eowidgets.engine.cost import Cost, Planned, cost_of, took
from eowidgets.engine.scheduler import LIGHT
from eowidgets.engine.work import Work
from eowidgets.errors import EowidgetsError


class Clock:
    """Records how long work took, from its start to its end.

    Parameters
    ----------
    planned : Planned or None
        The size of the work as stated before; nothing is recorded for None.
    """

    def __init__(self, planned: Planned | None) -> None:
        self._planned, self._began = planned, 0.0

    def start(self) -> None:
        """Record the start; later calls change nothing."""
        self._began = self._began or time.monotonic()

    def stop(self) -> None:
        """Record the time since the start."""
        if self._planned is not None and self._began:
            took(self._planned, time.monotonic() - self._began)


class Priced:
    """Mixin of a panel that returns its work from :meth:`_planned`, and shows :attr:`_price` next to its button.

    Attributes
    ----------
    price : Cost or None
        The cost shown; None if settings are missing.
    """

    price: Cost | None = None
    _price: Any
    _pricing: Work[None] | None = None

    def _planned(self) -> Planned | None:
        """Return the chosen work without reading pixels; None if its size is unknown.

        Raises
        ------
        InputError
            If a setting is missing; the line is empty then.
        """
        return None

    def _price_soon(self) -> None:
        """Show the cost in the background; changes that follow each other quickly are shown once."""
        if type(self)._planned is Priced._planned:
            return
        if self._pricing is not None and self._pricing.state == "queued":
            return  # it has not read the controls yet
        self._pricing = LIGHT.submit("cost", lambda _: self._show_price(), owner=self._price)

    def _show_price(self) -> None:
        planned = self._stated()
        self.price = None if planned is None else cost_of(planned)
        text = ""
        if self.price is not None:
            about = escape(self.price.method, quote=True)
            text = f"<span class='eow-price' title='{about}'>{escape(self.price.sentence)}</span>"
        if self._price.value != text:
            self._price.value = text

    def _stated(self) -> Planned | None:
        """Return the chosen work; None if a setting is missing, which is reported when the button is pressed."""
        try:
            return self._planned()
        except EowidgetsError:
            return None

    def _forget_price(self) -> None:
        LIGHT.drop(self._price)
