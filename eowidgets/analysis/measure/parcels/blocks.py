"""Order in which a cube is read for parcels, so that memory is bounded and no block is read twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.analysis.measure.parcels.footprint import Footprint, Ints

#: Side, in pixels, of the blocks of a cube without chunks, and the minimum side when memory is small.
SIDE, LEAST = 512, 64
#: Maximum number of bytes read at a time: larger blocks are not faster.
AT_ONCE = 256 << 20
#: Bytes per pixel and date for statistics, in addition to the values: sort keys and results.
SORTED = 28
#: Number of values computed at a time, so that intermediate results fit into the processor cache.
PIECE = 1 << 20


@dataclass(frozen=True)
class Part:
    """Pixels of parcels in one block of the cube.

    Attributes
    ----------
    rows, columns : slice
        The enclosing rectangle in the cube.
    pixels : ndarray of int64
        Indices of the pixels in the order of the plan.
    closes : int
        Index of the group of parcels that is complete after this block; -1 for none.
    """

    rows: slice
    columns: slice
    pixels: Ints
    closes: int


@dataclass(frozen=True)
class ReadingPlan:
    """Pixels sorted by the block after which their parcel is complete.

    Attributes
    ----------
    parcel, row, column : ndarray of int64
        Of each pixel, sorted by group and then by parcel.
    group : ndarray of int64
        Position of the first pixel of each group, and the end.
    parts : tuple of Part
    dates : int
        Number of dates read at a time.
    """

    parcel: Ints
    row: Ints
    column: Ints
    group: Ints
    parts: tuple[Part, ...]
    dates: int

    def steps(self, length: int) -> Iterator[slice]:
        """Yield slices of the dates that are read at a time."""
        for start in range(0, length, self.dates):
            yield slice(start, min(start + self.dates, length))


def plan(feet: Footprint, cube: xr.Dataset, layers: int, indices: int, memory: int) -> ReadingPlan:
    """Choose the blocks and the number of dates to read at a time.

    Statistics of different dates are independent, so the dates can be read in parts. Blocks follow the chunks of the
    cube if it has any. The pixels of a parcel are kept until its last block is read.

    Parameters
    ----------
    feet : Footprint
    cube : Dataset
    layers : int
        Number of variables that are read.
    indices : int
        Number of values kept per pixel.
    memory : int
        Bytes.
    """
    length = cube.sizes["time"]
    high, wide = (_chunk(cube, axis) for axis in ("y", "x"))
    side, block = SIDE, min(memory // 4, AT_ONCE)
    while side > LEAST and 4 * layers * length * side * side > block:
        side //= 2
    tall, broad = (max(1, side // chunk) * chunk for chunk in (high, wide))
    dates = max(1, min(length, block // (4 * layers * tall * broad)))
    blocks = -(-cube.sizes["x"] // broad)
    tile = feet.row // tall * blocks + feet.column // broad
    last = np.zeros(len(feet.pixels), np.int64)
    np.maximum.at(last, feet.parcel, tile)
    order = np.lexsort((feet.column, feet.row, feet.parcel, last[feet.parcel]))
    parcel, row, column, tile = feet.parcel[order], feet.row[order], feet.column[order], tile[order]
    ends = last[parcel]
    first = np.flatnonzero(np.append(True, ends[1:] != ends[:-1])) if len(ends) else np.zeros(0, np.int64)
    parts, held = _parts(tile, row, column, dict(zip(ends[first].tolist(), range(len(first)), strict=True)), ends)
    dates = max(1, min(dates, memory // 2 // max(1, held * (4 * indices + SORTED))))
    return ReadingPlan(parcel, row, column, np.append(first, len(parcel)), tuple(parts), dates)


def pieces(dates: int, pixels: int) -> Iterator[slice]:
    """Yield slices of dates such that the values of all pixels are about :data:`PIECE`."""
    step = max(1, PIECE // max(1, pixels))
    for start in range(0, dates, step):
        yield slice(start, min(start + step, dates))


def _parts(tile: Ints, row: Ints, column: Ints, closing: dict[int, int], ends: Ints) -> tuple[list[Part], int]:
    """Return the blocks with their pixels, and the maximum number of pixels kept at a time."""
    by_tile = np.argsort(tile, kind="stable")
    numbers, starts = np.unique(tile[by_tile], return_index=True)
    opened = np.searchsorted(np.sort(tile), numbers, side="right")
    closed = np.searchsorted(ends, numbers, side="left")  # ends are in order
    parts = []
    for number, pixels in zip(numbers.tolist(), np.split(by_tile, starts[1:]), strict=True):
        y, x = row[pixels], column[pixels]
        rows, columns = slice(int(y.min()), int(y.max()) + 1), slice(int(x.min()), int(x.max()) + 1)
        parts.append(Part(rows, columns, pixels, closing.get(number, -1)))
    return parts, int((opened - closed).max(initial=1))


def _chunk(cube: xr.Dataset, axis: str) -> int:
    """Return the chunk size of a lazy cube along an axis; 1 without chunks."""
    sizes = [int(v.chunksizes[axis][0]) for v in cube.data_vars.values() if axis in v.chunksizes]
    if not sizes:
        sizes = [int(n) for v in cube.data_vars.values() if (n := _stored(v, axis))]
    return min(max(sizes, default=1), cube.sizes[axis])


def _stored(variable: xr.DataArray, axis: str) -> Any:
    """Return the chunk size of a file that is opened without dask."""
    if axis not in variable.dims or isinstance(variable.variable._data, np.ndarray):
        return None
    stored = variable.encoding.get("preferred_chunks") or {}
    return stored.get(axis)
