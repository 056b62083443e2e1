"""A model as a button: choose it, see what it costs, run it, watch it, keep the result."""

from __future__ import annotations

import json
import time
import traceback
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import traitlets
import xarray as xr

from eowidgets.arguments import FilePath, checked
from eowidgets.contract.registry import model_class, model_classes
from eowidgets.cube.admission import admit
from eowidgets.cube.opening import opening
from eowidgets.engine.estimate import estimate
from eowidgets.engine.job import Job
from eowidgets.engine.run import submit
from eowidgets.engine.scheduler import HEAVY
from eowidgets.engine.work import Work
from eowidgets.errors import EowidgetsError, InputError, unknown
from eowidgets.widgets.base import AreaTrait, PlainErrors, ReadableRepr
from eowidgets.widgets.panels.controls import changed_values, controls_for, place_of
from eowidgets.widgets.panels.notebook_export import NOT_AGAIN, run_cell, session, write_notebook
from eowidgets.widgets.panels.painter import Painter
from eowidgets.widgets.panels.panel_view import PanelView, devices
from eowidgets.widgets.panels.result_files import save

if TYPE_CHECKING:
    from eowidgets.widgets.map.area_map import AreaMap
    from eowidgets.widgets.viewer.time_viewer import TimeViewer

#: The progress bar moves at most so often (seconds): each move is a message.
_TICK = 0.1


@checked
class ModelPanel(ReadableRepr, PlainErrors, PanelView):
    """Runs models over a cube and shows what comes out, window by window.

    Parameters
    ----------
    cube : Dataset
    model : str
        Name of the model shown first.
    viewer : TimeViewer, optional
        Where results appear: cubes to swipe against, other results as layers.
    map : AreaMap, optional
        Where results appear as layers with a legend, while they are computed and after.

    Attributes
    ----------
    area : dict or None
        GeoJSON geometry; the run is limited to it. Link it with a map's or a viewer's ``area``.
    where : {"all", "area", "view"}
        The whole cube, the drawn area, or what the map shows.
    dates : (str, str)
        First and last ISO date given to the model.
    result : Dataset or None
        The result shown.
    results : dict
        All results by the name of their layer, each with its provenance.

    Examples
    --------
    >>> import eowidgets as eow
    >>> eow.ModelPanel(eow.open("romania"), "harmonic")
    ModelPanel: harmonic, 140 dates of 0.01 Mpx, no result yet
    """

    area: Any = AreaTrait(allow_none=True)
    result: Any = traitlets.Instance(xr.Dataset, allow_none=True)

    def __init__(
        self,
        cube: xr.Dataset,
        model: str = "fill-linear",
        *,
        viewer: TimeViewer | None = None,
        map: AreaMap | None = None,
    ) -> None:
        model_class(model)  # an unknown name is refused here
        cube = admit(cube)
        self.cube, self.viewer, self.map = cube, viewer, map
        self.results: dict[str, xr.Dataset] = {}
        self.job: Job | None = None
        self._controls: dict[str, Any] = {}
        self._codes: dict[str, str] = {}
        self._moved = 0.0
        stamps = [str(t) for t in cube["time"].values.astype("datetime64[s]")]
        days = [t[:10] for t in stamps]
        self._labels = days if len(set(days)) == len(days) else stamps
        listed = [(m.card.title, m.name, str(m.task)) for m in model_classes()]
        super().__init__(listed, model, self._labels, devices(), views=map is not None)
        self._listen()
        self._choose()

    def _listen(self) -> None:
        self._task.observe(lambda change: self._offer(change["new"]), names="value")
        self._model.observe(lambda _: self._choose(), names="value")
        for control in (self._where, self._dates, self._device):
            control.observe(self._refresh, names="value")
        self.observe(self._took_area, names="area")
        self._run.on_click(lambda _: self.run())
        self._cancel.on_click(lambda _: self.cancel())
        self._pause.observe(self._hold, names="value")
        self._estimate.on_click(lambda _: self.tell_cost())
        self._shows_code.observe(self._refresh_code, names="value")
        self._shown.observe(self._show_chosen, names="value")
        self._fade.observe(self._show_chosen, names="value")
        self._save.on_click(lambda _: self._guard(self.save))
        self._to_notebook.on_click(lambda _: self._guard(self.to_notebook))

    # --- what was chosen ----------------------------------------------------------------------------------------

    @property
    def model(self) -> str:
        """Name of the model chosen."""
        return str(self._model.value)

    @model.setter
    def model(self, name: str) -> None:
        self._task.value = str(model_class(name).task)
        self._model.value = name

    @property
    def params(self) -> dict[str, Any]:
        """Parameters that differ from the model's own."""
        return changed_values(model_class(self.model).Params(), self._controls)

    def set(self, **params: Any) -> None:
        """Set parameters as the controls do."""
        for name, value in params.items():
            if name not in self._controls:
                raise unknown("parameter", name, self._controls)
            self._controls[name].value = value

    @property
    def where(self) -> str:
        """Where the model will run."""
        return str(self._where.value)

    @where.setter
    def where(self, place: str) -> None:
        places = [key for _, key in self._where.options]
        if place not in places:
            raise unknown("place to run", place, places)
        self._where.value = place

    @property
    def dates(self) -> tuple[str, str]:
        """First and last date given to the model."""
        first, last = self._dates.value
        return str(first), str(last)

    @dates.setter
    def dates(self, between: tuple[str, str]) -> None:
        first, last = (str(d) for d in between)
        inside = [i for i, label in enumerate(self._labels) if first <= label <= f"{last}T99"]
        if not inside:
            raise InputError(
                f"There is no date between {first} and {last}: the cube has {self._labels[0]} to {self._labels[-1]}."
            )
        self._dates.index = (inside[0], inside[-1])

    def run_area(self) -> dict[str, Any] | None:
        """GeoJSON of where the model will run, None for the whole cube."""
        return place_of(self.where, self.area, self.map, "run over the whole cube")

    def run_cube(self) -> xr.Dataset:
        """The dates of the cube that the model will get."""
        first, last = self._dates.index
        return self.cube if last - first + 1 == len(self._labels) else self.cube.isel(time=slice(first, last + 1))

    def code(self) -> str:
        """The cell that does the same."""
        dates = None if self.run_cube() is self.cube else self.dates
        words: dict[str, Any] = {"dates": dates, "area": self.run_area(), "device": str(self._device.value)}
        return run_cell(self._opening, self.model, self.params, **words)

    @cached_property
    def _opening(self) -> str | None:
        return opening(self.cube)

    def to_notebook(self, path: FilePath | None = None) -> Path:
        """Write every run of this session as a notebook that runs again and passes nbval.

        Raises
        ------
        InputError, SourceError
            If the cube cannot be opened again by name, or the file cannot be written.
        """
        if self._opening is None:
            raise InputError(NOT_AGAIN)
        cells = session(self._opening, self._codes or {self.model: self.code()})
        title = str(self.cube.attrs.get("title") or "A session")
        written = write_notebook(path or f"{Path(self._path.value).with_suffix('')}.ipynb", title, cells)
        self._say(f"Written as {written}.")
        return written

    def _took_area(self, change: Any) -> None:
        self._where.value = "area" if change["new"] is not None else "all"
        self._refresh()

    def _offer(self, task: str) -> None:
        self._model.options = self._of_task(task)  # selects the first

    def _choose(self) -> None:
        chosen = model_class(self.model)
        self._show_card(chosen.card)
        self._controls = controls_for(chosen)
        for control in self._controls.values():
            control.observe(self._refresh, names="value")
        self._params.children = tuple(self._controls.values())
        self._say("")
        self._refresh()

    def _refresh(self, _: Any = None) -> None:
        # What was measured for other choices would be a lie.
        self._cost.value = ""
        self._refresh_code()

    def _refresh_code(self, _: Any = None) -> None:
        try:
            self._code.value = f"<pre class='eow-code'>{escape(self.code())}</pre>" if self._shows_code.value else ""
        except EowidgetsError as error:
            self._code.value = f"<div class='eow-bad'>{escape(str(error))}</div>"

    # --- running ------------------------------------------------------------------------------------------------

    def tell_cost(self) -> None:
        """Measure on a small piece what the run will cost, and say it; in the background."""
        try:
            arguments = (self.model, self.run_cube(), self.run_area())
        except EowidgetsError as error:
            self._say(str(error), bad=True)
            return
        params, device = self.params, str(self._device.value)

        def show(words: str) -> None:
            self._cost.value = f"<span class='eow-cost'>{escape(words)}</span>" if words else ""

        def tell(work: Work[None]) -> None:
            if not work.over:
                show("Measuring ..." if work.state == "running" else f"{work.status} ...")
            elif work.error is not None:
                show("")
                self._say_error(work.error)

        work = Work("cost estimate", lambda _: show(str(estimate(*arguments, device=device, **params))), owner=self)
        work.on_change(tell)
        HEAVY.put(work)

    def run(self) -> Job | None:
        """Start; gives the job, or None where it was refused (the panel says why)."""
        if self.job is not None and not self.job.over and not self.job.hangs:
            self._say("A run is in progress: cancel it first.", bad=True)
            return None
        name = self._name_for(self.model)
        date = str(getattr(self.viewer or self.map, "date", ""))
        painter = Painter(name, self.cube, self.viewer, self.map, date)
        try:
            code, device = self.code(), str(self._device.value)
            job = submit(
                self.model,
                self.run_cube(),
                self.run_area(),
                device=device,
                on_window=painter.paint if self.viewer is not None or self.map is not None else None,
                **self.params,
            )
        except EowidgetsError as error:
            self._say(str(error), bad=True)
            return None
        painter.begin(job.geobox)
        self.job = job
        self._running(True)
        self._bar.value = 0.0
        self._say(job.status)
        job.on_change(lambda job: self._watch(job, painter, code))
        return job

    def cancel(self) -> None:
        """Stop the run in progress, if there is one."""
        if self.job is not None:
            self.job.cancel()

    def pause(self) -> None:
        """Hold the run in progress at its next batch."""
        self._pause.value = True

    def resume(self) -> None:
        """Go on after :meth:`pause`."""
        self._pause.value = False

    def _hold(self, change: Any) -> None:
        if self.job is not None and not self.job.over:
            (self.job.pause if change["new"] else self.job.resume)()

    def _watch(self, job: Job, painter: Painter, code: str) -> None:
        # Called by the job's thread; the only place that changes the widgets during a run.
        moving = job.state == "running" and not job.hangs and time.monotonic() - self._moved < _TICK
        if job is not self.job or moving:
            return
        self._moved = time.monotonic()
        self._bar.value = job.progress
        if job.hangs:  # its slot is free: another run may be started
            painter.forget()
            self._running(False)
        if not job.over:
            self._say(job.status, bad=job.hangs)
            return
        self._running(False)
        if job.state == "done":
            self._keep(painter, job.result(), code)
            return
        painter.forget()
        if job.state == "cancelled":
            self._say("Cancelled.")
        else:
            self._say_error(job.error)

    def _say_error(self, error: BaseException | None) -> None:
        trace = "".join(traceback.format_exception(error)) if error else ""
        self._say(str(error), bad=True, details="" if isinstance(error, EowidgetsError) else trace)

    # --- results ------------------------------------------------------------------------------------------------

    def _keep(self, painter: Painter, result: xr.Dataset, code: str) -> None:
        self.results[painter.name], self._codes[painter.name] = result, code
        self._shown.options = list(self.results)  # selects the first one, and shows it, if none was selected
        self._shown.layout.display = None if len(self.results) > 1 else "none"
        self._save.disabled = False
        if self._shown.value != painter.name:
            self._shown.value = painter.name

    def _show_chosen(self, _: Any) -> None:
        if self._shown.value:
            self.show(str(self._shown.value))

    def show(self, name: str) -> None:
        """Make one of the results the one that is shown and saved."""
        if name not in self.results:
            raise unknown("result", name, self.results)
        result = self.results[name]
        self.result = result
        self._path.value = name.replace(" ", "-")
        doubtful = any(str(v).endswith("_probability") for v in result.data_vars)
        self._fade.layout.display = None if doubtful and self.map is not None else "none"
        notes = escape(json.dumps(json.loads(result.attrs.get("provenance", "{}")), indent=1))
        self._origin.value = (
            f"<details class='eow-origin'><summary>Where it comes from</summary><pre>{notes}</pre></details>"
        )
        date = str(getattr(self.viewer or self.map, "date", ""))
        said = Painter(name, self.cube, self.viewer, self.map, date).finish(result, fade=bool(self._fade.value))
        self._say(f"Done: {', '.join(map(str, list(result.data_vars)[:6]))}. {said}".strip())

    def _name_for(self, model: str) -> str:
        count = sum(k == model or k.startswith(f"{model} ") for k in self.results)
        return model if not count else f"{model} {count + 1}"

    def save(self, path: FilePath | None = None) -> Path:
        """Write the result shown, by default under the name and in the format chosen in the panel."""
        if self.result is None:
            raise InputError("There is no result to save yet: run a model first.")
        written = save(self.result, path or f"{self._path.value}{self._format.value}")
        self._say(f"Saved as {written}.")
        return written

    def _guard(self, action: Any) -> None:
        try:
            action()
        except EowidgetsError as error:
            self._say(str(error), bad=True)

    @property
    def cost(self) -> str:
        """What the run will cost, as last measured: empty until :meth:`tell_cost` has looked."""
        return str(self._cost.value).removeprefix("<span class='eow-cost'>").removesuffix("</span>")

    @property
    def message(self) -> str:
        """The sentence that the panel shows, as HTML."""
        return str(self._note.value)

    def __repr__(self) -> str:
        """What is chosen and what there is."""
        size = self.cube.sizes["y"] * self.cube.sizes["x"] / 1e6
        have = f"{len(self.results)} results" if self.results else "no result yet"
        return f"ModelPanel: {self.model}, {self.cube.sizes['time']} dates of {size:.2g} Mpx, {have}"
