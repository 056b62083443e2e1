"""The main loop of a run: read a row of windows, predict, blend, yield the finished rows, release memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.engine.blend import mix, paste
from eowidgets.engine.device import trim
from eowidgets.engine.plan import Plan
from eowidgets.engine.predict import Piece, Predictor
from eowidgets.engine.reader import RasterBlock, read_ahead
from eowidgets.engine.result import Frame
from eowidgets.engine.windows import Grid

Array = npt.NDArray[Any]
#: Rows between two returns of freed memory to the system: memory stays flat at negligible cost.
TRIM_ROWS = 8


@dataclass(frozen=True)
class Strip:
    """Finished rows of a result.

    Attributes
    ----------
    start, stop : int
        First row, and the row after the last one.
    values : dict
        Per variable an array (..., stop - start, width); per gathered output a list of records.
    """

    start: int
    stop: int
    values: dict[str, Any]


@dataclass(frozen=True)
class WindowResult:
    """One finished window, before it is blended with its neighbours: for display during the run.

    Attributes
    ----------
    y, x : slice
        Rows and columns of the result that it covers.
    data : Dataset
        The variables of the result over these rows and columns, with coordinates and CRS.
    done, total : int
        Windows finished so far, and in all.
    """

    y: slice
    x: slice
    data: xr.Dataset
    done: int
    total: int


class WindowRows:
    """Rows of windows of a cube: reads and predicts them segment by segment.

    Parameters
    ----------
    plan : Plan
    grid : Grid
    reader : callable
        Rows and columns -> RasterBlock.
    predictor : Predictor
    """

    def __init__(
        self, plan: Plan, grid: Grid, reader: Callable[[slice, slice], RasterBlock], predictor: Predictor
    ) -> None:
        self.plan, self.grid, self.reader, self.predictor = plan, grid, reader, predictor

    def _reads(self, rows: range) -> Iterator[Callable[[], RasterBlock]]:
        x = self.grid.x
        for i in rows:
            for js in self._segments():
                yield partial(self.reader, self.grid.y.window(i), slice(x.window(js[0]).start, x.window(js[-1]).stop))

    def _segments(self) -> list[range]:
        n, step = len(self.grid.x), self.plan.columns
        return [range(j, min(j + step, n)) for j in range(0, n, step)]

    def _predicted(self, i: int, js: range, block: RasterBlock) -> Iterator[tuple[int, int, Piece, dict[str, Any]]]:
        """Yield column, date window, piece and outputs of a segment of one row."""
        grid = self.grid
        pieces = [Piece(block, grid.y.window(i), grid.x.window(j), grid.t.window(k)) for j, k in grid.row(js)]
        for (j, k), (piece, outputs) in zip(grid.row(js), self.predictor(pieces), strict=True):
            yield j, k, piece, outputs


class Strips(WindowRows):
    """Runs a predictor over the rows of a cube.

    Parameters
    ----------
    plan : Plan
    grid : Grid
    reader : callable
        Rows and columns -> RasterBlock.
    predictor : Predictor
    frame : Frame
    inside : callable, optional
        Rows -> boolean (h, width): the area of interest.
    on_window : callable, optional
        Takes ``(y, x, variables)`` of every window, between its seams.
    on_batch : callable
        Takes the number of windows just finished.
    checkpoint : callable
        May raise to stop.
    """

    def __init__(
        self,
        plan: Plan,
        grid: Grid,
        reader: Callable[[slice, slice], RasterBlock],
        predictor: Predictor,
        frame: Frame,
        *,
        inside: Callable[[slice], Array] | None = None,
        on_window: Callable[[slice, slice, dict[str, Array]], None] | None = None,
        on_batch: Callable[[int], None] = lambda _: None,
        checkpoint: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(plan, grid, reader, predictor)
        self.frame = frame
        self._inside, self._on_window, self._on_batch, self._checkpoint = inside, on_window, on_batch, checkpoint
        site = predictor.site
        #: The same windows on the grid of the result.
        self._cells = grid.coarser(frame.stride)
        self._axes = {o.name: o.axes(len(site.out_days), len(site.bands)) for o in frame.outputs}
        self._needs: set[str] = {o.needs for o in frame.outputs}
        self._reused = {o.name for o in frame.outputs if o.copies}
        self._spare: dict[str, Array] = {}
        self._dates: dict[str, Array] = {}  # one column of windows whose date windows are being joined

    def windows(self, start: int, stop: int) -> int:
        """Return the number of windows that rows ``start`` to ``stop`` of the result take."""
        y = self._cells.y
        first, last = y.first_reaching(start), next(i for i in range(len(y)) if y.settled(i) >= stop)
        return (last - first + 1) * len(self.grid.x) * len(self.grid.t)

    def run(self, start: int, stop: int) -> Iterator[Strip]:
        """Yield ``(first row, variables)`` for rows ``start`` to ``stop`` of the result, cut at multiples of ``plan.rows``.

        ``start`` may be any multiple of ``plan.rows``: the windows are those of the whole raster, so a
        part has the same values as in a full run.
        """
        waiting: dict[str, list[Array]] = {}
        begin = start
        for top, variables in self._settled(start, stop):
            for name, values in variables.items():
                waiting.setdefault(name, []).append(values)
            end = top + _height(variables)
            del variables, values
            while True:
                cut = min((begin // self.plan.rows + 1) * self.plan.rows, stop)
                if cut > end:
                    break
                whole = {n: v[0] if len(v) == 1 else np.concatenate(v, axis=-2) for n, v in waiting.items()}
                strip = {n: v[..., : cut - begin, :] for n, v in whole.items()}
                waiting = {n: [v[..., cut - begin :, :]] for n, v in whole.items()} if cut < end else {}
                del whole
                yield Strip(begin, cut, strip)
                del strip
                begin = cut
                if begin >= stop:
                    return

    def _settled(self, start: int, stop: int) -> Iterator[tuple[int, dict[str, Array]]]:
        y, ramp = self._cells.y, self._cells.y.ramp
        first, last = y.first_reaching(start), next(i for i in range(len(y)) if y.settled(i) >= stop)
        blocks = read_ahead(self._reads(range(first, last + 1)), self._checkpoint)
        carry: dict[str, Array] = {}
        try:
            for i in range(first, last + 1):
                rows = y.reach(i)
                canvas, where = self._row(i, rows, blocks)
                weight = y.weights[:, None]
                for name, values in canvas.items():
                    if name in carry and ramp:
                        values[..., : 2 * ramp, :] = mix(carry[name], values[..., : 2 * ramp, :], weight)
                    carry[name] = values[..., values.shape[-2] - 2 * ramp :, :].copy() if ramp else values[..., :0, :]
                settled = min(y.settled(i), stop)
                keep = slice(max(start, rows.start) - rows.start, settled - rows.start)
                top = max(start, rows.start)
                blended = {n: v[..., keep, :] for n, v in canvas.items()}
                shown = {n: v[..., keep, :] for n, v in where.items()}
                if self._inside is not None:
                    area = self._inside(slice(top, settled))
                    shown = {n: v & area for n, v in shown.items()}
                variables = self.frame.finish(blended, shown)
                # The next row is computed while this generator is suspended: it must not keep the last one alive.
                del canvas, values, where, blended, shown
                yield top, variables
                del variables
                if i % TRIM_ROWS == 0:
                    trim()
        finally:
            blocks.close()  # type: ignore[attr-defined]

    def _row(self, i: int, rows: slice, blocks: Iterator[RasterBlock]) -> tuple[dict[str, Array], dict[str, Array]]:
        grid, width, height = self.grid, self._cells.x.length, rows.stop - rows.start
        canvas = {n: self._canvas(n, height) for n in self._axes}
        dates = grid.t.length
        shapes = {"any": (height, width), "measured": (height, width), "same": (dates, height, width)}
        where = {n: np.empty(shapes[n], bool) for n in self._needs}
        for js in self._segments():
            block = next(blocks)
            self._mark(where, block, rows)
            for j, k, piece, outputs in self._predicted(i, js, block):
                self._join_dates(canvas, outputs, j, k, rows.start - piece.y.start // self.frame.stride)
                if k + 1 == len(grid.t) and self._on_window is not None:
                    self._show(canvas, where, i, j, rows)
                self._on_batch(1)
        return canvas, where

    def _canvas(self, name: str, height: int) -> Array:
        shape, width = self._axes[name], self._cells.x.length
        if name not in self._reused:
            return np.empty((*shape, height, width), "float32")
        # The array stays in this object and is reused for all rows, so that its pages are allocated once.
        if name not in self._spare:
            y = self._cells.y
            tallest = max(y.reach(i).stop - y.reach(i).start for i in range(len(y)))
            self._spare[name] = np.empty((*shape, tallest, width), "float32")
        return self._spare[name][..., :height, :]

    def _join_dates(self, canvas: dict[str, Array], outputs: dict[str, Array], j: int, k: int, skip: int) -> None:
        """Put one window into the row: along time first and, once all its dates are complete, along x."""
        grid = self._cells
        for name, values in outputs.items():
            height = canvas[name].shape[-2]
            rows = values[..., skip : skip + height, :]
            if len(grid.t) > 1:
                if k == 0:
                    self._dates[name] = np.empty((grid.t.length, *rows.shape[1:]), "float32")
                paste(self._dates[name], rows, grid.t, k, dim=0)
                if k + 1 < len(grid.t):
                    continue
                rows = self._dates.pop(name)
            paste(canvas[name], rows, grid.x, j, dim=-1)

    def _mark(self, where: dict[str, Array], block: RasterBlock, rows: slice) -> None:
        stride = self.frame.stride
        y = slice(rows.start * stride - block.y0, rows.stop * stride - block.y0)
        x = slice(block.x0 // stride, -(-(block.x0 + block.raw.shape[-1]) // stride))
        for needs, mask in where.items():
            source = block.usable[:, y] if needs == "any" else block.measured[:, y]
            mask[..., x] = _cells(source if needs == "same" else np.any(source, axis=0), stride)

    def _show(self, canvas: dict[str, Array], where: dict[str, Array], i: int, j: int, rows: slice) -> None:
        if self._on_window is None:
            return
        y, x = self._cells.y.core(i), self._cells.x.core(j)
        cut = (..., slice(y.start - rows.start, y.stop - rows.start), x)
        shown = {n: v[cut] for n, v in where.items()}
        if self._inside is not None:
            area = self._inside(y)[:, x]
            shown = {n: v & area for n, v in shown.items()}
        self._on_window(y, x, self.frame.finish({n: v[cut].copy() for n, v in canvas.items()}, shown))


def _cells(mask: Array, stride: int) -> Array:
    """Return where a cell of ``stride`` pixels holds a True; the last row and column may be cut off."""
    if stride == 1:
        return mask
    rows, columns = (range(0, n, stride) for n in mask.shape[-2:])
    return np.logical_or.reduceat(np.logical_or.reduceat(mask, rows, axis=-2), columns, axis=-1)


def _height(variables: dict[str, Array]) -> int:
    return int(next(iter(variables.values())).shape[-2])
