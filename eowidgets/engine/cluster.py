"""The same parts of a run on a Dask cluster: of a cube strips, whose chunks each worker writes; else rows of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from eowidgets.engine.job import Job
from eowidgets.engine.plan import Plan
from eowidgets.engine.reader import Block
from eowidgets.engine.saved import store_of
from eowidgets.engine.strips import Strip
from eowidgets.engine.workload import Workload
from eowidgets.errors import EowidgetsError, MissingExtraError, ModelError, SourceError, short, words

#: More parts than workers, so that a slow or lost one holds up little; as many are under way at a time ...
PARTS_PER_WORKER = 4
#: ... but a part repeats a row or two of windows at its top, so where there is no need it has at least so many.
WINDOW_ROWS = 8
#: A part is tried again on another worker as often as this, beyond the deaths that the scheduler allows.
RETRIES = 3


def on_workers(
    client: Any, function: Callable[..., Any], calls: Callable[[int], Iterable[tuple[Any, ...]]], job: Job, saved: bool
) -> Iterator[Any]:
    """Call a function on the workers behind ``client``, once for each part of a run.

    Parameters
    ----------
    client : dask.distributed.Client
    function : callable
    calls : callable
        Number of workers -> arguments of each call. They are made as workers become free, and travel inside their task,
        not scattered before: what dies with a worker, the scheduler sends again.
    job : Job
    saved : bool
        Whether parts that are finished stay when the cluster is lost.

    Yields
    ------
    object
        What the calls return, in the order in which they are finished.

    Raises
    ------
    EowidgetsError
        What a part raised, or one sentence on the cluster.
    """
    try:
        from distributed import TimeoutError as NotYet
        from distributed import wait
    except ImportError as error:
        raise MissingExtraError("Running on a cluster", "dask") from error
    with _reached(saved):
        workers = max(1, len(client.scheduler_info(n_workers=-1)["workers"]))
    job.say(f"Running on {workers} Dask workers.")
    waiting = iter(calls(workers))
    futures: set[Any] = set()
    try:
        while True:
            for arguments in islice(waiting, workers * PARTS_PER_WORKER - len(futures)):
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
            for future in done:
                futures.remove(future)
                with _reached(saved):
                    if future.status != "finished":
                        raise _failure(future)
                    found = future.result()
                yield found
    finally:
        if futures and client.status == "running":
            with suppress(Exception):  # the run has ended, whatever the cluster says to that
                client.cancel(list(futures), force=True)


def run_on(
    client: Any, task: Workload, plan: Plan, missing: list[tuple[int, int]], job: Job, store: Path | None
) -> Iterator[Strip]:
    """Run the missing rows of a cube on the cluster behind ``client``.

    Parameters
    ----------
    client : dask.distributed.Client
    store : Path, optional
        Store that all workers reach: they write into it, and the strips that come back are
        empty. None: the strips come back whole.

    Yields
    ------
    Strip
        In the order in which they are finished.
    """
    where = str(store.absolute()) if store is not None else None

    def calls(workers: int) -> Iterator[tuple[Any, ...]]:
        for start, stop in parts(missing, plan, workers):
            part, offset = _cut(task, plan, start, stop)
            yield part, task.shape, offset, plan, start, stop, where

    for strips, windows in on_workers(client, _work, calls, job, store is not None):
        job.advance(windows)
        yield from strips


@contextmanager
def _reached(saved: bool) -> Iterator[None]:
    """Turn what Dask raises when its scheduler is gone into one sentence.

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


def parts(missing: list[tuple[int, int]], plan: Plan, workers: int) -> list[tuple[int, int]]:
    """Cut rows at multiples of ``plan.rows`` into parts that keep all workers busy and repeat little."""
    strips = sum(-(-(stop - start) // plan.rows) for start, stop in missing)
    stride = max(1, plan.window[0] - 2 * plan.halo)
    least = max(1, -(-WINDOW_ROWS * stride // plan.rows))
    # A multiple of the workers, so that none waits for the last part of another.
    count = max(workers, min(workers * PARTS_PER_WORKER, strips // least // workers * workers))
    step = plan.rows * max(1, -(-strips // count))
    return [(a, min(a + step, stop)) for start, stop in missing for a in range(start, stop, step)]


def _cut(task: Workload, plan: Plan, start: int, stop: int) -> tuple[Workload, int]:
    """Leave out of the task what the rows do not need."""
    y = plan.grid(task.shape).y
    cells = y.coarser(task.frame.stride)
    first = y.window(cells.first_reaching(start)).start
    last = y.window(next(i for i in range(len(y)) if cells.settled(i) >= stop)).stop
    names = [*task.site.bands, *(m for m in ("valid", "clouds") if m in task.cube)]
    return replace(task, cube=task.cube[names].isel(y=slice(first, last))), first


def _work(
    task: Workload,
    shape: tuple[int, int, int],
    offset: int,
    plan: Plan,
    start: int,
    stop: int,
    store: str | None,
) -> tuple[list[Strip], int]:
    """Compute rows ``start`` to ``stop``, on a worker."""
    import dask

    inner = task.reader()

    def read(y: slice, x: slice) -> Block:
        # The worker's own threads: asking the cluster from within one of its tasks would wait for itself.
        with dask.config.set(scheduler="threads"):
            block = inner(slice(y.start - offset, y.stop - offset), x)
        return replace(block, y0=y.start)

    writer = store_of(task.frame)(Path(store)) if store is not None else None
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
