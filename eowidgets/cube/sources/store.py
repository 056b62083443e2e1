"""NetCDF files and Zarr stores (v2, v3, folder or zip)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import xarray as xr

from eowidgets.errors import InputError, SourceError

ENDINGS = (".nc", ".nc4", ".cdf", ".zarr", ".zip")


def is_store(path: Path) -> bool:
    """Whether a path is NetCDF or Zarr, by its name or, for a folder, by what is in it."""
    if path.is_dir():
        return path.suffix == ".zarr" or any((path / n).exists() for n in ("zarr.json", ".zgroup", ".zmetadata"))
    return path.suffix.lower() in ENDINGS


def open_store(path: Path, chunks: Any) -> xr.Dataset:
    """Open lazily; integer packing is undone by xarray.

    Raises
    ------
    SourceError
        If the file is truncated or is not what its name says.
    """
    netcdf = path.suffix.lower() in (".nc", ".nc4", ".cdf")
    try:
        if netcdf:
            ds = xr.open_dataset(path, engine="netcdf4", decode_coords="all", chunks=chunks)
        else:
            consolidated = path.is_dir() and (path / ".zmetadata").exists()
            ds = xr.open_zarr(_zarr_store(path), decode_coords="all", chunks=chunks, consolidated=consolidated)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        kind = "NetCDF file" if netcdf else "Zarr store"
        raise SourceError(
            f"{path.name!r} cannot be read as a {kind}: it may be incomplete or another format."
        ) from error
    _refuse_objects(ds, path)
    return ds


def _zarr_store(path: Path) -> Any:
    if path.suffix.lower() != ".zip":
        return str(path)
    import zarr

    return zarr.storage.ZipStore(path, mode="r")


def _refuse_objects(ds: xr.Dataset, path: Path) -> None:
    # Object arrays are the one thing in these formats whose reading can run code (pickle codecs).
    for name, variable in ds.variables.items():
        if variable.dtype == object:
            raise InputError(
                f"The variable {str(name)!r} of {path.name!r} holds Python objects: only numbers are opened."
            )
