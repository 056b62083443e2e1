"""A panel that finds change: choose a method, see where, when and what changed, inspect a place, save the places."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import traitlets
import xarray as xr

from eowidgets.analysis.change.detect import ChangeTask
from eowidgets.analysis.change.methods import AUTO, DEFAULTS, methods, usual_method
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
from eowidgets.analysis.measure.report.content import Report
from eowidgets.analysis.measure.report.of_change import change_report
from eowidgets.analysis.planned import planned_change
from eowidgets.arguments import checked
from eowidgets.contract.call import Call
from eowidgets.contract.card import Card
from eowidgets.contract.choice import Choice
from eowidgets.contract.params import NoParams
from eowidgets.contract.registry import model_class
from eowidgets.cube.admission import admit
from eowidgets.engine.cost import Planned
from eowidgets.engine.job import Job
from eowidgets.engine.scheduler import HEAVY
from eowidgets.engine.work import Work
from eowidgets.errors import InputError, unknown
from eowidgets.widgets.base import PlacesTrait
from eowidgets.widgets.panels.change_layers import ChangeLayers
from eowidgets.widgets.panels.change_panel_view import ChangePanelView
from eowidgets.widgets.panels.change_view import portrait
from eowidgets.widgets.panels.panel import FormPanel
from eowidgets.widgets.panels.panel_view import places, select

if TYPE_CHECKING:
    import geopandas as gpd

    from eowidgets.widgets.map.area_map import AreaMap
    from eowidgets.widgets.viewer.time_viewer import TimeViewer

#: Parameters that the period of the panel determines: the length of the history, and the two images.
_BY_PERIOD = ("history", "split", "season")
_AUTO_CARD = Card(
    title="Automatic: the best on this cube",
    summary="Adds breaks of known date and size to stable pixels of this cube, and runs the monitor that detects them best.",
    licence="Apache-2.0",
    limits="The added breaks are simple; with few stable pixels the default method is run instead.",
)


@checked
class ChangePanel(FormPanel, ChangePanelView):
    """Find change in a cube, and inspect every place that changed.

    Parameters
    ----------
    cube : Dataset
        Many dates, or two.
    viewer : TimeViewer, optional
        Shows the mask as a layer, and the date of the picked place.
    map : AreaMap, optional
        Shows the places as polygons that can be clicked.
    method : str
        One of :func:`~eowidgets.analysis.change.detect.methods`.

    Attributes
    ----------
    area : dict or None
        GeoJSON geometry; the comparison is limited to it. Link it with the ``area`` of a map or a viewer.
    where : {"all", "area", "view"}
        The whole cube, the drawn area, or what the map shows.
    dates : (str, str)
        For a series, first and last day on which change is looked for; for two images, two dates or periods.
    result : Dataset or None
        The result of :func:`~eowidgets.analysis.change.detect.change`.
    places : GeoDataFrame or None
        Places that pass the filters.
    picked : int
        ``id`` of the picked place, 0 for none.

    Examples
    --------
    >>> import eowidgets as eow
    >>> eow.ChangePanel(eow.open("romania"))
    ChangePanel: auto, 2017-08-01 to 2021-01-01, no result yet
    """

    result: Any = traitlets.Instance(xr.Dataset, allow_none=True)
    places: Any = PlacesTrait(allow_none=True)
    picked: Any = traitlets.Int(0)
    _noun = "comparison"
    _running_words = "Comparing the dates ..."

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
        self._look_at(cube, viewer, map)
        viewer = self.viewer
        usual = usual_method(cube)
        series = usual.startswith("break-")
        known = {**({AUTO: "series"} if series else {}), **methods()}
        labels = [str(t)[:10] for t in cube.time.values]
        chosen = method or (AUTO if series else usual)
        if chosen not in known:
            raise unknown("method", chosen, known)
        self._all: gpd.GeoDataFrame | None = None
        self._task: ChangeTask | None = None
        self._tested: Choice | None = None
        self._part: Job | None = None
        self._words: ChangeWords | None = None
        self._layers = ChangeLayers(viewer, map, self.pick)
        titles = {AUTO: "Automatic: the best on this cube"}
        names = [(f"{titles.get(m) or model_class(m).card.title}  ({kind})", m) for m, kind in known.items()]
        super().__init__(names, chosen, labels, places(map))
        self._kinds = known
        self._smallest.value = least_hectares(cube)
        self._listen()
        self._choose()

    def _listen(self) -> None:
        self._connect()
        self._method.observe(lambda _: self._choose(), names="value")
        for control in (self._from, self._to, self._smallest, self._sure, self._between):
            control.observe(self._refresh, names="value")
        for control in (self._smallest, self._sure, self._between):
            control.observe(lambda _: self._filter(), names="value")
        self._view.observe(lambda _: self._filter(), names="picked_date")
        self._list.observe(lambda change: self._guard(lambda: self.pick(int(change["new"] or 0))), names="value")
        for ending, button in self._buttons.items():
            button.on_click(lambda _, ending=ending: self._guard(lambda: self.save(f"{self._path.value}{ending}")))

    # --- what is chosen -----------------------------------------------------------------------------------------

    @property
    def method(self) -> str:
        """Return the name of the method chosen."""
        return str(self._method.value)

    @method.setter
    def method(self, name: str) -> None:
        select(self._method, name, "method")

    @property
    def dates(self) -> tuple[str, str]:
        """Return the two days, or periods, that were chosen."""
        return str(self._from.value).strip(), str(self._to.value).strip()

    @dates.setter
    def dates(self, between: tuple[str, str]) -> None:
        self._from.value, self._to.value = (str(d) for d in between)

    def code(self) -> str:
        """Return the code of a cell that computes the same result.

        Returns
        -------
        str
            Python code.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> panel = eow.ChangePanel(tiny_cube(), method="change-otsu")
        >>> "eow.change" in panel.code()
        True
        """
        area = self.run_area()
        usual = self.params == DEFAULTS.get(self.method, {})
        asked = {"method": self.method, "dates": self.dates, **({"area": area} if area is not None else {})}
        call = Call("change", {**asked, **({} if usual else self.params)}, target="found")
        imported = "from eowidgets.analysis import changed_places, filter_places, sentence"
        lines = call.code(self._source(), imported).splitlines()
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
        if self.method == AUTO:
            self._show_card(_AUTO_CARD, "About this method")
            self._show_params(NoParams())
        else:
            model = model_class(self.method)
            self._show_card(model.card, "About this method")
            self._show_params(model.Params(), leave_out=_BY_PERIOD)
            self.set(**DEFAULTS.get(self.method, {}))
        self._show_period(self._kinds[self.method] == "series")
        tested = self._tested
        self._say(tested.reason(self.method) if tested is not None and tested.has(self.method) else "")
        self._refresh()

    def _pair(self) -> tuple[str, str]:
        return usual_dates(self.cube)

    def _planned(self) -> Planned:
        return planned_change(self.cube, self.method, self.dates, self.run_area(), self.params)

    # --- running ------------------------------------------------------------------------------------------------

    def _submit(self) -> Work[xr.Dataset]:
        area, dates, params, method = self.run_area(), self.dates, self.params, self.method
        work = Work(f"change by {method}", lambda work: self._work(work, method, dates, params, area), owner=self)
        self._part = None
        self._follow(work)
        HEAVY.put(work)
        return work

    def _work(
        self, work: Work[xr.Dataset], method: str, dates: tuple[str, str], params: dict[str, Any], area: Any
    ) -> xr.Dataset:
        task = ChangeTask(self.cube, method, dates=dates, params=params)
        work.checkpoint()
        self._show_shift(task.shift, task.notes)
        job = task.submit(area)  # runs in this thread, in the slot of the work
        self._part = job
        if self._pause.value:
            job.pause()
        job.on_change(self._show_part)
        found = task.finish(job.result())
        work.checkpoint()
        self._task, self._all = task, changed_places(found)
        self._tested = task.choice or self._tested
        sharp_pair = not task.series and can_describe(task.cube)
        self._words = describe_change(task.cube, area=area) if sharp_pair else None
        self.result = found
        self._layers.show_mask(found)
        self._path.value = f"change-{task.dates[0]}-{task.dates[1]}"
        self._filter()
        return found

    def _show_part(self, job: Job) -> None:
        if job.state in ("running", "paused") and not job.stopped and (job.state == "paused" or self._is_time()):
            self._show_state(job)

    def _job(self) -> Job | None:
        return self._part

    # --- results ------------------------------------------------------------------------------------------------

    def _filter(self) -> None:
        if self._all is None:
            return
        first, last = self._between.value
        kept = filter_places(
            self._all, smallest=self._smallest.value, confidence=self._sure.value, dates=(str(first), str(last))
        )
        self._view.show_timeline(timeline(kept))
        # After the timeline is drawn, so that it keeps all bars and not only the clicked one.
        if self._view.picked_date:
            kept = kept[kept["date"] == self._view.picked_date].reset_index(drop=True)
        self.places = kept
        self._show_list(kept)
        self._layers.show_places(kept)
        if self.picked and self.picked not in set(kept["id"]):
            self.pick(0)
        described = f" A network describes the change as: {self._words}." if self._words is not None else ""
        choice = self._task.choice if self._task is not None else None
        tested = f" Tested on this cube: {choice.sentence}." if choice is not None else ""
        self._say(sentence(self.result, kept) + described + tested)

    def pick(self, number: int) -> None:
        """Show one place: its chips, its pixel, its facts; 0 for none.

        Parameters
        ----------
        number : int
            Number of the place in the list, from 1 on; 0 selects none.

        Raises
        ------
        InputError
            If no place that passes the filters has this number.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> panel = eow.ChangePanel(tiny_cube(), method="change-otsu")
        >>> panel.pick(0)
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

    def _report(self) -> Report:
        if self.places is None:
            raise InputError("There is no result to report yet: run a comparison first.")
        least = float(self._smallest.value)
        return change_report(self.result, self.cube, date=self._day(), places=self.places, least=least)

    def _write(self, target: Path) -> Path:
        if self.places is None:
            raise InputError("There is no result to save yet: run a comparison first.")
        return save_places(self.places, target)

    def sentence(self) -> str:
        """Return the result as sentences for a report.

        Returns
        -------
        str
            The sentence.
        """
        if self.result is None:
            raise InputError("There is no result yet: run a comparison first.")
        return sentence(self.result, self.places)

    def __repr__(self) -> str:
        """Return what is chosen and how many places there are."""
        have = "no result yet" if self.places is None else f"{len(self.places)} places"
        return f"ChangePanel: {self.method}, {self.dates[0]} to {self.dates[1]}, {have}"
