"""NetCDF files and Zarr stores (v2, v3, folder or zip)."""

from __future__ import annotations

import re
import zipfile
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
    _refuse_pickles(path)
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


def _refuse_pickles(path: Path) -> None:
    """Refuse a store whose codecs unpickle: xarray reads coordinates at once, so this comes before opening."""
    if path.is_dir():
        names = [".zmetadata", "zarr.json", "*/.zarray", "*/zarr.json"]
        texts = [f.read_text(errors="replace") for n in names for f in path.glob(n)]
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            ends = (".zarray", ".zmetadata", "zarr.json")
            texts = [archive.read(n).decode(errors="replace") for n in archive.namelist() if n.endswith(ends)]
    else:
        return
    if any(re.search(r'"(numcodecs\.)?pickle"', text) for text in texts):
        raise InputError(f"{path.name!r} holds pickled Python objects, which could run code: only numbers are opened.")


def _refuse_objects(ds: xr.Dataset, path: Path) -> None:
    # Object arrays are the one thing in these formats whose reading can run code (pickle codecs).
    for name, variable in ds.variables.items():
        if variable.dtype == object:
            raise InputError(
                f"The variable {str(name)!r} of {path.name!r} holds Python objects: only numbers are opened."
            )
