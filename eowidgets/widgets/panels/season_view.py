"""The widgets of a season panel; what they do is in :mod:`~eowidgets.widgets.panels.season_panel`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import ipywidgets

from eowidgets.analysis.measure.phenology import METHODS
from eowidgets.contract.registry import model_class
from eowidgets.widgets.panels.panel_view import PanelView, date_range, row, wide
from eowidgets.widgets.panels.result_files import FORMATS

#: Measurements: label and the function of ``eowidgets``.
WHAT = {
    "Seasons: start, peak, end": "phenology",
    "Trend": "trend",
    "Anomalies": "anomalies",
    "Step or line": "step_or_line",
    "Recovery after a break": "recovery",
}


class SeasonView(PanelView):
    """The widgets of a season panel, in their order on screen.

    Parameters
    ----------
    subjects : sequence of (label, value)
        Indices and bands.
    dates : sequence of str
        ISO dates of the cube.
    where : mapping of str to str
        Places to measure.
    chart : widget
    """

    def __init__(
        self, subjects: Sequence[tuple[str, str]], dates: Sequence[str], where: Mapping[str, str], chart: Any
    ) -> None:
        super().__init__(run="Measure", icon="leaf", where=where, file="seasons", formats=FORMATS)
        chart.layout.min_height, chart.layout.flex = f"{chart.height + 24}px", "0 0 auto"
        self._what = ipywidgets.Dropdown(options=list(WHAT.items()), description="Measure", layout=wide())
        self._index = ipywidgets.Dropdown(options=subjects, description="Index", layout=wide())
        curves = [(model_class(f"phenology-{m}").card.title, m) for m in METHODS]
        self._curve = ipywidgets.Dropdown(options=curves, description="Method", layout=wide())
        self._dates = date_range(dates, "Dates")
        self._more = ipywidgets.Accordion([self._params], titles=["Settings"], selected_index=None)
        hidden = {"display": "none"}
        self._layer = ipywidgets.Dropdown(
            description="Layer", layout=wide(**hidden), tooltip="Result that is shown on picture and map"
        )
        self._period = ipywidgets.Dropdown(description="Period", layout=wide(**hidden), tooltip="Year that is shown")
        self._detail = ipywidgets.HTML()
        self._arrange(
            [
                *(self._what, self._index, self._curve, self._card, self._dates, self._where, self._more),
                row(self._run, self._pause, self._cancel, self._price),
                *(self._bar, self._note, self._layer, self._period, chart, self._detail),
                row(self._path, self._format, self._save).add_class("eow-files"),
                row(self._shows_code, self._to_notebook, self._to_report),
                self._code,
            ],
            "season_panel",
        )
        self.add_class("eow-season-panel")
