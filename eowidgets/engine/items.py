"""Items that have one result each: chips, series of a table, places of a cube."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import singledispatch
from typing import Any, ClassVar

from eowidgets.contract.feeds import Feed
from eowidgets.contract.model import Dates, Model
from eowidgets.contract.outputs import Gathered, Mosaic, Output, Row
from eowidgets.engine.blame import read_rows
from eowidgets.engine.predict import Piece, Site
from eowidgets.errors import InputError, ModelError, shown

#: Columns of a table of series, and of outputs over time.
ID, TIME = "id", "time"


@dataclass(frozen=True)
class Share:
    """Items of the same dates, which share batches; can be pickled.

    Attributes
    ----------
    numbers : list of int
        Numbers of the items.
    pieces : list of Piece
        The model's input of each item.
    site : Site
        Dates and bands.
    dates : array of datetime64
        Dates of the output.
    model : Model
        The model, or a copy that surveyed their data.
    done : int
        Items that are finished with this share; more than the pieces if some items have no data.
    """

    numbers: list[int]
    pieces: list[Piece]
    site: Site
    dates: Dates
    model: Model
    done: int

    @property
    def nbytes(self) -> int:
        """Bytes of the model's input."""
        blocks = [piece.block for piece in self.pieces]
        return sum(b.raw.nbytes + b.measured.nbytes + b.usable.nbytes for b in blocks)


class Items(ABC):
    """Items that have one result each, and the table of their results."""

    #: Name in messages.
    what: ClassVar[str]
    #: Default number of items in a batch.
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
        """Read the items, about ``batch`` at a time; items without a result are left out."""

    def sample(self, count: int) -> Share | None:
        """Return a few of the largest items, on which the model is measured; None if no item has data."""
        return next((share for share in self.shares(count) if share.pieces), None)

    def learn(self, log: Callable[[str], None]) -> None:  # noqa: B027  (a default)
        """Fit the model to the items; the default is for items that do so share by share."""

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
        """Return an output in the form in which the model returns it."""
        return PerItem(output.name, output, self.bands)

    @classmethod
    def rows(cls, share: Share, output: Mosaic | Gathered, item: Any, piece: Piece) -> list[dict[str, Any]]:
        """Return the columns of one output of one item: once, or for each date.

        A class method, since it is called on workers of a cluster, which lack the other items.
        """
        model, size = share.model, (piece.y.stop - piece.y.start, piece.x.stop - piece.x.start)
        if not isinstance(output, Gathered):
            raise ModelError(
                f"The model {shown(model.name)} has an output {shown(output.name)} that cannot be a column of a table."
            )
        return [dict(record.values) for record in read_rows(model, output, item, size, len(share.dates))]


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
        The cube, table or path passed to :func:`eowidgets.run`.
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
        """Columns of the output, which are known after its first row."""
        return ()

    def records(self, item: Any, size: tuple[int, int], dates: int) -> list[Row]:
        """Return one record without a place."""
        return [Row(None, self.output.row(item, self.bands))] if self.output is not None else []
