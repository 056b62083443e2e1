"""Store indices as files: a Zarr store, or a GeoParquet table; data only, read without executing anything."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from eowidgets.cube.export import place
from eowidgets.cube.export.stores import note_chunks
from eowidgets.cube.private import scrub
from eowidgets.cube.sources.store import open_store
from eowidgets.errors import EowidgetsError, InputError, MissingExtraError, SourceError, shown
from eowidgets.learn.index.cells import Floats, Part
from eowidgets.learn.index.nearest import need_graph
from eowidgets.learn.index.space import Space
from eowidgets.system import check_plain

if TYPE_CHECKING:
    from eowidgets.learn.index.index import Index

FORMAT = 1
#: Attribute, or key of the file metadata, with everything except the vectors as JSON.
NOTE = "eowidgets_index"
ZARR, PARQUET = ".zarr", ".parquet"
#: Vectors per chunk, or per row group.
CHUNK = 1 << 17

Stored = tuple[tuple[Part, ...], Floats, Space]


def save(index: Index, path: str | Path) -> Path:
    """Write an index; see :meth:`Index.save`."""
    target = place.target(path, (ZARR, PARQUET), folder=Path(path).suffix.lower() == ZARR)
    note = json.dumps(_note(index))
    number = np.repeat(np.arange(len(index.parts), dtype=np.int32), [len(p.cells) for p in index.parts])
    cells = np.concatenate([p.cells for p in index.parts])
    with place.beside(target) as folder:
        whole = folder / target.name
        if target.suffix.lower() == ZARR:
            columns = {"vector": (("row", "feature"), index.vectors), "part": ("row", number), "cell": ("row", cells)}
            found = xr.Dataset(columns, attrs={NOTE: note})
            rows = min(CHUNK, len(cells))
            chunks = {n: {"chunks": (rows, *v.shape[1:])} for n, v in found.data_vars.items()}
            found.to_zarr(whole, encoding=chunks, zarr_format=3, consolidated=False, write_empty_chunks=True)
            note_chunks(whole)
        else:
            _write_parquet(index, whole, note, number, cells)
        place.move([(whole, target)])
    return target


def load(path: str | Path) -> Stored:
    """Read an index; see :meth:`Index.load`."""
    found = Path(path).expanduser()
    if not found.exists():
        raise InputError(f"The index {shown(str(path))} does not exist: give a path written by index.save(path).")
    check_plain(found)
    if found.suffix.lower() not in (ZARR, PARQUET):
        raise InputError(f"{shown(found.name)} is not an index: give a name that ends in {ZARR} or {PARQUET}.")
    read = _read_zarr if found.suffix.lower() == ZARR else _read_parquet
    try:
        note, vectors, number, cells = read(found)
        stored = _restored(json.loads(note), vectors, number, cells)
    except EowidgetsError:
        raise
    except Exception as error:  # libraries raise many exceptions for damaged or forged files
        raise SourceError(
            f"{shown(found.name)} cannot be read as an index: it is damaged or has another content."
        ) from error
    need_graph(len(stored[1]))
    return stored


def _note(index: Index) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "metric": index.space.metric,
        "mean": index.space.mean.tolist(),
        "scale": index.space.scale.tolist(),
        "parts": [
            {
                "title": str(scrub(p.title)),
                "date": p.date,
                "crs": p.box.crs.to_wkt(),
                "transform": list(p.box.affine)[:6],
                "shape": list(p.box.shape),
                "provenance": p.provenance,
            }
            for p in index.parts
        ],
    }


def _restored(note: dict[str, Any], vectors: Floats, number: Any, cells: Any) -> Stored:
    from affine import Affine
    from odc.geo.geobox import GeoBox

    if note["format"] != FORMAT:
        raise SourceError("The index was saved by another version of eowidgets: use the same version to load it.")
    vectors = np.ascontiguousarray(vectors, np.float32)
    mean, scale = (np.asarray(note[k], np.float32) for k in ("mean", "scale"))
    parts = []
    for i, one in enumerate(note["parts"]):
        box = GeoBox(tuple(one["shape"]), Affine(*one["transform"]), one["crs"])
        here = np.asarray(cells, np.int64)[np.asarray(number) == i]
        if not len(here) or here[0] < 0 or here[-1] >= box.height * box.width or (np.diff(here) <= 0).any():
            raise ValueError("cells outside the grid, or out of order")
        parts.append(Part(str(one["title"]), str(one["date"]), box, here, str(one["provenance"])))
    ordered = bool((np.diff(np.asarray(number)) >= 0).all())
    whole = sum(len(p.cells) for p in parts) == len(vectors) and np.isfinite(vectors).all() and ordered
    if not whole or mean.shape != vectors.shape[1:] or scale.shape != mean.shape or not (scale > 0).all():
        raise ValueError("vectors that do not fit")
    if note["metric"] not in ("cosine", "euclidean"):
        raise ValueError("an unknown metric")
    return tuple(parts), vectors, Space(mean, scale, note["metric"])


def _read_zarr(path: Path) -> tuple[str, Floats, Any, Any]:
    found = open_store(path, None)
    if NOTE not in found.attrs:
        raise InputError(f"{shown(path.name)} is a Zarr store without an index: give one written by index.save(path).")
    return str(found.attrs[NOTE]), found["vector"].values, found["part"].values, found["cell"].values


def _write_parquet(index: Index, path: Path, note: str, number: Any, cells: Any) -> None:
    """Write a row per vector: a point in WKB as defined by GeoParquet 1.1, and the vector as a list of fixed length."""
    pyarrow, parquet = _need_pyarrow()
    import shapely

    lon, lat, _ = index.places(np.arange(len(cells)))
    columns = {
        "geometry": pyarrow.array(shapely.to_wkb(shapely.points(lon, lat)), pyarrow.binary()),
        "title": pyarrow.array([p.title for p in index.parts]).take(pyarrow.array(number)),
        "date": pyarrow.array([p.date for p in index.parts]).take(pyarrow.array(number)),
        "part": number,
        "cell": cells,
        "vector": pyarrow.FixedSizeListArray.from_arrays(index.vectors.reshape(-1), index.vectors.shape[1]),
    }
    bbox = [float(v) for v in (lon.min(), lat.min(), lon.max(), lat.max())]
    column = {"encoding": "WKB", "geometry_types": ["Point"], "bbox": bbox}
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
    table = pyarrow.table(columns).replace_schema_metadata({"geo": json.dumps(geo), NOTE: note})
    parquet.write_table(table, path, row_group_size=CHUNK)


def _read_parquet(path: Path) -> tuple[str, Floats, Any, Any]:
    _, parquet = _need_pyarrow()
    table = parquet.read_table(path, columns=["part", "cell", "vector"])
    note = (table.schema.metadata or {}).get(NOTE.encode())
    if note is None:
        raise InputError(f"{shown(path.name)} is a table without an index: give one written by index.save(path).")
    column = table["vector"].combine_chunks()
    size = column.type.list_size
    vectors = column.flatten().to_numpy().reshape(-1, size)
    return note.decode(), vectors, table["part"].to_numpy(), table["cell"].to_numpy()


def _need_pyarrow() -> tuple[Any, Any]:
    if find_spec("pyarrow") is None:
        raise MissingExtraError("GeoParquet", "parquet")
    import pyarrow
    from pyarrow import parquet

    return pyarrow, parquet
