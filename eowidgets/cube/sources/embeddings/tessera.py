"""TESSERA: yearly tiles of 0.1 degrees with vectors of 128 numbers at 10 m, as NumPy files.

A tile is ``grid_<lon>_<lat>.npy``, int8 ``(row, column, 128)``, with ``grid_<lon>_<lat>_scales.npy``, float32
``(row, column)``: a vector is its codes times its scale. The CRS and the place are those of the raster
``grid_<lon>_<lat>.tiff`` of the same tile. Source of the format: Feng et al. (2025), "TESSERA", arXiv:2506.20380, and the
published files. Files are mapped into memory, never unpickled.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eowidgets.cube.sources.embeddings.tiles import Floats
from eowidgets.cube.sources.rasterfile import read_header
from eowidgets.errors import InputError, SourceError, shown

TITLE = "TESSERA embeddings"
SCALES = "_scales.npy"
_GRID = re.compile(r"grid_-?\d+(\.\d+)?_-?\d+(\.\d+)?")


def tiles_among(paths: Sequence[Path]) -> list[Path]:
    """Return the files of codes among paths: those that have scales next to them."""
    names = set(paths)
    codes = [p for p in paths if p.suffix == ".npy" and not p.name.endswith(SCALES)]
    return sorted(p for p in codes if p.with_name(p.stem + SCALES) in names or p.with_name(p.stem + SCALES).is_file())


@dataclass(frozen=True)
class Tessera:
    """The vectors of a tile.

    Parameters
    ----------
    path : Path
        The file of codes.
    """

    path: Path

    def __post_init__(self) -> None:
        codes, scales = self._codes(), self._scales()
        if codes.dtype != np.int8 or codes.ndim != 3:
            raise InputError(
                f"{shown(self.path.name)} holds {codes.dtype} over {codes.ndim} axes, and TESSERA embeddings are int8 over "
                "row, column and number: get the original file."
            )
        if scales.dtype.kind != "f" or scales.shape != codes.shape[:2]:
            raise InputError(
                f"The scales of {shown(self.path.name)} are {scales.dtype} over {shown(scales.shape)} and its rows and columns "
                f"are {shown(codes.shape[:2])}: get both files of one tile."
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """Numbers of a vector, rows and columns."""
        rows, columns, size = self._codes().shape
        return size, rows, columns

    def read(self, features: slice, rows: slice, columns: slice) -> Floats:
        """Read a part and decode it; NaN where the scale is 0 or missing."""
        scale = np.array(self._scales()[rows, columns], "float32")
        scale[~(scale > 0)] = np.nan
        codes = np.asarray(self._codes()[rows, columns, features]).transpose(2, 0, 1)
        found: Floats = np.multiply(codes, scale, dtype="float32")
        return found

    def _codes(self) -> Any:
        return _mapped(self.path)

    def _scales(self) -> Any:
        return _mapped(self.path.with_name(self.path.stem + SCALES))

    def box(self, around: Sequence[Path]) -> Any:
        """Return the grid of the tile, from the raster of the same tile among paths or next to it.

        Raises
        ------
        InputError
            If there is none, or it has another size.
        """
        match = _GRID.search(self.path.stem)
        name = match[0] if match else self.path.stem
        near = [self.path.with_name(name + e) for e in (".tiff", ".tif")]
        found = next(
            (p for p in [*near, *around] if p.stem == name and p.suffix in (".tif", ".tiff") and p.is_file()), None
        )
        if found is None:
            raise InputError(
                f"The CRS of {shown(self.path.name)} is in the raster {name[:60]}.tiff of the same tile, which is missing: "
                "put it next to the tile."
            )
        box = read_header(found, found.parent).geobox
        if tuple(box.shape) != self.shape[1:]:
            raise InputError(
                f"{shown(found.name)} has {box.shape[0]} × {box.shape[1]} pixels and the tile {shown(self.path.name)} "
                f"{self.shape[1]} × {self.shape[2]}: get both files of one tile."
            )
        return box


def _mapped(path: Path) -> Any:
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise SourceError(
            f"{shown(path.name)} cannot be read as a NumPy file of numbers: it may be incomplete or hold Python objects."
        ) from error
