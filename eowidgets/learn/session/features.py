"""Features of the pixels of a cube, computed once per tile."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import xarray as xr

from eowidgets.contract.prepare import resolution_of
from eowidgets.engine.labelled import Source, read_blocks
from eowidgets.learn.cache import RowCache
from eowidgets.learn.material import pixel_features, prepared_model
from eowidgets.learn.teach import DATES, FINE
from eowidgets.models.taught.model import TEXTURE, TaughtModel

Array = npt.NDArray[Any]
#: Side of a tile, in pixels.
SIDE = 256
#: Size limit of the features in bytes; the least recently used tiles are dropped.
KEPT = 1 << 30
#: Number of pixels by which features are standardised.
AROUND = 900
#: Larger values do not fit into 16 bits.
HALF = 60_000.0


@dataclass(frozen=True, slots=True)
class Tile:
    """A rectangle of the grid: rows ``top`` to ``bottom`` and columns ``left`` to ``right``, ends excluded."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.bottom - self.top, self.right - self.left

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns as slices."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def meets(self, other: Tile) -> bool:
        """Return whether the tiles overlap."""
        return (
            self.top < other.bottom and other.top < self.bottom and self.left < other.right and other.left < self.right
        )


class GridFeatures:
    """Features of every pixel of a cube, computed on demand.

    Parameters
    ----------
    cube : Dataset
        Georeferenced; may be lazy.
    features : str, optional
        As for :func:`eowidgets.teach`; by default chosen by the number of dates and the resolution.

    Attributes
    ----------
    shape : (int, int)
        Rows and columns of the grid.
    bands : tuple of str
        Available after the first computation.
    """

    def __init__(self, cube: xr.Dataset, features: str | None = None) -> None:
        self.model = TaughtModel(features or usual_features(cube))
        self.shape = (cube.sizes["y"], cube.sizes["x"])
        self.bands: tuple[str, ...] = ()
        self._source = Source(self.model.feed, cube, self.model.title)
        self._prepared: TaughtModel | None = None
        self._tiles: OrderedDict[Tile, Array] = OrderedDict()
        #: Of labelled pixels outside the tiles, which every fit needs again.
        self._rows = RowCache(KEPT // 16)
        self._lock = threading.RLock()

    def tiles(self, part: Tile | None = None) -> list[Tile]:
        """Return the tiles of the grid, or those that overlap a part of it."""
        height, width = self.shape
        found = [
            Tile(top, left, min(top + SIDE, height), min(left + SIDE, width))
            for top in range(0, height, SIDE)
            for left in range(0, width, SIDE)
        ]
        return found if part is None else [tile for tile in found if tile.meets(part)]

    def tile_at(self, row: int, column: int) -> Tile:
        """Return the tile that contains a pixel."""
        return self.tiles(Tile(row, column, row + 1, column + 1))[0]

    def has(self, tile: Tile) -> bool:
        """Return whether the features of a tile are computed."""
        return tile in self._tiles

    def of(self, tile: Tile, checkpoint: Callable[[], None] | None = None) -> Array:
        """Return the features of a tile, (rows, columns, features), NaN where nothing was observed.

        Parameters
        ----------
        tile : Tile
        checkpoint : callable
            Called between reads; may raise to stop.
        """
        found = self._tiles.get(tile)
        if found is None:
            rows, columns = (a.ravel() for a in np.mgrid[tile.slices])
            flat = self._compute(rows, columns, checkpoint or _no_stop)
            found = _small(flat).reshape(*tile.shape, -1)
        with self._lock:
            self._tiles[tile] = found
            self._tiles.move_to_end(tile)
            while len(self._tiles) > 1 and sum(a.nbytes for a in self._tiles.values()) > KEPT:
                self._tiles.popitem(last=False)
        return found

    def at(self, rows: Array, columns: Array) -> Array:
        """Return the features of some pixels, (n, features), from computed tiles or by reading around them."""
        found: Array | None = None
        left = np.ones(len(rows), bool)
        for tile in list(self._tiles):
            here = (rows >= tile.top) & (rows < tile.bottom) & (columns >= tile.left) & (columns < tile.right) & left
            if here.any():
                values = self.of(tile)[rows[here] - tile.top, columns[here] - tile.left]
                if found is None:
                    found = np.full((len(rows), values.shape[1]), np.nan, "float32")
                found[here], left[here] = values, False
        if left.any():
            places = np.stack([rows[left], columns[left]], axis=1).astype("int64")
            values = self._rows.rows(
                "pixels", places, lambda some: self._compute(places[some, 0], places[some, 1], _no_stop)
            )
            if found is None:
                found = np.full((len(rows), values.shape[1]), np.nan, "float32")
            found[left] = values
        assert found is not None  # noqa: S101  (there is at least one pixel)
        return found

    def around(self, seed: int = 0) -> Array:
        """Return the features of pixels spread over the computed tiles, without NaN, (m, features)."""
        tiles = list(self._tiles.values())
        if not tiles:
            return np.zeros((0, 0), "float32")
        rng, count = np.random.default_rng(seed), max(1, AROUND // len(tiles))
        parts = []
        for values in tiles[:AROUND]:
            flat = values.reshape(-1, values.shape[-1])
            parts.append(flat[rng.integers(0, len(flat), count)].astype("float32"))
        found = np.concatenate(parts)
        return np.asarray(found[np.isfinite(found).all(axis=1)])

    def _compute(self, rows: Array, columns: Array, checkpoint: Callable[[], None]) -> Array:
        if self._prepared is None:
            self._prepared = prepared_model(self.model, self._source)
        found: Array | None = None
        with torch.inference_mode():
            for numbers, batch, (top, left) in read_blocks(self._source, rows, columns, self.model.feed.halo):
                checkpoint()
                values = pixel_features(self._prepared, batch, rows[numbers] - top, columns[numbers] - left)
                if found is None:
                    found = np.full((len(rows), values.shape[1]), np.nan, "float32")
                found[numbers] = values
                self.bands = batch.bands
        assert found is not None  # noqa: S101  (there is at least one pixel)
        return found


def _no_stop() -> None:
    """Do nothing: the default checkpoint never stops."""


def usual_features(cube: xr.Dataset) -> str:
    """Return the default features of a cube: statistics for many dates, or the surroundings of a pixel in a fine image."""
    if cube.sizes["time"] >= DATES:
        return "statistics"
    return TEXTURE if (resolution_of(cube) or FINE) < FINE else "mean"


def _small(values: Array) -> Array:
    """Return large arrays in 16 bits if their values fit."""
    many = values.size > 4 * SIDE * SIDE
    return values.astype("float16") if many and np.nanmax(np.abs(values), initial=0) < HALF else values
