"""The one scheduler of background work: a heavy lane with one slot, and a light lane with a few.

Runs of models, change, forecasts and cost estimates go through :data:`HEAVY`, one after the other, so that two of them
never compete for memory. Tiles, pixel reads and questions go through :data:`LIGHT`. A run that light work starts (a
question that needs one) waits for the heavy slot; a run that heavy work starts runs within it. A call in a cell
runs in the thread of the cell and does not wait in the queue.

All threads are daemons that end with the interpreter. Work that was cancelled and does not return loses its slot to
a new thread, so that later work continues.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from eowidgets.engine.work import Work

T = TypeVar("T")
#: Seconds that the end of the interpreter waits for work to stop: torch may crash if threads outlive it.
FAREWELL = 5.0
#: Widgets that read at the same time.
READERS = 4


class Lane:
    """A queue with a number of threads; work of one owner never runs twice at a time.

    Parameters
    ----------
    name : str
        Name of its threads.
    slots : int
        Pieces of work at a time.
    """

    def __init__(self, name: str, slots: int) -> None:
        self.name, self.slots = name, slots
        self._clear()

    def _clear(self) -> None:
        self._changed = threading.Condition(threading.RLock())
        self._queue: deque[Work[Any]] = deque()
        self._threads: dict[threading.Thread, Work[Any] | None] = {}
        self._hanging: list[Work[Any]] = []
        self._closed = False

    # -- submitting work

    def put(self, work: Work[Any]) -> None:
        """Queue work."""
        with self._changed:
            work.lane = self
            self._queue.append(work)
            self._staff()
            self._changed.notify_all()
            waits = self.ahead(work) is not None
        if waits:
            work.report()

    def submit(self, name: str, function: Callable[[Work[T]], T], *, owner: object = None) -> Work[T]:
        """Queue a function that gets its :class:`Work`."""
        work = Work(name, function, owner=owner)
        self.put(work)
        return work

    def remove(self, work: Work[Any]) -> None:
        """Take work out of the queue."""
        with self._changed, suppress(ValueError):
            self._queue.remove(work)

    def drop(self, owner: object) -> None:
        """Cancel all work of an owner."""
        with self._changed:
            found = [w for w in [*self._queue, *self._threads.values()] if w is not None and w.owner is owner]
        for work in found:
            work.cancel()

    def claim(self, work: Work[Any]) -> bool:
        """Take work out of the queue to run it in this thread, if this is a thread of the lane and would wait for itself."""
        with self._changed:
            if threading.current_thread() not in self._threads or work not in self._queue:
                return False
            self._queue.remove(work)
            return True

    def leave(self, thread: threading.Thread) -> None:
        """Give the slot of a thread whose work does not return to a new thread."""
        with self._changed:
            work = self._threads.pop(thread, None)
            if work is not None:
                self._hanging.append(work)
                self._staff()
                self._changed.notify_all()

    def ahead(self, work: Work[Any]) -> Work[Any] | None:
        """Return the work that queued work waits for: what runs now, or else the first in the queue."""
        with self._changed:
            if work not in self._queue:
                return None
            running = [w for w in self._threads.values() if w is not None]
            own = [w for w in running if work.owner is not None and w.owner is work.owner]
            full = running if len(running) >= self.slots else []
            return next(iter([*own, *full]), None)

    @property
    def hanging(self) -> list[Work[Any]]:
        """Cancelled work that has not returned."""
        with self._changed:
            self._hanging = [work for work in self._hanging if work.hangs]
            return list(self._hanging)

    @property
    def mine(self) -> bool:
        """Whether this thread belongs to the lane."""
        return threading.current_thread() in self._threads

    # -- its threads

    def _staff(self) -> None:
        idle = sum(work is None for work in self._threads.values())
        if len(self._queue) > idle and len(self._threads) < self.slots and not self._closed:
            thread = threading.Thread(target=self._serve, name=self.name, daemon=True)
            self._threads[thread] = None
            thread.start()

    def _serve(self) -> None:
        while (work := self._next()) is not None:
            with suppress(KeyboardInterrupt):  # raised by a model: the work is cancelled, the lane continues
                work.execute()
            del work  # a waiting thread holds no cube

    def _next(self) -> Work[Any] | None:
        own = threading.current_thread()
        with self._changed:
            if own not in self._threads:  # another thread took over while the work hung
                return None
            self._threads[own] = None
            self._changed.notify_all()  # for work of the same owner
            while not self._closed:
                busy = {id(w.owner) for w in self._threads.values() if w is not None and w.owner is not None}
                found = next((w for w in self._queue if id(w.owner) not in busy), None)
                if found is not None:
                    self._queue.remove(found)
                    self._threads[own] = found
                    return found
                self._changed.wait()
            self._threads.pop(own, None)
            return None

    # -- its end

    def drain(self) -> None:
        """Wait until all work that was put here is over, then end the threads."""
        with self._changed:
            while self._queue or any(self._threads.values()):
                self._changed.wait()
        self.close()

    def close(self, timeout: float | None = None) -> None:
        """Cancel everything, and wait shortly for running work and its callbacks."""
        with self._changed:
            self._closed = True
            found = [*self._queue, *(w for w in self._threads.values() if w is not None)]
            threads = [t for t in self._threads if t is not threading.current_thread()]
            self._changed.notify_all()
        for work in found:
            work.cancel()
        until = time.monotonic() + (FAREWELL if timeout is None else timeout)
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))

    def forget(self) -> None:
        """Start empty in a forked process: threads are not forked, and the work belongs to the parent."""
        found = [*self._queue, *self._hanging, *(w for w in self._threads.values() if w is not None)]
        self._clear()
        for work in found:
            work._forget()


#: Work that may need much memory or time: one piece at a time.
HEAVY = Lane("eow-engine", 1)
#: Short reads, and questions, which send their runs to the heavy lane.
LIGHT = Lane("eow-view", READERS)
LANES = (HEAVY, LIGHT)


def run_here(work: Work[Any]) -> None:
    """Do work in this thread, or, where this thread does light work, in the heavy slot; return when it is over."""
    if LIGHT.mine:
        HEAVY.put(work)
        work.wait()
    else:
        work.execute()


def hanging() -> list[Work[Any]]:
    """Return cancelled work that has not returned."""
    return [work for lane in LANES for work in lane.hanging]


def _close() -> None:
    for lane in LANES:
        lane.close()


def _forget() -> None:
    for lane in LANES:
        lane.forget()
    dask: Any = sys.modules.get("dask.threaded")
    if dask is not None:  # nor were the threads of its pool forked: lazy cubes would wait for them forever
        vars(dask)["default_pool"] = None


atexit.register(_close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
