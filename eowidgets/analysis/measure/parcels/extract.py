"""Read the pixels of parcels block by block, and compute their statistics per date."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.analysis.measure.parcels.blocks import Part, ReadingPlan, pieces, plan
from eowidgets.analysis.measure.parcels.footprint import Footprint
from eowidgets.analysis.measure.parcels.statistics import Floats, reduce
from eowidgets.cube.indices import available, needed
from eowidgets.cube.indices import index as spectral_index
from eowidgets.cube.reading import reading
from eowidgets.cube.schema import DIMS, MASKS, bands, usable
from eowidgets.engine.reader import GDAL_CACHE
from eowidgets.errors import InputError, shown, unknown

Statistics = dict[str, npt.NDArray[Any]]
Counts = npt.NDArray[np.int32]


def extract(
    cube: xr.Dataset,
    feet: Footprint,
    indices: Sequence[str],
    stats: Sequence[str],
    memory: int,
    watch: Callable[[float], None] = lambda _: None,
) -> tuple[Statistics, Counts]:
    """Compute statistics of indices per parcel and date.

    Parameters
    ----------
    cube : Dataset (time, y, x)
        In memory or lazy.
    feet : Footprint
    indices, stats : sequence of str
    memory : int
        Upper limit of memory in bytes.
    watch : callable
        Called after each block with the completed share; may raise to stop.

    Returns
    -------
    dict
        Statistic -> array (indices, parcels, dates); NaN where nothing was observed.
    ndarray of int32
        Number of observed pixels, of the same shape.
    """
    layers = _layers(cube, indices)
    order = plan(feet, cube[list(layers)], len(layers), len(indices), memory)
    length = cube.sizes["time"]
    shape = (len(indices), len(feet.pixels), length)
    counts: Counts = np.zeros(shape, "int32")
    values = {stat: np.full(shape, np.nan, "float32") for stat in stats if stat != "count"}
    steps = list(order.steps(length))
    done, total = 0, len(steps) * len(order.parts)
    for dates in steps:
        groups = _Groups(order, len(indices), dates.stop - dates.start)
        for part in order.parts:
            groups.put(part.pixels, _read(cube, layers, indices, dates, part, order))
            if part.closes >= 0:
                numbers, starts, held = groups.take(part.closes)
                _reduce(held, numbers, starts, dates, values, counts)
            done += 1
            watch(done / total)
    return {stat: counts if stat == "count" else values[stat] for stat in stats}, counts


def _reduce(
    held: Floats,
    numbers: npt.NDArray[np.int64],
    starts: npt.NDArray[np.int64],
    dates: slice,
    values: Statistics,
    counts: Counts,
) -> None:
    """Compute the statistics of parcels whose pixels are complete."""
    for i in range(len(held)):
        for some in pieces(*held.shape[1:]):
            at = slice(dates.start + some.start, dates.start + some.stop)
            for stat, found in reduce(held[i, some], starts, (*values, "count")).items():
                target = counts if stat == "count" else values[stat]
                target[i, numbers, at] = found


@dataclass
class _Groups:
    """Values of parcels that are not yet complete, by group."""

    order: ReadingPlan
    indices: int
    dates: int

    def __post_init__(self) -> None:
        self._held: dict[int, Floats] = {}

    def put(self, pixels: npt.NDArray[np.int64], values: Floats) -> None:
        """Store values (indices, dates, pixels)."""
        group = np.searchsorted(self.order.group, pixels, side="right") - 1  # in order, as the pixels are
        ends = np.append(np.flatnonzero(np.diff(group)) + 1, len(group))
        start = 0
        for end in ends.tolist():
            number = int(group[start])
            first, last = self.order.group[number : number + 2].tolist()
            if number not in self._held:
                self._held[number] = np.empty((self.indices, self.dates, last - first), "float32")
            self._held[number][..., pixels[start:end] - first] = values[..., start:end]
            start = end

    def take(self, group: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Floats]:
        """Remove a complete group; return its parcel numbers, the positions of their first pixels, and the values."""
        first, last = self.order.group[group : group + 2].tolist()
        parcel = self.order.parcel[first:last]
        starts = np.flatnonzero(np.append(True, parcel[1:] != parcel[:-1]))
        return parcel[starts], starts, self._held.pop(group)


def named_indices(cube: xr.Dataset, indices: str | Sequence[str]) -> tuple[str, ...]:
    """Return bands as given, and indices under their names in the catalogue.

    Raises
    ------
    InputError
        For an empty list, or an index whose bands are missing.
    """
    names = (indices,) if isinstance(indices, str) else tuple(indices)
    if not names:
        raise InputError(f"indices is {shown(indices)}: name at least one index or band, such as 'NDVI'.")
    known = {n.lower(): n for n in available(cube)}
    found = []
    for name in names:
        if name in bands(cube):
            found.append(name)
            continue
        try:
            spectral_index(cube.isel(time=[0], y=[0], x=[0]), name)
        except InputError as error:
            if "no index named" in str(error):
                raise unknown("index or band", name, [*bands(cube), *known.values()]) from None
            raise
        found.append(known[name.lower()] if name not in known.values() else name)
    return tuple(dict.fromkeys(found))


def _layers(cube: xr.Dataset, indices: Sequence[str]) -> tuple[str, ...]:
    """Return the variables to read: bands of the indices, and the masks."""
    wanted = [v for name in indices for v in ((name,) if name in bands(cube) else needed(cube, name))]
    if "valid" not in cube:  # a pixel is valid where every band has a value
        wanted += bands(cube)
    return tuple(dict.fromkeys([*wanted, *(m for m in MASKS if m in cube)]))


def _read(
    cube: xr.Dataset, layers: Sequence[str], indices: Sequence[str], dates: slice, part: Part, order: ReadingPlan
) -> Floats:
    """Return the indices (indices, dates, pixels) of the pixels of a part; NaN where they are not usable."""
    import rasterio

    block = cube[list(layers)].isel(time=dates, y=part.rows, x=part.columns)
    where = f"Rows {part.rows.start} to {part.rows.stop - 1} of the cube"
    with reading(where), rasterio.Env(GDAL_CACHEMAX=GDAL_CACHE):
        block = block.transpose(*DIMS).load()
    row, column = order.row[part.pixels] - part.rows.start, order.column[part.pixels] - part.columns.start
    flat = row * block.sizes["x"] + column
    held_layers = {n: (v.values.reshape(block.sizes["time"], -1), v.attrs) for n, v in block.data_vars.items()}
    found = np.empty((len(indices), block.sizes["time"], len(row)), "float32")
    for some in pieces(block.sizes["time"], len(row)):
        # As a cube of one row, so that indices are computed for pixels of parcels only.
        picked = {
            n: (DIMS, values[some].take(flat, axis=1)[:, None], attrs) for n, (values, attrs) in held_layers.items()
        }
        line = xr.Dataset(picked, {"time": block["time"][some]})
        seen = usable(line).values[:, 0]
        for i, name in enumerate(indices):
            values = line[name] if name in bands(line) else spectral_index(line, name)
            held = np.asarray(values.values[:, 0], "float32")
            found[i, some] = np.where(seen & np.isfinite(held), held, np.float32(np.nan))
    return found
