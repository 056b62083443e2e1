"""A panel that trains a class map: click places of classes, correct the map, test it, save the labels."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import traitlets
import xarray as xr

from eowidgets.analysis.measure.report.content import Report
from eowidgets.analysis.measure.report.of_taught import taught_report
from eowidgets.analysis.notebook import Cells
from eowidgets.arguments import FilePath, checked
from eowidgets.contract.labels import Labels
from eowidgets.contract.labels.labels import LabelsLike
from eowidgets.contract.params import NoParams
from eowidgets.cube.admission import admit
from eowidgets.cube.area import AreaLike
from eowidgets.cube.vectors import as_bands
from eowidgets.deprecation import keyword_only
from eowidgets.engine.cost import Planned
from eowidgets.engine.scheduler import LIGHT
from eowidgets.engine.work import Work
from eowidgets.errors import EowidgetsError, InputError
from eowidgets.learn.session import Autosave, Classroom, Place, TeachSession
from eowidgets.learn.session.editing import class_of, no_labels, with_class
from eowidgets.widgets.panels.panel import FormPanel
from eowidgets.widgets.panels.teach_clicks import TeachClicks, soon
from eowidgets.widgets.panels.teach_layers import TESTED, LabelPins, TeachLayers
from eowidgets.widgets.panels.teach_next import TeachNext
from eowidgets.widgets.panels.teach_panel_view import TeachPanelView
from eowidgets.widgets.panels.teach_test import TeachTest

if TYPE_CHECKING:
    from eowidgets.widgets.map.area_map import AreaMap
    from eowidgets.widgets.viewer.time_viewer import TimeViewer

FIRST_STEP = (
    "Name your classes, choose one, and click places of it on the picture or draw polygons. Then a second class, too."
)
SECOND_STEP = "Now choose a second class and click places of it: the map is then computed."
#: Seconds between two pictures of a map that is computed tile by tile.
PATIENCE = 1.0


@keyword_only("area", ends="0.3")
@checked
class TeachPanel(TeachClicks, TeachNext, TeachTest, FormPanel, TeachPanelView):
    """Teach a class map by clicking places on the picture or the map.

    Every click labels a field and fits a small model again, whose map is drawn at once. *Train and test* compares features and
    models on held-out blocks of ground. The labels are saved next to the notebook after every change, and are there again when
    the panel is opened for the same cube.

    Parameters
    ----------
    cube : Dataset
    labels : optional
        Whatever ``eow.Labels.of`` takes: the labels to begin with.
    area : optional
        Whatever ``eow.Area.of`` takes: the map and the proposed places lie in it.
    viewer : TimeViewer, optional
        Where places are clicked, and the map is a layer. Without it and a map the panel makes a small one.
    map : AreaMap, optional
        The same on a map.
    folder : str or Path, optional
        Where labels are saved; by default that of the notebook.
    by : str
        Who labels; written with each label. Empty by default.
    classroom : Classroom, optional
        Gives the classes, and compares the map with its hidden truth.

    Attributes
    ----------
    session : TeachSession
        Labels and map.
    model : Trainable or None
        The tested model, for :func:`eowidgets.run`.
    active : bool
        Whether clicks on picture and map are labels.
    score : Score or None
        The last comparison with a hidden truth.

    Raises
    ------
    InputError
        For a cube without a CRS, or labels that are numbers or pixels.

    Examples
    --------
    >>> import eowidgets as eow
    >>> eow.TeachPanel(eow.open("romania"))
    TeachPanel: 0 labels of 2 classes, not tested yet
    """

    active: Any = traitlets.Bool(True)
    model: Any = traitlets.Any(None)
    score: Any = traitlets.Any(None)
    painting: Work[None] | None = None
    _noun = "training"
    _running_words = "Training and testing on held-out blocks ..."

    def __init__(
        self,
        cube: xr.Dataset,
        labels: LabelsLike | None = None,
        *,
        area: AreaLike | None = None,
        viewer: TimeViewer | None = None,
        map: AreaMap | None = None,
        folder: FilePath | None = None,
        by: str = "",
        classroom: Classroom | None = None,
    ) -> None:
        cube = as_bands(admit(cube))
        given = Labels.of(labels) if labels is not None else None
        if classroom is not None:
            given = classroom.begin() if given is None else classroom.begin() + given
        self.session = TeachSession(cube, given, area, by=by)
        self._autosave = Autosave(self.session.cube, folder, given)
        self._look_at(cube, viewer, map)
        self._classroom = classroom
        self._layers = TeachLayers(self.session, self.viewer, self.map)
        self._pins = LabelPins(self.session)
        self._labelling = threading.RLock()
        self._places: list[Place] = []
        self._place, self._why = 0, ""
        super().__init__(
            self._autosave.path.name.split(".")[0],
            fields=find_spec("skimage") is not None,
            lesson=classroom is not None,
        )
        self._show_params(NoParams())
        #: Sentence on the restored labels; shown until the first change.
        self._greeting = self._restore(given)
        self._listen()
        self.session.on_change(self._changed)
        self._pins.keep(self._source_of_clicks.pins)
        self._changed(first=True)

    def _restore(self, given: Labels | None) -> str:
        """Restore the labels of the last session, and return a sentence about them."""
        found = self._autosave.restore()
        if found is None:
            return self._autosave.problem
        if self._classroom is not None and given is not None:
            found = no_labels(given.classes) + found
        elif len(found.classes) < 2:
            found = with_class(found, "class 2" if found.classes[0].name != "class 2" else "class 1")
        self.session.start_with(found)
        return f"{_labels(len(found))} restored from {self._autosave.path.name}."

    @property
    def _source_of_clicks(self) -> Any:
        return self.viewer if self.viewer is not None else self.map

    def _listen(self) -> None:
        self._connect()
        clicks = self._source_of_clicks
        if self.viewer is not None and self.map is not None:
            for name in ("pins", "area"):
                traitlets.link((self.viewer, name), (self.map, name))
        clicks.observe(lambda _: soon(self._take_pins), names="pins")
        clicks.observe(lambda _: soon(lambda: self._guard(self._draw)), names="area")
        if self.viewer is not None and not self.session.small:
            self.viewer.observe(lambda _: self._moved_view(), names="bounds")
        self.observe(lambda _: self._switch(), names="active")
        self._classes.on_msg(self._hear)
        for control in (self._show, self._opacity, self._hatch):
            control.observe(lambda _: self._show_map(), names="value")
        buttons = {
            self._undo: self.undo,
            self._next: self.propose,
            self._more_like: self.propose_like,
            self._earlier: lambda: self._go(-1),
            self._later: lambda: self._go(1),
            self._take: self.label_here,
            self._leave: self._put_away,
            self._clear: self.session.clear,
            self._map_all: self._map_whole,
            self._check: self.check,
        }
        for button, action in buttons.items():
            button.on_click(lambda _, action=action: self._guard(action))
        self._upload.observe(lambda change: self._guard(lambda: self._take_files(change["new"])), names="value")

    # --- actions of the user ------------------------------------------------------------------------------------

    def _hear(self, _: Any, content: Any, __: Any) -> None:
        """Execute the command of the list of classes or of a key."""
        texts = {str(k): str(v)[:200] for k, v in content.items()} if isinstance(content, Mapping) else {}
        session, kind = self.session, texts.get("type")
        actions: dict[Any, Callable[[], Any]] = {
            "add": lambda: self._added(texts["name"]),
            "rename": lambda: session.rename_class(texts["name"], texts["to"]),
            "color": lambda: session.color_class(texts["name"], texts["color"]),
            "merge": lambda: session.merge_classes([texts["name"]], texts["into"]),
            "remove": lambda: session.remove_class(texts["name"]),
            "undo": self.undo,
            "next": lambda: self._go(1) if self._places else self.propose(),
            "more": self.propose_like,
            "label": self.label_here,
        }
        if kind in actions:
            try:
                self._guard(actions[kind])
            except KeyError:
                self._say("The message of the browser is not valid: reload the page.", bad=True)

    def _added(self, name: str) -> None:
        self.session.add_class(name)
        self._classes.chosen = len(self.session.labels.classes) - 1

    def choose(self, name: str) -> None:
        """Choose the class that clicks label, as its key does.

        Parameters
        ----------
        name : str
            Name of the class.

        Raises
        ------
        InputError
            If there is no such class.
        InputError
            If there is no such class.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> cube = tiny_cube()
        >>> west, south, east, north = cube.eow.bounds
        >>> corner = {"lon": west + 1e-4, "lat": south + 1e-4, "name": "forest"}
        >>> other = {"lon": east - 1e-4, "lat": north - 1e-4, "name": "water"}
        >>> panel = eow.TeachPanel(cube, [corner, other])
        >>> panel.choose("water")
        >>> panel.chosen
        'water'
        """
        self._classes.chosen = self.session.labels.classes.index(class_of(self.session.labels, name))

    @property
    def chosen(self) -> str | None:
        """Return the name of the class that clicks label; None where they erase labels."""
        number = self._classes.chosen
        return str(self.session.labels.classes[number].name) if number >= 0 else None

    def undo(self) -> None:
        """Undo the last change.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> cube = tiny_cube()
        >>> west, south, east, north = cube.eow.bounds
        >>> corner = {"lon": west + 1e-4, "lat": south + 1e-4, "name": "forest"}
        >>> other = {"lon": east - 1e-4, "lat": north - 1e-4, "name": "water"}
        >>> panel = eow.TeachPanel(cube, [corner, other])
        >>> panel.undo()
        """
        if not self.session.undo():
            self._say("There is nothing to undo.")

    def _take_files(self, files: Any) -> None:
        """Add the labels of files that were uploaded."""
        for file in files or ():
            with TemporaryDirectory() as folder:
                path = Path(folder, Path(str(file["name"])).name[-100:])
                path.write_bytes(bytes(file["content"]))
                count = self.session.add_labels(path)
            self._greeting = f"{_labels(count)} added from {str(file['name'])[:60]}."
            self._tell("")

    def _planned(self) -> Planned:
        return Planned.of("teach", self.session.cube, self.session.area)

    # --- what is shown ------------------------------------------------------------------------------------------

    def _changed(self, first: bool = False) -> None:
        """Save the labels, and update the display and the map."""
        labels = self.session.labels
        if not first:
            self._greeting = ""
            self._autosave.save(labels)
        bad = bool(self._autosave.problem)
        self._show_saved(self._autosave.sentence if len(labels) or bad else "Nothing to save yet.", bad)
        self._classes.show(labels)
        self._save.disabled = self._clear.disabled = not len(labels)
        self._layers.show_labels()
        soon(self._draw_pins)
        if self.model is not None:
            self._card.value = "<div class='eow-card'>The labels have changed since this test.</div>"
            if self._show.value == "tested":
                self._show.value = "classes"
        self._refresh()
        self.repaint()

    def _moved_view(self) -> None:
        """Map the part of a large cube that has come into view."""
        self._layers.show_labels()
        self.repaint()

    def repaint(self) -> Work[None]:
        """Fit the model to the labels and map, in the background: first what is in view, then the rest.

        Returns
        -------
        Work
            Background work.
        """
        if self.painting is not None and not self.painting.over:
            self.painting.cancel()
        self.painting = Work("class map", self._paint, owner=self)
        self.painting.on_change(self._show_failure)
        LIGHT.put(self.painting)
        return self.painting

    def _show_failure(self, work: Work[Any]) -> None:
        """Show why work in the background failed."""
        if work.error is not None:
            self._say_error(work.error, work.name)

    def _paint(self, work: Work[None]) -> None:
        counts = [c for c in self.session.labels.counts().values() if c]
        if len(counts) < 2:
            self.session.live.clear()
            self._show_map()
            self._tell(SECOND_STEP if counts else FIRST_STEP)
            self._prepare(work)
            return
        try:
            self._paint_tiles(work)
        except EowidgetsError as error:
            self.session.live.clear()
            self._show_map()
            self._say(str(error), bad=True)
        finally:
            if self.job is None or self.job.over:
                self._bar.layout.display = "none"
                self._cancel.disabled = True

    def _prepare(self, work: Work[None]) -> None:
        """Read the series in view and import what a fit needs, so that the first clicks are quick."""
        for tile in self.session.grid.tiles(self._layers.view())[:4]:
            self.session.grid.of(tile, work.checkpoint)
        for name in ("sklearn.linear_model", "skimage.segmentation"):
            with suppress(ImportError):  # reported by the click that needs it
                import_module(name)

    def _paint_tiles(self, work: Work[None]) -> None:
        view, shown_at = self._layers.view(), 0.0
        in_view = len(self.session.grid.tiles(view))
        for count, (_, share) in enumerate(self.session.repaint(view, work.checkpoint), 1):
            if share < 1 and (self.job is None or self.job.over):
                self._bar.layout.display, self._bar.value, self._cancel.disabled = None, share, False
            if count == in_view or share == 1 or time.monotonic() - shown_at > PATIENCE:
                self._show_map()
                shown_at = time.monotonic()
        counts = [count for count in self.session.labels.counts().values() if count]
        self._tell(f"{sum(counts)} labels of {len(counts)} classes. Click places that are wrong, or train and test.")

    def _tell(self, sentence: str) -> None:
        self._say(f"{self._greeting} {sentence}".strip())

    def _show_map(self) -> None:
        self._hatch.disabled = self._show.value != "classes"
        self._layers.show_map(str(self._show.value), float(self._opacity.value), bool(self._hatch.value))

    def cancel(self) -> None:
        """Stop the training, and the map that is being computed.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> cube = tiny_cube()
        >>> west, south, east, north = cube.eow.bounds
        >>> corner = {"lon": west + 1e-4, "lat": south + 1e-4, "name": "forest"}
        >>> other = {"lon": east - 1e-4, "lat": north - 1e-4, "name": "water"}
        >>> panel = eow.TeachPanel(cube, [corner, other])
        >>> panel.cancel()
        """
        super().cancel()
        if self.painting is not None and not self.painting.over:
            self.painting.cancel()

    # --- files and code -----------------------------------------------------------------------------------------

    def _report(self) -> Report:
        if self.model is None:
            raise InputError("There is no test to report yet: train and test first.")
        tested = self._layers.tested
        mapped = None if tested is None else tested[TESTED]
        return taught_report(self.model, self.cube, date=self._day(), mapped=mapped, code=self.code())

    def _write(self, target: Path) -> Path:
        return self.session.labels.to_file(target)

    def code(self) -> str:
        """Return the code of a cell that trains, tests and maps with the labels that were saved.

        Returns
        -------
        str
            Python code.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> cube = tiny_cube()
        >>> west, south, east, north = cube.eow.bounds
        >>> corner = {"lon": west + 1e-4, "lat": south + 1e-4, "name": "forest"}
        >>> other = {"lon": east - 1e-4, "lat": north - 1e-4, "name": "water"}
        >>> panel = eow.TeachPanel(cube, [corner, other])
        >>> "eow.teach" in panel.code()
        True
        """
        source = self._source()
        opened = [f"cube = {source}"] if source else []
        return "\n".join(["import eowidgets as eow", "", *opened, *self._lines()])

    def _lines(self) -> list[str]:
        path = self._autosave.path
        name = path.name if path.parent == Path.cwd() else str(path)
        return [f"model = eow.teach(cube, {name!r})", "result = eow.run(model, cube)"]

    def _cells(self, source: str) -> Cells:
        if not len(self.session.labels):
            raise InputError("There is no label yet: click places of two classes first.")
        train, run = self._lines()
        return [
            ("", "import eowidgets as eow"),
            ("The cube.", f"cube = {source}"),
            ("Train on the labels, and test on held-out blocks of ground.", f"{train}\nmodel.report"),
            ("Map the cube.", f"{run}\neow.TimeViewer(result)"),
        ]

    def close(self) -> None:
        """Cancel the work of this panel, and close it; the labels stay on the disk.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> cube = tiny_cube()
        >>> west, south, east, north = cube.eow.bounds
        >>> corner = {"lon": west + 1e-4, "lat": south + 1e-4, "name": "forest"}
        >>> other = {"lon": east - 1e-4, "lat": north - 1e-4, "name": "water"}
        >>> panel = eow.TeachPanel(cube, [corner, other])
        >>> panel.close()
        """
        LIGHT.drop(self)
        super().close()

    def __repr__(self) -> str:
        """Return how many labels there are and whether a model was tested."""
        tested = "tested" if self.model is not None else "not tested yet"
        return f"TeachPanel: {len(self.session.labels)} labels of {len(self.session.labels.classes)} classes, {tested}"


def _labels(count: int) -> str:
    return "1 label was" if count == 1 else f"{count} labels were"
