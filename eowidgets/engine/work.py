"""One piece of work that can be monitored and cancelled, in the background or in the calling thread."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, Literal, NoReturn, Self, TypeVar

from eowidgets.arguments import NotNegative, checked
from eowidgets.errors import EowidgetsError, InputError

if TYPE_CHECKING:
    from eowidgets.engine.scheduler import Lane

State = Literal["queued", "running", "paused", "done", "cancelled", "failed"]
FINAL = ("done", "cancelled", "failed")

#: Seconds after a cancel until work that has not stopped is reported, and other work no longer waits for it.
PATIENCE = 0.8
#: Seconds between two checks whether the waiting work was cancelled.
POLL = 0.05

T = TypeVar("T")
logger = logging.getLogger(__name__)
_thread = threading.local()


class Cancelled(EowidgetsError):
    """The work was cancelled before it had finished."""


@checked
class Work(Generic[T]):
    """A function call with a state, a result and a cancel method.

    Every method may be called from any thread; callbacks come from the thread that does the work.

    Parameters
    ----------
    name : str
        Name in messages.
    function : callable
        Gets this object and returns the result. It calls :meth:`checkpoint` where it can be stopped.
    owner : object, optional
        Work of one owner runs one after the other, in the order in which it was submitted.
    """

    def __init__(self, name: str, function: Callable[[Self], T], *, owner: object = None) -> None:
        self.name, self.owner = name, owner
        self.lane: Lane | None = None
        self._function: Callable[[Any], T] = function
        self._changed = threading.Condition(threading.RLock())
        self._state: State = "queued"
        self._stop = self._hangs = self._reported = False
        self._reporter: threading.Thread | None = None
        self._outer: Work[Any] | None = None
        self._awaited: Work[Any] | None = None
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None
        self._result: T | None = None
        self._log: list[str] = []
        self._on_change: list[Callable[[Self], None]] = []

    # -- state

    @property
    def state(self) -> State:
        """Return where the work stands."""
        return self._state

    @property
    def over(self) -> bool:
        """Return whether the work has ended, in whatever way."""
        return self._state in FINAL

    @property
    def status(self) -> str:
        """Return where the work stands, and what it waits for, in words."""
        if self.hangs:
            return "Cancelled; waiting for the model to return"
        if self._state == "running" and self._awaited is not None:
            return self._awaited.status
        ahead = self.lane.ahead(self) if self._state == "queued" and self.lane is not None else None
        return f"Waiting for {ahead.name!r}" if ahead is not None else self._state.capitalize()

    @property
    def log(self) -> tuple[str, ...]:
        """Return what happened, one sentence a line, each with the time of day."""
        return tuple(self._log)

    @property
    def error(self) -> BaseException | None:
        """Return why the work failed, or None."""
        return self._error

    @property
    def hangs(self) -> bool:
        """Return whether the work was cancelled and still waits for code that does not come back."""
        return self._hangs and not self.over

    @property
    def stopped(self) -> bool:
        """Return whether this work, or the work that it is a part of, was cancelled."""
        return self._stop or (self._outer is not None and self._outer.stopped)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}: {self._state}>"

    def __reduce__(self) -> NoReturn:
        raise InputError(
            f"The background work {self.name[:80]!r} cannot be copied or sent to another process: send its result."
        )

    # -- control

    def cancel(self) -> None:
        """Stop at the next checkpoint, or at once if it has not begun.

        Work that does not return is reported in the log within a second; later work then continues
        in a new thread.

        Examples
        --------
        >>> import eowidgets as eow
        >>> job = eow.Job("nothing", lambda job: None)
        >>> job.cancel()
        >>> job.state
        'cancelled'
        """
        with self._changed:
            self._stop = True
            waiting, going = self._state == "queued", not self.over
            if waiting:
                self._reporter = threading.current_thread()
                self._close("cancelled")
            self._changed.notify_all()
        if waiting:
            if self.lane is not None:
                self.lane.remove(self)
            self._report_end()
        elif going:
            timer = threading.Timer(PATIENCE, self._report_hang)
            timer.daemon = True
            with suppress(RuntimeError):  # the interpreter ends: there are no listeners
                timer.start()

    def result(self, timeout: NotNegative | None = None) -> T:
        """Wait for the result.

        Queued work that needs the slot of this thread runs here, so waiting for it never blocks itself.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait; None waits without a limit.

        Returns
        -------
        object
            What the work returned, for a run the result as a Dataset.

        Raises
        ------
        TimeoutError
            When it is not there after ``timeout`` seconds; the work goes on.
        Cancelled
            When the work was cancelled.
        EowidgetsError
            If the work failed.

        Examples
        --------
        >>> import eowidgets as eow
        >>> cube = eow.open("bouconne").isel(y=slice(0, 20), x=slice(0, 20))
        >>> job = eow.submit("fill-linear", cube)
        >>> job.result(timeout=60).sizes["time"]
        7
        """
        self.wait(timeout)
        if self._state == "cancelled":
            raise Cancelled(self._words("was cancelled."))
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[return-value]  # the state is "done", so it is a T

    def wait(self, timeout: float | None = None) -> None:
        """Wait until the work is over, in whatever way, and its callbacks have run.

        A callback that does not return is waited for no longer than :data:`PATIENCE`.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait; None waits without a limit.

        Raises
        ------
        TimeoutError
            When it is not over after ``timeout`` seconds.
        Cancelled
            When the work that waits was cancelled.

        Examples
        --------
        >>> import eowidgets as eow
        >>> cube = eow.open("bouconne").isel(y=slice(0, 20), x=slice(0, 20))
        >>> job = eow.submit("fill-linear", cube)
        >>> job.wait(timeout=60)
        >>> job.over
        True
        """
        if self.lane is not None and self.lane.claim(self):
            self.execute()
        until = None if timeout is None else time.monotonic() + timeout
        waiting, seen = active(), None
        with self._changed:
            while not self.over:
                if waiting is not None and self._state != seen:
                    seen = self._state
                    waiting._await(self)
                left = None if until is None else until - time.monotonic()
                if left is not None and left <= 0:
                    raise TimeoutError(self._late(timeout))
                if waiting is not None:
                    if waiting.stopped:
                        self.cancel()
                        waiting.checkpoint()
                    left = POLL if left is None else min(left, POLL)
                self._changed.wait(left)
            if threading.current_thread() is not self._reporter:
                self._changed.wait_for(lambda: self._reported, PATIENCE)
        if seen is not None and waiting is not None:
            waiting._await(None)

    def _await(self, other: Work[Any] | None) -> None:
        """Report the state of other work that this work waits for."""
        self._awaited = other
        self.report()

    def _late(self, timeout: float | None) -> str:
        if self.hangs:
            return self._words("was cancelled and waits for its model to return.")
        return self._words(f"is not finished after {timeout} s ({self.status.lower()}).")

    def _words(self, rest: str) -> str:
        return f"The work {self.name!r} {rest}"

    def on_change(self, callback: Callable[[Self], None]) -> None:
        """Call ``callback`` with this object whenever its state or progress changes; at once if it is over already.

        Parameters
        ----------
        callback : callable
            Takes this object; called in the thread that does the work.

        Examples
        --------
        >>> import eowidgets as eow
        >>> states = []
        >>> job = eow.Job("nothing", lambda job: None)
        >>> job.on_change(lambda job: states.append(job.state))
        >>> job.execute()
        >>> states[-1]
        'done'
        """
        self._on_change.append(callback)
        if self.over:
            self._call(callback, self)

    # -- for the function that is called

    def say(self, sentence: str) -> None:
        """Add a sentence to the log.

        Parameters
        ----------
        sentence : str
            What happened.

        Examples
        --------
        >>> import eowidgets as eow
        >>> job = eow.Job("nothing", lambda job: None)
        >>> job.say("Half of it is done.")
        >>> job.log[0].endswith("Half of it is done.")
        True
        """
        logger.info("%s: %s", self.name, sentence)
        self._log.append(f"{time.strftime('%H:%M:%S')} {sentence}")

    def checkpoint(self) -> None:
        """Stop here if the work was cancelled.

        Examples
        --------
        >>> import eowidgets as eow
        >>> job = eow.Job("nothing", lambda job: None)
        >>> job.checkpoint()
        """
        if self.stopped:
            raise Cancelled(self._words("was cancelled."))

    def execute(self) -> None:
        """Do the work in this thread, unless it was cancelled or has begun.

        Examples
        --------
        >>> import eowidgets as eow
        >>> job = eow.Job("nothing", lambda job: None)
        >>> job.execute()
        >>> job.state
        'done'
        """
        with self._changed:
            if self._state != "queued":
                return
            self._set("running")
        self._outer, self._thread = active(), threading.current_thread()
        _thread.work = self
        self.report()
        try:
            self._result = self._function(self)
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
        finally:
            _thread.work = self._outer

    def _finish(self, state: State) -> None:
        with self._changed:
            self._reporter = threading.current_thread()
            self._close(state)
        self._report_end()

    def _report_end(self) -> None:
        """Call the callbacks for the last time, then release waiting threads."""
        self._reporter = threading.current_thread()
        self.report()
        with self._changed:
            self._reported = True
            self._changed.notify_all()

    def _close(self, state: State) -> None:
        self._function = _nothing  # releases model and cube
        self._set(state)

    def _set(self, state: State) -> None:
        with self._changed:
            self._state = state
            self._changed.notify_all()

    def _report_hang(self) -> None:
        with self._changed:
            if self.over or self._hangs:
                return
            self._hangs = True
        self.say("Cancelled, but the model has not returned yet: waiting for it. Other runs continue.")
        if self.lane is not None and self._thread is not None:
            self.lane.leave(self._thread)
        self.report()

    def _forget(self) -> None:
        """Count as cancelled in a process that was forked while the parent did the work."""
        self._changed = threading.Condition(threading.RLock())
        self._state, self._stop, self._reported, self.lane = "cancelled", True, True, None
        _thread.work = None

    def report(self) -> None:
        """Call the callbacks of :meth:`on_change`.

        Examples
        --------
        >>> import eowidgets as eow
        >>> job = eow.Job("nothing", lambda job: None)
        >>> job.report()
        """
        for callback in list(self._on_change):
            self._call(callback, self)

    def _call(self, callback: Callable[[Any], None], value: Any) -> None:
        try:
            callback(value)
        except Exception as error:  # noqa: BLE001  (a broken picture must not cost the run)
            self.say(f"A callback failed: {type(error).__name__}: {error}")


def active() -> Work[Any] | None:
    """Return the work that runs in this thread, if any."""
    return getattr(_thread, "work", None)


def _nothing(work: Work[Any]) -> NoReturn:
    raise RuntimeError(f"{work} is over")
