"""The blocks in which a cube is read into a store: a chunk of every variable each."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.cube.export.stores import encoded, with_long_text
from eowidgets.cube.schema import DIMS

#: Longest side of a chunk in pixels by default, and bytes of a chunk of one band by default.
SIDE, CHUNK = 1024, 4 << 20

Block = tuple[int, ...]


@dataclass(frozen=True)
class Layout:
    """How a cube is divided: lengths of chunks along ``time``, ``y`` and ``x``.

    Attributes
    ----------
    sizes, chunks : mapping of str to int
        Of the dimensions that the cube has.
    """

    sizes: Mapping[str, int]
    chunks: Mapping[str, int]

    @classmethod
    def of(cls, cube: xr.Dataset, chunks: Mapping[str, int] | None = None) -> Layout:
        """Choose the chunks: those given, else those of a lazy cube, else about four megabytes of a band."""
        sizes = {d: cube.sizes[d] for d in DIMS if d in cube.sizes}
        side = {d: min(SIDE, sizes[d]) for d in ("y", "x")}
        chosen = dict(side)
        if "time" in sizes:
            chosen["time"] = max(1, min(sizes["time"], CHUNK // (4 * side["y"] * side["x"])))
        lazy = [v for v in cube.data_vars.values() if v.chunks and set(sizes) <= set(v.dims)]
        if lazy:
            largest = max(lazy, key=lambda v: v.size)
            for d in sizes:
                longest = max(largest.chunksizes[d])
                chosen[d] = longest if d == "time" else min(SIDE, longest)
        chosen |= {d: min(n, sizes[d]) for d, n in (chunks or {}).items() if d in sizes}
        return cls(sizes, {d: chosen[d] for d in sizes})

    def to_json(self) -> str:
        """Return the layout as it is noted in a journal."""
        return json.dumps({"sizes": dict(self.sizes), "chunks": dict(self.chunks)})

    @classmethod
    def from_json(cls, text: Any) -> Layout:
        """Read what :meth:`to_json` wrote; raises KeyError, TypeError or ValueError for anything else."""
        noted = json.loads(text)
        sizes, chunks = ({str(d): int(n) for d, n in noted[k].items()} for k in ("sizes", "chunks"))
        if set(sizes) != set(chunks) or not all(n > 0 for n in chunks.values()):
            raise ValueError("no layout")
        return cls(sizes, chunks)

    def __iter__(self) -> Iterator[Block]:
        """Yield the blocks, date by date."""
        return itertools.product(*(range(-(-self.sizes[d] // self.chunks[d])) for d in self.sizes))

    def __len__(self) -> int:
        """Return the number of blocks."""
        return int(np.prod([-(-self.sizes[d] // self.chunks[d]) for d in self.sizes]))

    def window(self, block: Block) -> dict[str, slice]:
        """Return the part of each dimension that a block covers."""
        starts = {d: i * self.chunks[d] for d, i in zip(self.sizes, block, strict=True)}
        return {d: slice(s, min(s + self.chunks[d], self.sizes[d])) for d, s in starts.items()}

    def holds(self, block: Block, variable: xr.DataArray) -> bool:
        """Return whether a block holds a chunk of a variable: of one without dates, the first blocks do."""
        return all(i == 0 for d, i in zip(self.sizes, block, strict=True) if d not in variable.dims)

    def path(self, block: Block, variable: xr.DataArray) -> str:
        """Return the path of the chunk of a variable within the store."""
        at = dict(zip(self.sizes, block, strict=True))
        return "/".join([str(variable.name), "c", *(str(at.get(str(d), 0)) for d in variable.dims)])

    def block_of(self, path: str, cube: xr.Dataset) -> Block | None:
        """Return the block that a chunk belongs to; None for a file that is no chunk of pixels."""
        name, _, index = path.partition("/c/")
        if name not in cube.data_vars or not is_pixels(cube[name]) or not index:
            return None
        at = dict(zip(map(str, cube[name].dims), map(int, index.split("/")), strict=True))
        return tuple(at.get(d, 0) for d in self.sizes)

    def words(self, block: Block, cube: xr.Dataset) -> str:
        """Name a block in a sentence."""
        window = self.window(block)
        dates = ""
        if "time" in window:
            times = cube["time"].values[window["time"]]
            first, last = str(times[0])[:10], str(times[-1])[:10]
            dates = f"{first}, " if first == last else f"{first} to {last}, "
        rows, columns = window["y"], window["x"]
        return f"{dates}rows {rows.start} to {rows.stop - 1}, columns {columns.start} to {columns.stop - 1}"


def is_pixels(variable: xr.DataArray) -> bool:
    """Return whether a variable is read in blocks; others are small and written at once."""
    return {"y", "x"} <= set(map(str, variable.dims))


def lay_out(cube: xr.Dataset, layout: Layout, path: Path) -> None:
    """Write a store without pixels: metadata, coordinates, and variables that have no pixels.

    Parameters
    ----------
    cube : Dataset
        As :func:`eowidgets.cube.export.prepare.prepare` returns it.
    layout : Layout
    path : Path
    """
    import dask.array as da

    pixels = {n: v for n, v in cube.data_vars.items() if is_pixels(v)}
    empty = cube.drop_vars(list(pixels)).load()
    chunks = {}
    for name, v in pixels.items():
        chunks[name] = tuple(layout.chunks.get(str(d), n) for d, n in v.sizes.items())
        zeros = da.zeros(v.shape, chunks=chunks[name], dtype=v.dtype)
        empty[name] = xr.Variable(
            v.dims, zeros, v.attrs, {k: v.encoding[k] for k in ("grid_mapping",) if k in v.encoding}
        )
    ready, _ = encoded(empty[list(cube.data_vars)])
    encoding = {str(n): {"chunks": c} for n, c in chunks.items()}
    with_long_text(ready).to_zarr(
        path, encoding=encoding, zarr_format=3, consolidated=False, write_empty_chunks=True, compute=False
    )


class Target:
    """The arrays of a store, to which blocks are written from several threads.

    Parameters
    ----------
    path : Path
    cube : Dataset
    layout : Layout
    only : set of str, optional
        Paths of the chunks to write, where others are to stay.
    """

    def __init__(self, path: Path, cube: xr.Dataset, layout: Layout, only: set[str] | None = None) -> None:
        import zarr

        self.path, self.layout, self.only = path, layout, only
        self.variables = {str(n): v for n, v in cube.data_vars.items() if is_pixels(v)}
        with zarr.config.set({"array.write_empty_chunks": True}):  # every chunk is a file that has a checksum
            self._arrays = {n: zarr.open_array(path / n, mode="r+") for n in self.variables}

    def names(self, block: Block) -> list[str]:
        """Return the variables that have a chunk in a block."""
        held = [n for n, v in self.variables.items() if self.layout.holds(block, v)]
        return [n for n in held if self.only is None or self.layout.path(block, self.variables[n]) in self.only]

    def paths(self, block: Block) -> list[str]:
        """Return the paths of the chunks of a block."""
        return [self.layout.path(block, self.variables[n]) for n in self.names(block)]

    def write(self, block: Block, part: xr.Dataset) -> None:
        """Write a block that is in memory."""
        window = self.layout.window(block)
        for name in self.names(block):
            v = self.variables[name]
            values = xr.Variable(v.dims, np.asarray(part[name].values), v.attrs, {})
            region = tuple(window.get(str(d), slice(None)) for d in v.dims)
            self._arrays[name][region] = xr.conventions.encode_cf_variable(values, name=name).values
