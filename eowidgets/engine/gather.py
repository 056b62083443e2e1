"""Runs a predictor over the windows of a cube and gathers rows: objects, labels, texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from eowidgets.contract.outputs import Row
from eowidgets.engine.blame import read_rows
from eowidgets.engine.plan import Plan
from eowidgets.engine.predict import Predictor
from eowidgets.engine.reader import RasterBlock, read_ahead
from eowidgets.engine.strips import Strip, WindowRows
from eowidgets.engine.table import Table, moved
from eowidgets.engine.windows import Grid

Array = npt.NDArray[Any]


class Gather(WindowRows):
    """Yields the records of a cube strip by strip; the counterpart of :class:`~eowidgets.engine.strips.Strips`.

    A record belongs to the window in whose reach its centre lies, and to the strip of its centre's row. Objects that two windows
    both found are joined at the end, over all strips.

    Parameters
    ----------
    plan, grid, reader, predictor, frame, inside, on_batch, checkpoint
        As for :class:`~eowidgets.engine.strips.Strips`.
    """

    def __init__(
        self,
        plan: Plan,
        grid: Grid,
        reader: Callable[[slice, slice], RasterBlock],
        predictor: Predictor,
        frame: Table,
        *,
        inside: Callable[[slice], Array] | None = None,
        on_window: Any = None,
        on_batch: Callable[[int], None] = lambda _: None,
        checkpoint: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(plan, grid, reader, predictor)
        self.frame = frame
        self._inside, self._on_batch, self._checkpoint = inside, on_batch, checkpoint

    def run(self, start: int, stop: int) -> Iterator[Strip]:
        """Yield the records of rows ``start`` to ``stop``, in strips that end at multiples of ``plan.rows``."""
        y, name = self.grid.y, self.frame.output.name
        first, last = y.first_reaching(start), next(i for i in range(len(y)) if y.settled(i) >= stop)
        blocks = read_ahead(self._reads(range(first, last + 1)), self._checkpoint)
        waiting: list[Row] = []
        begin = start
        try:
            for i in range(first, last + 1):
                waiting += self._row(i, blocks)
                while begin < stop:
                    cut = min((begin // self.plan.rows + 1) * self.plan.rows, stop)
                    if cut > y.settled(i):
                        break
                    inside = [r for r in waiting if begin <= _centre(r)[1] < cut]
                    yield Strip(begin, cut, {name: inside})
                    begin = cut
        finally:
            blocks.close()  # type: ignore[attr-defined]

    def _row(self, i: int, blocks: Iterator[RasterBlock]) -> list[Row]:
        grid, output, found = self.grid, self.frame.output, []
        for js in self._segments():
            block = next(blocks)
            for j, k, piece, items in self._predicted(i, js, block):
                size = (piece.y.stop - piece.y.start, piece.x.stop - piece.x.start)
                dates = piece.t.stop - piece.t.start if len(grid.t) > 1 else len(self.predictor.site.out_days)
                window = (i * len(grid.x) + j) * len(grid.t) + k
                for record in self._read(items[output.name], size, dates):
                    here = moved(record, piece.x.start, piece.y.start, piece.t.start, window)
                    if self._counts(here, block, i, j, k):
                        found.append(here)
                self._on_batch(1)
        return found

    def _read(self, item: Any, size: tuple[int, int], dates: int) -> list[Row]:
        """Read the records of a window; places are in pixels of the cube, also if the model has other pixels."""
        fitted, output = self.predictor.fitted, self.frame.output
        if not fitted.resamples:
            return read_rows(fitted.model, output, item, size, dates)
        from shapely.affinity import scale

        rows, columns = fitted.inner(size)
        down, along = size[0] / rows, size[1] / columns
        found = read_rows(fitted.model, output, item, (rows, columns), dates)
        return [replace(r, geometry=scale(r.geometry, along, down, origin=(0, 0))) for r in found]

    def _counts(self, record: Row, block: RasterBlock, i: int, j: int, k: int) -> bool:
        """Return whether the centre lies in the reach of its window, in the area, and on a measured pixel."""
        grid = self.grid
        x, y = _centre(record)
        column, row = int(np.floor(x)), int(np.floor(y))
        rows, columns = grid.y.reach(i), grid.x.reach(j)
        if not (rows.start <= row < rows.stop and columns.start <= column < columns.stop):
            return False
        if record.date is not None and len(grid.t) > 1:
            dates = grid.t.core(k)
            if not dates.start <= record.date < dates.stop:
                return False
        if not block.measured[:, row - block.y0, column - block.x0].any():
            return False
        return self._inside is None or bool(self._inside(slice(row, row + 1))[0, column])


def _centre(record: Row) -> tuple[float, float]:
    left, top, right, bottom = record.geometry.bounds
    return (left + right) / 2, (top + bottom) / 2
