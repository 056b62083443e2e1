"""A panel that finds images before there is a cube: an area on a map, dates, a timeline, the cost, and the cube."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import traitlets

from eowidgets.analysis.measure.report.content import Report
from eowidgets.arguments import DateLike, checked
from eowidgets.cube.area import Area, AreaLike
from eowidgets.cube.catalogues.find import Cloud
from eowidgets.cube.catalogues.found import Found
from eowidgets.cube.catalogues.listed import known
from eowidgets.cube.catalogues.query import catalogue_of
from eowidgets.cube.catalogues.reading import bands_there
from eowidgets.cube.open import CatalogueSource, Dates
from eowidgets.engine.scheduler import LIGHT
from eowidgets.engine.work import Work
from eowidgets.errors import InputError, unknown
from eowidgets.widgets.panels.find_panel_view import EMPTY, NO_AREA
from eowidgets.widgets.panels.find_reading import FindReading, unless_cancelled
from eowidgets.widgets.panels.find_report import report_of
from eowidgets.widgets.panels.find_settings import FindSettings, days_of
from eowidgets.widgets.panels.panel_view import select

if TYPE_CHECKING:
    from eowidgets.widgets.map.area_map import AreaMap

#: Searched where no catalogue is given.
USUAL = "sentinel-2"
#: Key of a catalogue that was given and has no name.
_GIVEN = ""


@checked
class FindPanel(FindReading):
    """Find the images of an area, choose dates, and open them: no cube is needed.

    Parameters
    ----------
    catalogue : optional
        Whatever ``eow.find`` takes; by default ``"sentinel-2"``. The panel offers all of ``eow.catalogues()`` next to it.
    area : optional
        Whatever ``eow.Area.of`` takes.
    dates : optional
        As for ``eow.find``; of a list the range from its first to its last day. By default the last 365 days.
    cloud : float
        Largest cloud cover of a day in per cent; 100 for any.
    map : AreaMap, optional
        Where the area is drawn, shown elsewhere. Without it the panel has a map of its own.
    remote : bool
        As for ``eow.find``: whether a server may name hosts in private networks.

    Attributes
    ----------
    found : Found or None
        Result of the last search, as from ``eow.find``.
    chosen : list of str
        Dates chosen; all are read where there is none.
    cube : Dataset or None
        What was opened last.
    explorer : Explorer or None
        It shows the cube below the panel.

    Raises
    ------
    InputError
        For an unknown catalogue, or an area or dates that are none.

    Examples
    --------
    >>> import eowidgets as eow
    >>> eow.FindPanel("sentinel-2", area=(22.14, 45.19, 22.16, 45.21), dates="2020-05/2020-09")
    FindPanel: Sentinel-2 L2A, surface reflectance (Earth Search), 2020-05-01 to 2020-09-30, not searched yet
    """

    _noun = "search"
    _asked: FindSettings | None = None
    _own_map: Any = None
    _costing: Work[None] | None = None

    def __init__(
        self,
        catalogue: CatalogueSource | None = None,
        *,
        area: AreaLike | None = None,
        dates: Dates | None = None,
        cloud: Cloud = 100.0,
        map: AreaMap | None = None,
        remote: bool = False,
    ) -> None:
        given = catalogue_of(USUAL if catalogue is None else catalogue)
        self._given, self._remote, self.viewer = catalogue, remote, None
        place = None if area is None else Area.of(area)
        own = None
        if map is None:
            from eowidgets.widgets.map.area_map import AreaMap

            map = own = AreaMap(height="400px")
            own.observe(lambda _: setattr(own, "pins", []), names="pins")  # without a cube a pin means nothing
        self.map = map
        first, last = days_of(dates, named=bool(given.name))
        key = given.name if known().get(given.name) == given else _GIVEN
        listed = [(given.label, _GIVEN)] if key == _GIVEN else []
        listed += [(c.title, c.name) for c in known().values()]
        super().__init__(listed, key, (first, last), cloud, own)
        self._own_map = own
        self._controls = {}
        self._connect()
        self._show_place(None)
        traitlets.link((map, "area"), (self, "area"))
        self._view.on_click(lambda _: self._guard(self.use_view))
        self._open.on_click(lambda _: self.explore())
        self._keep.on_click(lambda _: self.fetch())
        self.timeline.observe(lambda _: self._guard(self._show_chosen), names="chosen")
        self._catalogue.observe(lambda _: self._show_catalogue(), names="value")
        for control in (self._catalogue, self._first, self._last, self._cloud):
            control.observe(self._refresh, names="value")
        self._offer_bands(given.bands, given.resolution)
        for control in (self._bands, self._pixel):
            control.observe(lambda _: self._read_otherwise(), names="value")
        self._show_about(given)
        self._say(EMPTY)
        if place is not None:
            self.area = place
            map.look_at(place)

    # --- what is asked ------------------------------------------------------------------------------------------

    @property
    def catalogue(self) -> str:
        """Return the name of the catalogue chosen; empty for one that was given without a name."""
        return str(self._catalogue.value)

    @catalogue.setter
    def catalogue(self, name: str) -> None:
        select(self._catalogue, name, "catalogue")

    @property
    def bands(self) -> tuple[str, ...] | None:
        """Return the bands that are read; None for those of the collection."""
        chosen = tuple(self._bands.value)
        return chosen if chosen and len(chosen) < len(self._bands.options) else None

    @bands.setter
    def bands(self, names: Sequence[str] | None) -> None:
        known = list(self._bands.options)
        for name in names or ():
            if name not in known:
                raise unknown("band", name, known)
        self._bands.value = tuple(known if names is None else names)

    @property
    def pixel_size(self) -> float | None:
        """Return the pixel size in metres; None for that of the collection."""
        size = float(self._pixel.value)
        return size if size and size != self._searched().resolution else None

    @pixel_size.setter
    def pixel_size(self, metres: float | None) -> None:
        self._pixel.value = metres or self._searched().resolution or 0

    def use_view(self) -> None:
        """Take what the map shows as the area.

        Raises
        ------
        InputError
            If the map is not on screen yet.

        Examples
        --------
        >>> import eowidgets as eow
        >>> panel = eow.FindPanel(area=(24.0, 45.8, 24.1, 45.9), dates="2020")
        >>> panel.use_view()  # doctest: +SKIP
        """
        view = self.map.view_area()
        if view is None:
            raise InputError("The map is not on screen yet: draw or upload an area, or try again when it is.")
        self.area = view

    def _source_asked(self) -> Any:
        return self._given if self.catalogue == _GIVEN else self.catalogue

    def _searched(self) -> Any:
        return catalogue_of(self._source_asked())

    def _settings(self) -> FindSettings:
        """Return what the controls ask for.

        Raises
        ------
        InputError
            If an area or a date is missing.
        """
        if self.area is None and self.catalogue != _GIVEN:
            raise InputError(NO_AREA)
        days = self._first.value, self._last.value
        return FindSettings.of(
            self._source_asked(), self.area, *days, self._cloud.value, self._remote, **self._reading()
        )

    def _reading(self) -> dict[str, Any]:
        return {"bands": self.bands, "resolution": self.pixel_size}

    def _show_catalogue(self) -> None:
        catalogue = self._searched()
        self._offer_bands(catalogue.bands, catalogue.resolution)
        self._show_about(catalogue)

    def _took_area(self, change: Any) -> None:
        self._show_place(None if change["new"] is None else Area.of(change["new"]))
        self._refresh()

    def _refresh(self, _: Any = None) -> None:
        super()._refresh()
        told = "The settings were changed after this search: search again to apply them."
        self._changed.value = (
            f"<div class='eow-find-tight' role='status'>{told}</div>"
            if self.found is not None and self._stale()
            else ""
        )

    def _stale(self) -> bool:
        try:
            return bool(self._settings() != self._asked)
        except InputError:
            return True

    # --- searching ----------------------------------------------------------------------------------------------

    def run(self) -> Work[Any] | None:
        """Search in the background.

        Returns
        -------
        Work or None
            ``.result()`` waits for what ``eow.find`` returns; None where it was refused (the panel shows why).

        Examples
        --------
        >>> import eowidgets as eow
        >>> panel = eow.FindPanel(area=(24.0, 45.8, 24.1, 45.9), dates="2020")
        >>> panel.run().result()  # doctest: +SKIP
        """
        if not self._is_busy():
            self._show_status(self._upper)
        return super().run()

    def _submit(self) -> Work[Any]:
        asked = self._settings()
        _ = asked.query  # what cannot be asked is refused at once
        self._doing = "search"
        work = Work("search of a catalogue", lambda w: self._search(w, asked), owner=self)
        self._follow(work, done=lambda found: self._take(found, asked))
        LIGHT.put(work)
        return work

    def _search(self, work: Work[Any], asked: FindSettings) -> Found:
        def arrived(count: int, matched: int | None) -> None:
            work.checkpoint()
            if work is self.job and self._is_time():
                of = f" of {matched}" if matched else ""
                self._bar.value = min(1.0, count / matched) if matched else 0.0
                self._say(f"Searching: {count}{of} images so far.")

        return unless_cancelled(work, lambda: asked.find(work.checkpoint, arrived))

    def _take(self, found: Found, asked: FindSettings) -> None:
        self.found, self._asked = found, asked
        if not self._bands.options:  # the entry of the catalogue names none
            self._offer_bands(bands_there(found.selection), self._pixel.value)
        self._say("")
        self._show_found(found)
        self._show_chosen()

    def _read_otherwise(self) -> None:
        """Show what reading other bands or pixels costs, without another search."""
        self._refresh()
        if self.found is not None and (self._costing is None or self._costing.state != "queued"):
            self._costing = LIGHT.submit("cost of reading", lambda _: self._guard(self._cost_again), owner=self._price)

    def _cost_again(self) -> None:
        reading = self._reading()
        if self.found is None or self._asked is None or self._asked.reading == reading:
            return
        self.found, self._asked = self.found.read_as(**reading), replace(self._asked, **reading)
        self._show_chosen()

    # --- choosing -----------------------------------------------------------------------------------------------

    @property
    def chosen(self) -> list[str]:
        """Return the dates chosen, in the order of time."""
        return list(self.timeline.chosen)

    def choose(self, dates: str | DateLike | Sequence[str | DateLike] | None) -> None:
        """Choose dates, as a click on the timeline does.

        Parameters
        ----------
        dates : str, date or sequence, optional
            Whatever ``Found.select`` takes; None for no date.

        Raises
        ------
        InputError
            If nothing was searched yet, or a date was not found.

        Examples
        --------
        >>> import eowidgets as eow
        >>> panel = eow.FindPanel(area=(24.0, 45.8, 24.1, 45.9), dates="2020")
        >>> panel.choose(None)
        >>> panel.chosen
        []
        """
        self.timeline.chosen = [] if dates is None else self._needed().select(dates).dates

    def _needed(self) -> Found:
        if self.found is None:
            raise InputError("Nothing was searched yet: set an area and dates, then press Search.")
        return self.found

    def _part(self) -> Found:
        """Return what is to be read: the dates chosen, or all."""
        found = self._needed()
        dates = [d for d in self.chosen if d in found.dates]
        return found.select(dates) if dates else found

    def _show_chosen(self) -> None:
        if self.found is not None:
            self._show_cost(self._part(), bool(self.chosen))
            self._refresh()

    # --- code, notebook, report ---------------------------------------------------------------------------------

    def code(self) -> str:
        """Return the code of a cell that searches and opens the same.

        Returns
        -------
        str
            Python code.

        Raises
        ------
        InputError
            If nothing was searched yet and the settings are not complete.

        Examples
        --------
        >>> import eowidgets as eow
        >>> panel = eow.FindPanel(area=(24.0, 45.8, 24.1, 45.9), dates="2020")
        >>> "eow.find" in panel.code()
        True
        """
        if self.found is not None:
            return self._part().code()
        return self._settings().code()

    def _source(self) -> str | None:
        return self.code()

    def _title(self) -> str:
        return f"Images of {self._searched().label}"

    def _report(self) -> Report:
        return report_of(self._needed(), self._part())

    def close(self) -> None:
        """Cancel what is in progress, and close the panel with its map and the Explorer below.

        Examples
        --------
        >>> import eowidgets as eow
        >>> panel = eow.FindPanel(area=(24.0, 45.8, 24.1, 45.9), dates="2020")
        >>> panel.close()
        """
        self.cancel()
        LIGHT.drop(self)
        for widget in (self.explorer, self._own_map):
            if widget is not None:
                widget.close()
        super().close()

    def __repr__(self) -> str:
        """Return what is asked and what was found."""
        first, last = self._first.value, self._last.value
        dates = "all dates" if first is None or last is None else f"{first} to {last}"
        done = "not searched yet" if self.found is None else f"{len(self.found.dates)} days found"
        return f"FindPanel: {self._searched().label}, {dates}, {done}"
