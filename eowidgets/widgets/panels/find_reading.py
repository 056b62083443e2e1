"""What a find panel reads: the dates chosen, into memory with an Explorer, or into a store on this machine."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import xarray as xr

from eowidgets.arguments import FilePath, checked
from eowidgets.cube.catalogues.found import Found
from eowidgets.engine.fetching.fetch import fetch
from eowidgets.engine.fetching.into_memory import into_memory
from eowidgets.engine.scheduler import HEAVY
from eowidgets.engine.work import Work
from eowidgets.errors import EowidgetsError
from eowidgets.system import available_memory
from eowidgets.widgets.event_loop import on_this_loop
from eowidgets.widgets.panels.find_panel_view import FindPanelView
from eowidgets.widgets.panels.panel import FormPanel

if TYPE_CHECKING:
    from eowidgets.widgets.explorer import Explorer

T = TypeVar("T")
#: A cube larger than this share of the free memory stays lazy.
_SHARE = 0.25


@checked
class FindReading(FormPanel, FindPanelView):
    """Base of the find panel: opens and saves what was found."""

    cube: Any = None
    found: Found | None = None
    explorer: Explorer | None = None
    _doing = "search"

    @abstractmethod
    def _part(self) -> Found:
        """Return what is to be read: the dates chosen, or all."""

    def explore(self) -> Work[Any] | None:
        """Read the dates chosen in the background, and show them in an Explorer below.

        A cube that is large for the memory of this machine stays lazy: its pixels are read when they are shown.

        Returns
        -------
        Work or None
            ``.result()`` waits for the cube; None where it was refused (the panel shows why).
        """
        show = on_this_loop(self._show_explorer)
        return self._start("opening", self._read, lambda result: self._opened_as(result, show))

    def fetch(self, path: FilePath | None = None) -> Work[Any] | None:
        """Read the dates chosen into a store on this machine, in the background; see ``eow.fetch``.

        Parameters
        ----------
        path : str or Path, optional
            ``.zarr``; by default the file name in the panel. A reading that was cancelled continues when it is started again.

        Returns
        -------
        Work or None
            ``.result()`` waits for the path; None where it was refused (the panel shows why).
        """
        target = Path(path or f"{self._path.value}.zarr")
        return self._start("saving", lambda work, part: self._store(work, part, target), self._saved)

    def _start(
        self, doing: str, function: Callable[[Work[Any], Found], Any], done: Callable[[Any], None]
    ) -> Work[Any] | None:
        if self._is_busy():
            self._say("A run is in progress: cancel it first.", bad=True)
            return None
        if self.job is not None and self.job.over:
            self._settle()
        self._show_status(self._upper if self.found is None else self._lower)
        try:
            part = self._part()
        except EowidgetsError as error:
            self._say(str(error), bad=True)
            return None
        self._doing, self._ran = doing, self.code()
        work = Work(f"{doing} of images", lambda w: unless_cancelled(w, lambda: function(w, part)), owner=self)
        self._follow(work, done=done)
        HEAVY.put(work)
        return work

    def _moves(self, work: Work[Any], words: str) -> Callable[[float], None]:
        def move(share: float) -> None:
            work.checkpoint()
            if work is self.job and self._is_time():
                self._bar.value = share
                self._say(f"{words}: {100 * share:.0f} %.")

        return move

    def _read(self, work: Work[Any], part: Found) -> tuple[xr.Dataset, tuple[str, ...]]:
        lazy = part.open()
        work.checkpoint()
        free = available_memory()
        if free is not None and lazy.nbytes > _SHARE * free:
            return lazy, ("The cube is large for the memory of this machine: pixels are read when they are shown.",)
        return into_memory(lazy, tick=work.checkpoint, progress=self._moves(work, "Reading"))

    def _opened_as(self, result: tuple[xr.Dataset, tuple[str, ...]], show: Callable[[], None]) -> None:
        self.cube, notes = result
        count = self.cube.sizes["time"]
        opened = f"Opened {'1 date' if count == 1 else f'{count} dates'}: the cube is panel.cube."
        self._say(" ".join((opened, *notes[:3])), bad=bool(notes))
        show()

    def _show_explorer(self) -> None:
        from eowidgets.widgets.explorer import Explorer

        def show() -> None:
            before, self.explorer = self.explorer, Explorer(self.cube)
            self._below.children = (self.explorer,)
            if before is not None:
                before.close()

        self._guard(show)

    def _store(self, work: Work[Any], part: Found, target: Path) -> Path:
        cube = part.open()
        work.checkpoint()
        fetch(cube, target, progress=self._moves(work, "Saving"))
        return target

    def _saved(self, target: Path) -> None:
        self._say(f"Saved as {target}: eow.open({str(target)!r}) opens it without a network.")

    def _write(self, target: Path) -> Path:
        fetch(self._part().open(), target)
        return target

    def _show_state(self, work: Work[Any]) -> None:
        if work.hangs:  # a server has not answered yet: its answer will be dropped
            self._say("Cancelled.")
        elif work.state == "running":
            self._say({"search": "Searching ...", "saving": "Saving ..."}.get(self._doing, "Reading ..."))
        else:
            super()._show_state(work)

    def _say_error(self, error: BaseException, what: str) -> None:
        super()._say_error(error, self._doing)


def unless_cancelled(work: Work[Any], function: Callable[[], T]) -> T:
    """Call a function; what goes wrong after a cancel is not reported as an error."""
    try:
        found = function()
    except EowidgetsError:
        work.checkpoint()
        raise
    work.checkpoint()
    return found
