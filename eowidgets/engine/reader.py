"""Reads the next part of a cube, and writes the previous one, while the model computes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.cube import schema
from eowidgets.cube.opened import noted
from eowidgets.cube.private import public, scrub
from eowidgets.cube.reading import reading
from eowidgets.engine.scheduler import Lane
from eowidgets.engine.work import POLL, Work

T = TypeVar("T")
#: Cache of GDAL, whose default is a twentieth of the machine's memory.
GDAL_CACHE = 64 << 20


@dataclass(frozen=True)
class RasterBlock:
    """A rectangle of a cube, in memory.

    Attributes
    ----------
    raw : array (t, c, h, w), float32
        Measurements; 0 where nothing was measured.
    measured, usable : array (t, h, w), bool
    y0, x0 : int
        First row and column in the cube.
    others : mapping of str to RasterBlock
        Blocks of further sources on the same ground.
    """

    raw: npt.NDArray[np.float32]
    measured: npt.NDArray[np.bool_]
    usable: npt.NDArray[np.bool_]
    y0: int
    x0: int
    others: Mapping[str, RasterBlock] = field(default_factory=dict)


class Reader:
    """Reads rectangles of the chosen bands of a cube as plain arrays.

    Parameters
    ----------
    cube : Dataset (time, y, x)
        In memory, or lazy (dask, or an open file); only the requested parts are loaded.
    bands : tuple of str
    """

    def __init__(self, cube: xr.Dataset, bands: tuple[str, ...]) -> None:
        masks = [m for m in schema.MASKS if m in cube]
        self._cube = cube[[*bands, *masks]].transpose(*schema.DIMS)
        self._bands = bands

    def __call__(self, y: slice, x: slice) -> RasterBlock:
        """Read rows ``y`` and columns ``x`` of all dates."""
        import rasterio

        part = self._cube.isel(y=y, x=x)
        # Windows are read once: a larger GDAL cache would only add to the memory of the run.
        with reading(f"Rows {y.start} to {y.stop - 1} of the cube"), rasterio.Env(GDAL_CACHEMAX=GDAL_CACHE):
            part = part.load()
        shape = (part.sizes["time"], len(self._bands), part.sizes["y"], part.sizes["x"])
        raw = np.empty(shape, "float32")
        for i, band in enumerate(self._bands):
            raw[:, i] = part[band].values
        finite = np.isfinite(raw)
        measured: npt.NDArray[np.bool_] = np.asarray(finite.all(axis=1))
        if "valid" in part:
            measured &= part["valid"].values.astype(bool)
        usable = measured & ~part["clouds"].values.astype(bool) if "clouds" in part else measured
        # Unmeasured pixels are exactly 0 in all bands: NaN in one band makes the pixel unmeasured.
        if not measured.all():
            raw *= measured[:, None]
            raw[~finite] = 0
        return RasterBlock(raw, measured, usable, y.start, x.start)


def read_ahead(tasks: Iterator[Callable[[], T]], checkpoint: Callable[[], None]) -> Iterator[T]:
    """Run each task in a thread, one ahead of the consumer; ``checkpoint`` may raise to stop the waiting.

    A read that hangs does not delay a cancel: the wait ends, and the thread ends with its read.
    """
    lane = Lane("eow-read", 1)
    try:
        ahead: Work[T] | None = None
        for task in tasks:
            following = lane.submit("read", partial(_call, task))
            if ahead is not None:
                yield _result(ahead, checkpoint)
            ahead = following
        if ahead is not None:
            yield _result(ahead, checkpoint)
    finally:
        lane.close(timeout=0)


def write_behind(items: Iterable[T], write: Callable[[T], None], checkpoint: Callable[[], None]) -> None:
    """Write each item in a thread while the next is computed; at most one write is pending.

    No write is left incomplete: the thread is joined in every case.
    """
    lane = Lane("eow-write", 1)
    try:
        behind: Work[None] | None = None
        for item in items:
            if behind is not None:
                _result(behind, checkpoint)
            behind = lane.submit("write", partial(_call, partial(write, item)))
            checkpoint()
        if behind is not None:
            _result(behind, checkpoint)
    finally:
        lane.drain()


def _call(task: Callable[[], T], _: Work[T]) -> T:
    return task()


def _result(work: Work[T], checkpoint: Callable[[], None]) -> T:
    while not work.over:
        with suppress(TimeoutError):
            work.wait(POLL)
        checkpoint()
    return work.result()


def input_summary(cube: xr.Dataset, bands: tuple[str, ...]) -> dict[str, Any]:
    """Describe the input in values that fit into a file's tags: title, source, grid and bands."""
    box = cube.odc.geobox
    where = cube.encoding.get("source")
    opened, options = noted(cube.attrs)
    return {
        "title": str(scrub(cube.attrs.get("title", ""))),
        "source": str(scrub(cube.attrs.get("source", ""))),
        "opened": public(opened or where) if opened or where else None,
        "opened_with": options,
        "crs": str(box.crs),
        "transform": [float(v) for v in tuple(box.transform)[:6]],
        "shape": [int(n) for n in box.shape],
        "bands": list(bands),
    }
