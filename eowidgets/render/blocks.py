"""Bounded reads of lazy rasters: how many blocks a window touches, and thinning to touch fewer."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

#: Blocks of one variable on one date that a picture may read. Of a raster of 10^12 pixels in blocks of 1024 × 1024
#: a screen would touch every one of a million blocks.
MOST_BLOCKS = 1024
#: Bytes that these blocks may have together.
MOST_BYTES = 1_000_000_000
#: Pixels that a picture may decode of one variable on one date, where windows are read straight from the source.
MOST_PIXELS = 1_000_000_000


def touched(values: xr.DataArray, rows: slice, columns: slice) -> int:
    """Return the number of blocks, of one date, that a strided window of a variable touches; 0 without blocks."""
    if not values.chunks:
        return 0
    sizes = dict(zip(values.dims, values.chunks, strict=True))
    return _along(sizes["y"], rows) * _along(sizes["x"], columns)


def thinning(values: xr.DataArray, rows: slice, columns: slice) -> int:
    """Return the factor by which the stride must grow so that `MOST_BLOCKS` and `MOST_BYTES` hold; usually 1."""
    factor, most = 1, MOST_BLOCKS
    if values.chunks:
        sizes = dict(zip(values.dims, values.chunks, strict=True))
        most = min(most, max(1, MOST_BYTES // (max(sizes["y"]) * max(sizes["x"]) * values.dtype.itemsize)))
    while (count := touched(values, _wider(rows, factor), _wider(columns, factor))) > most and count > 1:
        factor += max(1, factor // 4)
    return factor


def read_thinned(values: xr.DataArray, rows: slice, columns: slice) -> np.ndarray:
    """Read a strided window with a bounded number of blocks.

    Where the window would touch more blocks than `MOST_BLOCKS` and `MOST_BYTES` allow, pixels further apart are read,
    each from the middle of the pixels that it represents, and repeated. No pixel is averaged: overviews of the source
    are not used.

    Returns
    -------
    ndarray, shape (..., y, x)
        Of the shape that ``values.isel(y=rows, x=columns)`` has.
    """
    factor = thinning(values, rows, columns)
    if factor == 1:
        picked = values.isel(y=rows, x=columns)
        return np.asarray(picked.transpose(..., "y", "x").to_numpy())
    shape = tuple(len(range(*s.indices(values.sizes[d]))) for s, d in ((rows, "y"), (columns, "x")))
    sparse = values.isel(y=_middles(rows, factor, shape[0]), x=_middles(columns, factor, shape[1]))
    found: Any = sparse.transpose(..., "y", "x").to_numpy()
    return np.asarray(found.repeat(factor, axis=-2).repeat(factor, axis=-1)[..., : shape[0], : shape[1]])


def _along(sizes: tuple[int, ...], at: slice) -> int:
    ends = np.cumsum(sizes)
    start, stop, step = at.indices(int(ends[-1]))
    first, last = (int(np.searchsorted(ends, i, side="right")) for i in (start, max(start, stop - 1)))
    return min(last - first + 1, len(range(start, stop, step)))


def _wider(at: slice, factor: int) -> slice:
    return slice(at.start, at.stop, (at.step or 1) * factor)


def _middles(at: slice, factor: int, count: int) -> slice:
    """Return every ``factor``-th sample of a strided slice, from the middle of each group; one for each group."""
    step = at.step or 1
    groups = -(-count // factor)
    offset = min(factor // 2, count - 1 - (groups - 1) * factor)
    start = (at.start or 0) + offset * step
    return slice(start, start + (groups - 1) * factor * step + 1, factor * step)
