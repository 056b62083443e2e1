"""A run of a model that can be monitored, paused and cancelled."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import xarray as xr

from eowidgets.arguments import checked
from eowidgets.cube.facts_table import facts_table
from eowidgets.engine.strips import WindowResult
from eowidgets.engine.work import FINAL, POLL, Cancelled, State, Work
from eowidgets.errors import words

if TYPE_CHECKING:
    from eowidgets.engine.strips import WindowResult

__all__ = ["FINAL", "Cancelled", "Job"]


@checked
class Job(Work[xr.Dataset]):
    """One run of a model over a cube.

    Made by :func:`~eowidgets.engine.run.submit`. Everything may be called from any thread; callbacks
    come from the thread that does the work.

    Parameters
    ----------
    name : str
        Name of the model.
    work : callable
        Takes the job and returns the result.

    Examples
    --------
    >>> import eowidgets as eow
    >>> from eowidgets.testing import tiny_cube
    >>> job = eow.submit("fill-linear", tiny_cube())
    >>> job.result().sizes["time"], job.state
    (12, 'done')
    """

    def __init__(self, name: str, work: Callable[[Job], xr.Dataset]) -> None:
        super().__init__(name, work)
        self._hold = False
        self._on_window: list[Callable[[WindowResult], None]] = []
        self._done = self._total = 0
        self._skipped = 0
        self._size = 0.0
        self._began: float | None = None
        self._busy = 0.0
        self._awaits = ""
        #: The torch device that the model runs on, once it is chosen.
        self.device: Any = None
        self.geobox: Any = None
        #: Plan of the run, as plain values, once it is known.
        self.plan: dict[str, Any] = {}

    def _repr_html_(self) -> str:
        facts = {
            "state": self.state,
            "status": self.status,
            "windows": f"{self.windows[0]} of {self.windows[1]}" if self.windows[1] else "",
            "device": self.device,
            "error": "" if self.error is None else words(self.error),
        }
        return facts_table(self.name, facts)

    # -- state

    @property
    def progress(self) -> float:
        """Return the share of the windows that are finished, 0..1."""
        if self._state == "done":
            return 1.0
        return min(self._done / self._total, 1.0) if self._total else 0.0

    @property
    def status(self) -> str:
        """Return where the run stands, and what it waits for, in words."""
        if self.hangs or self._state not in ("running", "paused"):
            return super().status
        if self._awaits and self._state == "running":
            return self._awaits
        left = self.seconds_left
        if self._state == "running" and left is None:
            return "Running"
        return f"{100 * self.progress:.0f} %, {'paused' if self._state == 'paused' else f'{left:.0f} s left'}"

    @property
    def windows(self) -> tuple[int, int]:
        """Return the number of windows finished, and in all."""
        return self._done, self._total

    @property
    def seconds(self) -> float:
        """Return the time spent working, pauses left out."""
        running = time.perf_counter() - self._began if self._began is not None else 0.0
        return self._busy + running

    @property
    def seconds_left(self) -> float | None:
        """Return the time that the rest will take at the pace so far; None until the first windows are finished."""
        if self._state in FINAL:
            return 0.0
        made = self._done - self._skipped
        return self.seconds / made * (self._total - self._done) if made > 0 else None

    @property
    def whole(self) -> bool:
        """Return whether all windows were computed by this run, and none by one that it went on with."""
        return self._total > 0 and not self._skipped and self._done >= self._total

    @property
    def throughput(self) -> float:
        """Return the megapixels times dates per second, so far."""
        made = self._done - self._skipped
        return self._size * made / self._total / 1e6 / self.seconds if self._total and self.seconds > 0 else 0.0

    @property
    def device_memory(self) -> int:
        """Return the number of bytes held on the device (0 on a CPU, and before the device is chosen)."""
        if self.device is None:
            return 0
        from eowidgets.engine.device import used_memory

        return used_memory(self.device)

    def __repr__(self) -> str:
        return f"<Job {self.name}: {self._state}, {100 * self.progress:.0f} %>"

    # -- control

    def pause(self) -> None:
        """Hold the run at the next batch, until :meth:`resume`.

        Examples
        --------
        >>> import eowidgets as eow
        >>> job = eow.Job("nothing", lambda job: None)
        >>> job.pause()
        >>> job.resume()
        """
        with self._changed:
            self._hold = True

    def resume(self) -> None:
        """Go on after :meth:`pause`.

        Examples
        --------
        >>> import eowidgets as eow
        >>> job = eow.Job("nothing", lambda job: None)
        >>> job.pause()
        >>> job.resume()
        """
        with self._changed:
            self._hold = False
            self._changed.notify_all()

    def on_window(self, callback: Callable[[WindowResult], None]) -> None:
        """Call ``callback`` with every window as it is finished.

        Parameters
        ----------
        callback : callable
            Takes a :class:`~eowidgets.engine.strips.WindowResult`; called in the thread that does the work.

        Examples
        --------
        >>> import eowidgets as eow
        >>> seen = []
        >>> job = eow.Job("nothing", lambda job: None)
        >>> job.on_window(seen.append)
        >>> job.execute()
        >>> len(seen)
        0
        """
        self._on_window.append(callback)

    # -- for the engine

    @property
    def watched(self) -> bool:
        """Return whether a callback takes windows."""
        return bool(self._on_window)

    def checkpoint(self) -> None:
        """Stop here if the run was cancelled; wait here while it is paused.

        Raises
        ------
        Cancelled
            If the run was cancelled.

        Examples
        --------
        >>> import eowidgets as eow
        >>> job = eow.Job("nothing", lambda job: job.checkpoint())
        >>> job.execute()
        >>> job.state
        'done'
        """
        super().checkpoint()
        if self._hold:
            self._set("paused")
            self.report()
            with self._changed:
                while self._hold and not self.stopped:
                    self._changed.wait(POLL)  # cancelling the parent work does not notify this one
            self._set("running")
            self.report()
            self.checkpoint()

    def expect(self, total: int, skipped: int, size: float) -> None:
        """Set how many windows there are, how many an earlier run did, and pixels times dates in all.

        Parameters
        ----------
        total : int
            Number of windows.
        skipped : int
            Windows that an earlier run computed.
        size : float
            Pixels times dates of all windows.

        Examples
        --------
        >>> import eowidgets as eow
        >>> job = eow.Job("nothing", lambda job: job.expect(4, skipped=0, size=1e6))
        >>> job.execute()
        >>> job.windows
        (0, 4)
        """
        self._total, self._skipped, self._done, self._size = total, skipped, skipped, size
        self._busy, self._began = 0.0, time.perf_counter()

    def advance(self, windows: int) -> None:
        """Count finished windows.

        Parameters
        ----------
        windows : int
            Number of windows that were finished since the last call.

        Examples
        --------
        >>> import eowidgets as eow
        >>> job = eow.Job("nothing", lambda job: None)
        >>> job.expect(4, skipped=0, size=1e6)
        >>> job.advance(1)
        >>> job.progress
        0.25
        """
        self._done += windows
        self.report()

    def wait_for(self, what: str) -> None:
        """Set the status to what the run waits for.

        Parameters
        ----------
        what : str
            In words; empty when the run continues.
        """
        if what != self._awaits:
            self._awaits = what
            self.report()

    def show(self, window: WindowResult) -> None:
        """Pass a window to the callbacks.

        Parameters
        ----------
        window : WindowResult
            The window.
        """
        for callback in self._on_window:
            self._call(callback, window)

    def _set(self, state: State) -> None:
        with self._changed:
            if state == "running":
                self._began = time.perf_counter()
            elif self._began is not None:
                self._busy += time.perf_counter() - self._began
                self._began = None
            super()._set(state)

    def _words(self, rest: str) -> str:
        return f"The run of {self.name!r} {rest}"

    def _late(self, timeout: float | None) -> str:
        if self.hangs or self._state == "queued":
            return super()._late(timeout)
        why = f" ({self._awaits})" if self._awaits else ""
        return f"The run of {self.name!r} is at {100 * self.progress:.0f} % after {timeout} s{why}."
