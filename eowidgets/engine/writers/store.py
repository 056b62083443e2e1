"""Result as a Zarr store that many processes may write, strip by strip."""

from __future__ import annotations

import hashlib
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr

from eowidgets.contract.outputs import Array
from eowidgets.cube.export.stores import ORDER, note_chunks
from eowidgets.cube.sources import store as source
from eowidgets.engine.result import Frame
from eowidgets.engine.strips import Strip

COLUMNS = 512
DATES = 16
#: Files that zarr leaves when it is killed while it writes.
UNFINISHED = re.compile(r"\.[0-9a-f]{32}\.partial$")


class ZarrWriter:
    """Writes strips into a Zarr store whose chunks are as high as the strips.

    Strips start at multiples of ``rows``, so two of them never share a chunk and need no lock.

    Parameters
    ----------
    path : Path
        The store, created by :meth:`create`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        # Opened once: looking an array up reads its metadata again.
        # Every chunk is written, also of fill values only, so that missing ones are detected later.
        with zarr.config.set({"array.write_empty_chunks": True}):
            self._arrays: dict[str, Any] = dict(zarr.open_group(path, mode="r+").arrays())

    @classmethod
    def create(cls, path: Path, frame: Frame, rows: int, attrs: dict[str, Any]) -> ZarrWriter:
        """Lay out a store without pixels."""
        template = frame.template.assign_attrs(attrs)
        template.to_zarr(path, mode="w", zarr_format=2, consolidated=False, write_empty_chunks=True)
        group = zarr.open_group(path, mode="r+")
        group.attrs[ORDER] = [v.name for v in frame.variables]  # Zarr lists them alphabetically
        for v in frame.variables:
            shape = frame.shape(v)
            chunks = (*(min(n, DATES) for n in shape[:-2]), min(rows, shape[-2]), min(COLUMNS, shape[-1]))
            array = group.create_array(
                v.name,
                shape=shape,
                chunks=chunks,
                dtype=v.dtype,
                # A fill value would make xarray turn classes and masks into floats.
                fill_value=v.fill if v.dtype == "float32" else None,
            )
            plain = {k: a.tolist() if hasattr(a, "tolist") else a for k, a in v.attrs.items()}
            array.attrs.update({**plain, "_ARRAY_DIMENSIONS": list(v.dims), "grid_mapping": "spatial_ref"})
        note_chunks(path)
        return cls(path)

    def write(self, strip: Strip) -> None:
        """Write the rows of a strip."""
        for name, values in strip.values.items():
            self._arrays[name][..., strip.start : strip.stop, :] = values

    def stamp(self, frame: Frame, start: int, stop: int) -> str:
        """Digest of the names and sizes of the chunks of a strip: a resumed run computes strips again whose digest differs."""
        digest = hashlib.sha256()
        for v in frame.variables:
            array = self._arrays[v.name]
            *before, rows, columns = array.chunks
            counts = [-(-n // c) for n, c in zip(array.shape[:-2], before, strict=True)]
            for row in range(start // rows, -(-stop // rows)):
                for index in np.ndindex(*counts, -(-array.shape[-1] // columns)):
                    name = ".".join(map(str, (*index[:-1], row, index[-1])))
                    try:
                        size = (self._path / v.name / name).stat().st_size
                    except FileNotFoundError:  # zarr writes no chunk that holds the fill value only
                        size = -1
                    digest.update(f"{v.name} {name} {size}\n".encode())
        return digest.hexdigest()[:16]

    def read(self, name: str, start: int, stop: int) -> Array:
        """Read rows of one variable back."""
        rows: Array = self._arrays[name][..., start:stop, :]
        return rows


def layout_of(path: Path, frame: Frame) -> str:
    """Digest of a store without the pixels of the result: names, shapes, attributes and coordinates.

    Raises
    ------
    OSError
        When the store is damaged so that it cannot be read.
    """
    digest = hashlib.sha256()
    pixels = {v.name for v in frame.variables}
    files = {p.relative_to(path).as_posix(): p for p in (*path.glob("*"), *path.glob("*/*")) if p.is_file()}
    for name, file in sorted(files.items()):
        folder, _, last = name.rpartition("/")
        if last == ".zmetadata" or UNFINISHED.search(last) or (folder in pixels and not last.startswith(".z")):
            continue
        digest.update(f"{name} {file.stat().st_size}\n".encode() + file.read_bytes())
    return digest.hexdigest()


def tidy(path: Path) -> None:
    """Remove the files that zarr was writing when it was killed."""
    for file in (*path.glob("*.partial"), *path.glob("*/*.partial")):
        if UNFINISHED.search(file.name):
            file.unlink()


def open_store(path: Path) -> xr.Dataset:
    """Open a store lazily, with or without dask.

    Raises
    ------
    SourceError
        If it is damaged, or lacks chunks.
    """
    return source.open_store(path, lazily())


def lazily() -> dict[str, int] | None:
    """Return chunks for a lazy read; None where dask is missing."""
    return {} if find_spec("dask") else None
