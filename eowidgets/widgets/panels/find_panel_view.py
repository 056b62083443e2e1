"""The widgets of a panel that finds images; what they do is in :mod:`~eowidgets.widgets.panels.find_panel`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from html import escape
from typing import Any

import ipywidgets

from eowidgets.cube.area import Area
from eowidgets.cube.catalogues.catalogue import Catalogue
from eowidgets.cube.catalogues.credentials import missing_credentials
from eowidgets.cube.catalogues.found import Found
from eowidgets.cube.catalogues.reading import size_in_words, time_in_words
from eowidgets.widgets.panels.find_timeline import FindTimeline
from eowidgets.widgets.panels.panel_view import PanelView, row, sentence_html, wide

NO_AREA = "No area is set: draw one on the map, upload a file, or go to a place and press Use the view."
EMPTY = "Set an area and dates, then search. A search reads no image."
#: Problems of a search that are listed.
_PROBLEMS = 5


class FindPanelView(PanelView):
    """The widgets of a panel that finds images, in their order on screen.

    Parameters
    ----------
    catalogues : sequence of (title, key)
    chosen : str
        Key of the one chosen first.
    dates : (date or None, date or None)
    cloud : float
        Largest cloud cover in per cent; 100 for any.
    own_map : AreaMap or None
        Shown above the controls.
    """

    def __init__(
        self,
        catalogues: Sequence[tuple[str, str]],
        chosen: str,
        dates: tuple[date | None, date | None],
        cloud: float,
        own_map: Any,
    ) -> None:
        super().__init__(run="Search", icon="search", where={}, file="images", formats={"Zarr (.zarr)": ".zarr"})
        self._view = ipywidgets.Button(
            description="Use the view", icon="object-group", tooltip="Take what the map shows as the area"
        )
        self._place, self._about, self._changed = ipywidgets.HTML(), ipywidgets.HTML(), ipywidgets.HTML()
        self._catalogue = ipywidgets.Dropdown(
            options=list(catalogues), value=chosen, description="Collection", layout=wide()
        )
        self._first = ipywidgets.DatePicker(value=dates[0], description="From", layout=wide())
        self._last = ipywidgets.DatePicker(value=dates[1], description="To", layout=wide())
        self._cloud = ipywidgets.FloatSlider(
            cloud,
            min=0,
            max=100,
            step=1,
            description="Clouds up to (%)",
            readout_format=".0f",
            layout=wide(),
            tooltip="Largest cloud cover of a day, as the catalogue states it; 100 for any",
        )
        self._bands = ipywidgets.SelectMultiple(
            description="Bands",
            rows=5,
            layout=wide(),
            tooltip="Bands that are read; none or all: those of the collection",
        )
        self._pixel = ipywidgets.BoundedFloatText(
            0,
            min=0,
            max=1e6,
            description="Pixel size (m)",
            layout=wide(),
            tooltip="Pixel size of the cube that is read; 0: that of the collection",
        )
        self.timeline = FindTimeline()
        self._summary, self._cost = ipywidgets.HTML(), ipywidgets.HTML().add_class("eow-cost")
        self._open = ipywidgets.Button(description="Open", button_style="primary", icon="folder-open")
        self._open.add_class("eow-find-open")
        self._keep = ipywidgets.Button(
            description="Save for offline", icon="download", tooltip="Read these dates into a store on this machine"
        )
        self._status = ipywidgets.VBox((row(self._cancel, self._bar), self._note), layout=wide())
        self._upper, self._lower = ipywidgets.VBox(layout=wide()), ipywidgets.VBox(layout=wide())
        self._found = ipywidgets.VBox(
            (
                self._summary,
                self.timeline,
                self._cost,
                row(self._open),
                self._lower,
                row(self._path, self._keep).add_class("eow-files"),
                row(self._shows_code, self._to_notebook, self._to_report),
                self._code,
            ),
            layout=wide(display="none"),
        )
        self._below = ipywidgets.VBox(layout=wide()).add_class("eow-find-below")
        self._arrange(
            (
                *(() if own_map is None else (own_map,)),
                row(self._view, self._place),
                self._catalogue,
                self._about,
                self._first,
                self._last,
                self._cloud,
                self._bands,
                self._pixel,
                row(self._run),
                self._upper,
                self._changed,
                self._found,
            ),
            "find_panel",
        )
        # The Explorer lies outside of the form, whose styles are not for it.
        form = ipywidgets.VBox(self.children, layout=wide()).add_class("eow-model-panel")
        self.children = (form, self._below)
        self.remove_class("eow-model-panel")
        self.add_class("eow-find-panel")
        self._cancel.layout.display = "none"
        self._show_status(self._upper)

    def _show_status(self, place: ipywidgets.VBox) -> None:
        """Show progress and messages below the button that started the work: that of the search, or that of the reading."""
        for box in (self._upper, self._lower):
            box.children = (self._status,) if box is place else ()

    def _running(self, going: bool) -> None:
        super()._running(going)
        self._open.disabled = self._keep.disabled = going
        self._cancel.layout.display = None if going else "none"

    def _show_place(self, area: Area | None) -> None:
        text = NO_AREA if area is None else f"Area: {_extent(area)}."
        self._place.value = f"<div class='eow-find-tight' role='status'>{escape(text)}</div>"

    def _show_about(self, catalogue: Catalogue) -> None:
        """Show licence and credentials of a catalogue, with what is missing for reading."""
        facts = [catalogue.attribution, catalogue.licence and f"Licence: {catalogue.licence}"]
        if catalogue.resolution:
            facts.append(f"{catalogue.resolution:g} m pixels")
        facts.append(f"Reading needs {' and '.join(catalogue.environment)}" if catalogue.environment else "")
        text = "; ".join(f for f in facts if f)
        missing = missing_credentials(catalogue)
        told = sentence_html(f"{missing} A search works without.", bad=True) if missing else ""
        self._about.value = f"<div class='eow-find-tight'>{escape(text)}</div>{told}" if text or told else ""

    def _offer_bands(self, names: Sequence[str], resolution: float | None) -> None:
        """List the bands of a collection, all selected, and its pixel size."""
        self._bands.options, self._bands.value = tuple(names), tuple(names)
        self._bands.layout.display = None if names else "none"
        self._pixel.value = resolution or 0

    def _show_found(self, found: Found) -> None:
        listed = "".join(f"<li>{escape(p)}</li>" for p in found.problems[:_PROBLEMS])
        left = len(found.problems) - _PROBLEMS
        more = f"<li>and {left} more: see <code>panel.found.problems</code></li>" if left > 0 else ""
        problems = f"<div class='eow-bad' role='alert'>Not complete:<ul>{listed}{more}</ul></div>" if listed else ""
        self._summary.value = f"{sentence_html(found.sentence)}{problems}"
        self._found.layout.display = None
        self.timeline.show(found)

    def _show_cost(self, part: Found, chosen: bool) -> None:
        """Show what reading some dates costs, next to the button that reads them and on it."""
        count, cost = len(part.dates), part.estimate
        dates = "1 date" if count == 1 else f"{count} dates"
        which = f"{dates} chosen." if chosen else f"No date is chosen, so all {dates} are taken."
        self._cost.value = f"<div role='status'>{escape(f'{which} {cost.sentence}')}</div>"
        parts = [] if cost.bytes is None else [size_in_words(cost.bytes)]
        parts += [] if cost.seconds is None else [f"about {time_in_words(cost.seconds)}"]
        stated = f" ({', '.join(parts)})" if parts else ""
        self._open.description = f"Open {dates}{stated}"


def _extent(area: Area) -> str:
    hectares = area.hectares
    return f"{hectares:.1f} ha" if hectares < 1e4 else f"{hectares / 100:,.0f} km²"
