"""The work of a run over all pixels of a cube: strips in memory, on disk or on a cluster."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import xarray as xr

from eowidgets.contract.outputs import Array
from eowidgets.engine import device as dev
from eowidgets.engine.blame import blame
from eowidgets.engine.cost import Planned, run_kind, took
from eowidgets.engine.identity import run_hash
from eowidgets.engine.job import Job
from eowidgets.engine.journal import Journal
from eowidgets.engine.plan import NO_PLAN, Limits, Plan
from eowidgets.engine.provenance import content_hash, describe, fingerprint
from eowidgets.engine.reader import write_behind
from eowidgets.engine.result import Frame
from eowidgets.engine.saved import SavedRun
from eowidgets.engine.strips import Strip, WindowResult
from eowidgets.engine.surroundings import kept
from eowidgets.engine.table import Table
from eowidgets.engine.workload import Workload
from eowidgets.engine.writers.disk import keep, publish
from eowidgets.engine.writers.memory import MemoryWriter
from eowidgets.engine.writers.parts import RecordWriter


@dataclass(frozen=True)
class CubeRun:
    """The work of a job."""

    task: Workload
    limits: Limits
    out: Path | None
    client: Any = None
    plan: Plan | None = None
    #: Future of the workload, if it was sent to the cluster already.
    sent: Any = None

    def __call__(self, job: Job) -> xr.Dataset:
        """Run and return the result."""
        job.device = dev.pick_device(self.task.device)
        began = time.perf_counter()
        run = self._prepared(job)
        job.checkpoint()
        before = time.perf_counter() - began
        found: xr.Dataset = run._to_memory(job) if run.out is None else run._to_disk(job, run.out)
        if self.client is None and job.whole:
            planned = Planned.of(run_kind(run.task.model, run.task.device), run.task.cube, None, run.task.site.bands)
            took(planned, before + job.seconds)
        return found

    def _prepared(self, job: Job) -> CubeRun:
        """Fit the model and choose the plan; for a lazy cube with a client, both on the cluster."""
        if self.client is not None:
            from eowidgets.engine.cluster import is_lazy, prepare_on

            if is_lazy(self.task):
                task, plan, sent = prepare_on(self.client, self.task, self.limits, self.plan, job)
                return replace(self, task=task, plan=plan, sent=sent)
        self.task.learn(job.say)
        return self

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
            if strip.values or self.client is None:  # otherwise a worker has written it
                writer.write(strip)
            journal.finished(strip.start, strip.stop)

        write_behind(self._strips(job, plan, missing, skipped, journal), finish, job.checkpoint)
        saved.check(writer)
        publish(writer, self.task.frame, journal, plan.rows, self._attrs(job, plan), job.checkpoint)

    def _key(self, job: Job) -> str:
        notes = self._notes(job, NO_PLAN)
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

            yield from run_on(self.client, self.task, plan, missing, job, journal, self.sent)
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
    """Creates a small cube of each window for callbacks."""

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
