"""Read labelled pixels of a cube in the form of a model's input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import xarray as xr
from torch import Tensor

from eowidgets.contract.card import Card
from eowidgets.contract.feeds import Batch, Feed
from eowidgets.contract.feeds.series import flattened
from eowidgets.contract.model import Model
from eowidgets.contract.outputs import Output, Value
from eowidgets.contract.task import Task
from eowidgets.contract.trainable import take
from eowidgets.engine.predict import Piece, Predictor
from eowidgets.engine.workload import Workload, make_workload

#: Side of the squares in which labelled pixels are read together.
TILE = 64
Pixels = npt.NDArray[np.int64]


class _Reader(Model):
    """A model without a result, used to check a cube against a feed and to read it."""

    name = "reader-of-labels"
    task = Task.SEGMENT
    card = Card(title="Reader", licence="Apache-2.0")

    def __init__(self, feed: Feed, name: str) -> None:
        super().__init__()
        vars(self).update(feed=feed, name=name)

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """Return one output, which is never computed."""
        return (Value("nothing"),)

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Return zeros."""
        return {"nothing": batch.x[:, 0, 0] * 0}


@dataclass(frozen=True)
class Source:
    """A cube with the feed that reads it.

    Parameters
    ----------
    feed : Feed
    cube : Dataset or mapping of Datasets
    name : str
        Model that is named in messages.
    """

    feed: Feed
    cube: xr.Dataset | Mapping[str, xr.Dataset]
    name: str

    def workload(self) -> Workload:
        """Check the cube against the feed.

        Raises
        ------
        InputError, ModelError
        """
        return make_workload(_Reader(self.feed, self.name), self.cube)


def read_series(source: Source, rows: Pixels, columns: Pixels) -> Batch:
    """Read pixels as series.

    Parameters
    ----------
    source : Source
    rows, columns : arrays, shape (n,)

    Returns
    -------
    Batch
        ``(n, t, c)``, in the order of the pixels.
    """
    parts: list[Batch] = []
    order: list[Pixels] = []
    for numbers, batch, (top, left) in _tiles(source, rows, columns, 0):
        flat = flattened(batch)
        place = (rows[numbers] - top) * batch.x.shape[-1] + columns[numbers] - left
        parts.append(take(flat, place))
        order.append(numbers)
    return _take_all(parts, np.argsort(np.concatenate(order)))


def read_windows(source: Source, rows: Pixels, columns: Pixels, side: int) -> Batch:
    """Read a window around each of some pixels, moved inwards at the edge of the cube.

    Parameters
    ----------
    source : Source
    rows, columns : arrays, shape (n,)
        Upper left pixels of the windows.
    side : int
        In pixels.

    Returns
    -------
    Batch
        ``(n, t, c, side, side)``.
    """
    task = source.workload()
    reader, predictor = task.reader(), _predictor(task, side)
    parts = []
    for y, x in zip(rows.tolist(), columns.tolist(), strict=True):
        down, across = slice(y, y + side), slice(x, x + side)
        parts.append(predictor.batch_of([Piece(reader(down, across), down, across, slice(0, task.shape[0]))]))
    return _take_all(parts, np.arange(len(parts)))


def read_blocks(
    source: Source, rows: Pixels, columns: Pixels, halo: int
) -> Iterator[tuple[Pixels, Batch, tuple[int, int]]]:
    """Read the rectangles that hold labelled pixels, with a halo where the cube has one.

    Yields
    ------
    numbers : array of int64
        Pixels in the rectangle.
    batch : Batch
        ``(1, t, c, h, w)``.
    (int, int)
        Row and column of the first pixel of the batch.
    """
    yield from _tiles(source, rows, columns, halo)


def _tiles(source: Source, rows: Pixels, columns: Pixels, halo: int) -> Iterator[tuple[Pixels, Batch, tuple[int, int]]]:
    task = source.workload()
    reader, (dates, height, width) = task.reader(), task.shape
    fixed, multiple = task.fitted.feed.size, task.fitted.feed.multiple
    side = fixed or TILE
    tile = (rows // side) * (width // side + 1) + columns // side
    for one in np.unique(tile):
        numbers = np.flatnonzero(tile == one)
        if fixed:  # the result of such a model depends on the window
            y, x = (
                slice(top := int(at[numbers[0]]) // side * side, min(top + side, n))
                for at, n in ((rows, height), (columns, width))
            )
        else:
            y = _span(rows[numbers], halo, height, multiple)
            x = _span(columns[numbers], halo, width, multiple)
        size = tuple(fixed or -(-(s.stop - s.start) // multiple) * multiple for s in (y, x))
        batch = _predictor(task, size).batch_of([Piece(reader(y, x), y, x, slice(0, dates))])
        yield numbers, batch, (y.start, x.start)


def _span(at: Pixels, halo: int, length: int, multiple: int) -> slice:
    """Return the rows that hold some pixels, beginning where a patch begins."""
    low = max(0, int(at.min()) - halo)
    return slice(low - low % multiple, min(length, int(at.max()) + 1 + halo))


def _predictor(task: Workload, size: int | Sequence[int]) -> Predictor:
    shape = (size, size) if isinstance(size, int) else (size[0], size[1])
    return Predictor(task.fitted, task.site, (), device=torch.device("cpu"), size=shape)


def _take_all(parts: list[Batch], order: Pixels) -> Batch:
    """Join batches of the same dates, and bring them into an order."""
    return take(joined(parts), order)


def joined(parts: list[Batch]) -> Batch:
    """Put batches of the same dates and bands one after the other."""
    first = parts[0]
    if len(parts) == 1:
        return first
    fields = ("x", "raw", "usable", "measured", "lonlat")
    whole: dict[str, Any] = {name: torch.cat([getattr(part, name) for part in parts]) for name in fields}
    sources = {name: joined([part.sources[name] for part in parts]) for name in first.sources}
    return replace(first, **whole, sources=sources)
