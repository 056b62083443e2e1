"""Result as a Zarr store that many processes may write, strip by strip."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import xarray as xr
import zarr

from eowidgets.cube.export.stores import ORDER
from eowidgets.engine.result import Array, Frame

COLUMNS = 512
DATES = 16


class ZarrWriter:
    """Writes strips into a Zarr store whose chunks are as high as the strips.

    Strips start at multiples of ``rows``, so two of them never share a chunk and need no lock.

    Parameters
    ----------
    path : Path
        The store, made by :meth:`create`.
    """

    def __init__(self, path: Path) -> None:
        self._group = zarr.open_group(path, mode="r+")

    @classmethod
    def create(cls, path: Path, frame: Frame, rows: int, attrs: dict[str, Any]) -> ZarrWriter:
        """Lay out a store without pixels."""
        template = frame.template.assign_attrs(attrs)
        template.to_zarr(path, mode="w", zarr_format=2, consolidated=False)
        group = zarr.open_group(path, mode="r+")
        group.attrs[ORDER] = [v.name for v in frame.variables]  # Zarr itself lists them by the alphabet
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
        return cls(path)

    def write(self, start: int, strip: dict[str, Array]) -> None:
        """Write rows from ``start`` on."""
        for name, values in strip.items():
            target: Any = self._group[name]
            target[..., start : start + values.shape[-2], :] = values

    def read(self, name: str, start: int, stop: int) -> Array:
        """Read rows of one variable back."""
        source: Any = self._group[name]
        rows: Array = source[..., start:stop, :]
        return rows


def open_store(path: Path) -> xr.Dataset:
    """Open a store lazily, whether dask is there or not."""
    found = xr.open_zarr(path, chunks=lazily(), consolidated=True, decode_coords="all")
    ordered: xr.Dataset = found[found.attrs.pop(ORDER)]
    return ordered


def lazily() -> dict[str, int] | None:
    """Return chunks for a lazy read; None where dask is missing."""
    return {} if find_spec("dask") else None
