"""The line next to a button that starts work: what the work will cost, before it is started."""

from __future__ import annotations

import time
from html import escape
from typing import Any

from eowidgets.engine.cost import Cost, Planned, cost_of, took
from eowidgets.engine.scheduler import LIGHT
from eowidgets.engine.work import Work
from eowidgets.errors import EowidgetsError


class Clock:
    """Remembers how long work took, from its start to its end.

    Parameters
    ----------
    planned : Planned or None
        What was stated when it was submitted; nothing is remembered of None.
    """

    def __init__(self, planned: Planned | None) -> None:
        self._planned, self._began = planned, 0.0

    def start(self) -> None:
        """Note the start; later calls change nothing."""
        self._began = self._began or time.monotonic()

    def stop(self) -> None:
        """Remember the time since the start."""
        if self._planned is not None and self._began:
            took(self._planned, time.monotonic() - self._began)


class Priced:
    """Mixed into a panel that states its work in :meth:`_planned`, and shows :attr:`_price` next to its button.

    Attributes
    ----------
    price : Cost or None
        What the line shows; None where the work is not complete yet.
    """

    price: Cost | None = None
    _price: Any
    _pricing: Work[None] | None = None

    def _planned(self) -> Planned | None:
        """Return the work that is chosen, cheaply: without a pixel that is read. None where it cannot be stated.

        Raises
        ------
        InputError
            Where something is missing; the line is empty then.
        """
        return None

    def _price_soon(self) -> None:
        """Show the cost in the background; changes that follow each other quickly are shown once."""
        if type(self)._planned is Priced._planned:
            return
        if self._pricing is not None and self._pricing.state == "queued":
            return  # it has not looked at the controls yet
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
        """Return the work that is chosen; None where something is missing, which the button says when it is pressed."""
        try:
            return self._planned()
        except EowidgetsError:
            return None

    def _forget_price(self) -> None:
        LIGHT.drop(self._price)
