"""The widgets of a parcel panel; what they do is in :mod:`~eowidgets.widgets.panels.parcel_panel`."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import ipywidgets
import pandas as pd

from eowidgets.analysis.measure.parcels.statistics import DEFAULT
from eowidgets.cube.area_file import FORMATS as READ
from eowidgets.widgets.panels.panel_view import PanelView, row, wide

FORMATS = {"CSV (.csv)": ".csv", "GeoPackage (.gpkg)": ".gpkg", "GeoParquet (.parquet)": ".parquet"}
#: Label of each statistic.
STATS = {
    "mean": "mean",
    "median": "median",
    "p10": "10th percentile",
    "p90": "90th percentile",
    "clear": "clear share",
    "count": "clear pixels",
}
#: Pixels of a parcel that are used.
WHERE = {"all": "whole parcels", "area": "their part in the drawn area"}
#: Most parcels and outliers that are listed.
LISTED, OUTLIERS = 2000, 50
EMPTY = "Import the outlines of parcels, or draw polygons on the picture and press Use drawn polygons. Then measure."


class ParcelPanelView(PanelView):
    """The widgets of a parcel panel, in their order on screen.

    Parameters
    ----------
    indices : sequence of (label, value)
        Bands and indices that can be measured.
    chart : widget
    """

    def __init__(self, indices: Sequence[tuple[str, str]], chart: Any) -> None:
        super().__init__(run="Measure", icon="play", where=WHERE, file="parcels", formats=FORMATS)
        self._where.tooltip = "Pixels of a parcel that are used"
        self._upload = ipywidgets.FileUpload(
            accept=",".join(f for f in READ if f != ".shp"),
            description="Import parcels",
            tooltip="Outlines from GeoPackage, GeoJSON, FlatGeobuf, KML or a zipped shapefile",
        )
        self._take = ipywidgets.Button(
            description="Use drawn polygons",
            icon="pencil",
            tooltip="Measure the polygons that are drawn on the picture",
        )
        self._source_note = ipywidgets.HTML()
        self._name = ipywidgets.Dropdown(description="Name", layout=wide(), tooltip="Column with the name of a parcel")
        self._what = ipywidgets.Dropdown(options=list(indices), description="Index", layout=wide())
        self._stat = ipywidgets.Dropdown(
            options=[(label, stat) for stat, label in STATS.items() if stat in DEFAULT],
            description="Statistic",
            layout=wide(),
        )
        self._colour = ipywidgets.Checkbox(True, description="Colour the parcels by date", indent=False, layout=wide())
        self._find = ipywidgets.Combobox(
            description="Parcel", placeholder="type a name, or click a parcel", layout=wide(), continuous_update=False
        )
        self._chosen = ipywidgets.HTML()
        self._class = ipywidgets.Dropdown(
            description="Class", layout=wide(), tooltip="Column with the class, such as the crop"
        )
        self._search = ipywidgets.Button(
            description="Find outliers",
            icon="search",
            tooltip="List parcels whose series is far from the median series of their class",
        )
        self._list = ipywidgets.Select(description="Outliers", rows=6, layout=wide())
        self._forget = ipywidgets.Button(description="Clear selection", icon="eraser")
        chart.layout.min_height, chart.layout.flex = f"{chart.height + 24}px", "0 0 auto"
        self._found = ipywidgets.VBox(
            [
                *(self._stat, self._colour, self._find, self._chosen, chart),
                row(self._forget),
                *(self._class, row(self._search), self._list),
                row(self._path, self._format, self._save).add_class("eow-files"),
            ],
            layout=wide(display="none"),
        ).add_class("eow-params")
        self._arrange(
            [
                row(self._upload, self._take),
                *(self._source_note, self._name, self._what, self._where),
                row(self._run, self._cancel, self._price),
                *(self._bar, self._note, self._found),
                row(self._shows_code, self._to_notebook, self._to_report),
                self._code,
            ],
            "parcel_panel",
        )
        self.add_class("eow-parcel-panel")
        self._name.layout.display = "none"
        self._list.layout.display = "none"

    def _show_source(self, sentence: str, columns: Sequence[str], name: str | None) -> None:
        """Show which polygons will be measured, and the columns that may name them."""
        self._source_note.value = f"<div class='eow-card'>{escape(sentence)}</div>"
        self._name.options = [("automatic", ""), *((c, c) for c in columns)]
        self._name.value = name if name in columns else ""
        self._name.layout.display = None if columns else "none"

    def _show_found(self, ids: Sequence[str], columns: Sequence[str]) -> None:
        """Show the controls of a result."""
        self._found.layout.display = None
        self._find.options = tuple(ids[:LISTED])
        self._class.options = [("all parcels together", ""), *((c, c) for c in columns)]
        self._list.options, self._list.layout.display = (), "none"

    def _show_outliers(self, found: pd.DataFrame) -> None:
        some = found[found["outlier"]].head(OUTLIERS)
        more = found.head(5) if not len(some) else some
        self._list.options = [
            ("choose one to show it ...", ""),
            *((_line(r), str(r.parcel)) for r in more.itertuples()),
        ]
        self._list.description = "Outliers" if len(some) else "Farthest"
        self._list.layout.display = None

    def _show_chosen(self, names: Sequence[tuple[str, str]]) -> None:
        """Show the names of the selected parcels in the colours of their lines."""
        parts = (
            f"<span style='white-space:nowrap'><span aria-hidden='true' style='color:{escape(color, quote=True)}'>●</span> "
            f"{escape(name)}</span>"
            for name, color in names
        )
        self._chosen.value = f"<div class='eow-card' role='status'>{' &nbsp; '.join(parts)}</div>" if names else ""


def _line(found: Any) -> str:
    direction = "lower" if found.bias < 0 else "higher"
    label = f"{found.parcel}" if found.name == found.parcel else f"{found.name} ({found.parcel})"
    return f"{label}: score {found.score:.1f}, {direction}, most on {str(found.date)[:10]}"
