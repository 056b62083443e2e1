"""A panel that runs models over a cube: choose one, estimate its cost, run it, follow it, keep the result."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import traitlets
import xarray as xr

from eowidgets.analysis.measure.report.content import Report
from eowidgets.analysis.measure.report.of_result import report
from eowidgets.analysis.notebook import Cells
from eowidgets.analysis.record import Record
from eowidgets.arguments import MODEL, checked
from eowidgets.contract.choice import Choice
from eowidgets.contract.model import Model
from eowidgets.contract.registry import check_declared, model_class, model_classes
from eowidgets.cube.admission import admit
from eowidgets.cube.vectors import as_bands
from eowidgets.engine.cost import Planned, planned_run
from eowidgets.engine.estimate import estimate
from eowidgets.engine.job import Job
from eowidgets.engine.run import submit
from eowidgets.engine.scheduler import HEAVY
from eowidgets.engine.work import Work
from eowidgets.errors import EowidgetsError, InputError, unknown
from eowidgets.widgets.panels.model_view import ModelView
from eowidgets.widgets.panels.notebook_export import run_cell, session
from eowidgets.widgets.panels.painter import Painter
from eowidgets.widgets.panels.panel import FormPanel
from eowidgets.widgets.panels.panel_view import date_labels, places
from eowidgets.widgets.panels.result_files import save
from eowidgets.widgets.panels.table_layer import TableLayer, summary

if TYPE_CHECKING:
    from eowidgets.widgets.map.area_map import AreaMap
    from eowidgets.widgets.viewer.time_viewer import TimeViewer


@checked
class ModelPanel(FormPanel, ModelView):
    """Run models over a cube and show the results, window by window.

    Parameters
    ----------
    cube : Dataset
    model : str, Model or Model class
        The model shown first: the name of a registered model, or a model of your own. An instance keeps its networks,
        and its parameters are those that the controls show first.
    viewer : TimeViewer, optional
        Shows results: cubes to swipe against, other results as layers.
    map : AreaMap, optional
        Shows results as layers with a legend, while they are computed and after.

    Attributes
    ----------
    area : dict or None
        GeoJSON geometry; the run is limited to it. Link it with the ``area`` of a map or a viewer.
    where : {"all", "area", "view"}
        The whole cube, the drawn area, or what the map shows.
    dates : (str, str)
        First and last ISO date given to the model.
    result : Dataset, GeoDataFrame or None
        The result shown.
    results : dict
        All results by the name of their layer, each with its provenance.

    Raises
    ------
    InputError
        For a model that does not exist, or a torch module that is not wrapped.

    Examples
    --------
    >>> import eowidgets as eow
    >>> eow.ModelPanel(eow.open("romania"), "harmonic")
    ModelPanel: harmonic, 140 dates of 0.01 Mpx, no result yet
    """

    result: Any = traitlets.Any(None)

    def __init__(
        self,
        cube: xr.Dataset,
        model: Annotated[str | Model | type[Model], MODEL] = "fill-auto",
        *,
        viewer: TimeViewer | None = None,
        map: AreaMap | None = None,
    ) -> None:
        #: A model of the user that is not from the registry.
        self._given = _not_registered(model)
        cube = as_bands(admit(cube))
        self._look_at(cube, viewer, map)
        self.results: dict[str, Any] = {}
        self._codes: dict[str, str] = {}
        self._tested: Choice | None = None
        self._labels = date_labels(cube)
        listed = [m for m in model_classes() if self._given is None or m.name != self._given.name]
        shown = [(m.card.title, m.name, str(m.task)) for m in [*listed, *([self._given] if self._given else [])]]
        name = model if isinstance(model, str) else model.name
        super().__init__(shown, name, self._labels, places(map))
        self._listen()
        self._choose()

    def _listen(self) -> None:
        self._connect()
        self._task.observe(lambda change: self._offer(change["new"]), names="value")
        self._model.observe(lambda _: self._choose(), names="value")
        for control in (self._dates, self._device):
            control.observe(self._refresh, names="value")
        self._estimate.on_click(lambda _: self.tell_cost())
        self._shown.observe(self._show_chosen, names="value")
        self._fade.observe(self._show_chosen, names="value")

    # --- what is chosen -----------------------------------------------------------------------------------------

    @property
    def model(self) -> str:
        """Return the name of the model chosen."""
        return str(self._model.value)

    @model.setter
    def model(self, name: str) -> None:
        given = self._given is not None and name == self._given.name
        self._task.value = str((self._given if given else model_class(name)).task)  # type: ignore[union-attr]
        self._model.value = name

    def _chosen(self) -> Model | type[Model]:
        """Return the model given by the user if it is the one chosen, else the class of that name."""
        given = self._given
        return given if given is not None and given.name == self.model else model_class(self.model)

    @property
    def dates(self) -> tuple[str, str]:
        """Return the first and last date given to the model."""
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

    def run_cube(self) -> xr.Dataset:
        """Return the dates of the cube that the model will get.

        Returns
        -------
        Dataset
            A part of the cube.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> panel = eow.ModelPanel(tiny_cube(), "fill-linear")
        >>> panel.run_cube().sizes["time"]
        12
        """
        first, last = self._dates.index
        return self.cube if last - first + 1 == len(self._labels) else self.cube.isel(time=slice(first, last + 1))

    def code(self) -> str:
        """Return the code of a cell that computes the same.

        Returns
        -------
        str
            Python code.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> panel = eow.ModelPanel(tiny_cube(), "fill-linear")
        >>> "fill-linear" in panel.code()
        True
        """
        name = None if self._chosen() is self._given else self.model
        dates = None if self.run_cube() is self.cube else self.dates
        more: dict[str, Any] = {"dates": dates, "area": self.run_area(), "device": str(self._device.value)}
        return run_cell(self._source(), name, self.params, **more)

    def _cells(self, source: str) -> Cells:
        return session(source, self._codes or {self.model: self.code()})

    def _offer(self, task: str) -> None:
        self._model.options = self._of_task(task)  # selects the first

    def _choose(self) -> None:
        chosen = self._chosen()
        self._show_card(chosen.card)
        self._show_params(chosen.params if isinstance(chosen, Model) else chosen.Params())
        self._say(self._reason())
        self._refresh()

    def _reason(self) -> str:
        """Return the errors of the chosen model in the last test on this cube, if it was tested and did not win."""
        tested = self._tested
        if tested is None or self.model == tested.winner or not tested.has(self.model):
            return ""
        return tested.reason(self.model)

    def _refresh(self, _: Any = None) -> None:
        self._cost.value = ""  # it was measured for other choices
        super()._refresh()

    def _planned(self) -> Planned:
        return planned_run(
            self._subject(), self.run_cube(), self.run_area(), device=str(self._device.value), params=self.params
        )

    # --- running ------------------------------------------------------------------------------------------------

    def tell_cost(self) -> None:
        """Measure on a small piece what the run will cost, and show it; in the background.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> panel = eow.ModelPanel(tiny_cube(), "fill-linear")
        >>> panel.tell_cost()  # doctest: +SKIP
        """
        try:
            model, cube, area, params = self._subject(), self.run_cube(), self.run_area(), self.params
        except EowidgetsError as error:
            self._say(str(error), bad=True)
            return
        device = str(self._device.value)

        def show(words: str) -> None:
            self._cost.value = f"<span class='eow-cost'>{escape(words)}</span>" if words else ""

        def follow(work: Work[None]) -> None:
            if not work.over:
                show("Measuring ..." if work.state == "running" else f"{work.status} ...")
            elif work.error is not None:
                show("")
                self._say_error(work.error, work.name)
            else:
                self._price_soon()  # the time has been measured

        work = Work(
            "cost estimate",
            lambda _: show(str(estimate(model, cube, area=area, device=device, **params))),
            owner=self,
        )
        work.on_change(follow)
        HEAVY.put(work)

    def _subject(self) -> str | Model | type[Model]:
        chosen = self._chosen()
        return chosen if chosen is self._given else self.model

    def _submit(self) -> Job:
        name = self._name_for(self.model)
        painter = self._painter(name)
        code, device = self.code(), str(self._device.value)
        job = submit(
            self._subject(),
            self.run_cube(),
            area=self.run_area(),
            device=device,
            on_window=painter.paint if self.viewer is not None or self.map is not None else None,
            **self.params,
        )
        painter.begin(job.geobox)
        self._follow(job, lambda result: self._keep(name, result, code), painter.forget)
        return job

    def _painter(self, name: str) -> Painter:
        return Painter(name, self.cube, self.viewer, self.map, str(getattr(self.viewer or self.map, "date", "")))

    # --- results ------------------------------------------------------------------------------------------------

    def _name_for(self, model: str) -> str:
        count = sum(k == model or k.startswith(f"{model} ") for k in self.results)
        return model if not count else f"{model} {count + 1}"

    def _keep(self, name: str, result: Any, code: str) -> None:
        self.results[name], self._codes[name] = result, code
        self._shown.options = list(self.results)  # selects the first one, and shows it, if none was selected
        self._shown.layout.display = None if len(self.results) > 1 else "none"
        self._save.disabled = False
        if self._shown.value != name:
            self._shown.value = name

    def _show_chosen(self, _: Any) -> None:
        if self._shown.value:
            self.show(str(self._shown.value))

    def show(self, name: str) -> None:
        """Select the result that is shown and saved.

        Parameters
        ----------
        name : str
            Name of the result.

        Raises
        ------
        InputError
            If there is no such result.
        """
        if name not in self.results:
            raise unknown("result", name, self.results)
        result = self.results[name]
        self.result = result
        self._path.value = name.replace(" ", "-")
        rows = not isinstance(result, xr.Dataset)
        doubtful = not rows and any(str(v).endswith("_probability") for v in result.data_vars)
        self._fade.layout.display = None if doubtful and self.map is not None else "none"
        notes = escape(json.dumps(json.loads(result.attrs.get("provenance", "{}")), indent=1))
        self._origin.value = f"<details class='eow-origin'><summary>Provenance</summary><pre>{notes}</pre></details>"
        if rows:
            said = TableLayer(self.map, name, self._say).show(result)
            self._say(f"Done: {summary(result)}. {said}")
            return
        said = self._painter(name).finish(result, fade=bool(self._fade.value))
        choice = Record.of(result).choice if "provenance" in result.attrs else None
        self._tested = choice or self._tested
        test = f"Tested on this cube: {choice.sentence}." if choice else ""
        self._say(" ".join(filter(None, (f"Done: {', '.join(map(str, list(result.data_vars)[:6]))}.", said, test))))

    def _report(self) -> Report:
        if self.result is None:
            raise InputError("There is no result to report yet: run a model first.")
        return report(self.result, cube=self.cube, date=self._day())

    def _write(self, target: Path) -> Path:
        if self.result is None:
            raise InputError("There is no result to save yet: run a model first.")
        return save(self.result, target)

    @property
    def cost(self) -> str:
        """Return what the run will cost, as last measured: empty until :meth:`tell_cost` has finished."""
        return str(self._cost.value).removeprefix("<span class='eow-cost'>").removesuffix("</span>")

    def __repr__(self) -> str:
        """Return what is chosen and how many results there are."""
        size = self.cube.sizes["y"] * self.cube.sizes["x"] / 1e6
        have = f"{len(self.results)} results" if self.results else "no result yet"
        return f"ModelPanel: {self.model}, {self.cube.sizes['time']} dates of {size:.2g} Mpx, {have}"


def _not_registered(model: str | Model | type[Model]) -> Model | type[Model] | None:
    """Return a model that code can only refer to by a variable; None for one that its name stands for.

    Raises
    ------
    InputError
        For a name that is not registered, or a model whose class is not complete.
    """
    if isinstance(model, str):
        model_class(model)
        return None
    check_declared(model)
    registered = {m.name: m for m in model_classes()}
    return None if registered.get(model.name) is model else model
