"""Check that all chunks of a Zarr store exist: Zarr returns its fill value for missing ones."""

from __future__ import annotations

import json
import math
import os
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from eowidgets.cube.export.stores import WRITTEN
from eowidgets.errors import SourceError

#: Name of a chunk, or of the folder of chunks.
_CHUNK = re.compile(r"c|\d+(\.\d+)*")


def check_chunks(path: Path, notes: Mapping[str, Any], group: str | None = None) -> None:
    """Refuse a store that lacks chunks which must be there.

    These are the chunks of all arrays that an export of this package has written, and of all axes: an axis has no two
    equal coordinates, so no chunk of several is the fill value.

    Parameters
    ----------
    path : Path
        Folder or zip archive.
    notes : mapping
        Its parsed metadata, by the path of the file.
    group : str, optional
        Group that is opened.

    Raises
    ------
    SourceError
    """
    prefix = f"{group}/" if group else ""
    arrays = {
        name.removeprefix(prefix): note
        for name, note in arrays_of(notes).items()
        if name.startswith(prefix) and "/" not in name.removeprefix(prefix)
    }
    written = _written(notes, prefix)
    files: list[str] | None = None
    for name, note in arrays.items():
        shape, chunks = shapes_of(note)
        alone = 1 in chunks or any(n % c == 1 for n, c in zip(shape, chunks, strict=True))
        axis = len(shape) == 1 and not alone and _dimensions(notes, prefix, name, note) == [name]
        if not chunks or not (axis or written.get(name) == [list(shape), list(chunks)]):
            continue
        files = _files(path) if files is None else files
        count = math.prod(-(-n // c) for n, c in zip(shape, chunks, strict=True))
        start = f"{prefix}{name}/{'c/' if 'chunk_grid' in note else ''}"
        found = sum(f.startswith(start) and not f.rpartition("/")[2].startswith(".") for f in files)
        if found < count:
            raise SourceError(
                f"{path.name[:80]!r} is incomplete: {count - found} of {count} chunks of {name[:40]!r} are missing, so copy "
                f"or make it again (or remove its attribute {WRITTEN!r}, if other software wrote it)."
            )
    if path.is_dir():
        _check_lengths(path, {f"{prefix}{name}": note for name, note in arrays.items()})


def _check_lengths(path: Path, arrays: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse Blosc chunks that are shorter than their header states: Blosc reads beyond the end of a cut one."""
    for name, note in arrays.items():
        codecs = note.get("codecs")
        coded = [note.get("compressor"), *(codecs if isinstance(codecs, list) else [])]
        if not any("blosc" in (_mapping(c).get("id"), _mapping(c).get("name")) for c in coded):
            continue
        for file in _inside(str(path / name)):
            last = file.rpartition(os.sep)[2]
            if last.endswith(".json") or last.startswith("."):
                continue
            with open(file, "rb", buffering=0) as chunk:  # noqa: PTH123  (tens of thousands of files)
                header, size = chunk.read(16), os.fstat(chunk.fileno()).st_size
            if len(header) < 16 or int.from_bytes(header[12:16], "little") > size:
                raise SourceError(
                    f"{path.name[:80]!r} is damaged: a chunk of {name[:40]!r} was cut, so copy or create it again."
                )


def check_nodes(path: Path, notes: Mapping[str, Any]) -> None:
    """Refuse a store in which a folder of chunks has lost its metadata: its array would silently be left out.

    Raises
    ------
    SourceError
    """
    known = {name.rpartition("/")[0].split("/")[0] for name in notes} | {n.split("/")[0] for n in arrays_of(notes)}
    if path.is_dir():
        inside = [(p.name, below.name) for p in path.iterdir() if p.is_dir() for below in p.iterdir()]
    else:
        inside = [(parts[0], parts[1]) for parts in (f.split("/") for f in _files(path)) if len(parts) > 1]
    lost = sorted(folder for folder, below in inside if folder not in known and _CHUNK.fullmatch(below))
    if lost:
        raise SourceError(
            f"{path.name[:80]!r} is incomplete: the folder {lost[0][:40]!r} in it has no metadata, so copy or create it again."
        )


def arrays_of(notes: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the metadata of the arrays by path; consolidated metadata apply to arrays without a metadata file."""
    found: dict[str, dict[str, Any]] = {}
    inline = _mapping(_mapping(_mapping(notes.get("zarr.json")).get("consolidated_metadata")).get("metadata"))
    together = _mapping(_mapping(notes.get(".zmetadata")).get("metadata"))
    listed = [*((f"{k}/zarr.json", v) for k, v in inline.items()), *together.items(), *notes.items()]
    for name, note in listed:
        folder, _, file = name.rpartition("/")
        if isinstance(note, dict) and (file == ".zarray" or note.get("node_type") == "array"):
            found[folder] = note
    return found


def shapes_of(note: Mapping[str, Any]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the shape of an array and that of its chunks; empty where its metadata do not state them."""
    chunks = note.get("chunks") or _mapping(_mapping(note.get("chunk_grid")).get("configuration")).get("chunk_shape")
    lengths, sides = _numbers(note.get("shape")), _numbers(chunks)
    return (lengths, sides) if len(lengths) == len(sides) and all(c > 0 for c in sides) else ((), ())


def _numbers(values: Any) -> tuple[int, ...]:
    whole = isinstance(values, list) and all(isinstance(v, int) for v in values)
    return tuple(values) if whole else ()


def _dimensions(notes: Mapping[str, Any], prefix: str, name: str, note: Mapping[str, Any]) -> Any:
    if "dimension_names" in note:
        return note["dimension_names"]
    own = notes.get(f"{prefix}{name}/.zattrs")
    together = _mapping(_mapping(notes.get(".zmetadata")).get("metadata")).get(f"{prefix}{name}/.zattrs")
    return _mapping(own if own is not None else together).get("_ARRAY_DIMENSIONS")


def attributes_of(notes: Mapping[str, Any], group: str) -> Mapping[str, Any]:
    """Return the attributes of a group."""
    prefix = f"{group}/" if group else ""
    attrs = _mapping(_mapping(notes.get(f"{prefix}zarr.json")).get("attributes"))
    attrs = attrs or _mapping(notes.get(f"{prefix}.zattrs"))
    return attrs or _mapping(_mapping(_mapping(notes.get(".zmetadata")).get("metadata")).get(f"{prefix}.zattrs"))


def _written(notes: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    attrs = attributes_of(notes, prefix.rstrip("/"))
    try:
        return dict(json.loads(attrs.get(WRITTEN, "{}")))
    except (TypeError, ValueError):
        return {}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _inside(folder: str) -> Iterator[str]:
    """Yield the paths of all files below a folder; pathlib takes ten times as long for a store of many chunks."""
    for at, _, names in os.walk(folder):
        yield from (f"{at}{os.sep}{name}" for name in names)


def _files(path: Path) -> list[str]:
    if path.is_dir():
        start = len(str(path)) + 1
        return [file[start:].replace(os.sep, "/") for file in _inside(str(path))]
    with zipfile.ZipFile(path) as archive:
        names: Iterable[str] = archive.namelist()
        return [n for n in names if not n.endswith("/")]
