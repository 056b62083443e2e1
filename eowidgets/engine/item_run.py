"""The work of a run over items, which have one result each: here or on a cluster, in memory or continued on disk."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from eowidgets.contract.outputs import Output
from eowidgets.engine import device as dev
from eowidgets.engine.blame import blame, declared
from eowidgets.engine.identity import run_hash
from eowidgets.engine.item_plan import plan_items
from eowidgets.engine.item_store import ItemStore, Rows
from eowidgets.engine.item_work import ItemWork, Numbered, bundles
from eowidgets.engine.items import Items
from eowidgets.engine.job import Job
from eowidgets.engine.journal import Journal
from eowidgets.engine.plan import NO_PLAN, Limits, Plan
from eowidgets.engine.provenance import fingerprint
from eowidgets.engine.shipment import Apart, Shipment, unpacked
from eowidgets.engine.surroundings import kept
from eowidgets.engine.writers.disk import check_name, check_table_format, keep, publish_table
from eowidgets.errors import ModelError, shown


@dataclass(frozen=True)
class ItemRun:
    """The work of a job over items."""

    items: Items
    limits: Limits
    device: str
    compile: bool
    seed: int
    out: Path | None = None
    client: Any = None

    def __call__(self, job: Job) -> Any:
        """Run and return the table."""
        job.device = dev.pick_device(self.device)
        self.items.learn(job.say)
        items, model = self.items, self.items.model
        with blame(model, "when it was asked for its outputs"), kept():
            kinds = declared(model, items.bands)
        if not kinds or not all(isinstance(o, Output) for o in kinds):
            raise ModelError(f"The model {shown(model.name)} must return outputs such as eow.Value('height').")
        outputs = tuple(items.prepare(o) for o in kinds)
        work = ItemWork(type(items), outputs, items.size, self.seed, self.device, self.compile)
        job.expect(len(items), 0, items.pixels)
        if self.out is None:
            plan = self._choose(job, work)
            return self._table(job, plan, self._all(job, work, plan))
        return self._to_disk(job, work, self.out)

    def _to_disk(self, job: Job, work: ItemWork, out: Path) -> Any:
        def do(journal: Journal, key: str) -> None:
            store = ItemStore.of(journal, key, partial(self._choose, job, work))
            if store.done:
                job.say(f"Continuing: {len(store.done)} parts are finished already.")
            publish_table(self._table(job, store.plan, self._all(job, work, store.plan, store)), journal)

        return keep(out, partial(self._key, job), do, job.say)

    def _choose(self, job: Job, work: ItemWork) -> Plan:
        plan = plan_items(self.items, work, self.limits, job.say)
        job.say(f"{job.device}, {plan.precision}: {plan.batch} at a time.")
        return plan

    def _key(self, job: Job) -> str:
        notes = self._notes(job, NO_PLAN)
        content, code = self.items.content(), run_hash(self.items.model)
        return fingerprint({**notes, "limits": asdict(self.limits), "content": content, "code": code})

    def _all(self, job: Job, work: ItemWork, plan: Plan, store: ItemStore | None = None) -> Rows:
        """Predict all items, or those that the store lacks."""
        found: dict[int, Rows] = {}
        missing = self._missing(job, plan, store, found)
        made = work.run(missing, plan, job.say, job.checkpoint)
        if self.client is not None:
            made = self._on_workers(job, work, plan, missing, saved=store is not None)
        for k, rows, done in made:
            job.advance(done)
            if store is not None:
                store.write(k, rows)
            found[k] = rows
            job.checkpoint()
        # A cluster returns parts in any order.
        return {i: rows for k in sorted(found) for i, rows in found[k].items()}

    def _missing(self, job: Job, plan: Plan, store: ItemStore | None, found: dict[int, Rows]) -> Iterator[Numbered]:
        """Read the shares that are to be predicted, and the rows of those that the store has."""
        for k, share in enumerate(self.items.shares(plan.batch)):
            if store is not None and k in store.done:
                found[k] = store.read(k)
                job.advance(share.done)
            else:
                yield k, share

    def _on_workers(
        self, job: Job, work: ItemWork, plan: Plan, missing: Iterator[Numbered], saved: bool
    ) -> Iterator[tuple[int, Rows, int]]:
        from eowidgets.engine.cluster import PARTS_PER_WORKER, on_workers

        apart = Apart(self.client)

        def calls(workers: int) -> Iterator[tuple[Any, ...]]:
            most = -(-len(self.items) // (workers * PARTS_PER_WORKER))
            return (apart.pack((work, part, plan)) for part in bundles(missing, most))

        for part in on_workers(self.client, _predict, calls, job, saved):
            yield from part

    def _table(self, job: Job, plan: Plan, rows: Rows) -> Any:
        items = self.items
        names = list(dict.fromkeys(name for found in rows.values() for row in found for name in row))
        numbers, columns = [], {name: [] for name in names}  # type: list[int], dict[str, list[Any]]
        for i in range(len(items)):
            for row in rows.get(i, [{}]):
                numbers.append(i)
                for name in names:
                    columns[name].append(row.get(name))
        table = items.table(numbers, columns)
        table.attrs["provenance"] = json.dumps(self._notes(job, plan), default=str)
        return table

    def _notes(self, job: Job, plan: Plan) -> dict[str, Any]:
        engine = {
            "device": job.device.type,
            "batch": plan.batch,
            "precision": plan.precision,
            "memory": self.limits.memory,
            "compile": self.compile,
        }
        with blame(self.items.model, "when it was asked for its weights"), kept():
            return self.items.notes(self.seed, engine)


def item_run(
    items: Items,
    limits: Limits,
    *,
    device: str = "auto",
    compile: bool = False,
    seed: int = 0,
    out: Any = None,
    client: Any = None,
) -> ItemRun:
    """Put items and the settings of a run together.

    Raises
    ------
    InputError
        For a missing device, or a file name that cannot hold a table.
    """
    dev.pick_device(device)
    path = check_name(out) if out is not None else None
    if path is not None:
        check_table_format(path, items.formats)
    return ItemRun(items, limits, device, compile, int(seed), path, client)


def _predict(payload: bytes, networks: Shipment) -> list[tuple[int, Rows, int]]:
    """Predict a part of the shares, on a worker."""
    work, part, plan = unpacked(payload, networks)
    return list(work.run(part, plan))
