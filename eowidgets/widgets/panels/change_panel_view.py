"""The widgets of a change panel; what they do is in :mod:`~eowidgets.widgets.panels.change_panel`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import ipywidgets
import numpy as np

from eowidgets.analysis.change.registration import Shift
from eowidgets.analysis.change.report import ground
from eowidgets.widgets.panels.change_view import ChangeView
from eowidgets.widgets.panels.panel_view import PanelView, date_range, row, sentence_html, wide

if TYPE_CHECKING:
    import geopandas as gpd

#: Most places in the list, the largest first; the map shows all.
_LISTED = 200
FORMATS = {"GeoPackage": ".gpkg", "CSV": ".csv"}


class ChangePanelView(PanelView):
    """The widgets of a change panel, in their order on screen.

    Parameters
    ----------
    methods : sequence of (label, name)
    method : str
        Name of the method chosen first.
    dates : sequence of str
        ISO dates of the cube.
    where : mapping of str to str
        Places to compare.
    """

    def __init__(
        self, methods: Sequence[tuple[str, str]], method: str, dates: Sequence[str], where: Mapping[str, str]
    ) -> None:
        super().__init__(run="Find change", icon="play", where=where, file="change", formats=FORMATS)
        self._labels = list(dates)
        self._make_choices(methods, method)
        self._make_results()
        self._arrange(
            [
                *(self._method, self._card, row(self._from, self._to), self._where, self._more),
                row(self._run, self._pause, self._cancel, self._price),
                *(self._bar, self._shift, self._note, self._filters, self._view, self._list, self._files),
                row(self._shows_code, self._to_notebook, self._to_report),
                self._code,
            ]
        )
        self.add_class("eow-change-panel")

    def _make_choices(self, methods: Sequence[tuple[str, str]], method: str) -> None:
        self._method = ipywidgets.Dropdown(options=methods, value=method, description="Method", layout=wide())
        half = ipywidgets.Layout(width="48%", min_width="240px")
        self._from = ipywidgets.Combobox(options=self._labels, description="From", layout=half)
        self._to = ipywidgets.Combobox(options=self._labels, description="To", layout=half)
        self._more = ipywidgets.Accordion([self._params], titles=["Parameters"], selected_index=None)
        self._shift = ipywidgets.HTML()

    def _make_results(self) -> None:
        look: dict[str, Any] = {"style": {"description_width": "120px"}, "layout": ipywidgets.Layout(width="98%")}
        self._smallest = ipywidgets.BoundedFloatText(
            0.1,
            min=0,
            max=1e6,
            step=0.05,
            description="Smallest area (ha)",
            **look | {"layout": ipywidgets.Layout(width="240px")},
        )
        self._sure = ipywidgets.FloatSlider(
            0.5,
            min=0,
            max=1,
            step=0.01,
            description="Least confidence",
            continuous_update=False,
            **look,
        )
        self._between = date_range(self._labels, "First seen", **look)
        self._filters = ipywidgets.VBox([self._smallest, self._sure, self._between], layout=wide(display="none"))
        self._view = ChangeView()
        self._list = ipywidgets.Dropdown(description="Place", layout=wide(display="none"))
        self._path.layout.width = "240px"
        self._buttons = {ending: ipywidgets.Button(description=label, icon="save") for label, ending in FORMATS.items()}
        self._files = row(self._path, *self._buttons.values()).add_class("eow-files")
        self._files.layout.display = "none"

    def _show_period(self, series: bool) -> None:
        """Set labels and dates for a series, or for two images."""
        days = np.array(self._labels, dtype="datetime64[D]")
        self._from.description, self._to.description = ("From", "To") if series else ("Before", "After")
        if series:
            two_years = days[0] + np.timedelta64(731, "D")
            late = days[-1] > two_years + np.timedelta64(180, "D")
            self._from.value = str(two_years if late else days[len(days) // 2])
            self._to.value = self._labels[-1]
            return
        hint = "A date, or a period as 2018-06-01/2018-08-31 for the median of its clear pixels"
        self._from.tooltip = self._to.tooltip = hint
        self._from.value, self._to.value = self._pair()

    def _pair(self) -> tuple[str, str]:
        """Return the two dates that are compared by default."""
        return self._labels[0], self._labels[-1]

    def _show_shift(self, shift: Shift | None, notes: Sequence[str]) -> None:
        measured = [sentence_html(str(shift))] if shift is not None and not shift.too_far else []
        self._shift.value = "".join([*measured, *(sentence_html(s, bad=True) for s in notes)])

    def _show_list(self, places: gpd.GeoDataFrame) -> None:
        shown = places.head(_LISTED)
        rows = [
            (f"{p.id}: {ground(p.hectares, 2)}, {p.date}{', ' + p.kind if p.kind else ''}", int(p.id))
            for p in shown.itertuples()
        ]
        options = [("show a place ...", 0), *rows]
        if list(self._list.options) != options:
            self._list.options = options
        for part in (self._filters, self._list, self._files):
            part.layout.display = None
