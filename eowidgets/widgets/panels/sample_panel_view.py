"""The widgets of a sample panel; what they do is in :mod:`~eowidgets.widgets.panels.sample_panel`."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import ipywidgets

from eowidgets.widgets.panels.panel_view import PanelView, row, wide

FORMATS = {"GeoPackage": ".gpkg", "GeoJSON": ".geojson", "CSV": ".csv"}
#: Files of samples that can be read.
READ = ".gpkg,.geojson,.json,.csv,.kml,.fgb,.zip"


class SamplePanelView(PanelView):
    """The widgets of a sample panel, in their order on screen.

    Parameters
    ----------
    where : mapping of str to str
        Key and label of the places to sample.
    """

    def __init__(self, where: Mapping[str, str]) -> None:
        super().__init__(run="Draw the sample", icon="random", where=where, file="sample", formats=FORMATS)
        self._result = ipywidgets.Dropdown(
            options=[("no map yet", "")], description="Map", tooltip="Class map that is assessed", layout=wide()
        )
        self._by = ipywidgets.Text(
            description="Labelled by", placeholder="name or initials", tooltip="Written with each label", layout=wide()
        )
        self._load = ipywidgets.FileUpload(
            accept=READ,
            description="Load a sample",
            tooltip="Points with or without labels: GeoPackage, GeoJSON, a table",
        )
        self._label = ipywidgets.Button(
            description="Label the points", icon="keyboard-o", disabled=True, tooltip="Show the points one by one"
        )
        self._tolerance = ipywidgets.BoundedIntText(
            0, min=0, max=36_500, description="Tolerance (days)", layout=wide(display="none"),
            tooltip="Days by which the date of a change may differ; 0: dates are not compared",
        )  # fmt: skip
        self._design, self._queue_box = ipywidgets.HTML(), ipywidgets.VBox()
        self._figures, self._saved = ipywidgets.HTML(), ipywidgets.HTML()
        self._save_figures = ipywidgets.Button(
            description="Save the figures", icon="table", disabled=True, tooltip="Table of areas and accuracies as CSV"
        )
        self._arrange(
            [
                self._note,
                self._card,
                self._result,
                self._where,
                self._params,
                row(self._run, self._cancel, self._load, self._price),
                self._bar,
                self._design,
                self._by,
                row(self._label),
                self._queue_box,
                self._tolerance,
                self._figures,
                row(self._path, self._format, self._save).add_class("eow-files"),
                row(self._save_figures, self._shows_code, self._to_notebook, self._to_report),
                self._code,
                self._saved,
            ],
            "sample_panel",
        )
        self.add_class("eow-sample-panel")

    def _show_saved(self, sentence: str) -> None:
        self._saved.value = f"<div class='eow-sample-saved' role='status'>{escape(sentence)}</div>"
