"""Tabs whose contents are created when they are first opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import Any

import ipywidgets

from eowidgets.errors import EowidgetsError


class LateTabs(ipywidgets.Tab):
    """Tabs that create their panel at first use; a panel that refuses the cube shows the reason in its tab.

    Parameters
    ----------
    makers : mapping of str to callable
        Title of each tab, and the function that creates its widget.
    """

    def __init__(self, makers: Mapping[str, Callable[[], ipywidgets.Widget]]) -> None:
        self._makers = tuple(makers.values())
        super().__init__([ipywidgets.VBox() for _ in makers], titles=list(makers), selected_index=0)
        self.observe(self._open, names="selected_index")
        self._open()

    def _open(self, _: Any = None) -> None:
        number = self.selected_index
        if number is None or self.children[number].children:
            return
        self.children[number].children = (created(self._makers[number]),)


def created(maker: Callable[[], ipywidgets.Widget]) -> ipywidgets.Widget:
    """Return the widget that a function creates, or its error as a sentence: no cell can show it."""
    try:
        return maker()
    except Exception as error:  # noqa: BLE001  (shown in the place of the widget)
        text = str(error) if isinstance(error, EowidgetsError) else f"{type(error).__name__}: {error}"
        return ipywidgets.HTML(f"<div class='eow-bad' role='alert'>{escape(text[:500])}</div>")
