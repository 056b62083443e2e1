"""A run as something that can be watched, paused and cancelled."""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections.abc import Callable
from queue import Queue
from typing import Any, Literal

import torch
import xarray as xr

from eowidgets.arguments import checked
from eowidgets.engine import device as dev
from eowidgets.engine.strips import WindowResult
from eowidgets.errors import EowidgetsError

State = Literal["queued", "running", "paused", "done", "cancelled", "failed"]
FINAL = ("done", "cancelled", "failed")

#: Seconds after a cancel until a run that has not stopped is reported, and others no longer wait behind it.
PATIENCE = 0.8

logger = logging.getLogger(__name__)


class Cancelled(EowidgetsError):
    """The run was cancelled before it had finished."""


@checked
class Job:
    """One run of a model over a cube, in the background.

    Made by :func:`~eowidgets.engine.run.submit`. Everything may be called from any thread; callbacks
    come from the thread that does the work.

    Attributes
    ----------
    name : str
        Name of the model.
    """

    def __init__(self, name: str, work: Callable[[Job], xr.Dataset]) -> None:
        self.name = name
        self._work = work
        self._changed = threading.Condition(threading.RLock())
        self._state: State = "queued"
        self._stop = self._hold = self._hangs = False
        self._error: BaseException | None = None
        self._result: xr.Dataset | None = None
        self._log: list[str] = []
        self._on_window: list[Callable[[WindowResult], None]] = []
        self._on_change: list[Callable[[Job], None]] = []
        self._done = self._total = 0
        self._skipped = 0
        self._size = 0.0
        self._began: float | None = None
        self._busy = 0.0
        self.device = torch.device("cpu")
        self.geobox: Any = None
        #: Plan of the run, as plain values, once it is known.
        self.plan: dict[str, Any] = {}

    # -- what can be seen

    @property
    def state(self) -> State:
        """Where the run stands."""
        return self._state

    @property
    def progress(self) -> float:
        """Share of the windows that are finished, 0..1."""
        if self._state == "done":
            return 1.0
        return min(self._done / self._total, 1.0) if self._total else 0.0

    @property
    def windows(self) -> tuple[int, int]:
        """Windows finished, and in all."""
        return self._done, self._total

    @property
    def seconds(self) -> float:
        """Time spent working, pauses left out."""
        running = time.perf_counter() - self._began if self._began is not None else 0.0
        return self._busy + running

    @property
    def seconds_left(self) -> float | None:
        """Time that the rest will take at the pace so far; None until the first windows are finished."""
        if self._state in FINAL:
            return 0.0
        made = self._done - self._skipped
        return self.seconds / made * (self._total - self._done) if made > 0 else None

    @property
    def throughput(self) -> float:
        """Megapixels times dates per second, so far."""
        made = self._done - self._skipped
        return self._size * made / self._total / 1e6 / self.seconds if self._total and self.seconds > 0 else 0.0

    @property
    def device_memory(self) -> int:
        """Bytes held on the device (0 on a CPU)."""
        return dev.used_memory(self.device)

    @property
    def log(self) -> tuple[str, ...]:
        """What happened, one sentence a line, each with the time of day."""
        return tuple(self._log)

    @property
    def error(self) -> BaseException | None:
        """Why the run failed, or None."""
        return self._error

    def __repr__(self) -> str:
        return f"<Job {self.name}: {self._state}, {100 * self.progress:.0f} %>"

    @property
    def hangs(self) -> bool:
        """Whether the run was cancelled and still waits for a model that does not come back."""
        return self._hangs and self._state not in FINAL

    # -- what can be done

    def cancel(self) -> None:
        """Stop within one batch (for torch modules: within one layer). What is on disk stays, for a later run.

        A model that does not come back is reported in the log within a second; runs that were submitted after this one
        then go on without it.
        """
        with self._changed:
            self._stop = True
            waiting = self._state == "queued"
            self._changed.notify_all()
        if waiting:
            self._set("cancelled")
        elif self._state not in FINAL:
            timer = threading.Timer(PATIENCE, self._report_hang)
            timer.daemon = True
            timer.start()

    def _report_hang(self) -> None:
        if self._state in FINAL or self._hangs:
            return
        self._hangs = True
        self.say("Cancelled, but the model has not come back yet: waiting for it. Other runs go on without it.")
        WORKER.leave(self)
        self._tell()

    def pause(self) -> None:
        """Hold the run at the next batch, until :meth:`resume`."""
        with self._changed:
            self._hold = True

    def resume(self) -> None:
        """Go on after :meth:`pause`."""
        with self._changed:
            self._hold = False
            self._changed.notify_all()

    def result(self, timeout: float | None = None) -> xr.Dataset:
        """Wait for the result.

        Raises
        ------
        TimeoutError
            When it is not there after ``timeout`` seconds; the run goes on.
        Cancelled
            When the run was cancelled.
        EowidgetsError
            What made the run fail.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._state in FINAL, timeout):
                if self.hangs:
                    raise TimeoutError(f"The run of {self.name!r} was cancelled and waits for its model to come back.")
                raise TimeoutError(f"The run of {self.name!r} is at {100 * self.progress:.0f} % after {timeout} s.")
        if self._state == "cancelled":
            raise Cancelled(f"The run of {self.name!r} was cancelled.")
        if self._error is not None:
            raise self._error
        assert self._result is not None  # noqa: S101  (the state is done)
        return self._result

    def on_window(self, callback: Callable[[WindowResult], None]) -> None:
        """Call ``callback`` with every window as it is finished."""
        self._on_window.append(callback)

    def on_change(self, callback: Callable[[Job], None]) -> None:
        """Call ``callback`` with this job whenever state or progress changes; at once if it is over already."""
        self._on_change.append(callback)
        if self._state in FINAL:
            self._call(callback, self)

    # -- for the engine

    @property
    def watched(self) -> bool:
        """Whether anybody wants to see windows."""
        return bool(self._on_window)

    def say(self, sentence: str) -> None:
        """Add a sentence to the log."""
        logger.info("%s: %s", self.name, sentence)
        self._log.append(f"{time.strftime('%H:%M:%S')} {sentence}")

    def checkpoint(self) -> None:
        """Stop here if the run was cancelled; wait here while it is paused."""
        if self._stop:
            raise Cancelled(f"The run of {self.name!r} was cancelled.")
        if self._hold:
            self._set("paused")
            with self._changed:
                self._changed.wait_for(lambda: self._stop or not self._hold)
            self._set("running")
            self.checkpoint()

    def expect(self, total: int, skipped: int, size: float) -> None:
        """Tell how many windows there are, how many an earlier run did, and pixels times dates in all."""
        self._total, self._skipped, self._done, self._size = total, skipped, skipped, size
        self._busy, self._began = 0.0, time.perf_counter()

    def advance(self, windows: int) -> None:
        """Count finished windows."""
        self._done += windows
        self._tell()

    def show(self, window: WindowResult) -> None:
        """Hand a window to whoever watches."""
        for callback in self._on_window:
            self._call(callback, window)

    def execute(self) -> None:
        """Do the work in this thread."""
        if self._state in FINAL:
            return
        self._set("running")
        try:
            self._result = self._work(self)
        except Cancelled:
            self.say("Cancelled.")
            self._finish("cancelled")
        except KeyboardInterrupt:
            self._finish("cancelled")
            raise
        except BaseException as error:  # noqa: BLE001  (kept, and raised by `result` where it is asked for)
            self._error = error
            self.say(f"Failed: {error}")
            self._finish("failed")
        else:
            self._finish("done")

    def _finish(self, state: State) -> None:
        self._work = _nothing  # lets go of model and cube
        self._set(state)

    def _set(self, state: State) -> None:
        with self._changed:
            if state == "running":
                self._began = time.perf_counter()
            elif self._began is not None:
                self._busy += time.perf_counter() - self._began
                self._began = None
            self._state = state
            self._changed.notify_all()
        self._tell()

    def _tell(self) -> None:
        for callback in self._on_change:
            self._call(callback, self)

    def _call(self, callback: Callable[[Any], None], value: Any) -> None:
        try:
            callback(value)
        except Exception as error:  # noqa: BLE001  (a broken picture must not cost the run)
            self.say(f"A callback failed: {type(error).__name__}: {error}")


def _nothing(job: Job) -> xr.Dataset:
    raise RuntimeError(f"{job} is over")


class _Worker:
    """One thread and one queue: runs that were submitted never compete for memory.

    A thread whose run was cancelled and whose model does not come back is left to itself, and a fresh one takes over.
    """

    def __init__(self) -> None:
        self._queue: Queue[Job | None] = Queue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._current: Job | None = None
        self._left: list[Job] = []

    @property
    def hanging(self) -> list[Job]:
        """Cancelled runs whose models have not come back."""
        self._left = [job for job in self._left if job.hangs]
        return list(self._left)

    def put(self, job: Job) -> None:
        self._queue.put(job)
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._start()

    def leave(self, job: Job) -> None:
        """Go on without a run that hangs."""
        with self._lock:
            self._left.append(job)
            if self._current is job:
                self._current = None
                self._start()

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._loop, name="eow-engine", daemon=True)
        self._thread.start()

    def _loop(self) -> None:
        own = threading.current_thread()
        while (job := self._queue.get()) is not None:
            with self._lock:
                self._current = job
            job.execute()
            with self._lock:
                if self._thread is not own:  # another one took over while the model hung
                    return
                self._current = None

    def close(self) -> None:
        """End politely with the interpreter: torch does not like threads that outlive it."""
        current = self._current
        if current is not None:
            current.cancel()
        self._queue.put(None)
        if self._thread is not None:
            self._thread.join(5)  # its callbacks included


WORKER = _Worker()
atexit.register(WORKER.close)
