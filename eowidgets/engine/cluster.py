"""Parts of a run on a Dask cluster: strips of a cube, whose chunks each worker writes, or rows of a table.

Workers open and read lazy cubes themselves. Model and recipe for opening are sent once
(:mod:`~eowidgets.engine.shipment`), pixels only of variables in the memory of the client (:mod:`~eowidgets.engine.held`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from eowidgets.contract.model import Model
from eowidgets.engine.attendance import Attendance
from eowidgets.engine.held import Held, completed
from eowidgets.engine.job import Job
from eowidgets.engine.journal import Journal
from eowidgets.engine.plan import Limits, Plan
from eowidgets.engine.reader import RasterBlock
from eowidgets.engine.saved import store_of
from eowidgets.engine.shipment import Shipment, packed, send
from eowidgets.engine.strips import Strip
from eowidgets.engine.workload import Workload
from eowidgets.errors import EowidgetsError, MissingExtraError, ModelError, SourceError, short, words

#: Parts per worker, so that a slow or lost worker delays little; this many are in progress at a time ...
PARTS_PER_WORKER = 4
#: ... but a part repeats a row or two of windows at its top, so it has at least this number of rows if possible.
WINDOW_ROWS = 8
#: Retries of a part on another worker, in addition to those of the scheduler.
RETRIES = 3
#: Bytes of a result that are returned in one piece: client and workers hold a few of these.
RETURNED = 64 << 20


def on_workers(
    client: Any, function: Callable[..., Any], calls: Callable[[int], Iterable[tuple[Any, ...]]], job: Job, saved: bool
) -> Iterator[Any]:
    """Call a function on the workers behind ``client``, once for each part of a run.

    Parameters
    ----------
    client : dask.distributed.Client
    function : callable
    calls : callable
        Number of workers -> arguments of each call, with futures of what was sent before. They are created when workers become
        free, and are sent inside tasks, not scattered: the scheduler sends again what is lost with a worker.
    job : Job
    saved : bool
        Whether finished parts are kept when the cluster is lost.

    Yields
    ------
    object
        What the calls return, in the order in which they are finished.

    Raises
    ------
    EowidgetsError
        What a part raised, or one sentence on the cluster, also when it had no workers for
        :data:`~eowidgets.engine.attendance.PATIENCE` seconds.
    """
    try:
        from distributed import TimeoutError as NotYet
        from distributed import wait
    except ImportError as error:
        raise MissingExtraError("Running on a cluster", "dask") from error
    with _reached(saved):
        there = Attendance(client, job, saved)
    waiting = iter(calls(max(1, there.workers)))
    futures: set[Any] = set()
    try:
        while True:
            for arguments in islice(waiting, max(0, max(1, there.workers) * PARTS_PER_WORKER - len(futures))):
                with _reached(saved):
                    futures.add(client.submit(function, *arguments, pure=False, retries=RETRIES))
                job.checkpoint()
            if not futures:
                return
            job.checkpoint()
            with _reached(saved):
                try:
                    done = wait(list(futures), timeout=0.1, return_when="FIRST_COMPLETED").done  # type: ignore[no-untyped-call]
                except NotYet:
                    done = set()
                    if client.status not in ("running", "newly-created"):
                        raise ConnectionError(f"the client is {client.status}") from None
                    there.look()
            for future in done:
                futures.remove(future)
                with _reached(saved):
                    if future.status != "finished":
                        raise _failure(future)
                    found = future.result()
                yield found
    finally:
        job.wait_for("")
        if futures and client.status == "running":
            with suppress(Exception):  # the run has ended; the state of the cluster no longer matters
                client.cancel(list(futures), force=True)


def run_on(
    client: Any,
    task: Workload,
    plan: Plan,
    missing: list[tuple[int, int]],
    job: Job,
    journal: Journal | None,
    sent: Any = None,
) -> Iterator[Strip]:
    """Run the missing rows of a cube on the cluster behind ``client``.

    Model and lazy cube are sent once; what of the cube lies in memory is sent in bands of rows, each once.

    Parameters
    ----------
    client : dask.distributed.Client
    journal : Journal, optional
        Of a run into a store. Workers that reach the store write into it, and their strips come back empty. Strips of the
        others come back whole, and so do all without a journal.
    sent : Future, optional
        Of the task, from :func:`prepare_on`.

    Yields
    ------
    Strip
        In the order in which they are finished.
    """
    stored = _stored(client, task, journal) if journal is not None else None
    most = None if stored is not None and stored.reached else _rows_of(task, plan)
    where = None if stored is None else (stored.out, stored.key)

    def calls(workers: int) -> Iterator[tuple[Any, ...]]:
        held, shipment = (Held.of(task.cube), sent) if sent is not None else _sent(client, task)
        order = [str(n) for n in task.cube.data_vars]
        for start, stop in parts(missing, plan, workers, most):
            first, last = _needed(task, plan, start, stop)
            yield shipment, held.send(client, first, last), order, task.shape, plan, start, stop, where

    for strips, windows in on_workers(client, _work, calls, job, journal is not None):
        job.advance(windows)
        yield from strips


def prepare_on(client: Any, task: Workload, limits: Limits, plan: Plan | None, job: Job) -> tuple[Workload, Plan, Any]:
    """Fit a model to a lazy cube, and choose the settings of the run, on a worker: the client reads no pixels.

    Returns
    -------
    Workload, Plan, Future or None
        None if the model was fitted, since the model that was sent is then outdated.
    """
    shipments: list[Any] = []

    def calls(_: int) -> Iterator[tuple[Any, ...]]:
        shipments.append(_sent(client, task)[1])
        yield shipments[0], limits, plan

    ((learnt, plan, said),) = on_workers(client, _prepare, calls, job, saved=False)
    for sentence in said:
        job.say(sentence)
    if learnt is None:
        return task, plan, shipments[0]
    return replace(task, fitted=replace(task.fitted, model=learnt)), plan, None


def is_lazy(task: Workload) -> bool:
    """Return whether workers can read the cube themselves."""
    return not Held.of(task.cube)


@dataclass(frozen=True)
class _Stored:
    """Store for the workers; ``reached``: whether all workers so far can write to it."""

    out: str
    key: str
    reached: bool


def _stored(client: Any, task: Workload, journal: Journal) -> _Stored:
    out, key = str(journal.out.absolute()), str(journal.lines()[0]["fingerprint"])
    with _reached(saved=True):
        return _Stored(out, key, all(client.run(_reaches, out, key).values()))


def _reaches(out: str, key: str) -> bool:
    """Return whether a worker sees the store of the run; a folder of the same name on its disk is another one."""
    return Journal(Path(out)).is_of(key)


def _rows_of(task: Workload, plan: Plan) -> int:
    """Return the number of rows of a result that may come back in one piece."""
    row = max(1, task.frame.nbytes // max(1, task.frame.height))
    return max(1, RETURNED // (row * plan.rows)) * plan.rows


def _sent(client: Any, task: Workload) -> tuple[Held, Any]:
    """Send what all parts need once; return what is sent with each part, and the future of the rest."""
    held = Held.of(task.cube)
    return held, send(client, packed(replace(task, cube=held.rest(task.cube))))


@contextmanager
def _reached(saved: bool) -> Iterator[None]:
    """Convert Dask's errors about a lost scheduler into one sentence.

    Raises
    ------
    SourceError
    """
    from concurrent.futures import CancelledError

    try:
        yield
    except EowidgetsError:
        raise
    except (OSError, CancelledError, RuntimeError) as error:
        kind = type(error).__module__.partition(".")[0]
        if kind not in ("distributed", "concurrent", "asyncio", "builtins", "tornado"):
            raise
        kept = ", which goes on where it stopped" if saved else ""
        raise SourceError(
            f"The Dask cluster cannot be reached any more ({short(words(error))}): run the same call again{kept}, with "
            "a new client, or without one on this machine."
        ) from error


def parts(missing: list[tuple[int, int]], plan: Plan, workers: int, most: int | None = None) -> list[tuple[int, int]]:
    """Cut rows at multiples of ``plan.rows`` into parts that keep all workers busy and repeat little; none above ``most``."""
    strips = sum(-(-(stop - start) // plan.rows) for start, stop in missing)
    stride = max(1, plan.window[0] - 2 * plan.halo)
    least = max(1, -(-WINDOW_ROWS * stride // plan.rows))
    # A multiple of the workers, so that none is idle during the last part of another.
    count = max(workers, min(workers * PARTS_PER_WORKER, strips // least // workers * workers))
    step = plan.rows * max(1, -(-strips // count))
    step = step if most is None else min(step, max(plan.rows, most))
    return [(a, min(a + step, stop)) for start, stop in missing for a in range(start, stop, step)]


def _needed(task: Workload, plan: Plan, start: int, stop: int) -> tuple[int, int]:
    """Return the rows of the cube that some rows of the result need."""
    y = plan.grid(task.shape).y
    cells = y.coarser(task.frame.stride)
    first = y.window(cells.first_reaching(start)).start
    return first, min(task.shape[1], y.window(next(i for i in range(len(y)) if cells.settled(i) >= stop)).stop)


def _prepare(shipment: Shipment, limits: Limits, plan: Plan | None) -> tuple[Model | None, Plan, list[str]]:
    """Fit and plan on a worker; the model is returned if it was fitted."""
    import dask

    task, said = shipment.get(), []  # type: Workload, list[str]
    with dask.config.set(scheduler="threads"):
        task.learn(said.append)
        plan = plan or task.plan(limits, said.append, lambda: None)
    return task.model if task.learns else None, plan, said


def _work(
    shipment: Shipment,
    bands: list[Shipment],
    order: list[str],
    shape: tuple[int, int, int],
    plan: Plan,
    start: int,
    stop: int,
    where: tuple[str, str] | None,
) -> tuple[list[Strip], int]:
    """Compute rows ``start`` to ``stop``, on a worker."""
    import dask

    task: Workload = shipment.get()
    cube, offset = completed(task.cube, bands, order)
    task = replace(task, cube=cube)
    inner = task.reader()

    def read(y: slice, x: slice) -> RasterBlock:
        # The worker's own threads: a task that waits for its own cluster would deadlock.
        with dask.config.set(scheduler="threads"):
            block = inner(slice(y.start - offset, y.stop - offset), x)
        return replace(block, y0=y.start)

    writer = None
    if where is not None and _reaches(*where):
        writer = store_of(task.frame)(Journal(Path(where[0])).store)
    finished: list[Strip] = []
    with task.strips(plan, reader=read, shape=shape) as strips:
        for strip in strips.run(start, stop):
            if writer is not None:
                writer.write(strip)
            finished.append(strip if writer is None else replace(strip, values={}))
        return finished, round(strips.grid.windows * (stop - start) / task.frame.height)


def _failure(future: Any) -> BaseException:
    if future.status in ("cancelled", "lost"):
        return SourceError(
            "The Dask cluster dropped a part of the run: look into its log, and run the same call again, with a new client "
            "or without one on this machine."
        )
    error = future.exception()
    if isinstance(error, EowidgetsError):
        return error
    if type(error).__name__ == "KilledWorker":
        return ModelError(
            "A part of the run killed its Dask worker several times, most likely for memory: give workers more "
            "memory, or a smaller memory=... here."
        )
    return ModelError(f"A part of the run failed on its Dask worker: {words(error)}")
