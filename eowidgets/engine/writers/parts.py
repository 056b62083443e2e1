"""Rows of a result on disk: one file per strip while a run goes on, then one GeoPackage or GeoParquet file."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eowidgets.contract.outputs import Row
from eowidgets.engine.strips import Strip
from eowidgets.engine.table import Table, from_json, to_json
from eowidgets.errors import SourceError, shown

HEAD = "head.json"


class RecordWriter:
    """Collects the records of strips in memory.

    Parameters
    ----------
    frame : Table
    """

    def __init__(self, frame: Table) -> None:
        self._frame = frame
        self._records: list[Row] = []

    def write(self, strip: Strip) -> None:
        """Take the records of a strip."""
        self._records += strip.values[self._frame.output.name]

    def finish(self, attrs: Mapping[str, Any]) -> Any:
        """Return the GeoDataFrame."""
        return self._frame.finish(self._records, attrs)


class PartWriter:
    """Writes the records of each strip into a separate file; any number of processes may write.

    Parameters
    ----------
    path : Path
        The folder, created by :meth:`create`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    def create(cls, path: Path, frame: Table, rows: int, attrs: Mapping[str, Any]) -> PartWriter:
        """Lay out an empty folder."""
        path.mkdir()
        output = frame.output
        head = {"output": output.name, "columns": output.columns, "rows": rows, "attrs": dict(attrs)}
        (path / HEAD).write_text(json.dumps(head), encoding="utf-8")
        return cls(path)

    def write(self, strip: Strip) -> None:
        """Write the records of a strip; the file appears when it is complete."""
        (records,) = strip.values.values()
        part = self._part(strip.start)
        unfinished = part.with_suffix(f".{os.getpid()}.unfinished")
        with unfinished.open("w", encoding="utf-8") as file:
            file.write(to_json(records))
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(part)

    def stamp(self, frame: Table, start: int, stop: int) -> str:
        """Digest of the file of a strip."""
        try:
            return hashlib.sha256(self._part(start).read_bytes()).hexdigest()[:16]
        except FileNotFoundError:
            return "missing"

    def table(self, frame: Table, attrs: Mapping[str, Any]) -> Any:
        """Return the GeoDataFrame of all strips."""
        try:
            texts = [p.read_text(encoding="utf-8") for p in sorted(self._path.glob("*.jsonl"))]
            records = [record for text in texts for record in from_json(text)]
        except (ValueError, KeyError, TypeError) as error:
            raise SourceError(
                "The finished strips of this run are damaged: remove its working folder and run again."
            ) from error
        return frame.finish(records, attrs)

    def _part(self, start: int) -> Path:
        return self._path / f"{start:09d}.jsonl"


def layout_of(path: Path) -> str:
    """Digest of the head.

    Raises
    ------
    OSError
        When it is not there.
    """
    return hashlib.sha256((path / HEAD).read_bytes()).hexdigest()


def write_table(table: Any, path: Path) -> None:
    """Write a GeoDataFrame with its provenance as GeoPackage or GeoParquet."""
    if path.suffix.lower() == ".gpkg":
        import pyogrio

        notes = {k: v for k, v in table.attrs.items() if isinstance(v, str)}
        pyogrio.write_dataframe(
            table, path, driver="GPKG", dataset_metadata=notes, layer="objects", geometry_type=_kind(table)
        )
        return
    table.to_parquet(path)


def _read_parquet(path: Path) -> Any:
    import geopandas
    import pandas
    import pyarrow.parquet

    placed = b"geo" in (pyarrow.parquet.read_schema(path).metadata or {})
    return geopandas.read_parquet(path) if placed else pandas.read_parquet(path)


def _kind(table: Any) -> str:
    kinds = sorted(set(table.geom_type))
    return kinds[0] if len(kinds) == 1 else "Unknown"


def note_of(path: Path) -> str:
    """Return the provenance in a file, as JSON.

    Raises
    ------
    KeyError, ValueError, OSError, RuntimeError
        When there is none.
    """
    if path.suffix.lower() == ".gpkg":
        import pyogrio

        return str((pyogrio.read_info(path, layer=0).get("dataset_metadata") or {})["provenance"])
    import pyarrow.parquet

    held = json.loads(pyarrow.parquet.read_schema(path).metadata[b"PANDAS_ATTRS"])
    return str(held["provenance"])


def open_table(path: Path) -> Any:
    """Open a table that a run wrote, as a GeoDataFrame with its provenance.

    Raises
    ------
    SourceError
        If it is damaged.
    """
    import geopandas

    note = note_of(path)
    try:
        found = geopandas.read_file(path, layer=0) if path.suffix.lower() == ".gpkg" else _read_parquet(path)
    except Exception as error:
        raise SourceError(f"{shown(path.name)} cannot be read as a table: it is incomplete or damaged.") from error
    if "date" in found:
        found["date"] = found["date"].astype("datetime64[ns]")
    found.attrs["provenance"] = note
    return found
