"""NetCDF files and Zarr stores (v2, v3, folder or zip)."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.cube.direct import note as note_reader
from eowidgets.cube.direct import place
from eowidgets.cube.export.prepare import as_text
from eowidgets.cube.export.stores import ORDER, WRITTEN
from eowidgets.cube.pyramid import STATEMENTS
from eowidgets.cube.sources.checked import open_checked
from eowidgets.cube.sources.complete import check_chunks, check_nodes
from eowidgets.cube.sources.levels import finest_group, levels_of
from eowidgets.cube.sources.netcdf3 import check_length
from eowidgets.cube.sources.windows import StoreWindows
from eowidgets.errors import EowidgetsError, InputError, SourceError, shown, unknown

NETCDF = (".nc", ".nc4", ".cdf", ".h5", ".hdf5", ".he5")
ENDINGS = (*NETCDF, ".zarr", ".zip")
#: Names of the metadata files of Zarr.
METADATA = (".zarray", ".zgroup", ".zmetadata", "zarr.json", ".zattrs")
#: Parts of the metadata that users write: a word there is no codec.
USERS_OWN = ("attributes", ".zattrs", "dimension_names")
#: Largest array of text that is read.
LARGEST_TEXT = 10_000_000


def is_store(path: Path) -> bool:
    """Return whether a path is NetCDF or Zarr, by its name or, for a folder, by its content."""
    if path.is_dir():
        return path.suffix == ".zarr" or any((path / n).exists() for n in ("zarr.json", ".zgroup", ".zmetadata"))
    return path.suffix.lower() in ENDINGS


def open_store(path: Path, chunks: Any, group: str | None = None) -> xr.Dataset:
    """Open lazily; integer packing is undone by xarray, text becomes fixed-width text, the file's order is kept.

    Parameters
    ----------
    path : Path
    chunks : optional
        Dask chunks; None for none.
    group : str, optional
        Group of the file. Without it the only group is opened where the root holds no variable.

    Raises
    ------
    InputError
        If the store holds pickled Python objects; nothing of it is decoded then. If there is no such group, or
        several and none was chosen.
    SourceError
        If the file is truncated or is not what its name says.
    """
    netcdf = path.suffix.lower() in NETCDF
    kind = "NetCDF file" if netcdf else "Zarr store"
    try:
        notes = {} if netcdf else check_metadata(path)
        if netcdf:
            check_length(path)
        else:
            check_nodes(path, notes)
        known = _groups_of_netcdf(path) if netcdf else _groups_of_zarr(notes)
        group = _group(path, known, group, None if netcdf else finest_group(notes))
        if not netcdf:
            check_chunks(path, notes, group)
        ds = _opened(path, netcdf, None, (), group)
        text = [n for n, v in ds.variables.items() if v.dtype.kind in "OT"]
        plain = _text(ds[text], path)
        if chunks is not None:  # dask cannot choose chunks for text
            plain_values, ds = ds, _opened(path, netcdf, chunks, text, group)
            if not netcdf:
                _note_windows(ds, plain_values, path, notes, group)
        ds = ds.drop_vars(text, errors="ignore").assign_coords(plain.coords).assign(plain.data_vars)
        return _in_order(ds, None if netcdf or group else _listed(notes))
    except EowidgetsError:
        raise
    except Exception as error:  # whatever a library raises at metadata that somebody has damaged or made up
        raise SourceError(
            f"{shown(path.name)} cannot be read as a {kind}: it may be incomplete or another format."
        ) from error


def _note_windows(ds: xr.Dataset, plain: xr.Dataset, path: Path, notes: dict[str, Any], group: str | None) -> None:
    """Note how windows of the variables are read without dask; HDF5 reads every n-th value slowly, and is left out."""

    @cache
    def level(name: str) -> xr.Dataset:
        check_chunks(path, notes, name)
        return _opened(path, False, None, (), name)

    for name, values in ds.data_vars.items():
        if {"y", "x"} <= set(values.dims) <= {"time", "y", "x"}:
            levels = levels_of(notes, group, plain[name], level)
            note_reader(values.variable._data, StoreWindows(plain[name], levels))
            place(values)


def _opened(path: Path, netcdf: bool, chunks: Any, without: Sequence[Any], group: str | None) -> xr.Dataset:
    options: dict[str, Any] = {"decode_coords": "all", "chunks": chunks, "drop_variables": without, "group": group}
    if netcdf:
        return open_checked(path, path.name, "netcdf4", **options)
    where = path / group if group and path.is_dir() else path
    consolidated = path.is_dir() and not group and (where / ".zmetadata").exists()
    return open_checked(_zarr_store(path), path.name, "zarr", consolidated=consolidated, **options)


def _group(path: Path, known: dict[str, int], wanted: str | None, finest: str | None) -> str | None:
    """Return the group to open, by the number of arrays in each; None for the root. Of stated levels it is the finest."""
    if wanted is not None:
        name = wanted.strip("/")
        if name not in known:
            raise unknown("group", wanted, [g for g in known if g])
        return name or None
    filled = [g for g, arrays in known.items() if arrays]
    if known.get("") or not filled:
        return None
    if finest is not None:
        return finest
    if len(filled) > 1:
        raise InputError(
            f"{shown(path.name)} holds its variables in several groups ({', '.join(filled)[:80]}): choose one with group=."
        )
    return filled[0]


def _groups_of_netcdf(path: Path) -> dict[str, int]:
    import netCDF4

    def below(node: Any, name: str) -> Iterator[tuple[str, int]]:
        yield name, len(node.variables)
        for key, inner in node.groups.items():
            yield from below(inner, f"{name}/{key}".strip("/"))

    with netCDF4.Dataset(path) as file:
        return dict(below(file, ""))


def _groups_of_zarr(notes: dict[str, Any]) -> dict[str, int]:
    """Return the number of arrays in each group, from the parsed metadata of a store."""
    found: dict[str, int] = {"": 0}
    for name, note in notes.items():
        folder, _, file = name.rpartition("/")
        kind = note.get("node_type") if isinstance(note, dict) else None
        if file == ".zgroup" or kind == "group":
            found.setdefault(folder, 0)
        elif file == ".zarray" or kind == "array":
            parent = folder.rpartition("/")[0]
            found[parent] = found.get(parent, 0) + 1
    return found


def _zarr_store(path: Path) -> Any:
    if path.suffix.lower() != ".zip":
        return str(path)
    import zarr

    return zarr.storage.ZipStore(path, mode="r")


def check_metadata(path: Path) -> dict[str, Any]:
    """Return the metadata of a Zarr store, whose arrays hold no pickled objects.

    Raises
    ------
    InputError
        If they do: reading them could run code.
    """
    notes = _metadata(path)
    if any(_has_pickle(note) for note in notes.values()):
        raise InputError(
            f"{shown(path.name)} holds pickled Python objects, which could run code: only numbers and text are opened."
        )
    return notes


def _metadata(path: Path) -> dict[str, Any]:
    """Return the parsed metadata files of a Zarr store, by their path within it."""
    if path.is_dir():
        return {str(f.relative_to(path)): json.loads(f.read_bytes()) for f in _metadata_files(path)}
    with zipfile.ZipFile(path) as archive:
        names = [n for n in archive.namelist() if n.rpartition("/")[2] in METADATA]
        return {n: json.loads(archive.read(n)) for n in names}


def _metadata_files(folder: Path) -> Iterator[Path]:
    """Return the metadata files of a store, without walking through the chunks of its arrays."""
    here = [folder / n for n in METADATA if (folder / n).is_file()]
    yield from here
    array = (folder / ".zarray").is_file() and not (folder / ".zgroup").is_file()
    if not array and (folder / "zarr.json").is_file():
        note = json.loads((folder / "zarr.json").read_bytes())
        array = isinstance(note, dict) and note.get("node_type") == "array"
    for below in sorted(folder.iterdir()) if not array else ():
        if below.is_dir():
            yield from _metadata_files(below)


def _has_pickle(note: Any) -> bool:
    """Return whether metadata name a codec that unpickles, at any depth: xarray reads coordinates while it opens."""
    if isinstance(note, str):
        return "pickle" in note.lower()
    if isinstance(note, list):
        return any(_has_pickle(n) for n in note)
    if not isinstance(note, dict):
        return False
    return any(_has_pickle(v) for k, v in note.items() if not str(k).endswith(USERS_OWN))


def _listed(notes: dict[str, Any]) -> list[str]:
    """Return the names of the arrays in the order of the consolidated metadata, where a store has these."""
    inline = notes.get("zarr.json", {})
    inline = inline.get("consolidated_metadata") if isinstance(inline, dict) else None
    listed = (inline or {}).get("metadata", {}) or notes.get(".zmetadata", {}).get("metadata", {})
    names = [key.removesuffix("/.zarray") for key in listed if not key.endswith((".zattrs", ".zgroup"))]
    return names if names != sorted(names) else []  # zarr sorts them itself: no order of the file


def _in_order(ds: xr.Dataset, listed: list[str] | None) -> xr.Dataset:
    """Put variables into the order that was noted, else that of the file; a folder has none but that of its names."""
    noted = ds.attrs.pop(ORDER, None)
    ds.attrs.pop(WRITTEN, None)
    for name in STATEMENTS:
        ds.attrs.pop(name, None)  # true of the store only
    try:
        names = json.loads(noted) if isinstance(noted, str) else list(noted or [])
    except (TypeError, ValueError):
        names = []
    if not names and listed is not None:
        names = listed or sorted(map(str, ds.data_vars), key=_natural)
    first = [n for n in dict.fromkeys(map(str, names)) if n in ds.data_vars]
    return ds[[*first, *(n for n in ds.data_vars if n not in first)]]


def _natural(name: str) -> list[Any]:
    """Return a sorting key by which ``layer2`` comes before ``layer10``."""
    return [(not part.isdigit(), int(part) if part.isdigit() else part) for part in re.split(r"(\d+)", name)]


def _text(ds: xr.Dataset, path: Path) -> xr.Dataset:
    """Turn arrays of Python strings into fixed-width text; other objects are refused, except dates of a calendar."""
    for name, variable in ds.variables.items():
        if variable.dtype.kind not in "OT":
            continue
        if {"y", "x"} <= set(map(str, variable.dims)) or variable.size > LARGEST_TEXT:
            raise InputError(
                f"The variable {shown(str(name))} of {shown(path.name)} holds text: drop it, only numbers make pixels."
            )
        values = np.asarray(variable.values)
        if all(hasattr(v, "calendar") for v in values.ravel()):
            continue
        try:
            text = xr.Variable(variable.dims, as_text(name, values), variable.attrs)
        except InputError:
            raise InputError(
                f"The variable {shown(str(name))} of {shown(path.name)} holds Python objects: only numbers and text are opened."
            ) from None
        ds = ds.assign_coords({name: text}) if name in ds.coords else ds.assign({name: text})
    return ds
