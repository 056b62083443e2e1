"""The widgets of a teach panel; what they do is in :mod:`~eowidgets.widgets.panels.teach_panel`."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets

from eowidgets.widgets.panels.panel_view import WHERE, PanelView, row, wide
from eowidgets.widgets.panels.teach_classes import TeachClasses

if TYPE_CHECKING:
    from eowidgets.learn.evaluation import Evaluation

FORMATS = {"GeoPackage": ".gpkg", "GeoJSON": ".geojson"}
#: Extent of the label of a click: pixels of a field, None for one pixel.
SIZES: dict[str, int | None] = {"labels a field": 36, "labels a large field": 150, "labels one pixel": None}
#: Choices for the display on picture and map.
MAPS = {"the classes": "classes", "their probability": "probability", "the labels only": "labels"}
TESTED_MAP = {"the tested map": "tested"}
#: Files of labels that can be read.
READ = ".gpkg,.geojson,.json,.csv,.kml,.kmz,.fgb,.zip"


class TeachPanelView(PanelView):
    """The widgets of a teach panel, in their order on screen.

    Parameters
    ----------
    file : str
        File name offered, without ending.
    fields : bool
        Whether a click can label a field.
    lesson : bool
        Whether a map can be compared with a hidden truth.
    """

    def __init__(self, file: str, *, fields: bool, lesson: bool) -> None:
        super().__init__(
            run="Train and test", icon="graduation-cap", where={"all": WHERE["all"]}, file=file, formats=FORMATS
        )
        self._classes = TeachClasses()
        self._make_labelling(fields)
        self._make_results(lesson)
        self._arrange(
            [
                self._note,
                self._classes,
                self._size,
                row(self._next, self._undo),
                row(self._more_like),
                self._proposal,
                self._show,
                self._opacity,
                self._hatch,
                row(self._run, self._cancel, self._map_all, self._check, self._price),
                self._bar,
                self._tested,
                self._card,
                row(self._path, self._format, self._save, self._upload).add_class("eow-files"),
                row(self._shows_code, self._to_notebook, self._to_report, self._clear),
                self._code,
                self._saved,
            ],
            "teach_panel",
        )
        self.add_class("eow-teach-panel")

    def _make_labelling(self, fields: bool) -> None:
        sizes = SIZES if fields else {"labels one pixel": None}
        self._size = ipywidgets.Dropdown(
            options=list(sizes.items()),
            description="A click",
            tooltip="Extent of the label of a click on picture or map",
            layout=wide(),
        )
        self._undo = ipywidgets.Button(description="Undo", icon="undo", tooltip="Undo the last change (key u)")
        self._next = ipywidgets.Button(
            description="Propose uncertain places",
            icon="question",
            tooltip="Propose ten places whose label helps most (key l)",
        )
        self._more_like = ipywidgets.Button(
            description="More like this",
            icon="search",
            tooltip="Propose ten places that resemble the labels of the chosen class (key m)",
        )
        self._words = ipywidgets.HTML()
        self._earlier = ipywidgets.Button(icon="chevron-left", tooltip="The place before")
        self._later = ipywidgets.Button(icon="chevron-right", tooltip="The next place (key l)")
        self._take = ipywidgets.Button(description="Label it", tooltip="Label this place with the chosen class (Enter)")
        self._leave = ipywidgets.Button(icon="times", tooltip="Remove the proposed places")
        self._proposal = row(self._words, self._earlier, self._later, self._take, self._leave)
        self._proposal.add_class("eow-teach-next").layout.display = "none"

    def _make_results(self, lesson: bool) -> None:
        self._show = ipywidgets.Dropdown(
            options=list(MAPS.items()), description="Show", tooltip="Layer over the picture", layout=wide()
        )
        self._opacity = ipywidgets.FloatSlider(
            0.6, min=0, max=1, step=0.05, description="Opacity", readout=False, layout=wide()
        )
        self._hatch = ipywidgets.Checkbox(
            True,
            description="Hatch ground unlike all labels",
            indent=False,
            tooltip="Where the ground is unlike all labels, the map is extrapolated and unreliable",
        )
        self._map_all = ipywidgets.Button(
            description="Map the whole cube",
            icon="map",
            tooltip="Run the tested model over the whole cube, into a file",
            layout=ipywidgets.Layout(display="none"),
        )
        self._check = ipywidgets.Button(
            description="Check my map",
            icon="check",
            tooltip="Compare the map with the hidden truth, and write the scores to a file",
            layout=ipywidgets.Layout(display=None if lesson else "none"),
        )
        self._tested, self._saved = ipywidgets.HTML(), ipywidgets.HTML()
        self._upload = ipywidgets.FileUpload(
            accept=READ, description="Import", tooltip="Add the labels of a file: GeoPackage, GeoJSON, KML, a table"
        )
        self._clear = ipywidgets.Button(
            description="Clear labels", icon="trash", tooltip="Remove all labels; Undo brings them back"
        )

    def _show_evaluation(self, evaluation: Evaluation | None, notes: list[str]) -> None:
        """Show the test on held-out blocks."""
        parts = []
        if evaluation is not None:
            parts.append(f"<div>{escape(evaluation.sentence)}</div>")
            if evaluation.counts is not None:
                parts.append(matrix_html(evaluation))
        parts += [f"<div>{escape(note)}</div>" for note in notes]
        self._tested.value = f"<div class='eow-good' role='status'>{''.join(parts)}</div>" if parts else ""

    def _show_saved(self, sentence: str, bad: bool) -> None:
        kind = "eow-teach-saved eow-bad" if bad else "eow-teach-saved"
        self._saved.value = f"<div class='{kind}' role='status'>{escape(sentence)}</div>"


def matrix_html(evaluation: Any) -> str:
    """Return the confusion matrix as a table: rows are labels, columns predictions."""
    names = [escape(c.name) for c in evaluation.target.classes]
    head = "".join(f"<th scope='col' title='{n}'>{n}</th>" for n in names)
    body = "".join(
        f"<tr><th scope='row' title='{names[i]}'>{names[i]}</th>"
        + "".join(f"<td class='{'right' if i == j else ''}'>{int(v):,}</td>" for j, v in enumerate(line))
        + "</tr>"
        for i, line in enumerate(evaluation.counts.tolist())
    )
    caption = "<caption>Pixels on held-out blocks: rows as labelled, columns as mapped</caption>"
    table = f"<table class='eow-teach-matrix'>{caption}<tr><td></td>{head}</tr>{body}</table>"
    return f"<div class='eow-teach-matrix-box'>{table}</div>"
