"""A panel from a class map to areas with intervals: draw a sample, label it, see the accuracy."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

import traitlets
import xarray as xr

from eowidgets.analysis.measure.accuracy.accuracy import accuracy
from eowidgets.analysis.measure.accuracy.assessment import Accuracy
from eowidgets.analysis.measure.accuracy.assessment_report import accuracy_report
from eowidgets.analysis.measure.accuracy.class_map import CHANGE, ClassMap
from eowidgets.analysis.measure.accuracy.draw import sample
from eowidgets.analysis.measure.accuracy.sample import Sample
from eowidgets.analysis.measure.report.content import Report
from eowidgets.analysis.notebook import Cells
from eowidgets.analysis.record import Record
from eowidgets.arguments import FilePath, checked
from eowidgets.contract.params import param
from eowidgets.cube.admission import admit
from eowidgets.engine.cost import Planned
from eowidgets.engine.scheduler import HEAVY, LIGHT
from eowidgets.engine.work import Work
from eowidgets.errors import EowidgetsError, InputError
from eowidgets.widgets.panels.panel import FormPanel
from eowidgets.widgets.panels.panel_view import places, select, sentence_html
from eowidgets.widgets.panels.sample_panel_view import SamplePanelView
from eowidgets.widgets.panels.sample_queue import SampleQueue

if TYPE_CHECKING:
    from eowidgets.widgets.map.area_map import AreaMap
    from eowidgets.widgets.viewer.time_viewer import TimeViewer

FIRST_STEP = "Run a model or a comparison that gives classes, choose its map here, and draw a sample."
ABOUT = (
    "<div class='eow-card'>Areas counted in a map inherit its errors. A random sample, labelled without sight of the map, "
    "gives the accuracy, and areas with a confidence interval.</div>"
)


@dataclass(frozen=True)
class SampleParams:
    """Design of the sample."""

    points: int = param(200, low=2, high=100_000, label="Points", help="Number of points to label.")
    allocation: Literal["olofsson", "proportional", "equal"] = param(
        "olofsson",
        label="Allocation",
        help="olofsson: by area, with a minimum for rare classes; proportional: by area; equal: the same number in each.",
    )
    minimum: int = param(50, low=2, high=10_000, label="Minimum", help="Points of a rare class under olofsson.")
    buffer: int = param(
        0,
        low=0,
        high=1000,
        unit="pixels",
        label="Buffer around change",
        help="Pixels near mapped change become a separate stratum, which covers missed change.",
    )
    seed: int = param(0, low=0, high=2**31, label="Seed", help="A different seed draws a different sample.")


@checked
class SamplePanel(FormPanel, SamplePanelView):
    """Draw a sample of a class map, label it in a queue, and see accuracies and areas with intervals.

    Parameters
    ----------
    cube : Dataset
        Shown to those who label.
    result : Dataset or DataArray, optional
        The map to assess; others are added with :meth:`offer`. Class maps among the layers of the viewer are offered too.
    viewer, map : optional
        Brought to each point.
    path : str or Path, optional
        A CSV for the answers; by default a name from the sample and the person, next to the notebook.

    Attributes
    ----------
    sample : Sample or None
        With the labels so far.
    queue : SampleQueue or None
    figures : Accuracy or None
        Of the labels so far.

    Raises
    ------
    InputError
        For a cube without CRS, or a result without classes.

    Examples
    --------
    >>> import eowidgets as eow
    >>> eow.SamplePanel(eow.open("romania"))
    SamplePanel: no sample yet
    """

    sample: Any = traitlets.Any(None)
    figures: Any = traitlets.Any(None)
    #: Set by :meth:`label`; absent if the constructor failed.
    queue: SampleQueue | None = None
    _noun = "sample"
    _running_words = "Drawing the sample ..."

    def __init__(
        self,
        cube: xr.Dataset,
        result: xr.Dataset | xr.DataArray | None = None,
        *,
        viewer: TimeViewer | None = None,
        map: AreaMap | None = None,
        path: FilePath | None = None,
    ) -> None:
        cube = admit(cube)
        if result is not None:
            ClassMap.of(result)
        self.cube, self.viewer, self.map = cube, viewer, map
        self._results: dict[str, Any] = {}
        self._answers = path
        self._loaded = ""
        self._drawn_from: tuple[str, str] | None = None  # name of the map, and the code that drew the sample
        super().__init__(places(map))
        self._card.value = ABOUT
        self._show_params(SampleParams())
        self._connect()
        self._label.on_click(lambda _: self._guard(self.label))
        self._save_figures.on_click(lambda _: self._guard(self.save_figures))
        self._load.observe(lambda change: self._guard(lambda: self._take_files(change["new"])), names="value")
        self._result.observe(lambda _: self._chose(), names="value")
        self._tolerance.observe(lambda _: self._update(), names="value")
        if viewer is not None:
            viewer.observe(lambda _: self._list_results(), names="layers")
        if result is not None:
            self.offer(str(result.attrs.get("title") or getattr(result, "name", None) or "result"), result)
        self._list_results()
        self._say(FIRST_STEP if not self._known() else "Choose how many points, and draw the sample.")

    # --- the map ------------------------------------------------------------------------------------------------

    def offer(self, name: str, result: xr.Dataset | xr.DataArray) -> None:
        """Add a class map to those that can be assessed, and choose it.

        Parameters
        ----------
        name : str
        result : Dataset or DataArray

        Raises
        ------
        InputError
            If it has no classes.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> cube = tiny_cube()
        >>> panel = eow.SamplePanel(cube)
        >>> panel.offer("dark", (cube.nir.isel(time=0) < 0.3).rename("dark"))
        """
        ClassMap.of(result)
        self._results[name] = result
        self._list_results()
        self._result.value = name

    def choose(self, name: str) -> None:
        """Choose the map to assess.

        Parameters
        ----------
        name : str
            Name of a map that was offered.

        Raises
        ------
        InputError
            If no map has that name.
        InputError
            If there is no such map.
        """
        select(self._result, name, "class map")

    def _known(self) -> dict[str, Any]:
        """Return the class maps by name: those that were offered, then layers of the viewer."""
        found = dict(self._results)
        for layer in getattr(self.viewer, "layers", None) or ():
            name = layer["key"]
            source = self.viewer.sources.get(name)
            if name not in found and source is not None and any("flag_values" in v.attrs for v in source.cube.values()):
                found[name] = source.cube
        return found

    def _list_results(self) -> None:
        known = list(self._known())
        if [v for _, v in self._result.options] != known:
            chosen = self._result.value
            self._result.options = [(n, n) for n in known] or [("no map yet", "")]
            if chosen in known:
                self._result.value = chosen
        self._run.disabled = not known or self._is_busy()

    def _chose(self) -> None:
        self._refresh()
        self._update()

    def _map(self) -> Any:
        """Return the chosen map.

        Raises
        ------
        InputError
            If there is none.
        """
        known = self._known()
        if self._result.value not in known:
            raise InputError("There is no class map to assess yet: run a model or a comparison first.")
        return known[str(self._result.value)]

    def _planned(self) -> Planned:
        found = self._map()
        if isinstance(found, xr.DataArray):
            found = found.to_dataset(name=found.name or "classes")
        classes = tuple(str(n) for n, v in found.data_vars.items() if "flag_values" in v.attrs)
        return Planned.of("sample", found, self.run_area(), classes)

    # --- the sample ---------------------------------------------------------------------------------------------

    def _options(self) -> dict[str, Any]:
        """Return the arguments of ``eow.sample`` that the controls hold."""
        chosen = {**asdict(SampleParams()), **self.params}
        options = {"n": chosen.pop("points"), **chosen}
        if options["allocation"] != "olofsson":
            options.pop("minimum")
        area = self.run_area()
        return options if area is None else {**options, "area": area}

    def _submit(self) -> Work[Any]:
        result, options, code = self._map(), self._options(), self._draw_line()
        work: Work[Any] = Work("sample", lambda _: sample(result, **options), owner=self)
        self._drawn_from = str(self._result.value), code
        self._follow(work, self._take)
        HEAVY.put(work)
        return work

    def _take(self, drawn: Sample) -> None:
        self._loaded = ""
        self._set(drawn)
        self._say(f"{len(drawn)} points in {len(drawn.strata)} strata. Now label them.")

    def _set(self, points: Sample) -> None:
        if self.queue is not None:
            self.queue.close()
            self.queue, self._queue_box.children = None, ()
        self.sample = points
        self._design.value = f"<div class='eow-sample-figures'>{points._repr_html_()}</div>"
        self._label.disabled = self._save.disabled = False
        self._update()

    def load(self, source: Any) -> Sample:
        """Take a sample from a file or in memory, with or without labels.

        Parameters
        ----------
        source : path, Sample or what ``Sample.of`` takes

        Returns
        -------
        Sample
            The sample.

        Raises
        ------
        InputError, SourceError

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> cube = tiny_cube()
        >>> dark = (cube.nir.isel(time=0) < 0.3).rename("dark")
        >>> panel = eow.SamplePanel(cube, dark)
        >>> len(panel.load(eow.sample(dark, 20)))
        20
        """
        found = Sample.of(source)
        self._loaded = str(source) if isinstance(source, str | Path) else ""
        self._drawn_from = None
        self._set(found)
        self._say(f"{len(found)} points were loaded, {found.labelled} of them with a label.")
        return found

    def _take_files(self, files: Any) -> None:
        for file in files or ():
            with TemporaryDirectory() as folder:
                path = Path(folder, Path(str(file["name"])).name[-100:])
                path.write_bytes(bytes(file["content"]))
                self.load(path)
            self._loaded = Path(str(file["name"])).name[:100]

    def label(self) -> SampleQueue:
        """Show the queue in which the points are labelled.

        Returns
        -------
        SampleQueue
            The queue.

        Raises
        ------
        InputError
            Without a sample or a map.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> cube = tiny_cube()
        >>> dark = (cube.nir.isel(time=0) < 0.3).rename("dark")
        >>> panel = eow.SamplePanel(cube, dark)
        >>> len(panel.load(eow.sample(dark, 20)))
        20
        >>> panel.label()
        SampleQueue: 0 of 20 points labelled
        """
        if self.sample is None:
            raise InputError("There is no sample yet: draw one, or load one.")
        found = ClassMap.of(self._map())
        if self.queue is not None:
            self.queue.close()
        dated = [CHANGE] if found.dates is not None else []
        self._hide_maps()
        self.queue = SampleQueue(
            self.cube, self.sample, classes=list(found.names), dated=dated,
            viewer=self.viewer, map=self.map, path=self._answers, by=str(self._by.value),
        )  # fmt: skip
        self.queue.on_answer(self._answered)
        self._queue_box.children = (self.queue,)
        self._answered()
        self._say("Click the queue once, then use the keys. Class maps are hidden in the viewer meanwhile.")
        return self.queue

    def _hide_maps(self) -> None:
        """Hide class maps in the viewer: interpreters must not see them."""
        known = self._known()
        if any(layer["key"] in known and layer["visible"] for layer in getattr(self.viewer, "layers", None) or ()):
            self.viewer.layers = [
                {**layer, "visible": layer["visible"] and layer["key"] not in known} for layer in self.viewer.layers
            ]

    def _answered(self) -> None:
        assert self.queue is not None  # noqa: S101  (called by it)
        self.sample = self.queue.sample
        self._show_saved(self.queue.saved)
        self._update()

    # --- the figures --------------------------------------------------------------------------------------------

    def _update(self) -> None:
        """Compute the figures of the labels so far."""
        LIGHT.drop(self)
        if self.sample is None or not self.sample.labelled:
            self._show_figures(None, "")
            return
        LIGHT.submit("accuracy", lambda _: self._assess(), owner=self)

    def _assess(self) -> None:
        try:
            result = self._map()
            dated = ClassMap.of(result).dates is not None
            self._tolerance.layout.display = None if dated else "none"
            self._show_figures(accuracy(result, self.sample, **self._choices(dated)), "")
        except EowidgetsError as error:
            self._show_figures(None, str(error))

    def _choices(self, dated: bool) -> dict[str, Any]:
        """Return the arguments of ``eow.accuracy`` that differ from their defaults."""
        area = self._sampled_area()
        chosen: dict[str, Any] = {} if area is None else {"area": area}
        has_dates = {"before", "date"} <= set(self.sample.table.columns)
        if dated and has_dates and self._tolerance.value:
            chosen |= {"date": ("before", "date"), "tolerance": float(self._tolerance.value)}
        if not self.sample.strata:
            chosen["design"] = "random"
        return chosen

    def _sampled_area(self) -> Any:
        """Return the area that was sampled, as GeoJSON."""
        notes = json.loads(self.sample.provenance) if self.sample.provenance else {}
        return notes.get("arguments", {}).get("area")

    def _show_figures(self, found: Accuracy | None, problem: str) -> None:
        self.figures = found
        self._save_figures.disabled = found is None
        if found is not None:
            self._figures.value = f"<div class='eow-sample-figures'>{found._repr_html_()}</div>"
        else:
            self._figures.value = sentence_html(problem) if problem else ""

    def save_figures(self, path: FilePath | None = None) -> Path:
        """Write the table of areas and accuracies.

        Parameters
        ----------
        path : str or Path, optional
            Ends in ``.csv``, ``.json`` or ``.html``.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        InputError, SourceError
            Without a label, or if it cannot be written.
        """
        if self.figures is None:
            raise InputError("There are no figures yet: label some points first.")
        written: Path = self.figures.save(path or f"{self._path.value}-accuracy.csv")
        self._say(f"Saved as {written}.")
        return written

    # --- files and code -----------------------------------------------------------------------------------------

    def _write(self, target: Path) -> Path:
        if self.sample is None:
            raise InputError("There is no sample to save yet: draw one first.")
        written: Path = self.sample.to_file(target)
        return written

    def _made(self) -> str:
        """Return the lines that open the cube and compute the map, or a line to complete if they are unknown."""
        result = self._map()
        try:
            return Record.of(result).code() if isinstance(result, xr.Dataset) else ""
        except EowidgetsError:
            return ""

    def _draw_line(self) -> str:
        given = {k: v for k, v in self._options().items() if k == "n" or v != asdict(SampleParams()).get(k)}
        words = ", ".join(f"{k}={v!r}" for k, v in given.items() if k != "n")
        return f"points = eow.sample(result, {given['n']}{', ' if words else ''}{words})"

    def code(self) -> str:
        """Return the code of a cell that draws the sample and assesses the map with the answers that were saved.

        Returns
        -------
        str
            Python code.
        """
        made = self._made()
        lines = [made.replace("found = eow.change", "result = eow.change")] if made else [
            "import eowidgets as eow", "", f"result = ...  # the class map {str(self._result.value)!r}"
        ]  # fmt: skip
        drawn = self._drawn_from[1] if self._drawn_from is not None else self._draw_line()
        lines.append(f"points = {self._loaded!r}" if self._loaded else drawn)
        if self.queue is not None:
            path = self.queue._queue.path
            name = path.name if path.parent == Path.cwd() else str(path)
            lines.append(f"points = {name!r}  # the answers of the queue")
        more = self._choices(True) if self.sample is not None else {}
        words = "".join(f", {k}={v!r}" for k, v in more.items())
        return "\n".join([*lines, f"eow.accuracy(result, points{words})"])

    def _cells(self, source: str) -> Cells:
        if self.figures is None:
            raise InputError("There are no figures yet: label some points first.")
        return [("The map, the sample and its accuracy.", self.code())]

    def _report(self) -> Report:
        if self.figures is None:
            raise InputError("There are no figures to report yet: label some points first.")
        return accuracy_report(self.figures, self.cube, code=self.code(), map=self._map())

    def close(self) -> None:
        """Cancel the work of this panel, and close it and its queue; the answers stay on the disk.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> cube = tiny_cube()
        >>> dark = (cube.nir.isel(time=0) < 0.3).rename("dark")
        >>> panel = eow.SamplePanel(cube, dark)
        >>> panel.close()
        """
        LIGHT.drop(self)
        if self.queue is not None:
            self.queue.close()
        super().close()

    def __repr__(self) -> str:
        if self.sample is None:
            return "SamplePanel: no sample yet"
        return f"SamplePanel: {len(self.sample)} points, {self.sample.labelled} labelled"
