"""A short tour of an Explorer, shown until it is dismissed."""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from eowidgets.widgets.base import css, esm

#: Target of a step (a CSS selector within the Explorer), and its text.
STEPS = (
    (".eow-time", "Step through time: drag along the axis, or press the arrow keys. A small picture shows each date."),
    (".eow-picture", "Click the picture to follow a pixel through all dates; press Shift and drag to follow an area."),
    (".eow-panels", "Run a model, map change, forecast or ask a question in these tabs, and share what you found."),
)


class Tour(anywidget.AnyWidget):
    """Three sentences, one at a time, each with a frame around its subject.

    "Do not show again" and the end of the tour are stored by the browser.

    Parameters
    ----------
    always : bool
        Whether it is shown even if it was dismissed before.
    """

    _esm = esm("tour")
    _css = css("tour")
    steps: Any = traitlets.List().tag(sync=True)
    always: Any = traitlets.Bool(False).tag(sync=True)

    def __init__(self, *, always: bool = False) -> None:
        super().__init__(steps=[{"target": target, "text": text} for target, text in STEPS], always=always)
        self.add_class("eow-tour-place")

    def __repr__(self) -> str:
        """Return the number of steps."""
        return f"Tour({len(self.steps)} steps)"
