"""``eow.run`` and ``eow.submit``: a model over a cube of any size."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xarray as xr

from eowidgets.arguments import Count, FilePath, Memory, Pixels, Seed, checked
from eowidgets.contract.model import Dates, Model
from eowidgets.contract.outputs import Array
from eowidgets.contract.registry import get_model
from eowidgets.cube.area import AreaLike
from eowidgets.engine import device as dev
from eowidgets.engine.blame import blame
from eowidgets.engine.identity import run_hash
from eowidgets.engine.items import item_run
from eowidgets.engine.job import Job
from eowidgets.engine.journal import Journal
from eowidgets.engine.kinds import items_of
from eowidgets.engine.plan import Limits, Plan, Precision, check_window
from eowidgets.engine.provenance import content_hash, describe, fingerprint
from eowidgets.engine.reader import write_behind
from eowidgets.engine.result import Frame
from eowidgets.engine.saved import SavedRun
from eowidgets.engine.scheduler import HEAVY, run_here
from eowidgets.engine.strips import Strip, WindowResult
from eowidgets.engine.surroundings import kept
from eowidgets.engine.table import Table
from eowidgets.engine.workload import Workload, make_workload
from eowidgets.engine.writers.disk import check_format, check_name, keep, publish
from eowidgets.engine.writers.memory import MemoryWriter
from eowidgets.engine.writers.parts import RecordWriter
from eowidgets.errors import InputError, shown
from eowidgets.system import parse_bytes

if TYPE_CHECKING:
    from distributed import Client
    from geopandas import GeoDataFrame
    from pandas import DataFrame, Series

Progress = bool | Callable[[Job], None] | None


@checked
def run(
    model: str | Model | type[Model],
    cube: xr.Dataset | Mapping[str, xr.Dataset] | DataFrame | Series[Any] | FilePath,
    area: AreaLike | None = None,
    out: FilePath | None = None,
    *,
    places: GeoDataFrame | None = None,
    device: str = "auto",
    memory: Memory = "2GB",
    window: Pixels | None = None,
    batch: Count | None = None,
    precision: Precision = "auto",
    compile: bool = False,
    client: Client | None = None,
    seed: Seed = 0,
    progress: Progress = None,
    **params: Any,
) -> xr.Dataset:
    """Run a model over a cube and give back the result as a cube.

    Parameters
    ----------
    model : str, Model or Model class
        Name of a registered model, or your own.
    cube : Dataset (time, y, x), dict of Datasets, DataFrame, or path
        In memory or lazy; larger than memory is fine with ``out``. For a model of several sources a dict of cubes: one main
        cube, whose grid the result has, and one under the name of each :class:`~eowidgets.Source`. For a model of chips
        (:class:`~eowidgets.Chips`) also a folder of images; for a model of series (:class:`~eowidgets.Series`) also a
        table: a DataFrame with the columns ``id``, ``time`` and one per band, or one by dates.
    area : optional
        Where to run: whatever ``eow.Area.of`` takes. Outside it the result is nodata.
    out : path, optional
        ``.zarr``, ``.tif`` or ``.nc``, and for tables ``.gpkg`` or ``.parquet``: the result goes to disk strip by strip and
        is opened lazily. A run that was killed continues when the same call is made again. None keeps the result in memory.
    places : GeoDataFrame, optional
        For a model of chips a chip is cut around each place; for one of series the clear pixels in each polygon, or under
        each point, are averaged by date. The result is this table with further columns.
    device : str
        ``"auto"`` takes cuda, then mps, then cpu.
    memory : str or number
        Main memory that the run may take beside input and result: ``"2GB"``.
    window, batch : int, optional
        Side of a window in pixels, and windows at a time; by default chosen from measured memory. A model that
        states its window takes no other.
    precision : {"auto", "fp32", "bf16"}
        ``"auto"`` takes bf16 where the device has units for it and the output hardly changes.
    compile : bool
        Use ``torch.compile``.
    client : dask.distributed.Client, optional
        Run the strips on a cluster; with ``out``, all workers must reach its folder.
    seed : int
        For models that draw random numbers.
    progress : bool or callable, optional
        True shows a bar; a callable gets the :class:`Job` whenever it changes.
    **params
        Parameters of the model.

    Returns
    -------
    Dataset
        Same grid as the cube (or its part in the area), with the model's outputs, ``valid``, and
        ``attrs["provenance"]``. A model whose output is a table (objects, labels, texts) gives a GeoDataFrame in the CRS of
        the cube, and a run over a table gives a DataFrame by ``id`` (in long form with ``id`` and ``time`` if an output has
        dates), also with ``attrs["provenance"]``.

    Raises
    ------
    InputError, ModelError, SourceError
        In one sentence: what is wrong, where, and what to do.

    Examples
    --------
    >>> import eowidgets as eow
    >>> clear = eow.run("fill-linear", eow.open("romania"))  # doctest: +SKIP
    """
    job = make_job(
        model,
        cube,
        area,
        out,
        places=places,
        device=device,
        memory=memory,
        window=window,
        batch=batch,
        precision=precision,
        compile=compile,
        client=client,
        seed=seed,
        progress=progress,
        params=params,
    )
    run_here(job)
    return job.result()


@checked
def submit(
    model: str | Model | type[Model],
    cube: xr.Dataset | Mapping[str, xr.Dataset] | DataFrame | Series[Any] | FilePath,
    area: AreaLike | None = None,
    out: FilePath | None = None,
    *,
    places: GeoDataFrame | None = None,
    device: str = "auto",
    memory: Memory = "2GB",
    window: Pixels | None = None,
    batch: Count | None = None,
    precision: Precision = "auto",
    compile: bool = False,
    client: Client | None = None,
    seed: Seed = 0,
    progress: Progress = None,
    on_window: Callable[[WindowResult], None] | None = None,
    on_change: Callable[[Job], None] | None = None,
    **params: Any,
) -> Job:
    """Do what :func:`run` does in the background, one run after the other (:mod:`eowidgets.engine.scheduler`).

    Parameters are those of :func:`run`, and:

    Parameters
    ----------
    on_window : callable, optional
        Gets every finished window as a :class:`~eowidgets.engine.strips.WindowResult`. Given here, it
        misses none.
    on_change : callable, optional
        Gets the job whenever its state or progress changes.

    Returns
    -------
    Job
        Bad input is refused at once, by an exception here.
    """
    job = make_job(
        model,
        cube,
        area,
        out,
        places=places,
        device=device,
        memory=memory,
        window=window,
        batch=batch,
        precision=precision,
        compile=compile,
        client=client,
        seed=seed,
        progress=progress,
        params=params,
    )
    if on_window is not None:
        job.on_window(on_window)
    if on_change is not None:
        job.on_change(on_change)
    HEAVY.put(job)
    return job


def make_job(
    model: str | Model | type[Model],
    cube: xr.Dataset | Mapping[str, xr.Dataset] | DataFrame | Series[Any] | FilePath,
    area: AreaLike | None = None,
    out: FilePath | None = None,
    *,
    places: GeoDataFrame | None = None,
    device: str = "auto",
    memory: Memory = "2GB",
    window: Pixels | None = None,
    batch: Count | None = None,
    precision: Precision = "auto",
    compile: bool = False,
    client: Client | None = None,
    seed: Seed = 0,
    progress: Progress = None,
    params: Mapping[str, Any] | None = None,
    plan: Plan | None = None,
    when: Dates | None = None,
) -> Job:
    """Check everything and make a job that has not started.

    ``plan`` takes the place of choosing one, and ``when`` that of the model's own output dates.
    """
    made = get_model(model, **(params or {}))
    items = items_of(made.feed, made, cube, places)
    if items is not None:
        for name, value in {"area": area, "window": window, "client": client}.items():
            if value is not None:
                raise InputError(f"{name} does not apply to {items.what}: leave it out.")
        work = item_run(items, device=device, batch=batch, seed=seed, out=out)
        return _reported(Job(made.name, work), progress)
    if not isinstance(cube, Mapping):
        raise InputError(f"{shown(str(cube))} is a path: open it first with eow.open(...).")
    limits = Limits(parse_bytes(memory), window, batch, precision)
    path = check_name(out) if out is not None else None
    task = make_workload(made, cube, area, seed=seed, device=device, compile=compile, when=when)
    if path is not None:
        check_format(path, task.frame)
    check_window(task.fitted, window)
    job = Job(task.model.name, Run(task, limits, path, client, plan))
    job.geobox = task.site.geobox
    return _reported(job, progress)


def _reported(job: Job, progress: Progress) -> Job:
    """Connect a job with what shows its progress."""
    if progress is True:
        from eowidgets.engine.progress import bar

        job.on_change(bar())
    elif callable(progress):
        job.on_change(progress)
    return job


@dataclass(frozen=True)
class Run:
    """The work of a job."""

    task: Workload
    limits: Limits
    out: Path | None
    client: Any = None
    plan: Plan | None = None

    def __call__(self, job: Job) -> xr.Dataset:
        """Run and give the result."""
        job.device = dev.pick_device(self.task.device)
        self.task.learn(job.say)
        job.checkpoint()
        found: xr.Dataset = self._to_memory(job) if self.out is None else self._to_disk(job, self.out)
        return found

    def _to_disk(self, job: Job, out: Path) -> Any:
        return keep(out, partial(self._key, job), partial(self._work_on, job), job.say)

    def _choose(self, job: Job) -> Plan:
        plan = self.plan or self.task.plan(self.limits, job.say, job.checkpoint)
        self._announce(job, plan)
        return plan

    def _announce(self, job: Job, plan: Plan) -> None:
        job.plan = plan.to_json()
        job.say(
            f"{job.device}, {plan.precision}: windows of {plan.window[0]} x {plan.window[1]} pixels "
            f"and {plan.dates} dates, {plan.batch} at a time."
        )
        if self.task.fitted.resamples:
            has, wants = self.task.site.resolution, self.task.model.feed.resolution
            job.say(f"Pixels of {has:.3g} m are resampled to the {wants:g} m of the model, and its result back.")

    def _notes(self, job: Job, plan: Plan) -> dict[str, Any]:
        task = self.task
        engine = {**plan.to_json(), "device": job.device.type, "memory": self.limits.memory, "compile": task.compile}
        if task.fitted.resamples:
            engine["resampled_to"] = task.model.feed.resolution
        with blame(task.model, "when it was asked for its weights"), kept():
            notes = describe(task.model, task.cube, task.site.bands, task.area, task.seed, engine)
        return {**notes, **({"sources": found} if (found := task.sources()) else {})}

    def _attrs(self, job: Job, plan: Plan) -> dict[str, Any]:
        return {"provenance": json.dumps(self._notes(job, plan), default=str)}

    def _to_memory(self, job: Job) -> Any:
        plan = self._choose(job)
        frame = self.task.frame
        writer: Any = RecordWriter(frame) if isinstance(frame, Table) else MemoryWriter(frame)
        for strip in self._strips(job, plan, [(0, frame.height)], skipped=0):
            writer.write(strip)
            job.checkpoint()
        return writer.finish(self._attrs(job, plan))

    def _work_on(self, job: Job, journal: Journal, key: str) -> None:
        """Compute the strips that are missing, and publish."""
        saved = SavedRun(journal, key, self.task.frame, self.task.frame.height)
        found = saved.go_on()
        if found is None:
            plan = self._choose(job)
            found = saved.begin(plan, self._attrs(job, plan))
        else:
            self._announce(job, found.plan)
            job.say(f"Continuing: {len(found.done)} strips are finished already.")
        plan, writer, done = found.plan, found.writer, found.done
        journal.stamp = partial(writer.stamp, self.task.frame)
        missing = missing_rows(done, self.task.frame.height)
        skipped = sum(b - a for a, b in done)

        def finish(strip: Strip) -> None:
            if self.client is None:  # a cluster's workers have written it already
                writer.write(strip)
            journal.finished(strip.start, strip.stop)

        write_behind(self._strips(job, plan, missing, skipped, journal), finish, job.checkpoint)
        saved.check(writer)
        publish(writer, self.task.frame, journal, plan.rows, self._attrs(job, plan), job.checkpoint)

    def _key(self, job: Job) -> str:
        notes = self._notes(job, _NO_PLAN)
        return fingerprint(
            {
                **notes,
                "limits": asdict(self.limits),
                "pixels": content_hash(self.task.cube, self.task.site.bands),
                "others": [content_hash(c.cube, c.bands) for c in self.task.site.companions],
                "code": run_hash(self.task.model),
            }
        )

    def _strips(
        self, job: Job, plan: Plan, missing: list[tuple[int, int]], skipped: int, journal: Journal | None = None
    ) -> Iterator[Strip]:
        t, height, width = self.task.shape
        total = plan.grid(self.task.shape).windows
        job.expect(total, round(total * skipped / self.task.frame.height), float(t * height * width))
        if self.client is not None:
            from eowidgets.engine.cluster import run_on

            yield from run_on(self.client, self.task, plan, missing, job, journal.store if journal else None)
            return
        frame = self.task.frame
        show = _Show(frame, job) if job.watched and isinstance(frame, Frame) else None
        with self.task.strips(
            plan, log=job.say, checkpoint=job.checkpoint, on_batch=job.advance, on_window=show
        ) as strips:
            for start, stop in missing:
                yield from strips.run(start, stop)


@dataclass(frozen=True)
class _Show:
    """Makes a small cube of a window, for whoever watches."""

    frame: Frame
    job: Job

    def __call__(self, y: slice, x: slice, values: dict[str, Array]) -> None:
        frame = self.frame
        data = frame.template.isel(y=y, x=x).copy()
        for v in frame.variables:
            data[v.name] = (v.dims, values[v.name], dict(v.attrs))
        done, total = self.job.windows
        self.job.show(WindowResult(y, x, data, done, total))


def missing_rows(done: list[tuple[int, int]], height: int) -> list[tuple[int, int]]:
    """Find the rows that no finished strip covers.

    Examples
    --------
    >>> missing_rows([(0, 256), (512, 768)], 1000)
    [(256, 512), (768, 1000)]
    """
    missing, at = [], 0
    for start, stop in sorted(done):
        if start > at:
            missing.append((at, start))
        at = max(at, stop)
    if at < height:
        missing.append((at, height))
    return missing


_NO_PLAN = Plan((0, 0), 0, 0, 0, 0, 0, 0, "", 0)
