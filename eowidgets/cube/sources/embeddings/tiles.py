"""Tiles of yearly vectors, and the mosaic of those on one grid that is read where it is used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from eowidgets.errors import InputError, shown, warn_user

#: Share of a pixel by which grids may differ and still count as the same.
HAIR = 0.01

Floats = NDArray[np.float32]


class Vectors(Protocol):
    """Numbers of a tile, ``(feature, row, column)`` in the order of its file."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Numbers of a vector, rows and columns."""

    def read(self, features: slice, rows: slice, columns: slice) -> Floats:
        """Read a part; NaN where there is no vector."""


@dataclass(frozen=True)
class Tile:
    """The vectors of one year in one file.

    Attributes
    ----------
    name : str
        Of the file, for messages.
    year : int
    box : odc.geo GeoBox
        Grid of the file; its rows may run from south to north.
    vectors : Vectors
    """

    name: str
    year: int
    box: Any
    vectors: Vectors


@dataclass(frozen=True)
class Placed:
    """A tile on the grid of a mosaic.

    Attributes
    ----------
    tile : Tile
    top, left : int
        Row and column of its north-west corner.
    """

    tile: Tile
    top: int
    left: int

    def read(self, features: slice, rows: slice, columns: slice) -> tuple[slice, slice, Floats] | None:
        """Read the tile's part of a window of the mosaic: its position in the window, and the vectors, north up."""
        height, width = self.tile.box.shape
        y0, y1 = max(rows.start, self.top), min(rows.stop, self.top + height)
        x0, x1 = max(columns.start, self.left), min(columns.stop, self.left + width)
        if y0 >= y1 or x0 >= x1:
            return None
        inside = slice(y0 - self.top, y1 - self.top)
        upward = self.tile.box.affine.e > 0
        if upward:
            inside = slice(height - inside.stop, height - inside.start)
        found = self.tile.vectors.read(features, inside, slice(x0 - self.left, x1 - self.left))
        found = found[:, ::-1] if upward else found
        return slice(y0 - rows.start, y1 - rows.start), slice(x0 - columns.start, x1 - columns.start), found


@dataclass(frozen=True)
class Mosaic:
    """The vectors of one year as an array ``(feature, y, x)`` that reads the indexed part; the first tile with a value wins.

    Attributes
    ----------
    tiles : tuple of Placed
    shape : tuple of int
    """

    tiles: tuple[Placed, ...]
    shape: tuple[int, int, int]
    ndim = 3
    dtype = np.dtype("float32")

    def __getitem__(self, key: Any) -> Floats:
        """Read a part; ``key`` holds three slices or numbers."""
        parts = [k if isinstance(k, slice) else slice(k, k + 1) for k in key]
        features, rows, columns = (slice(*k.indices(n)) for k, n in zip(parts, self.shape, strict=True))
        sides = (range(k.start, k.stop) for k in (features, rows, columns))
        found = np.full([len(side) for side in sides], np.nan, "float32")
        plain = (slice(k.start, k.stop) for k in (features, rows, columns))
        wanted = tuple(plain)
        for placed in self.tiles:
            part = placed.read(*wanted)
            if part is None:
                continue
            here = found[:, part[0], part[1]]
            np.copyto(here, part[2], where=np.isnan(here[:1]) if len(here) else np.True_)
        stepped = found[:: features.step, :: rows.step, :: columns.step]
        whole: Floats = stepped[tuple(slice(None) if isinstance(k, slice) else 0 for k in key)]
        return whole


def common_grid(tiles: Sequence[Tile]) -> Any:
    """Return the grid, north up, that holds all tiles.

    Raises
    ------
    InputError
        If they have several CRS or pixel sizes.
    """
    from affine import Affine
    from odc.geo.geobox import GeoBox

    first = tiles[0]
    zones = {_zone(t.box.crs) for t in tiles}
    if len(zones) > 1:
        raise InputError(
            f"The embeddings lie in {len(zones)} UTM zones or CRS ({', '.join(sorted(zones))[:80]}), and a cube has one: "
            "open the files of one of them, or choose a part with bbox=."
        )
    pixel = first.box.affine.a
    for tile in tiles:
        affine = tile.box.affine
        if abs(affine.a - pixel) > pixel * 1e-6 or abs(abs(affine.e) - pixel) > pixel * 1e-6:
            raise InputError(
                f"The pixels of {shown(tile.name)} measure {affine.a:g} and those of {shown(first.name)} {pixel:g}: open "
                "files of one pixel size."
            )
    ends = np.array([t.box.boundingbox.bbox for t in tiles])
    (left, bottom), (right, top) = ends[:, :2].min(axis=0), ends[:, 2:].max(axis=0)
    shape = (round((top - bottom) / pixel), round((right - left) / pixel))
    return GeoBox(shape, Affine(pixel, 0, left, 0, -pixel, top), first.box.crs)


def _zone(crs: Any) -> str:
    epsg = crs.to_epsg()
    return str(crs) if epsg is None else f"EPSG:{epsg}"


def mosaics(tiles: Sequence[Tile], grid: Any) -> dict[int, Mosaic]:
    """Return the mosaic of each year on a grid.

    Tiles whose pixels lie between those of the grid are read at the nearest pixel, with a warning.

    Raises
    ------
    InputError
        If tiles have vectors of different lengths.
    """
    lengths = {t.vectors.shape[0]: t.name for t in tiles}
    if len(lengths) > 1:
        (one, name), (other, second) = list(lengths.items())[:2]
        raise InputError(
            f"{shown(name)} has vectors of {one} numbers and {shown(second)} of {other}: open files of one model."
        )
    found: dict[int, list[Placed]] = {}
    shift = 0.0
    for tile in tiles:
        box = tile.box.boundingbox
        top, left = (grid.affine.f - box.top) / grid.affine.a, (box.left - grid.affine.c) / grid.affine.a
        shift = max(shift, abs(top - round(top)), abs(left - round(left)))
        found.setdefault(tile.year, []).append(Placed(tile, round(top), round(left)))
    if shift > HAIR:
        warn_user(
            f"The grids of the tiles are shifted by up to {shift:.2g} of a pixel: each vector is put into the nearest pixel."
        )
    shape = (next(iter(lengths)), *grid.shape)
    return {year: Mosaic(tuple(found[year]), shape) for year in sorted(found)}
