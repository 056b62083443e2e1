"""A further source of a run: reads the ground of a block of the main cube and cuts it to windows on its own grid."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.contract.feeds import Source
from eowidgets.contract.prepare import check_dates, feed_bands, has_bands, resolution_of
from eowidgets.cube.admission import admit
from eowidgets.cube.grid import geobox, georeference
from eowidgets.cube.schema import bands
from eowidgets.engine.reader import RasterBlock, Reader
from eowidgets.errors import InputError

Array = npt.NDArray[Any]
#: Extra pixels of a source around the requested ground: its pixel centres may lie outside.
MARGIN = 2
#: Positions this close to a pixel's centre count as the centre.
SNAP = 1e-4


@dataclass(frozen=True)
class Ground:
    """A rectangle of the main cube's grid.

    Attributes
    ----------
    geobox : odc.geo GeoBox
        Grid of the whole main cube.
    y, x : slice
        Rows and columns.
    """

    geobox: Any
    y: slice
    x: slice

    @classmethod
    def of(cls, box: Any, y: slice, x: slice) -> Ground:
        """Return rows and columns as far as they lie in the cube."""
        return cls(box, slice(y.start, min(y.stop, box.height)), slice(x.start, min(x.stop, box.width)))

    def shape(self, cell: float) -> tuple[int, int]:
        """Return rows and columns of cells, ``cell`` pixels wide, that cover the rectangle from its first corner."""
        return cells(self.y.stop - self.y.start, cell), cells(self.x.stop - self.x.start, cell)

    def centres(self, cell: float, fine: int = 1) -> tuple[Array, Array]:
        """Return the centres of the cells of :meth:`shape`, each divided into ``fine`` by ``fine`` cells."""
        rows, columns = self.shape(cell)
        i = self.y.start + (np.arange(rows * fine) + 0.5) * (cell / fine)
        j = self.x.start + (np.arange(columns * fine) + 0.5) * (cell / fine)
        jj, ii = np.meshgrid(j, i)
        east, north = self.geobox.affine @ (jj, ii)
        return np.asarray(east), np.asarray(north)


@dataclass(frozen=True)
class Companion:
    """A source of a run.

    Attributes
    ----------
    source : Source
        The source as the model declares it.
    cube : Dataset
    bands : tuple of str
    resolution : float
        Pixel size in metres of the model's input from this source.
    own : float
        Pixel size of its cube in metres.
    """

    source: Source
    cube: xr.Dataset
    bands: tuple[str, ...]
    resolution: float
    own: float
    days: npt.NDArray[np.float64] = field(repr=False)

    @classmethod
    def of(cls, model: str, source: Source, cube: xr.Dataset, main: float) -> Companion:
        """Check a cube against the source that a model declares; ``main`` is the pixel size of the main cube.

        Raises
        ------
        InputError, ModelError
        """
        placed = georeference(admit(cube, name=f"The cube {source.name!r}"))
        geobox(placed)  # refuses a cube without pixel size
        what = f"the cube {source.name!r}"
        has_bands(model, source, bands(placed), what)
        check_dates(model, source, placed.sizes["time"], what)
        days = placed["time"].values.astype("datetime64[ns]").astype("int64") / 86_400e9
        own = resolution_of(placed) or main
        return cls(source, placed, feed_bands(source, placed), source.resolution or main, own, days)

    @cached_property
    def box(self) -> Any:
        """Grid of the cube."""
        return self.cube.odc.geobox

    @cached_property
    def _reader(self) -> Reader:
        return Reader(self.cube, self.bands)

    def bytes(self, main: float) -> int:
        """Return the bytes to read for one pixel of the main cube, of ``main`` metres."""
        return math.ceil(len(self.days) * (4 * len(self.bands) + 2) * (main / min(self.own, self.resolution)) ** 2)

    def covers(self, ground: Ground) -> bool:
        """Return whether any part of the ground lies in the cube."""
        return self._window(ground) is not None

    def read(self, ground: Ground) -> RasterBlock:
        """Read all pixels for the ground; a block without pixels outside the cube."""
        window = self._window(ground)
        if window is None:
            t, c = len(self.days), len(self.bands)
            nothing = np.zeros((t, 0, 0), bool)
            return RasterBlock(np.zeros((t, c, 0, 0), "float32"), nothing, nothing, 0, 0)
        return self._reader(*window)

    def _window(self, ground: Ground) -> tuple[slice, slice] | None:
        """Return the rows and columns of the cube that contain the ground."""
        longest = max(ground.y.stop - ground.y.start, ground.x.stop - ground.x.start)
        cell = max(1, longest // 32)
        row, column = self._pixels(ground, *ground.centres(cell))
        # The outer centres lie half a cell within the rectangle, and the last cell of the source may reach beyond it.
        rows, columns = row.shape
        across = max((row.max() - row.min()) / max(1, rows - 1), (column.max() - column.min()) / max(1, columns - 1))
        beyond = MARGIN + across + 2 * max(1.0, self.resolution / self.own)
        found = []
        for at, length in ((row, self.box.height), (column, self.box.width)):
            first, last = max(0, int(np.floor(at.min() - beyond))), min(length, int(np.ceil(at.max() + beyond)) + 1)
            if first >= last:
                return None
            found.append(slice(first, last))
        return found[0], found[1]

    def _pixels(self, ground: Ground, east: Array, north: Array) -> tuple[Array, Array]:
        """Return positions in the cube, in pixels from the centre of its first pixel."""
        theirs, own = ground.geobox.crs, self.box.crs
        if theirs != own:
            east, north = _between(theirs.to_wkt(), own.to_wkt()).transform(east, north)
        column, row = ~self.box.affine @ (east, north)
        return _snapped(np.asarray(row) - 0.5), _snapped(np.asarray(column) - 0.5)

    def shape(self, rows: int, columns: int, main: float) -> tuple[int, int]:
        """Return the size of a source's window for a window of the main cube with pixels of ``main`` metres."""
        return cells(rows, self.resolution / main), cells(columns, self.resolution / main)

    def cut(self, block: RasterBlock, ground: Ground, main: float) -> tuple[Array, Array, Array, Array]:
        """Cut a window out of a block.

        Returns
        -------
        x, raw : array (t, c, h, w), float32
            Bilinear between pixels, averaged where pixels become larger; 0 where not usable, or not measured.
        usable, measured : array (t, h, w), bool
        """
        cell, fine = self.resolution / main, max(1, round(self.resolution / self.own))
        row, column = self._pixels(ground, *ground.centres(cell, fine))
        row, column = row - block.y0, column - block.x0
        raw, measured = _sample(block.raw, block.measured, row, column, fine)
        if block.usable is block.measured:
            return raw, raw, measured, measured
        x, usable = _sample(block.raw, block.usable, row, column, fine)
        return x, raw, usable, measured


def cells(pixels: int, cell: float) -> int:
    """Return the number of cells of ``cell`` pixels that cover a number of pixels."""
    return max(1, math.ceil(pixels / cell - 1e-6))


def split(model: str, sources: tuple[Source, ...], cubes: Any) -> tuple[Any, Mapping[str, Any]]:
    """Separate the main cube of a run from those of its sources.

    Raises
    ------
    InputError
        When a source is missing, or if the other cubes are not exactly one.
    """
    if not sources:
        if isinstance(cubes, Mapping) and not isinstance(cubes, xr.Dataset):
            raise InputError(f"Model {model!r} takes one cube: give it without a dict.")
        return cubes, {}
    names = [source.name for source in sources]
    example = ", ".join(['"main": cube', *(f'"{name}": ...' for name in names)])
    if isinstance(cubes, xr.Dataset) or not isinstance(cubes, Mapping):
        raise InputError(f"Model {model!r} takes several cubes: give a dict {{{example}}}.")
    missing = [name for name in names if name not in cubes]
    rest = [name for name in cubes if name not in names]
    if missing or len(rest) != 1:
        raise InputError(f"Model {model!r} takes one main cube and {', '.join(names)}: give a dict {{{example}}}.")
    return cubes[rest[0]], {name: cubes[name] for name in names}


def check_ground(model: str, companions: tuple[Companion, ...], box: Any) -> None:
    """Refuse a source that does not overlap the main cube.

    Raises
    ------
    InputError
    """
    whole = Ground(box, slice(0, box.height), slice(0, box.width))
    for companion in companions:
        if not companion.covers(whole):
            raise InputError(
                f"The cube {companion.source.name!r} for the model {model!r} lies outside the main cube: "
                "open it for the same area."
            )


def with_companions(
    reader: Callable[[slice, slice], RasterBlock], box: Any, companions: tuple[Companion, ...]
) -> Callable[[slice, slice], RasterBlock]:
    """Return a reader that adds to each block of a cube with the grid ``box`` the same ground of the sources."""
    if not companions:
        return reader

    def read(y: slice, x: slice) -> RasterBlock:
        ground = Ground.of(box, y, x)
        return replace(reader(y, x), others={c.source.name: c.read(ground) for c in companions})

    return read


def _snapped(position: Array) -> Array:
    near = np.round(position)
    return np.where(np.abs(position - near) < SNAP, near, position)


def _sample(values: Array, seen: Array, row: Array, column: Array, fine: int) -> tuple[Array, Array]:
    """Interpolate observed values at positions, then average ``fine`` by ``fine`` of them; others are left out."""
    height, width = seen.shape[-2:]
    if not height or not width:
        shape = (row.shape[0] // fine, row.shape[1] // fine)
        return np.zeros((*values.shape[:2], *shape), "float32"), np.zeros((len(values), *shape), bool)
    top, left = np.floor(row), np.floor(column)
    down, right = (row - top).astype("float32"), (column - left).astype("float32")
    total = np.zeros((*values.shape[:2], *row.shape), "float32")
    share = np.zeros((len(values), *row.shape), "float32")
    for i, across in ((0, 1 - down), (1, down)):
        for j, along in ((0, 1 - right), (1, right)):
            y, x = (top + i).astype(int), (left + j).astype(int)
            inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
            y, x = y.clip(0, height - 1), x.clip(0, width - 1)
            weight = across * along * inside * seen[:, y, x]
            share += weight
            total += values[:, :, y, x] * weight[:, None]
    if fine > 1:
        total, share = _mean(total, fine), _mean(share, fine)
    found = share >= 0.5
    return np.where(found[:, None], total / np.maximum(share, 1e-6)[:, None], 0).astype("float32"), found


def _mean(values: Array, fine: int) -> Array:
    *front, rows, columns = values.shape
    cells = values.reshape(*front, rows // fine, fine, columns // fine, fine)
    mean: Array = cells.mean(axis=(-3, -1))
    return mean


@cache
def _between(source: str, target: str) -> Any:
    from pyproj import Transformer

    return Transformer.from_crs(source, target, always_xy=True)
