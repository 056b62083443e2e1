"""A part of a raster at some resolution, as the browser requests it."""

from __future__ import annotations

from dataclasses import dataclass

from eowidgets.cube.direct import Cells


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the grid: columns ``x0..x1``, rows ``y0..y1`` of the full raster, every ``stride``-th pixel."""

    x0: int
    y0: int
    x1: int
    y1: int
    stride: int = 1

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns after the stride; a last cell cut off before its middle has no sample."""
        half = self.stride // 2
        rows, columns = (-(-(n - half) // self.stride) for n in (self.y1 - self.y0, self.x1 - self.x0))
        return (max(1, rows), max(1, columns))

    def slices(self) -> tuple[slice, slice]:
        """Return rows and columns as slices; a cell of ``stride`` pixels is sampled in its middle."""
        half = self.stride // 2
        return (
            slice(min(self.y0 + half, self.y1 - 1), self.y1, self.stride),
            slice(min(self.x0 + half, self.x1 - 1), self.x1, self.stride),
        )

    @property
    def cells(self) -> Cells:
        """The same part in cells of a source."""
        rows, columns = self.shape
        return Cells(self.x0, self.y0, columns, rows, self.stride)


@dataclass(frozen=True, slots=True)
class Frame:
    """One date of some bands of a source in a window."""

    source: str
    bands: tuple[str, ...]
    window: Window
    date: int
