"""The coarse levels of a store that was fetched: computed from its own blocks, region by region."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.cube import pyramid
from eowidgets.cube.export.stores import note_chunks
from eowidgets.cube.schema import DIMS
from eowidgets.engine.fetching.blocks import Block, Layout, is_pixels, lay_out

#: Longest side of a chunk of a level.
SIDE = 512
#: Side of a region of the store in pixels, from which whole chunks of all levels are computed.
REGION = 4096
#: Pixels of one variable that are read for a region at most, all its dates together.
MOST = 32_000_000


@dataclass(frozen=True)
class Levels:
    """The levels of one store.

    Attributes
    ----------
    cube : Dataset
        Only variables that have levels.
    base : Layout
        Of the store.
    factors : tuple of int
    side : int
        Of a region in pixels; a multiple of all factors and of the chunks of all levels.
    """

    cube: xr.Dataset
    base: Layout
    factors: tuple[int, ...]
    side: int

    @classmethod
    def of(cls, cube: xr.Dataset, base: Layout) -> Levels | None:
        """Choose the levels of a store; None where its raster is small, or holds nothing that can be made coarser."""
        factors = pyramid.factors_of(base.sizes["y"], base.sizes["x"])
        if not factors:
            return None
        dates, side = base.chunks.get("time", 1), REGION
        while dates * side**2 > MOST and side > SIDE:
            side //= 2
        return cls.noted(cube, base, {"factors": list(factors), "side": max(side, factors[-1])})

    @classmethod
    def noted(cls, cube: xr.Dataset, base: Layout, note: Any) -> Levels | None:
        """Return the levels that :meth:`note` has stated; None for anything else."""
        names = [n for n, v in cube.data_vars.items() if _has_levels(v)]
        if not isinstance(note, Mapping) or not names or pyramid.GROUP in cube.variables:
            return None
        return cls(cube[names], base, tuple(int(k) for k in note["factors"]), int(note["side"]))

    def note(self) -> dict[str, Any]:
        """Return what :meth:`noted` reads."""
        return {"factors": list(self.factors), "side": self.side}

    @property
    def regions(self) -> Layout:
        """The regions: the dates of a chunk of the store, and ``side`` rows and columns."""
        return Layout(self.base.sizes, {**self.base.chunks, "y": self.side, "x": self.side})

    def layout(self, factor: int) -> Layout:
        """Return how one level is divided: chunks of one date."""
        sizes = {d: n if d == "time" else -(-n // factor) for d, n in self.base.sizes.items()}
        chunk = max(1, min(SIDE, self.side // factor))
        return Layout(sizes, {d: 1 if d == "time" else chunk for d in sizes})

    def lay_out(self, store: Path, work: Path) -> None:
        """Write levels without pixels into a store, those that are there already excepted.

        Parameters
        ----------
        store : Path
        work : Path
            Folder on the same disk, for what is not complete.
        """
        import zarr

        zarr.open_group(store / pyramid.GROUP, mode="a")
        for k in self.factors:
            if not (store / pyramid.GROUP / str(k)).exists():
                fresh = work / "level.zarr"
                shutil.rmtree(fresh, ignore_errors=True)
                lay_out(self._empty(k), self.layout(k), fresh)
                fresh.rename(store / pyramid.GROUP / str(k))

    def write(self, store: Path, region: Block) -> list[str]:
        """Compute all levels of a region from the pixels of the store; return the paths of the chunks written.

        Parameters
        ----------
        store : Path
        region : tuple of int
            One of :attr:`regions`.
        """
        written: list[str] = []
        window = self.regions.window(region)
        for name, v in self.cube.data_vars.items():
            if not self.regions.holds(region, v):
                continue
            whole = _array(store / str(name))
            values = np.asarray(whole[tuple(window[str(d)] for d in v.dims)]).astype(v.dtype, copy=False)
            order = [v.dims.index(d) for d in DIMS if d in v.dims]
            planes = np.moveaxis(values, order, range(len(order))).reshape(-1, *(values.shape[i] for i in order[-2:]))
            levels = zip(*(pyramid.coarser(plane, self.factors) for plane in planes), strict=True)
            for k, found in zip(self.factors, levels, strict=True):
                here = {d: s if d == "time" else slice(s.start // k, -(-s.stop // k)) for d, s in window.items()}
                stacked = np.stack(found) if len(order) == 3 else found[0]
                target = _array(store / pyramid.GROUP / str(k) / str(name))
                target[tuple(here[str(d)] for d in v.dims)] = np.moveaxis(stacked, range(len(order)), order)
                written += self._paths(k, v, here)
        return written

    def state(self, store: Path) -> None:
        """State complete levels in the attributes of their store."""
        import zarr

        for k in self.factors:
            note_chunks(store / pyramid.GROUP / str(k))
        zarr.open_group(store, mode="r+").attrs.update(pyramid.statement(self.factors))

    def region_of(self, path: str) -> Block | None:
        """Return the region that a chunk of a level belongs to; None for any other file."""
        group, _, rest = path.partition("/")
        factor, _, inner = rest.partition("/")
        if group != pyramid.GROUP or not factor.isdigit() or int(factor) not in self.factors:
            return None
        layout = self.layout(int(factor))
        block = layout.block_of(inner, self.cube)
        if block is None:
            return None
        starts = {d: s.start * (1 if d == "time" else int(factor)) for d, s in layout.window(block).items()}
        return tuple(starts[d] // self.regions.chunks[d] for d in self.base.sizes)

    def _paths(self, factor: int, variable: xr.DataArray, window: Mapping[str, slice]) -> list[str]:
        """Return the paths of the chunks of one level of a variable in a window of whole chunks."""
        layout = self.layout(factor)
        numbers = [
            range(window[d].start // layout.chunks[d], -(-window[d].stop // layout.chunks[d]))
            if d in variable.dims
            else range(1)
            for d in layout.sizes
        ]
        paths = (layout.path(block, variable) for block in itertools.product(*numbers))
        return [f"{pyramid.GROUP}/{factor}/{path}" for path in paths]

    def _empty(self, factor: int) -> xr.Dataset:
        """Return a Dataset with the grid of a level; its pixels are not used."""
        sizes = self.layout(factor).sizes
        found = self.cube.isel({d: slice(0, sizes[d]) for d in ("y", "x")})
        for d in ("y", "x"):
            values = self.cube[d].values.astype("float64")
            step = (values[-1] - values[0]) / (len(values) - 1) if len(values) > 1 else 0.0
            centres = values[0] + step * ((factor - 1) / 2 + factor * np.arange(sizes[d]))
            found = found.assign_coords({d: (d, centres, self.cube[d].attrs)})
        other = [c for c in found.coords if {"y", "x"} <= set(map(str, found[c].dims))]
        found = found.drop_vars(other)  # coordinates of every pixel are those of the full resolution
        if "spatial_ref" in found.coords and "GeoTransform" in found["spatial_ref"].attrs:
            a, b, c, d_, e, f = (float(n) for n in str(found["spatial_ref"].attrs["GeoTransform"]).split())
            moved = (a, b * factor, c * factor, d_, e * factor, f * factor)
            reference = found["spatial_ref"].copy()
            reference.attrs = {**reference.attrs, "GeoTransform": " ".join(map(repr, moved))}
            found = found.assign_coords(spatial_ref=reference)
        return found


def _array(path: Path) -> Any:
    import zarr

    with zarr.config.set({"array.write_empty_chunks": True}):  # every chunk is a file that has a checksum
        return zarr.open_array(path, mode="r+")


def _has_levels(variable: xr.DataArray) -> bool:
    return (
        is_pixels(variable)
        and set(map(str, variable.dims)) <= {"time", "y", "x"}
        and variable.dtype.kind in "fiub"
        and not {"scale_factor", "add_offset"} & set(variable.attrs)
    )
