"""Run a model on things that have one result each: chips, series of a table, places of a cube."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial, singledispatch
from pathlib import Path
from typing import Any, ClassVar

from eowidgets.contract.feeds import Feed
from eowidgets.contract.model import Dates, Model
from eowidgets.contract.outputs import Gathered, Mosaic, Output, Row
from eowidgets.engine import device as dev
from eowidgets.engine.blame import blame, declared, read_rows
from eowidgets.engine.fitted import Fitted
from eowidgets.engine.identity import run_hash
from eowidgets.engine.item_store import ItemStore, Rows
from eowidgets.engine.job import Job
from eowidgets.engine.journal import Journal
from eowidgets.engine.predict import Piece, Predictor, Site
from eowidgets.engine.provenance import fingerprint
from eowidgets.engine.surroundings import kept
from eowidgets.engine.writers.disk import check_name, check_table_format, keep, publish_table
from eowidgets.errors import InputError, ModelError, shown

#: Columns of a table of series, and of outputs over time.
ID, TIME = "id", "time"


@dataclass(frozen=True)
class Share:
    """Items of the same dates, which share batches.

    Attributes
    ----------
    numbers : list of int
        Which items they are.
    pieces : list of Piece
        What the model is given of each.
    site : Site
        Dates and bands.
    dates : array of datetime64
        Dates of the output.
    model : Model
        The model, or a copy that surveyed their data.
    done : int
        Items that are finished with this share; more than there are pieces where some have no data.
    """

    numbers: list[int]
    pieces: list[Piece]
    site: Site
    dates: Dates
    model: Model
    done: int


class Items(ABC):
    """Things that have one result each, and the table that results go to."""

    #: What messages call them.
    what: ClassVar[str]
    #: Items in a batch, unless the caller chooses.
    batch: ClassVar[int]
    #: File formats of the table.
    formats: ClassVar[tuple[str, ...]] = (".parquet",)
    #: Rows and columns of a piece.
    size: tuple[int, int] = (1, 1)

    model: Model
    bands: tuple[str, ...]

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of items."""

    @property
    @abstractmethod
    def pixels(self) -> float:
        """Pixels times dates of all items."""

    @abstractmethod
    def shares(self, batch: int) -> Iterator[Share]:
        """Read the items, about ``batch`` at a time; those that have no result are in none of them."""

    def learn(self, log: Callable[[str], None]) -> None:  # noqa: B027  (a default)
        """Let the model learn from what it will be run on; the default is for items that do so share by share."""

    @abstractmethod
    def table(self, numbers: list[int], columns: dict[str, list[Any]]) -> Any:
        """Return the result: for each row the number of its item, and the columns."""

    @abstractmethod
    def notes(self, seed: int, engine: dict[str, Any]) -> dict[str, Any]:
        """Return the provenance."""

    def content(self) -> str:
        """Return a fingerprint of the items, beyond what the provenance holds."""
        return ""

    def prepare(self, output: Output) -> Mosaic | Gathered:
        """Return an output in the form in which the model gives it."""
        return PerItem(output.name, output, self.bands)

    def rows(
        self, model: Model, output: Mosaic | Gathered, item: Any, piece: Piece, dates: int
    ) -> list[dict[str, Any]]:
        """Return the columns of one output of one item: once, or for each date."""
        if not isinstance(output, Gathered):
            raise ModelError(
                f"The model {shown(model.name)} has an output {shown(output.name)} that cannot be a column of a table."
            )
        return [dict(record.values) for record in read_rows(model, output, item, self.size, dates)]


@singledispatch
def items_of(feed: Feed, model: Model, source: Any, places: Any) -> Items | None:
    """Return the items that a model is to be run on; None for all pixels of a cube.

    A feed of another kind registers its own: ``@items_of.register(MyFeed)``.

    Parameters
    ----------
    feed : Feed
        Of the model.
    model : Model
    source : object
        The cube, table or path that :func:`eowidgets.run` was given.
    places : GeoDataFrame, optional

    Raises
    ------
    InputError, ModelError
        For a source that does not suit.
    """
    if places is not None:
        raise InputError(f"Model {shown(model.name)} maps whole cubes: give a cube, without places.")
    refuse_table(model, source)
    return None


def refuse_table(model: Model, source: Any) -> None:
    """Refuse a table where a model takes none.

    Raises
    ------
    InputError
    """
    if hasattr(source, "iloc"):
        raise InputError(
            f"Model {shown(model.name)} takes no table: give a cube, or choose a model whose feed is eow.Series."
        )


@dataclass(frozen=True)
class PerItem(Gathered):
    """An output of which each item of a batch has one."""

    output: Output | None = None
    bands: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Those of the output, which are known with its first row only."""
        return ()

    def records(self, item: Any, size: tuple[int, int], dates: int) -> list[Row]:
        """Return one record without a place."""
        return [Row(None, self.output.row(item, self.bands))] if self.output is not None else []


@dataclass(frozen=True)
class ItemRun:
    """The work of a job over items."""

    items: Items
    device: str
    batch: int
    seed: int
    out: Path | None = None

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
        job.expect(len(items), 0, items.pixels)
        if self.out is None:
            return self._table(job, self._all(job, outputs))
        return self._to_disk(job, outputs, self.out)

    def _to_disk(self, job: Job, outputs: tuple[Mosaic | Gathered, ...], out: Path) -> Any:
        def work(journal: Journal, key: str) -> None:
            store = ItemStore.of(journal, key)
            if store.done:
                job.say(f"Continuing: {len(store.done)} parts are finished already.")
            publish_table(self._table(job, self._all(job, outputs, store)), journal)

        return keep(out, partial(self._key, job), work, job.say)

    def _key(self, job: Job) -> str:
        notes = self._notes(job)
        return fingerprint({**notes, "content": self.items.content(), "code": run_hash(self.items.model)})

    def _all(self, job: Job, outputs: tuple[Mosaic | Gathered, ...], store: ItemStore | None = None) -> Rows:
        """Predict all items, or those that the store does not have yet."""
        rows: Rows = {}
        predictor: Predictor | None = None
        with ExitStack() as stack:
            for k, share in enumerate(self.items.shares(self.batch)):
                if store is not None and k in store.done:
                    rows |= store.read(k)
                    job.advance(share.done)
                    continue
                if predictor is None:
                    predictor = self._predictor(job, share, outputs)
                    stack.enter_context(predictor.ready())
                made = self._run(job, predictor, share)
                if store is not None:
                    store.write(k, made)
                rows |= made
                job.checkpoint()
        return rows

    def _predictor(self, job: Job, share: Share, outputs: tuple[Mosaic | Gathered, ...]) -> Predictor:
        return Predictor(
            Fitted(share.model),
            share.site,
            outputs,
            device=job.device,
            size=self.items.size,
            batch=self.batch,
            seed=self.seed,
            log=job.say,
            checkpoint=job.checkpoint,
        )

    def _run(self, job: Job, predictor: Predictor, share: Share) -> Rows:
        """Predict the items of a share; rows by the number of their item."""
        if share.model is not predictor.model:  # a copy, with another survey
            share.model.to(job.device)
        predictor.site, predictor.fitted, predictor.model = share.site, Fitted(share.model), share.model
        rows = {}
        for number, (piece, found) in zip(share.numbers, predictor(share.pieces), strict=True):
            rows[number] = self._rows(share, predictor.outputs, piece, found)
        job.advance(share.done)
        return rows

    def _rows(
        self, share: Share, outputs: tuple[Mosaic | Gathered, ...], piece: Piece, found: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Return the rows of one item: one, or one for each date if an output has dates."""
        dates = share.dates
        parts = [self.items.rows(share.model, o, found[o.name], piece, len(dates)) for o in outputs]
        if not any(o.over_time for o in outputs):
            return [{k: v for (part,) in parts for k, v in part.items()}]
        return [
            {TIME: date, **{k: v for part in parts for k, v in part[i if len(part) > 1 else 0].items()}}
            for i, date in enumerate(dates)
        ]

    def _table(self, job: Job, rows: Rows) -> Any:
        items = self.items
        names = list(dict.fromkeys(name for found in rows.values() for row in found for name in row))
        numbers, columns = [], {name: [] for name in names}  # type: list[int], dict[str, list[Any]]
        for i in range(len(items)):
            for row in rows.get(i, [{}]):
                numbers.append(i)
                for name in names:
                    columns[name].append(row.get(name))
        table = items.table(numbers, columns)
        table.attrs["provenance"] = json.dumps(self._notes(job), default=str)
        return table

    def _notes(self, job: Job) -> dict[str, Any]:
        engine = {"device": job.device.type, "batch": self.batch}
        with blame(self.items.model, "when it was asked for its weights"), kept():
            return self.items.notes(self.seed, engine)


def item_run(items: Items, *, device: str, batch: int | None, seed: int, out: Any = None) -> ItemRun:
    """Put items and the settings of a run together.

    Raises
    ------
    InputError
        For a device that is not there, or a name that cannot become a table.
    """
    dev.pick_device(device)
    path = check_name(out) if out is not None else None
    if path is not None:
        check_table_format(path, items.formats)
    return ItemRun(items, device, batch or items.batch, int(seed), path)
