"""The vectors of a cube with their positions: the variable that contains them, and the cells with a vector."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.cube import globe
from eowidgets.cube.grid import geobox
from eowidgets.cube.schema import FEATURE
from eowidgets.cube.vectors import vectors_of
from eowidgets.errors import InputError, shown

#: Cells of a lazy cube per read.
STRIP = 1 << 20

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Part:
    """The cells of one cube, on one date, with a vector.

    Attributes
    ----------
    title, date : str
        Title and date of the cube; a period is written with a slash.
    box : odc.geo GeoBox
    cells : array (n,)
        ``row * width + column`` of every cell with a vector, increasing.
    provenance : str
        JSON; empty if the cube has none.
    """

    title: str
    date: str
    box: Any
    cells: Ints
    provenance: str = ""

    def lonlat(self, cells: Ints) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return longitude and latitude of the centres of cells."""
        rows, columns = np.divmod(cells, self.box.width)
        return globe.lonlat(self.box, columns + 0.5, rows + 0.5)

    def find(self, cells: Ints) -> Ints:
        """Return the position of each cell among those with a vector, -1 if it has none."""
        place = np.searchsorted(self.cells, cells).clip(max=len(self.cells) - 1)
        return np.where(self.cells[place] == cells, place, -1)


def read_parts(cube: xr.Dataset, valid: xr.DataArray | None, title: str) -> Iterator[tuple[Part, Floats]]:
    """Yield the vectors of a cube as one part per date, each with its matrix (n, features).

    Parameters
    ----------
    cube : Dataset
        In memory or lazy; a lazy cube is read in strips of rows.
    valid : DataArray (y, x), optional
        Mask of the cells to use; None: the variable ``valid``, if there is one.
    title : str
        Used if the cube has no title.

    Raises
    ------
    InputError
    """
    values, box = vectors_of(cube), geobox(cube)
    mask = _mask(cube, valid)
    title = str(cube.attrs.get("title") or title)
    notes = str(cube.attrs.get("provenance") or "")
    frames = [values.isel(time=i) for i in range(values.sizes["time"])] if "time" in values.dims else [values]
    for i, frame in enumerate(frames):
        date = str(frame["time"].values)[:10] if "time" in values.dims else _period(notes)
        allowed = mask.isel(time=i) if mask is not None and "time" in mask.dims else mask
        cells, matrix = _read(frame.transpose("y", "x", FEATURE), allowed)
        yield Part(title, date, box, cells, notes), matrix


def _read(frame: xr.DataArray, allowed: xr.DataArray | None) -> tuple[Ints, Floats]:
    rows, width = frame.sizes["y"], frame.sizes["x"]
    step = max(1, STRIP // max(1, width))
    cells, found = [], []
    for first in range(0, rows, step):
        rows_here = {"y": slice(first, first + step)}
        both = {"vectors": frame} if allowed is None else {"vectors": frame, "allowed": allowed}
        # Computed together: a mask derived from lazy vectors would read them again.
        part = xr.Dataset({n: v.isel(rows_here).variable for n, v in both.items()}).load()
        strip = np.asarray(part["vectors"].values, np.float32).reshape(-1, frame.sizes[FEATURE])
        keep = np.isfinite(strip).all(axis=1)
        if allowed is not None:
            keep &= part["allowed"].values.reshape(-1)
        cells.append(np.flatnonzero(keep) + first * width)
        found.append(strip[keep])
    return np.concatenate(cells), np.concatenate(found)


def _mask(cube: xr.Dataset, valid: xr.DataArray | None) -> xr.DataArray | None:
    given = cube["valid"] if valid is None and "valid" in cube else valid
    if given is None:
        return None
    shape = {axis: cube.sizes[axis] for axis in ("y", "x")}
    dims = [d for d in ("time", "y", "x") if d in given.dims]
    if set(given.dims) != set(dims) or {a: given.sizes.get(a) for a in shape} != shape or given.dtype != bool:
        raise InputError(
            f"valid is a {given.dtype} mask over {shown(dict(given.sizes))}: give a boolean mask over {shown(shape)}."
        )
    if "time" in dims and given.sizes["time"] != cube.sizes.get("time"):
        return given.any("time").transpose("y", "x")
    return given.transpose(*dims)


def _period(provenance: str) -> str:
    """Return the first and the last date that a result was computed from."""
    try:
        dates = [str(d)[:10] for d in json.loads(provenance)["dates"]]
    except (KeyError, TypeError, ValueError):
        return ""
    ends = sorted({min(dates), max(dates)}) if dates else []
    return "/".join(ends)
