"""The base classes of all panels: links with viewer and map, and the common behaviour of panels with controls."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, ClassVar

import traitlets
import xarray as xr

from eowidgets.analysis.measure.report.content import Report
from eowidgets.analysis.notebook import Cells, write_notebook
from eowidgets.arguments import FilePath, checked
from eowidgets.cube.opening import opening
from eowidgets.engine.job import Job
from eowidgets.engine.scheduler import HEAVY, Lane
from eowidgets.engine.work import Work
from eowidgets.errors import EowidgetsError, InputError, unknown, words
from eowidgets.widgets.base import AreaTrait, PlainErrors, ReadableRepr
from eowidgets.widgets.panels.controls import changed_values, controls_for
from eowidgets.widgets.panels.notebook_export import NOT_AGAIN
from eowidgets.widgets.panels.panel_view import PanelView, select
from eowidgets.widgets.panels.priced import Clock, Priced

#: Height, in pixels, of the picture of a panel without a viewer and a map.
SMALL = 240
#: Seconds between two updates of the progress bar: each one is a message to the browser.
_TICK = 0.1


@checked
class Panel(ReadableRepr, PlainErrors):
    """Base of every panel, to be placed before its widget class.

    Attributes
    ----------
    cube : Dataset
    viewer : TimeViewer or None
    map : AreaMap or None
    area : dict or None
        GeoJSON geometry. Link it with the ``area`` of a map or a viewer.
    """

    area: Any = AreaTrait(allow_none=True)
    cube: xr.Dataset
    viewer: Any
    map: Any
    #: The lane for background work.
    _lane: ClassVar[Lane] = HEAVY
    _opened: tuple[xr.Dataset, str | None] | None = None
    #: Created without a viewer and a map, and shown above the controls.
    _own_viewer: Any = None

    def _look_at(self, cube: xr.Dataset, viewer: Any, map: Any) -> None:
        """Store cube, viewer and map; without a viewer and a map create a small viewer, so that there is a picture to click."""
        if viewer is None and map is None:
            from eowidgets.widgets.viewer.time_viewer import TimeViewer

            viewer = self._own_viewer = TimeViewer(cube, height=SMALL, chart=False)
        self.cube, self.viewer, self.map = cube, viewer, map

    def _link_own_viewer(self) -> None:
        """Link the area with the viewer that was created for this panel, if any."""
        if self._own_viewer is not None:
            traitlets.link((self._own_viewer, "area"), (self, "area"))

    def _say(self, sentence: str, *, bad: bool = False, details: str = "") -> None:
        """Show a sentence; ``bad`` marks it as an error."""
        raise NotImplementedError

    def _guard(self, action: Callable[[], Any]) -> None:
        """Call a function and show its error, if any, as one sentence: a callback has no cell to raise it in."""
        try:
            action()
        except EowidgetsError as error:
            self._say(str(error), bad=True)

    def _say_error(self, error: BaseException, what: str) -> None:
        """Show why work failed, with the traceback unless the error is one of this package."""
        if isinstance(error, EowidgetsError):
            self._say(str(error), bad=True)
            return
        trace = "".join(traceback.format_exception(error))
        self._say(f"The {what} failed: {words(error)}", bad=True, details=trace)

    def _source(self) -> str | None:
        """Return the expression that opens the cube again, or None."""
        if self._opened is None or self._opened[0] is not self.cube:
            self._opened = self.cube, opening(self.cube)
        return self._opened[1]

    def _cells(self, source: str) -> Cells:
        """Return the cells of the notebook: pairs of Markdown and code."""
        raise NotImplementedError

    def _notebook_name(self) -> str:
        raise NotImplementedError

    def to_notebook(self, path: FilePath | None = None) -> Path:
        """Write the computations of this panel as a notebook that runs again and passes nbval.

        Parameters
        ----------
        path : str or Path, optional
            Ends in ``.ipynb``.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        InputError, SourceError
            If the cube cannot be opened again by name, or the file cannot be written.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> panel = eow.ChangePanel(tiny_cube())
        >>> panel.to_notebook("change.ipynb")  # doctest: +SKIP
        """
        source = self._source()
        if source is None:
            raise InputError(NOT_AGAIN)
        written = write_notebook(path or self._notebook_name(), self._title(), self._cells(source))
        self._say(f"Written as {written}.")
        return written

    def _report(self) -> Report:
        """Return the report of what the panel shows.

        Raises
        ------
        InputError
            If there is nothing to report yet.
        """
        raise NotImplementedError

    def report(self, path: FilePath | None = None) -> Path:
        """Write the content of the panel as a report page: answer, map, chart, table, definitions, method and sources.

        Parameters
        ----------
        path : str or Path, optional
            Ends in ``.html``.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        InputError, SourceError
            If there is no result yet, or the file cannot be written.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> panel = eow.ChangePanel(tiny_cube())
        >>> panel.report("change.html")  # doctest: +SKIP
        """
        written = self._report().save(path or Path(self._notebook_name()).with_suffix(".html"))
        self._say(f"The report was written as {written}: open it in a browser, and print it for a PDF.")
        return written

    def _day(self) -> str:
        """Return the ISO date that the viewer or the map shows, empty if there is none."""
        return str(getattr(self.viewer or self.map, "date", "") or "")

    def _title(self) -> str:
        return str(self.cube.attrs.get("title") or "A session")

    def close(self) -> None:
        """Cancel the work of this panel, and close it and the viewer that was made for it.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> panel = eow.AskPanel(tiny_cube())
        >>> panel.close()
        """
        self._lane.drop(self)
        if self._own_viewer is not None:
            self._own_viewer.close()
        super().close()  # type: ignore[misc]  # of the widget class


@checked
class FormPanel(Priced, Panel, PanelView):
    """Base of a panel with controls, a run in the background, and results.

    A subclass sets up its widgets, calls :meth:`_connect`, and implements :meth:`_submit`, :meth:`code` and :meth:`_write`.

    Attributes
    ----------
    job : Work or None
        The last run.
    """

    job: Any = None
    #: Name of a run in messages.
    _noun: ClassVar[str] = "run"
    #: Shown while the work runs; empty: the state of the work.
    _running_words: ClassVar[str] = ""
    _moved = 0.0
    _end: Callable[[], None] | None = None
    _own: Any = None
    #: Code of the run in progress, and the callbacks that get it with the result.
    _ran = ""
    _done: tuple[Callable[[str, str], None], ...] = ()
    _clock: Clock | None = None
    _controls: dict[str, Any]

    def _connect(self) -> None:
        """Connect the shared widgets with the methods."""
        self._link_own_viewer()
        self._ending = threading.RLock()
        self.observe(self._took_area, names="area")
        self._run.on_click(lambda _: self.run())
        self._cancel.on_click(lambda _: self.cancel())
        self._pause.observe(self._hold, names="value")
        self._save.on_click(lambda _: self._guard(self.save))
        self._to_notebook.on_click(lambda _: self._guard(self.to_notebook))
        self._to_report.on_click(lambda _: self._guard(self.report))
        for control in (self._where, self._shows_code):
            control.observe(self._refresh, names="value")

    def _say(self, sentence: str, *, bad: bool = False, details: str = "") -> None:
        self._show_message(sentence, bad=bad, details=details)

    # --- what is chosen -----------------------------------------------------------------------------------------

    @property
    def where(self) -> str:
        """Return where to compute."""
        return str(self._where.value)

    @where.setter
    def where(self, place: str) -> None:
        select(self._where, place, "place to run")

    def run_area(self) -> dict[str, Any] | None:
        """Return the GeoJSON of where to compute, None for the whole cube.

        Returns
        -------
        dict or None
            GeoJSON geometry in degrees.

        Raises
        ------
        InputError
            If nothing is drawn, or the map shows nothing of the cube.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> panel = eow.ModelPanel(tiny_cube(), "fill-linear")
        >>> panel.run_area() is None
        True
        """
        if self.where == "view":
            view = self.map.view_area()
            if view is None:
                raise InputError("The map shows nothing of the cube: move it back, or choose the whole cube.")
            return dict(view.geojson)
        return self._drawn() if self.where == "area" else None

    def _drawn(self) -> dict[str, Any]:
        if self.area is None:
            raise InputError("No area is drawn: draw one on the map or the picture, or choose the whole cube.")
        return dict(self.area)

    def _took_area(self, change: Any) -> None:
        place = "area" if change["new"] is not None else "all"
        if place in {key for _, key in self._where.options}:  # absent in a panel of measurements at given points
            self._where.value = place
        self._refresh()

    @property
    def params(self) -> dict[str, Any]:
        """Return the parameters that differ from those of the model.

        Raises
        ------
        InputError
            If a control holds an invalid value.
        """
        return changed_values(self._own, self._controls)

    def set(self, **params: Any) -> None:
        """Set parameters as the controls do.

        Parameters
        ----------
        **params : object
            Names and values of parameters.

        Raises
        ------
        InputError
            If a parameter does not exist, or its value is out of bounds.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> panel = eow.ModelPanel(tiny_cube(), "fill-linear")
        >>> panel.set(max_gap=30.0)
        >>> panel.params
        {'max_gap': 30.0}
        """
        for name, value in params.items():
            if name not in self._controls:
                raise unknown("parameter", name, self._controls)
            self._controls[name].value = value

    def _show_params(self, own: Any, leave_out: Collection[str] = ()) -> None:
        """Show one control for each parameter.

        Parameters
        ----------
        own : instance of a ``Params`` dataclass
            Parameters of the model.
        leave_out : collection of str
            Parameters that the panel sets with other controls.
        """
        self._own = own
        self._controls = {name: c for name, c in controls_for(own).items() if name not in leave_out}
        for control in self._controls.values():
            control.observe(self._refresh, names="value")
        self._params.children = tuple(self._controls.values())

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
        >>> panel = eow.ModelPanel(tiny_cube(), "fill-linear")
        >>> "eow.run" in panel.code()
        True
        """
        raise NotImplementedError

    def _refresh(self, _: Any = None) -> None:
        """Update what depends on the controls."""
        self._price_soon()
        try:
            self._show_code(self.code() if self._shows_code.value else "")
        except EowidgetsError as error:
            self._show_code(str(error), bad=True)

    def _cells(self, source: str) -> Cells:
        return [("", self.code())]

    def _notebook_name(self) -> str:
        return f"{Path(self._path.value).with_suffix('')}.ipynb"

    # --- running ------------------------------------------------------------------------------------------------

    def run(self) -> Work[Any] | None:
        """Start in the background.

        Returns
        -------
        Work or None
            ``.result()`` waits for the end; None where it was refused (the panel shows why).

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> panel = eow.ModelPanel(tiny_cube(), "fill-linear")
        >>> panel.run().result(60)  # doctest: +SKIP
        """
        if self._is_busy():
            self._say("A run is in progress: cancel it first.", bad=True)
            return None
        if self.job is not None and self.job.over:
            self._settle()
        try:
            work = self._submit()
            self._ran = self.code()  # the code at the start: controls may be changed during the run
        except EowidgetsError as error:
            self._say(str(error), bad=True)
            return None
        return work

    def on_done(self, callback: Callable[[str, str], None]) -> None:
        """Call ``callback(words, code)`` after each run that gave a result; ``code`` computes it again.

        Parameters
        ----------
        callback : callable
            Takes a sentence about the run, and the code of a cell.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> panel = eow.ModelPanel(tiny_cube(), "fill-linear")
        >>> panel.on_done(lambda words, code: print(words))
        """
        self._done = (*self._done, callback)

    def _submit(self) -> Work[Any]:
        """Submit the chosen work, and call :meth:`_follow` with it."""
        raise NotImplementedError

    def _is_busy(self) -> bool:
        return self.job is not None and not self.job.over and not self.job.hangs

    def _follow(
        self,
        work: Work[Any],
        done: Callable[[Any], None] = lambda _: None,
        dropped: Callable[[], None] = lambda: None,
    ) -> None:
        """Show the progress and the end of some work.

        Parameters
        ----------
        work : Work
        done : callable
            Gets the result.
        dropped : callable
            Called where there will be no result.
        """
        self.job = work
        self._clock = (
            Clock(self._stated()) if not isinstance(work, Job) else None
        )  # a run of a model records its time itself
        self._end = lambda: self._show_end(work, done, dropped)
        self._running(True)
        self._bar.value = 0.0
        self._show_state(work)
        work.on_change(lambda work: self._watch(work, dropped))

    def _watch(self, work: Work[Any], dropped: Callable[[], None]) -> None:
        # Called by the thread of the work; nothing else changes the widgets during a run.
        if work is not self.job:
            return
        if work.state == "running" and self._clock is not None:
            self._clock.start()
        if work.over:
            self._settle()
        elif work.hangs:  # its slot is free: another run may start
            self._running(False)
            dropped()
            self._show_state(work)
        elif work.state != "running" or self._is_time():
            self._show_state(work)

    def _settle(self) -> None:
        """Show the end of the last run, once: its thread and the next run may both call this."""
        with self._ending:
            end, self._end = self._end, None
            if end is not None:
                end()

    def _show_end(self, work: Work[Any], done: Callable[[Any], None], dropped: Callable[[], None]) -> None:
        self._running(False)
        if work.state == "done":
            if self._clock is not None:
                self._clock.stop()
            done(work.result())
            self._price_soon()  # the estimate has improved
            for callback in self._done:
                callback(f"A {self._noun}.", self._ran)
            return
        dropped()
        if work.error is None:
            self._say("Cancelled.")
        else:
            self._say_error(work.error, self._noun)

    def _show_state(self, work: Work[Any]) -> None:
        self._bar.value = getattr(work, "progress", self._bar.value)
        status = work.status
        self._say(self._running_words or status if status in ("Queued", "Running") else status, bad=work.hangs)

    def _is_time(self) -> bool:
        """Return whether enough time has passed to update the progress bar."""
        now = time.monotonic()
        if now - self._moved < _TICK:
            return False
        self._moved = now
        return True

    def cancel(self) -> None:
        """Stop the run in progress, if there is one.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> panel = eow.ModelPanel(tiny_cube(), "fill-linear")
        >>> panel.cancel()
        """
        if self.job is not None:
            self.job.cancel()

    def close(self) -> None:
        """Cancel the run in progress, and close the panel and the viewer that was made for it.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> panel = eow.ModelPanel(tiny_cube(), "fill-linear")
        >>> panel.close()
        """
        self.cancel()
        self._forget_price()
        super().close()

    def pause(self) -> None:
        """Pause the run in progress at its next batch, if it has batches.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> panel = eow.ModelPanel(tiny_cube(), "fill-linear")
        >>> panel.pause()
        """
        self._pause.value = True

    def resume(self) -> None:
        """Continue after :meth:`pause`.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> panel = eow.ModelPanel(tiny_cube(), "fill-linear")
        >>> panel.resume()
        """
        self._pause.value = False

    def _job(self) -> Job | None:
        """Return the run of a model in progress."""
        return self.job if isinstance(self.job, Job) else None

    def _hold(self, change: Any) -> None:
        job = self._job()
        if job is not None and not job.over:
            (job.pause if change["new"] else job.resume)()

    # --- results ------------------------------------------------------------------------------------------------

    def save(self, path: FilePath | None = None) -> Path:
        """Write the result shown, by default under the name and in the format chosen in the panel.

        Parameters
        ----------
        path : str or Path, optional
            File or store to write.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        InputError, SourceError
            If there is no result, or the file cannot be written.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> panel = eow.ModelPanel(tiny_cube(), "fill-linear")
        >>> panel.save("filled.nc")  # doctest: +SKIP
        """
        written = self._write(Path(path or f"{self._path.value}{self._format.value}"))
        self._say(f"Saved as {written}.")
        return written

    def _write(self, target: Path) -> Path:
        raise NotImplementedError
