"""Change as a panel: choose how to compare, see where, when and what changed, look at a place, save it."""

from __future__ import annotations

import time
import traceback
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import traitlets
import xarray as xr

from eowidgets.analysis.change.detect import TUNED, ChangeTask, methods, usual_method
from eowidgets.analysis.change.pair import usual_dates
from eowidgets.analysis.change.report import (
    changed_places,
    filter_places,
    least_hectares,
    save_places,
    sentence,
    timeline,
)
from eowidgets.analysis.change.words import ChangeWords, can_describe, describe_change
from eowidgets.arguments import FilePath, checked
from eowidgets.contract.registry import model_class
from eowidgets.cube.admission import admit
from eowidgets.cube.opening import opening
from eowidgets.engine.job import Job
from eowidgets.engine.scheduler import HEAVY
from eowidgets.engine.work import Work
from eowidgets.errors import EowidgetsError, InputError, unknown
from eowidgets.widgets.base import AreaTrait, PlacesTrait, PlainErrors, ReadableRepr
from eowidgets.widgets.panels.change_layers import ChangeLayers
from eowidgets.widgets.panels.change_panel_view import ChangePanelView
from eowidgets.widgets.panels.change_view import portrait
from eowidgets.widgets.panels.controls import changed_values, controls_for, place_of

if TYPE_CHECKING:
    import geopandas as gpd

    from eowidgets.widgets.map.area_map import AreaMap
    from eowidgets.widgets.viewer.time_viewer import TimeViewer

#: The progress bar moves at most so often (seconds): each move is a message.
_TICK = 0.1


@checked
class ChangePanel(ReadableRepr, PlainErrors, ChangePanelView):
    """Finds change in a cube, shows it, and lets a person look at every place that changed.

    Parameters
    ----------
    cube : Dataset
        Many dates, or two.
    viewer : TimeViewer, optional
        Shows the mask as a layer, and the date of the place that is picked.
    map : AreaMap, optional
        Shows the places as polygons that can be clicked.
    method : str
        One of :func:`~eowidgets.analysis.change.detect.methods`.

    Attributes
    ----------
    area : dict or None
        GeoJSON geometry; the comparison is limited to it. Link it with a map's or a viewer's ``area``.
    dates : (str, str)
        For a series, first and last day on which change is looked for; for two images, two dates or periods.
    result : Dataset or None
        What :func:`~eowidgets.analysis.change.detect.change` gives.
    places : GeoDataFrame or None
        Places that pass the filters.
    picked : int
        ``id`` of the place that is looked at, 0 for none.

    Examples
    --------
    >>> import eowidgets as eow
    >>> eow.ChangePanel(eow.open("romania"))
    ChangePanel: break-ccdc, 2017-08-01 to 2021-01-01, no result yet
    """

    area: Any = AreaTrait(allow_none=True)
    result: Any = traitlets.Instance(xr.Dataset, allow_none=True)
    places: Any = PlacesTrait(allow_none=True)
    picked: Any = traitlets.Int(0)

    def __init__(
        self,
        cube: xr.Dataset,
        viewer: TimeViewer | None = None,
        map: AreaMap | None = None,
        *,
        method: str | None = None,
    ) -> None:
        cube = admit(cube)
        if cube.sizes.get("time", 0) < 2:
            raise InputError("A change panel needs a cube of at least two dates: open one with  eow.open(...).")
        self.cube, self.viewer, self.map = cube, viewer, map
        known = methods()
        labels = [str(t)[:10] for t in cube.time.values]
        chosen = method or usual_method(cube)
        if chosen not in known:
            raise unknown("method", chosen, known)
        self.job: Work[xr.Dataset] | None = None
        self._all: gpd.GeoDataFrame | None = None
        self._task: ChangeTask | None = None
        self._words: ChangeWords | None = None
        self._layers = ChangeLayers(viewer, map, self.pick)
        self._controls: dict[str, Any] = {}
        self._moved = 0.0
        names = [(f"{model_class(m).card.title}  ({kind})", m) for m, kind in known.items()]
        super().__init__(names, chosen, labels, views=map is not None)
        self._kinds = known
        self._smallest.value = least_hectares(cube)
        self._listen()
        self._choose()

    def _listen(self) -> None:
        self._method.observe(lambda _: self._choose(), names="value")
        for control in (self._from, self._to, self._where, self._smallest, self._sure, self._between):
            control.observe(self._refresh, names="value")
        self.observe(self._took_area, names="area")
        self._run.on_click(lambda _: self.run())
        self._cancel.on_click(lambda _: self.cancel())
        for control in (self._smallest, self._sure, self._between):
            control.observe(lambda _: self._filter(), names="value")
        self._view.observe(lambda _: self._filter(), names="picked_date")
        self._list.observe(lambda change: self.pick(int(change["new"] or 0)), names="value")
        self._gpkg.on_click(lambda _: self._guard(lambda: self.save(f"{self._path.value}.gpkg")))
        self._csv.on_click(lambda _: self._guard(lambda: self.save(f"{self._path.value}.csv")))
        self._shows_code.observe(self._refresh, names="value")

    # --- what was chosen ----------------------------------------------------------------------------------------

    @property
    def method(self) -> str:
        """Name of the method chosen."""
        return str(self._method.value)

    @method.setter
    def method(self, name: str) -> None:
        if name not in self._kinds:
            raise unknown("method", name, self._kinds)
        self._method.value = name

    @property
    def dates(self) -> tuple[str, str]:
        """The two days, or periods, that were chosen."""
        return str(self._from.value).strip(), str(self._to.value).strip()

    @dates.setter
    def dates(self, between: tuple[str, str]) -> None:
        self._from.value, self._to.value = (str(d) for d in between)

    @property
    def params(self) -> dict[str, Any]:
        """Parameters that differ from the model's own."""
        return changed_values(model_class(self.method).Params(), self._controls)

    def run_area(self) -> dict[str, Any] | None:
        """GeoJSON of where change is looked for, None for the whole cube."""
        return place_of(self._where.value, self.area, self.map, "look over the whole cube")

    def code(self) -> str:
        """The cell that does the same."""
        source = opening(self.cube)
        lines = [
            "import eowidgets as eow",
            "from eowidgets.analysis import changed_places, filter_places, sentence",
            "",
        ]
        lines += [f"cube = {source}"] if source else []
        words = ["cube", repr(self.method), f"dates={self.dates!r}"]
        area = self.run_area()
        if area is not None:
            lines.append(f"area = {area!r}")
            words.append("area=area")
        if self.params != TUNED.get(self.method, {}):
            words += [f"{name}={value!r}" for name, value in self.params.items()]
        lines.append(f"found = eow.change({', '.join(words)})")
        keep = f"smallest={self._smallest.value:g}, confidence={self._sure.value:g}"
        lines.append(f"places = filter_places(changed_places(found), {keep})")
        lines.append("print(sentence(found, places))")
        if self._kinds[self.method] == "pair" and can_describe(self.cube):
            lines += ["", "from eowidgets.analysis import describe_change", ""]
            lines.append(
                f"print(describe_change(cube, dates={self.dates!r}{', area=area' if area is not None else ''}))"
            )
        return "\n".join(lines)

    def _choose(self) -> None:
        model = model_class(self.method)
        self._show_card(model.card)
        self._controls = controls_for(model)
        # The period says how long the history is, and for two images what is compared.
        for name in ("history", "split", "season"):
            self._controls.pop(name, None)
        for name, value in TUNED.get(self.method, {}).items():
            self._controls[name].value = value
        for control in self._controls.values():
            control.observe(self._refresh, names="value")
        self._params.children = tuple(self._controls.values())
        self._show_period(self._kinds[self.method] == "series")
        self._say("")
        self._refresh()

    def _pair(self) -> tuple[str, str]:
        return usual_dates(self.cube)

    def _took_area(self, change: Any) -> None:
        self._where.value = "area" if change["new"] is not None else "all"

    def _refresh(self, _: Any = None) -> None:
        try:
            self._code.value = f"<pre class='eow-code'>{escape(self.code())}</pre>" if self._shows_code.value else ""
        except EowidgetsError as error:
            self._code.value = f"<div class='eow-bad'>{escape(str(error))}</div>"

    # --- running ------------------------------------------------------------------------------------------------

    def run(self) -> Work[xr.Dataset] | None:
        """Look for change in the background.

        Returns
        -------
        Work or None
            ``.result()`` waits for the result; None where another run is going on (the panel says so).
        """
        if self.job is not None and not self.job.over and not self.job.hangs:
            self._say("A run is in progress: cancel it first.", bad=True)
            return None
        try:
            area, dates, params = self.run_area(), self.dates, self.params
        except EowidgetsError as error:
            self._say(str(error), bad=True)
            return None
        method = self.method
        work = Work(f"change by {method}", lambda work: self._work(work, method, dates, params, area), owner=self)
        self.job = work
        self._running(True)
        self._bar.value = 0.0
        work.on_change(self._follow)
        HEAVY.put(work)
        return work

    def _follow(self, work: Work[xr.Dataset]) -> None:
        """Show how far the comparison is; only the thread of the work, or a report on it, changes the widgets."""
        if work is not self.job:
            return
        if work.hangs or work.over:
            self._running(False)
        if work.state == "failed":
            known = isinstance(work.error, EowidgetsError)
            trace = "" if known or work.error is None else "".join(traceback.format_exception(work.error))
            self._say(str(work.error) if known else f"The comparison failed: {work.error}", bad=True, details=trace)
        elif work.state == "cancelled":
            self._say("Cancelled.")
        elif not work.over:
            self._say(
                work.status if work.hangs or work.state == "queued" else "Comparing the dates ...", bad=work.hangs
            )

    def _work(
        self, work: Work[xr.Dataset], method: str, dates: tuple[str, str], params: dict[str, Any], area: Any
    ) -> xr.Dataset:
        task = ChangeTask(self.cube, method, dates=dates, params=params)
        work.checkpoint()
        self._show_shift(task.shift, task.notes)
        job = task.submit(area)  # done in this thread, in the slot of the work
        job.on_change(self._watch)
        found = task.finish(job.result())
        work.checkpoint()
        self._task, self._all = task, changed_places(found)
        # Two sharp pictures are told in words as well.
        tells = not task.series and can_describe(task.cube)
        self._words = describe_change(task.cube, area=area) if tells else None
        self.result = found
        self._layers.show_mask(found)
        self._path.value = f"change-{task.dates[0]}-{task.dates[1]}"
        self._filter()
        return found

    def _watch(self, job: Job) -> None:
        if job.state != "running" or job.stopped or time.monotonic() - self._moved < _TICK:
            return
        self._moved = time.monotonic()
        self._bar.value = job.progress
        self._say(job.status)

    def cancel(self) -> None:
        """Stop the run in progress, if there is one."""
        if self.job is not None:
            self.job.cancel()

    # --- results ------------------------------------------------------------------------------------------------

    def _filter(self) -> None:
        if self._all is None:
            return
        first, last = self._between.value
        kept = filter_places(
            self._all, smallest=self._smallest.value, confidence=self._sure.value, dates=(str(first), str(last))
        )
        self._view.show_timeline(timeline(kept))
        # Under the timeline, or it would lose the bars that were not clicked.
        if self._view.picked_date:
            kept = kept[kept["date"] == self._view.picked_date].reset_index(drop=True)
        self.places = kept
        self._show_list(kept)
        self._layers.show_places(kept)
        if self.picked and self.picked not in set(kept["id"]):
            self.pick(0)
        told = f" As a network tells it: {self._words}." if self._words is not None else ""
        self._say(sentence(self.result, kept) + told)

    def pick(self, number: int) -> None:
        """Look at one place: its chips, its pixel, its facts; 0 for none.

        Raises
        ------
        InputError
            If no place that passes the filters has this number.
        """
        if not number:
            self.picked, self._view.place = 0, {}
            return
        rows = None if self.places is None else self.places[self.places["id"] == number]
        if rows is None or not len(rows):
            raise InputError(f"There is no place {number} among those shown: widen the filters, or run first.")
        if self.picked == number:
            return
        place = next(rows.itertuples())
        self.picked = number
        self._list.value = number
        self._view.place = portrait(self._task.cube if self._task is not None else self.cube, self.result, place)
        self._layers.look_at(place, self.places.crs)

    def save(self, path: FilePath | None = None) -> Path:
        """Write the places that pass the filters as GeoPackage (``.gpkg``) or table (``.csv``)."""
        if self.places is None:
            raise InputError("There is no result to save yet: run a comparison first.")
        written = save_places(self.places, path or f"{self._path.value}.gpkg")
        self._say(f"Saved as {written}.")
        return written

    def sentence(self) -> str:
        """What was found, in words for a report."""
        if self.result is None:
            raise InputError("There is no result yet: run a comparison first.")
        return sentence(self.result, self.places)

    def _guard(self, action: Any) -> None:
        try:
            action()
        except EowidgetsError as error:
            self._say(str(error), bad=True)

    @property
    def message(self) -> str:
        """The sentence that the panel shows, as HTML."""
        return str(self._note.value)

    def __repr__(self) -> str:
        """What is chosen and what there is."""
        have = "no result yet" if self.places is None else f"{len(self.places)} places"
        return f"ChangePanel: {self.method}, {self.dates[0]} to {self.dates[1]}, {have}"
