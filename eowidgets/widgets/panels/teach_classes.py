"""The list of classes of a teach panel: colour, name, key and number of labels, and the keyboard of the panel."""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from eowidgets.contract.labels import Labels
from eowidgets.widgets.base import css, esm


class TeachClasses(anywidget.AnyWidget):
    """Rows of classes, one of which is chosen.

    Attributes
    ----------
    rows : list of dict
        ``name``, ``color`` and ``count`` of each class.
    chosen : int
        Index of the class that a click labels; -1 erases labels.
    """

    _esm = esm("panels/teach_classes")
    _css = css("panels/teach_panel")
    rows: Any = traitlets.List(traitlets.Dict()).tag(sync=True)
    chosen: Any = traitlets.Int(0).tag(sync=True)

    def show(self, labels: Labels) -> None:
        """Show the classes of labels."""
        counts = labels.counts() if labels.classes else {}
        self.rows = [{"name": c.name, "color": c.color, "count": counts[c.name]} for c in labels.classes]
        if self.chosen >= len(labels.classes):
            self.chosen = len(labels.classes) - 1
