"""A bounded read of a cube: all pixels in memory, or small windows of a lazy cube."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from eowidgets.cube.schema import bands, usable, valid

#: Side in pixels of the windows that are read of a lazy cube, and the dates and blocks that they may cost.
SIDE, DATES, READS = 256, 3, 40
#: Lazy cubes up to this size (bytes) are read whole.
SMALL = 4_000_000
#: A block larger than this (bytes) is not read for a check.
LARGEST = 64_000_000
#: Places of windows as shares of height and width: the middle first, then others if nothing was measured there.
_PLACES = ((0.5, 0.5), (0.25, 0.25), (0.75, 0.75))


@dataclass(frozen=True)
class Glance:
    """Values of a cube, or of a part of it.

    Attributes
    ----------
    part : Dataset
        In memory; dims (time, y, x).
    whole : bool
        Whether it is the whole cube.
    left_out : tuple of str
        Bands that were not read: their blocks are too large, or too many would have been read.
    """

    part: xr.Dataset
    whole: bool
    left_out: tuple[str, ...] = ()


def glance(cube: xr.Dataset) -> Glance:
    """Read the part of a cube that a check needs.

    A cube in memory is taken whole, and so is a lazy one of a few megabytes. Of a larger lazy cube a window of
    256 × 256 pixels in the middle is read, on three dates (one where the cube has many bands); where nothing was
    measured there, a window a quarter in. Raises whatever the source raises where it cannot be read.
    """
    names = list(bands(cube))
    if not any(v.chunks for v in cube.variables.values()):
        return Glance(cube, True)
    if cube.nbytes <= SMALL:
        return Glance(cube.compute(), True)
    cheap = [n for n in names if _block(cube[n]) <= LARGEST]
    dates = cube.sizes["time"]
    few = max(1, min(DATES, dates, READS // max(1, len(cheap))))
    cheap = cheap[:READS]
    at = np.unique(np.linspace(0, dates - 1, 2 * few + 1).astype(int)[1::2])
    if not cheap:
        return Glance(cube[[]], False, tuple(names))
    masks = [n for n in ("valid", "clouds") if n in cube and _block(cube[n]) <= LARGEST]
    part = cube[[*cheap, *masks]].isel(time=at)
    for down, across in _PLACES:
        found = part.isel(y=_window(cube.sizes["y"], down), x=_window(cube.sizes["x"], across)).load()
        if bool(valid(found).any()) or max(cube.sizes["y"], cube.sizes["x"]) <= SIDE:
            break
    return Glance(
        found, found.sizes == cube.sizes and len(cheap) == len(names), tuple(n for n in names if n not in cheap)
    )


def seen_shares(part: xr.Dataset) -> tuple[np.ndarray, float]:
    """Share of measured pixels of each date, shape (t,), and of usable pixels of all."""
    return valid(part).mean(("y", "x")).values, float(usable(part).mean())


def _window(size: int, place: float) -> slice:
    start = int(np.clip(place * size - SIDE / 2, 0, max(0, size - SIDE)))
    return slice(start, min(size, start + SIDE))


def _block(values: xr.DataArray) -> int:
    """Return the bytes of the largest block."""
    if not values.chunks:
        return 0
    return int(np.prod([max(sizes) for sizes in values.chunks])) * values.dtype.itemsize
