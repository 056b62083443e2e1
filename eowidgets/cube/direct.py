"""Windows of lazy variables read straight from their source: exact windows, and coarse ones from overviews.

dask reads whole blocks at full resolution, whatever is done with them. A picture needs a window, or every tenth pixel of
all. Sources note here, under the name of the dask array that they give, how a window of it is read (`Origin`); whoever
computes one array from another, pixel by pixel, notes that too (`derive`). `direct` finds the reader of a variable, also
where dates or a part of the grid were cut out since. A variable that was computed otherwise has none.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import xarray as xr

Function = Callable[[np.ndarray], np.ndarray]
#: Arrays that are remembered at most: some ten for each band of an open cube, and one for each file and layer.
MOST = 200_000
#: What a layer of dask is called that cuts a part out of another one or cuts it into other blocks.
_CUTS = ("getitem-", "rechunk-")


class Superseded(Exception):
    """Raised between two parts of a read whose result is not needed any more."""


@dataclass(frozen=True, slots=True)
class Cells:
    """A window of a grid in cells of ``factor`` × ``factor`` pixels; ``x`` and ``y`` are its first pixel."""

    x: int
    y: int
    columns: int
    rows: int
    factor: int = 1

    def moved(self, x: int, y: int) -> Cells:
        """Return the same window of a grid that begins at another pixel."""
        return Cells(self.x + x, self.y + y, self.columns, self.rows, self.factor)

    def strips(self, most: int) -> Iterator[Cells]:
        """Return strips of whole rows with at most ``most`` pixels of the grid."""
        rows = max(1, most // max(1, self.columns * self.factor**2))
        for first in range(0, self.rows, rows):
            count = min(rows, self.rows - first)
            yield Cells(self.x, self.y + first * self.factor, self.columns, count, self.factor)


class Origin(Protocol):
    """How an array over ``(time, y, x)`` or ``(y, x)`` is read."""

    def read(self, date: int, cells: Cells) -> np.ndarray:
        """Return values ``(rows, columns)``; without a time axis ``date`` is not used."""
        ...

    def cost(self, cells: Cells) -> int:
        """Return the number of pixels that are decoded for a window."""
        ...


@dataclass(frozen=True)
class _Axes:
    """Coordinates of an array."""

    time: np.ndarray | None
    y: np.ndarray
    x: np.ndarray

    @classmethod
    def of(cls, values: xr.DataArray) -> _Axes | None:
        if not {"y", "x"} <= set(values.coords) or not {"y", "x"} <= set(values.dims) <= {"time", "y", "x"}:
            return None
        time = values["time"].to_numpy() if "time" in values.dims and "time" in values.coords else None
        return None if ("time" in values.dims and time is None) else cls(time, *(values[d].to_numpy() for d in "yx"))


@dataclass
class _Known:
    origin: Origin
    axes: _Axes | None = None


_known: OrderedDict[str, _Known] = OrderedDict()
_check: ContextVar[Callable[[], bool] | None] = ContextVar("eowidgets_read_is_needed", default=None)


@contextmanager
def unless(superseded: Callable[[], bool]) -> Iterator[None]:
    """Stop reads in this context, between two parts, once ``superseded()`` is true; they raise `Superseded`."""
    token = _check.set(superseded)
    try:
        yield
    finally:
        _check.reset(token)


def checkpoint() -> None:
    """Raise `Superseded` if the read in progress is not needed any more."""
    superseded = _check.get()
    if superseded is not None and superseded():
        raise Superseded


def note(data: Any, origin: Origin) -> None:
    """Note how a dask array is read; anything else is in memory and needs no note."""
    name = getattr(data, "name", None)
    if isinstance(name, str) and hasattr(data, "dask"):
        _known[name] = _Known(origin)
        while len(_known) > MOST:
            _known.popitem(last=False)


def place(values: xr.DataArray) -> None:
    """Note the coordinates of an array that was noted, so that parts of it can be told from others."""
    known = _known.get(getattr(values.variable._data, "name", ""))
    if known is not None:
        known.axes = _Axes.of(values)


def derive(new: xr.DataArray, old: xr.DataArray, function: Function) -> None:
    """Note that an array is a function of another one, pixel by pixel.

    Parameters
    ----------
    new, old : DataArray
        Of the same shape.
    function : callable
        From values of any two-dimensional window of ``old`` to those of ``new``.
    """
    origin = direct(old)
    own = getattr(new.variable._data, "name", None)
    if origin is not None and new.shape == old.shape and own != getattr(old.variable._data, "name", None):
        note(new.variable._data, Mapped(origin, function))
        place(new)


def known(data: Any) -> Origin | None:
    """Return the reader that was noted for a dask array itself."""
    found = _known.get(getattr(data, "name", ""))
    return None if found is None else found.origin


def direct(values: xr.DataArray) -> Origin | None:
    """Return the reader of a lazy variable, None where its values can only be computed.

    Parameters
    ----------
    values : DataArray
        Over ``(time, y, x)`` or ``(y, x)``.
    """
    data: Any = values.variable._data
    name: Any = getattr(data, "name", None)
    graph: Any = getattr(data, "dask", None)
    if name is None or not hasattr(graph, "dependencies"):
        return None
    own = name
    while name not in _known:
        parents = graph.dependencies.get(name, ())
        if not name.startswith(_CUTS) or len(parents) != 1:
            return None
        (name,) = parents
    found = _known[name]
    if name == own:
        return found.origin
    here, there = _Axes.of(values), found.axes
    return None if here is None or there is None else _part(found.origin, here, there)


def _part(origin: Origin, here: _Axes, there: _Axes) -> Origin | None:
    x, y = _start(here.x, there.x), _start(here.y, there.y)
    if x is None or y is None:
        return None
    if here.time is None or there.time is None:
        return Part(origin, (), x, y) if here.time is None and there.time is None else None
    places = {t: i for i, t in enumerate(there.time.tolist())}
    dates = tuple(places.get(t, -1) for t in here.time.tolist())
    # Of two dates that are equal it is not known which one was taken.
    return None if -1 in dates or len(places) < len(there.time) else Part(origin, dates, x, y)


def _start(here: np.ndarray, there: np.ndarray) -> int | None:
    """Return where one axis begins on another, None where it is no contiguous part of it."""
    found = np.flatnonzero(there == here[0]) if len(here) else np.array([], int)
    if len(found) != 1:
        return None
    start = int(found[0])
    return start if np.array_equal(there[start : start + len(here)], here) else None


@dataclass(frozen=True)
class Part:
    """Some dates and a part of the grid of another array."""

    origin: Origin
    dates: tuple[int, ...]
    x: int
    y: int

    def read(self, date: int, cells: Cells) -> np.ndarray:
        """Return values ``(rows, columns)``."""
        return self.origin.read(self.dates[date] if self.dates else 0, cells.moved(self.x, self.y))

    def cost(self, cells: Cells) -> int:
        """Return the number of pixels that are decoded for a window."""
        return self.origin.cost(cells.moved(self.x, self.y))


@dataclass(frozen=True)
class Mapped:
    """A function of another array, pixel by pixel."""

    origin: Origin
    function: Function

    def read(self, date: int, cells: Cells) -> np.ndarray:
        """Return values ``(rows, columns)``."""
        return self.function(self.origin.read(date, cells))

    def cost(self, cells: Cells) -> int:
        """Return the number of pixels that are decoded for a window."""
        return self.origin.cost(cells)


@dataclass(frozen=True)
class Series:
    """One array for each date."""

    dates: tuple[Origin, ...]

    def read(self, date: int, cells: Cells) -> np.ndarray:
        """Return values ``(rows, columns)``."""
        return self.dates[date].read(0, cells)

    def cost(self, cells: Cells) -> int:
        """Return the number of pixels that are decoded for a window, of the date that costs most."""
        return max(one.cost(cells) for one in self.dates)


@dataclass(frozen=True)
class Mosaic:
    """Several arrays on one grid: at each pixel the first value that is not ``empty``."""

    tiles: tuple[Origin, ...]
    empty: float

    def read(self, date: int, cells: Cells) -> np.ndarray:
        """Return values ``(rows, columns)``."""
        found = self.tiles[0].read(date, cells)
        for tile in self.tiles[1:]:
            gaps = np.isnan(found) if np.isnan(self.empty) else found == self.empty
            if not gaps.any():
                break
            found = np.where(gaps, tile.read(date, cells), found)
        return found

    def cost(self, cells: Cells) -> int:
        """Return the number of pixels that are decoded for a window, of the tile that costs most."""
        return max(tile.cost(cells) for tile in self.tiles)


@dataclass(frozen=True)
class Constant:
    """One value everywhere."""

    value: Any
    dtype: Any

    def read(self, date: int, cells: Cells) -> np.ndarray:
        """Return values ``(rows, columns)``."""
        return np.full((cells.rows, cells.columns), self.value, self.dtype)

    def cost(self, cells: Cells) -> int:
        """Return 0: nothing is decoded."""
        return 0
