"""The part of a teach panel that trains, tests on held-out blocks, and compares with a hidden truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from eowidgets.arguments import checked
from eowidgets.contract.labels import Labels
from eowidgets.contract.trainable import Trainable
from eowidgets.engine.run import submit
from eowidgets.engine.scheduler import HEAVY
from eowidgets.engine.work import Work
from eowidgets.errors import InputError
from eowidgets.learn.session import Autosave, Classroom, Score, TeachSession
from eowidgets.learn.teach import evaluation_of, teach
from eowidgets.widgets.panels.teach_layers import TESTED, TeachLayers
from eowidgets.widgets.panels.teach_panel_view import MAPS, TESTED_MAP


class Training(Work[Trainable]):
    """Training and test of a model in the background."""

    progress = 0.0

    def move(self, share: float) -> None:
        """Report the progress; raise here after a cancel."""
        self.checkpoint()
        self.progress = share
        self.report()


@checked
class TeachTest:
    """Mixed into :class:`~eowidgets.widgets.panels.teach_panel.TeachPanel`."""

    cube: Any
    viewer: Any
    map: Any
    session: TeachSession
    model: Any
    score: Any
    _classroom: Classroom | None
    _autosave: Autosave
    _layers: TeachLayers
    _card: Any
    _show: Any
    _map_all: Any
    _path: Any
    _say: Callable[..., None]
    _follow: Callable[..., None]
    _is_busy: Callable[[], bool]
    _show_evaluation: Callable[..., None]

    def _submit(self) -> Work[Any]:
        labels = self.session.labels
        if sum(c > 0 for c in labels.counts().values()) < 2:
            raise InputError("Label places of two classes first, then train and test.")
        # Classes without a label cannot be trained.
        present = set(labels.table["target"])
        labels = replace(labels, classes=tuple(c for c in labels.classes if c.value in present))
        work = Training("training", lambda work: self._train(work, labels), owner=self)
        self._follow(work, self._trained)
        HEAVY.put(work)
        return work

    def _train(self, work: Any, labels: Labels) -> Trainable:
        model = teach(self.cube, labels, progress=lambda share: work.move(0.9 * share))
        if self.session.small:
            job = submit(model, self.cube, area=self.session.area)  # runs in this thread, in the slot of the work
            found = job.result()
            work.checkpoint()
            shown = found[[labels.name]].isel(time=-1) if "time" in found.dims else found[[labels.name]]
            self._layers.tested = shown.rename({labels.name: TESTED})
        return model

    def _trained(self, model: Trainable) -> None:
        self._card.value = ""
        found = evaluation_of(model)
        notes = list(found.notes) if found is not None else [str(n) for n in model.evaluation.get("notes", ())]
        self._show_evaluation(found, notes)
        self._map_all.layout.display = "none" if self.session.small else None
        if self._layers.tested is not None:
            self._show.options = list((MAPS | TESTED_MAP).items())
            self._show.value = "tested"
        shown = f" Its map is the layer {TESTED!r}." if self.session.small else ""
        self._say(
            f"Trained: {getattr(model, 'features', model.name)} with {getattr(model, 'head', 'a network')}.{shown}"
        )
        self.model = model  # last, so that its observers run when the rest is complete

    def _map_whole(self) -> None:
        """Run the tested model over the whole cube into a file."""
        if self.model is None:
            raise InputError("Train and test first: its model maps the whole cube.")
        if self._is_busy():
            raise InputError("A run is in progress: cancel it first.")
        path = f"{self._path.value}-map.tif"
        job = submit(self.model, self.cube, area=self.session.area, out=path)
        self._follow(job, lambda _: self._say(f"The map was written as {path}."))

    def check(self) -> Score:
        """Compare the map with the hidden truth of the class, and write the scores as JSON, without any name.

        Returns
        -------
        Score
            The scores.

        Raises
        ------
        InputError
            Without a class, or with too few labels.
        """
        if self._classroom is None:
            raise InputError("There is no hidden truth here: give the panel a classroom=.")
        found = self._classroom.score(self.session)
        path = found.to_file(self._autosave.folder)
        self.score = found
        self._say(f"{found.sentence} Written as {path.name}: hand this file in.")
        return found
