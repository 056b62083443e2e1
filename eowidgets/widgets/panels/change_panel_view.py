"""What a change panel looks like; what it does is in :mod:`~eowidgets.widgets.panels.change_panel`."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets
import numpy as np

from eowidgets.analysis.change.registration import Shift
from eowidgets.analysis.change.report import ground
from eowidgets.contract.card import Card
from eowidgets.widgets.base import css
from eowidgets.widgets.panels.change_view import ChangeView
from eowidgets.widgets.panels.panel_view import WHERE

if TYPE_CHECKING:
    import geopandas as gpd

_WIDE = ipywidgets.Layout
#: The list shows so many places, the largest first; the map shows all.
_LISTED = 200


class ChangePanelView(ipywidgets.VBox):
    """The widgets of a panel, in their order on screen.

    Parameters
    ----------
    methods : sequence of (label, name)
    method : str
    dates : sequence of str
        ISO dates of the cube.
    views : bool
        Whether there is a map that could say what it shows.
    """

    def __init__(self, methods: Sequence[tuple[str, str]], method: str, dates: Sequence[str], views: bool) -> None:
        super().__init__()
        self._labels = list(dates)
        self._make_choices(methods, method, views)
        self._make_run()
        self._make_results()
        self.children = (
            ipywidgets.HTML(f"<style>{css('panels/model_panel')}</style>", layout=_WIDE(display="none")),
            self._method,
            self._card,
            _row(self._from, self._to),
            self._where,
            self._more,
            _row(self._run, self._cancel),
            self._bar,
            self._shift,
            self._note,
            self._filters,
            self._view,
            self._list,
            self._files,
            self._shows_code,
            self._code,
        )
        self.add_class("eow-model-panel").add_class("eow-change-panel")

    def _make_choices(self, methods: Sequence[tuple[str, str]], method: str, views: bool) -> None:
        self._method = ipywidgets.Dropdown(
            options=methods, value=method, description="Method", layout=_WIDE(width="100%")
        )
        self._card = ipywidgets.HTML()
        half = _WIDE(width="48%", min_width="240px")
        self._from = ipywidgets.Combobox(options=self._labels, description="From", layout=half)
        self._to = ipywidgets.Combobox(options=self._labels, description="To", layout=half)
        places = [(label, key) for key, label in WHERE.items() if key != "view" or views]
        self._where = ipywidgets.Dropdown(options=places, value="all", description="Area", layout=_WIDE(width="100%"))
        self._params = ipywidgets.VBox()
        self._more = ipywidgets.Accordion([self._params], titles=["How strict"], selected_index=None)

    def _make_run(self) -> None:
        self._run = ipywidgets.Button(description="Find change", button_style="primary", icon="play")
        self._cancel = ipywidgets.Button(description="Cancel", icon="times", disabled=True)
        self._bar = ipywidgets.FloatProgress(min=0, max=1, layout=_WIDE(width="100%", display="none"))
        self._shift, self._note = ipywidgets.HTML(), ipywidgets.HTML()

    def _make_results(self) -> None:
        style, wide = {"description_width": "120px"}, _WIDE(width="98%")
        self._smallest = ipywidgets.BoundedFloatText(
            0.1, min=0, max=1e6, step=0.05, description="At least (ha)", style=style, layout=_WIDE(width="240px")
        )
        self._sure = ipywidgets.FloatSlider(
            0.5,
            min=0,
            max=1,
            step=0.01,
            description="Confidence from",
            continuous_update=False,
            style=style,
            layout=wide,
        )
        self._between = ipywidgets.SelectionRangeSlider(
            options=self._labels,
            index=(0, len(self._labels) - 1),
            description="First seen",
            continuous_update=False,
            style=style,
            layout=wide,
        )
        self._filters = ipywidgets.VBox([self._smallest, self._sure, self._between], layout=_WIDE(display="none"))
        self._view = ChangeView()
        self._list = ipywidgets.Dropdown(description="Place", layout=_WIDE(width="100%", display="none"))
        self._path = ipywidgets.Text(value="change", tooltip="File name without ending", layout=_WIDE(width="240px"))
        self._gpkg = ipywidgets.Button(description="GeoPackage", icon="save")
        self._csv = ipywidgets.Button(description="CSV", icon="save")
        self._files = _row(self._path, self._gpkg, self._csv)
        self._files.layout.display = "none"
        self._shows_code = ipywidgets.ToggleButton(value=False, description="Show code", icon="code")
        self._code = ipywidgets.HTML()

    def _show_card(self, card: Card) -> None:
        parts = {"Limits": card.limits, "Paper": card.paper}
        rows = "".join(f"<dt>{k}</dt><dd>{escape(v)}</dd>" for k, v in parts.items() if v)
        self._card.value = (
            f"<div class='eow-card'>{escape(card.summary or card.title)}"
            f"<details><summary>About this method</summary><dl>{rows}</dl></details></div>"
        )

    def _show_period(self, series: bool) -> None:
        """Words and days for a series, or for two images."""
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
        """The two dates that are compared if nobody chooses."""
        return self._labels[0], self._labels[-1]

    def _show_shift(self, shift: Shift | None, notes: Sequence[str]) -> None:
        told = [str(shift)] if shift is not None and not shift.too_far else []
        lines = [f"<div class='eow-good' role='status'>{escape(s)}</div>" for s in told]
        lines += [f"<div class='eow-bad' role='alert'>{escape(s)}</div>" for s in notes]
        self._shift.value = "".join(lines)

    def _show_list(self, places: gpd.GeoDataFrame) -> None:
        shown = places.head(_LISTED)
        rows = [
            (f"{p.id}: {ground(p.hectares, 2)}, {p.date}{', ' + p.kind if p.kind else ''}", int(p.id))
            for p in shown.itertuples()
        ]
        options = [("look at a place ...", 0), *rows]
        if list(self._list.options) != options:
            self._list.options = options
        for part in (self._filters, self._list, self._files):
            part.layout.display = None

    def _say(self, sentence: str, *, bad: bool = False, details: str = "") -> None:
        fold = f"<details><summary>Details</summary><pre>{escape(details)}</pre></details>" if details else ""
        kind, role = ("eow-bad", "alert") if bad else ("eow-good", "status")
        self._note.value = f"<div class='{kind}' role='{role}'>{escape(sentence)}{fold}</div>" if sentence else ""

    def _running(self, going: bool) -> None:
        """Swap the buttons between before and during a run."""
        self._run.disabled, self._cancel.disabled = going, not going
        self._bar.layout.display = None if going else "none"


def _row(*widgets: Any) -> ipywidgets.HBox:
    return ipywidgets.HBox(widgets, layout=_WIDE(flex_flow="row wrap")).add_class("eow-row")
