"""The widgets of a station panel; what they do is in :mod:`~eowidgets.widgets.panels.station_panel`."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import ipywidgets
import numpy as np
import pandas as pd

from eowidgets.analysis.measure.stations.figure import TINTS
from eowidgets.widgets.panels.panel_view import PanelView, row, wide

FORMATS = {"CSV (.csv)": ".csv"}
#: Quantities that are read from columns, with their labels.
COLUMNS = {"date": "Date", "lon": "Longitude", "lat": "Latitude", "value": "Value", "station": "Station"}
#: Sides of the square of pixels around a station.
WINDOWS = (1, 3, 5, 7, 9)
EMPTY = "Import a table with a row per measurement: date, longitude, latitude and value. Then compare."
#: Side of the scatter plot in pixels, and its margin.
SIDE, MARGIN = 240, 36


class StationPanelView(PanelView):
    """The widgets of a station panel, in their order on screen.

    Parameters
    ----------
    indices : sequence of (label, value)
        Bands and indices that can be compared.
    chart : widget
    """

    def __init__(self, indices: Sequence[tuple[str, str]], chart: Any) -> None:
        super().__init__(run="Compare", icon="play", where={"all": "all stations"}, file="stations", formats=FORMATS)
        self._upload = ipywidgets.FileUpload(
            accept=".csv,.tsv,.txt",
            description="Import measurements",
            tooltip="A table as text, separated by commas, semicolons or tabs",
        )
        self._source_note = ipywidgets.HTML()
        self._columns = {what: ipywidgets.Dropdown(description=label, layout=wide()) for what, label in COLUMNS.items()}
        self._what = ipywidgets.Dropdown(options=list(indices), description="Compare with", layout=wide())
        self._tolerance = ipywidgets.BoundedFloatText(
            3,
            min=0,
            max=366,
            step=1,
            description="Within days",
            layout=wide(),
            tooltip="Longest time between measurement and image",
        )
        self._window = ipywidgets.Dropdown(
            options=[(f"{n} × {n} pixel{'s' if n > 1 else ''}", n) for n in WINDOWS],
            description="Pixels around it",
            layout=wide(),
        )
        self._choices = ipywidgets.VBox([*self._columns.values()], layout=wide(display="none")).add_class("eow-params")
        self._scores, self._scatter = ipywidgets.HTML(), ipywidgets.HTML()
        self._station = ipywidgets.Dropdown(description="Station", layout=wide())
        chart.layout.min_height, chart.layout.flex = f"{chart.height + 24}px", "0 0 auto"
        self._found = ipywidgets.VBox(
            [
                *(self._scores, self._scatter, self._station, chart),
                row(self._path, self._format, self._save).add_class("eow-files"),
            ],
            layout=wide(display="none"),
        ).add_class("eow-params")
        self._arrange(
            [
                row(self._upload),
                *(self._source_note, self._choices, self._what, self._tolerance, self._window),
                row(self._run, self._cancel, self._price),
                *(self._bar, self._note, self._found),
                row(self._shows_code, self._to_notebook, self._to_report),
                self._code,
            ],
            "station_panel",
        )
        self.add_class("eow-station-panel")

    def _show_source(self, sentence: str, names: Sequence[str], found: dict[str, str]) -> None:
        """Show which table is compared, and its columns."""
        self._source_note.value = f"<div class='eow-card'>{escape(sentence)}</div>"
        for what, control in self._columns.items():
            none = [("none: by place" if what == "station" else "choose ...", "")]
            control.options = [*none, *((n, n) for n in names)]
            control.value = found.get(what, "")
        self._choices.layout.display = None


def scores_html(scores: pd.DataFrame) -> str:
    """Return agreement by season as a table, intervals in brackets."""
    head = "".join(f"<th scope='col'>{escape(c)}</th>" for c in ("", "pairs", "bias", "RMSE", "r"))
    body = "".join(
        f"<tr><th scope='row'>{escape(str(name))}</th><td>{int(line.n)}</td>"
        + "".join(f"<td>{_cell(line, score)}</td>" for score in ("bias", "rmse", "r"))
        + "</tr>"
        for name, line in scores.iterrows()
    )
    caption = "<caption>Image minus ground; in brackets the 95 % interval</caption>"
    return f"<table class='eow-station-scores'>{caption}<tr>{head}</tr>{body}</table>"


def _cell(line: Any, score: str) -> str:
    value, low, high = line[score], line[f"{score}_low"], line[f"{score}_high"]
    if not np.isfinite(value):
        return "–"
    held = f"<br><small>({low:.2f} to {high:.2f})</small>" if np.isfinite([low, high]).all() else ""
    return f"{value:.3f}{held}"


def scatter_html(pairs: pd.DataFrame, index: str) -> str:
    """Return measurements against pixels as SVG, with the 1:1 line and a colour per season."""
    ground, image = pairs["value"].to_numpy(float), pairs["image_value"].to_numpy(float)
    both = np.concatenate([ground, image])
    low, high = float(both.min()), float(both.max())
    pad = 0.05 * (high - low or abs(high) or 1.0)
    low, high = low - pad, high + pad
    x = MARGIN + (ground - low) / (high - low) * (SIDE - 2 * MARGIN)
    y = SIDE - MARGIN - (image - low) / (high - low) * (SIDE - 2 * MARGIN)
    first, last = MARGIN, SIDE - MARGIN
    dots = "".join(
        f"<circle cx='{a:.1f}' cy='{b:.1f}' r='3' fill='{TINTS[s]}' fill-opacity='0.75'>"
        f"<title>{escape(str(name))}, {str(d)[:10]}: ground {g:.3g}, image {i:.3g}</title></circle>"
        for a, b, s, name, d, g, i in zip(
            x, y, pairs["season"], pairs["station"], pairs["date"], ground, image, strict=True
        )
    )
    texts = (
        f"<text x='{first}' y='{last + 14}'>{low:.3g}</text><text x='{last}' y='{last + 14}' text-anchor='end'>{high:.3g}</text>"
        f"<text x='{first - 4}' y='{last}' text-anchor='end'>{low:.3g}</text>"
        f"<text x='{first - 4}' y='{first + 8}' text-anchor='end'>{high:.3g}</text>"
        f"<text x='{SIDE / 2}' y='{SIDE - 6}' text-anchor='middle'>ground ({escape(index)})</text>"
        f"<text x='10' y='{SIDE / 2}' text-anchor='middle' transform='rotate(-90 10 {SIDE / 2})'>image ({escape(index)})</text>"
    )
    line = f"<line x1='{first}' y1='{last}' x2='{last}' y2='{first}'><title>1:1</title></line>"
    frame = f"<rect x='{first}' y='{first}' width='{last - first}' height='{last - first}'/>"
    key = "".join(
        f"<span><i style='background:{color}'></i>{season}</span>"
        for season, color in TINTS.items()
        if (pairs["season"] == season).any()
    )
    words = f"{index} of images against ground, {len(pairs)} pairs, with the 1:1 line"
    return (
        f"<svg class='eow-station-scatter' viewBox='0 0 {SIDE} {SIDE}' width='{SIDE}' height='{SIDE}' role='img' "
        f"aria-label='{escape(words, quote=True)}'>{frame}{line}{texts}{dots}</svg><div class='eow-station-key'>{key}</div>"
    )
