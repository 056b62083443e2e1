"""How windows of the layers of raster files and of the variables of Zarr stores are read without dask."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.cube.direct import Cells, checkpoint
from eowidgets.cube.sources.levels import Level
from eowidgets.cube.sources.rasterfile import RasterFile, open_file
from eowidgets.errors import SourceError, shown

#: Pixels that are decoded between two looks at whether they are still needed.
AT_ONCE = 4_000_000


@dataclass(frozen=True)
class LayerWindows:
    """Windows of one layer of a raster file, coarse ones from the overviews that it has.

    Attributes
    ----------
    file : RasterFile
    index : int
        Of the layer, from 0.
    grid : GeoBox or None
        Another grid to read the layer on, as in `RasterFile.data`.
    masked : bool
        Whether the mask of the file holds: NaN where it hides a pixel.
    """

    file: RasterFile
    index: int
    grid: Any = None
    masked: bool = False

    def read(self, date: int, cells: Cells) -> np.ndarray:
        """Return values ``(rows, columns)``: the pixel of an overview, or the one in the middle of each cell."""
        from rasterio.errors import RasterioError

        found = []
        try:
            with ExitStack() as stack:
                source = open_file(self.file, stack, self.grid)
                for strip in cells.strips(AT_ONCE * self._overview(cells.factor) ** 2):
                    checkpoint()
                    found.append(self._strip(source, strip))
        except (RasterioError, OSError) as error:
            raise SourceError(
                f"The pixels of {shown(self.file.name)} cannot be read: the file may be incomplete."
            ) from error
        return found[0] if len(found) == 1 else np.concatenate(found)

    def cost(self, cells: Cells) -> int:
        """Return the number of pixels that are decoded for a window."""
        return int(cells.rows * cells.columns * (cells.factor / self._overview(cells.factor)) ** 2)

    def _overview(self, factor: int) -> int:
        return max((o for o in self.file.overviews if o <= factor), default=1)

    def _strip(self, source: Any, cells: Cells) -> np.ndarray:
        from rasterio.windows import Window

        wide, high = (n * cells.factor for n in (cells.columns, cells.rows))
        window = Window(cells.x, cells.y, min(wide, source.width - cells.x), min(high, source.height - cells.y))
        how = {"window": window, "out_shape": (cells.rows, cells.columns)}
        values: np.ndarray = source.read(self.index + 1, **how)
        kind = "float32" if values.dtype.itemsize <= 2 else "float64"
        if self.grid is not None and values.dtype.kind not in "fc":
            values = np.where(source.read_masks(self.index + 1, **how) > 0, values, np.nan).astype(kind)
        elif self.grid is not None:
            values = np.where(source.read_masks(self.index + 1, **how) > 0, values, np.nan).astype(values.dtype)
        if self.masked:
            values = np.where(source.dataset_mask(**how) > 0, values, np.nan).astype(kind)
        return values


@dataclass(frozen=True)
class StoreWindows:
    """Windows of a variable of a Zarr store, coarse ones from the levels that it has; else every chunk is read.

    Attributes
    ----------
    values : DataArray
        Opened without dask, so that indexing reads.
    levels : tuple of Level
        The finest first.
    """

    values: xr.DataArray
    levels: tuple[Level, ...] = ()

    def read(self, date: int, cells: Cells) -> np.ndarray:
        """Return values ``(rows, columns)``: the pixel of a level, or the one in the middle of each cell."""
        level = self._level(cells.factor)
        return self._exact(date, cells) if level is None else self._coarse(date, cells, level)

    def _exact(self, date: int, cells: Cells) -> np.ndarray:
        plane = self.values.isel(time=date) if "time" in self.values.dims else self.values
        rows, columns = (
            _every(first, count, cells.factor, plane.sizes[d])
            for d, first, count in (("y", cells.y, cells.rows), ("x", cells.x, cells.columns))
        )
        found = []
        for part in _by_chunks(rows, self._height, self._at_once(columns)):
            checkpoint()
            found.append(plane.isel(y=part, x=columns).transpose("y", "x").to_numpy())
        return found[0] if len(found) == 1 else np.concatenate(found)

    def _coarse(self, date: int, cells: Cells, level: Level) -> np.ndarray:
        """Return the pixels of a level in which the middles of the cells lie."""
        values = level.opened()
        plane = values.isel(time=date) if "time" in values.dims else values
        at = {}
        for d, first, count in (("y", cells.y, cells.rows), ("x", cells.x, cells.columns)):
            middles = _every(first, count, cells.factor, self.values.sizes[d])
            at[d] = np.minimum(np.arange(middles.start, middles.stop, middles.step) // level.factor, level.size[d] - 1)
        columns = slice(int(at["x"][0]), int(at["x"][-1]) + 1)
        between = -(-cells.factor // level.factor)
        rows = max(1, AT_ONCE // (between * (columns.stop - columns.start)))
        found = []
        for first in range(0, len(at["y"]), rows):
            checkpoint()
            part = at["y"][first : first + rows]
            # Contiguous: for single indices a store decodes whole chunks, too.
            read = plane.isel(y=slice(int(part[0]), int(part[-1]) + 1), x=columns).transpose("y", "x").to_numpy()
            found.append(read[np.ix_(part - part[0], at["x"] - columns.start)])
        return found[0] if len(found) == 1 else np.concatenate(found)

    def _level(self, factor: int) -> Level | None:
        """Return the coarsest level that is not coarser than cells are."""
        return next((level for level in reversed(self.levels) if level.factor <= factor), None)

    @property
    def _height(self) -> int:
        chunks = self.values.encoding.get("preferred_chunks") or {}
        return int(chunks.get("y") or self.values.sizes["y"])

    def _at_once(self, columns: slice) -> int:
        """Return how many rows of chunks are read at a time."""
        return int(max(1, AT_ONCE // max(1, (columns.stop - columns.start) * self._height)))

    def cost(self, cells: Cells) -> int:
        """Return the number of pixels that are decoded for a window."""
        level = self._level(cells.factor)
        return int(cells.rows * cells.columns * (cells.factor / (1 if level is None else level.factor)) ** 2)


def _every(first: int, count: int, step: int, size: int) -> slice:
    """Return the centres of cells; a last cell that ends before its middle has none."""
    first = min(first + step // 2, size - 1)
    return slice(first, min(size, first + count * step), step)


def _by_chunks(rows: slice, height: int, count: int) -> Iterator[slice]:
    """Cut a strided slice at the ends of groups of chunks, so that no chunk is decoded twice."""
    start = rows.start
    while start < rows.stop:
        end = min(rows.stop, (start // height + count) * height)
        yield slice(start, end, rows.step)
        start += -(-(end - start) // rows.step) * rows.step
