"""Reading and writing parcels as CSV, GeoParquet and GeoPackage."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from eowidgets.analysis.measure.parcels.report import ParcelReport
from eowidgets.cube.area_file import need_geopandas
from eowidgets.cube.export.place import target, write_whole
from eowidgets.engine.writers.parts import note_of
from eowidgets.errors import InputError, MissingExtraError, SourceError, shown

if TYPE_CHECKING:
    from eowidgets.analysis.measure.parcels.parcels import Parcels

ENDINGS = (".parquet", ".gpkg", ".csv")
#: Layers of a GeoPackage.
OUTLINES, SERIES = "parcels", "series"
#: Columns of the table before the statistics.
KEYS = ("parcel", "name", "date", "index")


def write(parcels: Parcels, path: str | Path) -> Path:
    """Write parcels; see `Parcels.save`."""
    found = target(path, ENDINGS)
    suffix = found.suffix.lower()
    writers = {".csv": _csv, ".parquet": _geoparquet, ".gpkg": _geopackage}
    if suffix == ".parquet":
        _need_pyarrow()
    return write_whole(found, partial(writers[suffix], parcels))


def read(path: str | Path) -> dict[str, Any]:
    """Read the fields of saved parcels; see `Parcels.open`."""
    found = Path(path).expanduser()
    if not found.is_file():
        raise InputError(f"There is no file {shown(str(path))}: give a path that Parcels.save wrote.")
    readers = {".parquet": _read_geoparquet, ".gpkg": _read_geopackage}
    suffix = found.suffix.lower()
    if suffix not in readers:
        raise InputError(
            f"{shown(found.name)} does not hold outlines: open a .parquet or .gpkg file that Parcels.save wrote."
        )
    if suffix == ".parquet":
        _need_pyarrow()
    need_geopandas(f"Reading {shown(found.name)}")
    try:
        notes = json.loads(note_of(found))
        outlines, table = readers[suffix](found)
        return _assembled(outlines, table, notes)
    except Exception as error:  # pyarrow, pyogrio and json raise errors of many kinds
        raise SourceError(
            f"{shown(found.name)} cannot be read as parcels ({type(error).__name__}): it is damaged, or was not written "
            "by Parcels.save."
        ) from error


def _assembled(outlines: pd.DataFrame, table: pd.DataFrame, notes: dict[str, Any]) -> dict[str, Any]:
    report = notes.pop("report")
    indices = tuple(notes["arguments"]["indices"])
    stats = [c for c in notes["arguments"]["stats"] if c in table]
    length = len(table) // (report["measured"] * len(indices))
    shape = (len(indices), report["measured"], length)
    values = {stat: table[stat].to_numpy("int32" if stat == "count" else "float32").reshape(shape) for stat in stats}
    times = table["date"].to_numpy("datetime64[ns]")[:length]
    entries: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in report.items()}
    found = ParcelReport(**entries)
    return {
        "outlines": pd.DataFrame(outlines),
        "times": times,
        "indices": indices,
        "values": values,
        "report": found,
        "provenance": json.dumps(notes),
    }


def _noted(parcels: Parcels) -> str:
    """Return the provenance together with the report, for files."""
    return json.dumps({**json.loads(parcels.provenance), "report": asdict(parcels.report)})


def _csv(parcels: Parcels, path: Path) -> None:
    table = parcels.table
    whole_days = (parcels.times == parcels.times.astype("datetime64[D]")).all()
    table.to_csv(path, index=False, date_format="%Y-%m-%d" if whole_days else "%Y-%m-%dT%H:%M:%S", float_format="%.6g")


def _geoparquet(parcels: Parcels, path: Path) -> None:
    """Write the table with the outline of each row, and the outlines without rows at the end."""
    rows = parcels.table.merge(parcels.outlines.drop(columns="name"), on="parcel", how="left", sort=False)
    rest = parcels.outlines[parcels.outlines["size"] == "outside"]
    combined = rows
    if len(rest):
        combined = pd.concat([rows, rest], ignore_index=True)
        if "count" in combined:
            combined["count"] = combined["count"].astype("Int32")
    frame = need_geopandas("GeoParquet").GeoDataFrame(combined, geometry="geometry", crs="EPSG:4326")
    frame.attrs = {"provenance": _noted(parcels)}
    frame.to_parquet(path, index=False)


def _read_geoparquet(path: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    import geopandas

    found = pd.DataFrame(geopandas.read_parquet(path))
    common = [c for c in found.columns if c not in KEYS[2:]]
    table = found[found["date"].notna()]
    stats = json.loads(note_of(path))["arguments"]["stats"]
    outlines = found[[c for c in common if c not in stats]].drop_duplicates("parcel").reset_index(drop=True)
    return outlines, table


def _geopackage(parcels: Parcels, path: Path) -> None:
    import pyogrio

    frame = parcels.gdf
    pyogrio.write_dataframe(
        frame,
        path,
        layer=OUTLINES,
        driver="GPKG",
        geometry_type="Unknown" if frame.geom_type.nunique() > 1 else frame.geom_type.iloc[0],
        dataset_metadata={"provenance": _noted(parcels)},
    )
    pyogrio.write_dataframe(parcels.table, path, layer=SERIES, driver="GPKG", append=True)


def _read_geopackage(path: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    import pyogrio

    return pyogrio.read_dataframe(path, layer=OUTLINES), pyogrio.read_dataframe(path, layer=SERIES, read_geometry=False)


def _need_pyarrow() -> None:
    from importlib.util import find_spec

    if find_spec("pyarrow") is None:
        raise MissingExtraError("GeoParquet", "parquet")
