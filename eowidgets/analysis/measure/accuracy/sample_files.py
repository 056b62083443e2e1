"""Reading and writing points with their columns, as files and tables."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from eowidgets.contract.labels.labels import Labels
from eowidgets.contract.labels.reading import read_rows
from eowidgets.cube.area_file import need_geopandas
from eowidgets.cube.export.place import target, write_whole
from eowidgets.errors import InputError, shown

ENDINGS = (".gpkg", ".geojson", ".csv")


def read_points(source: Any) -> tuple[pd.DataFrame, list[str]]:
    """Return points as a table with ``lon`` and ``lat`` in degrees, and notes on omitted rows.

    Raises
    ------
    InputError, SourceError
        If there are no points.
    """
    import shapely

    if isinstance(source, Labels):
        if source.raster is not None or source.numeric:
            raise InputError("The samples are a raster or numbers: give points with a class each.")
        table = source.table.drop(columns="geometry")
        names = {c.value: c.name for c in source.classes}
        table = table.assign(label=[names[v] for v in source.table["target"]])
        shapes, notes = np.asarray(source.table["geometry"], dtype=object), list(source.notes)
    else:
        rows = read_rows(source, None)
        shapes, table, notes = rows.shapes, rows.columns, [n.replace("labels", "points") for n in rows.notes]
    if (shapely.get_type_id(shapes) != 0).any():
        raise InputError("The samples have lines or polygons: give points, one for each sampled pixel.")
    table = table.drop(columns=[c for c in table.columns if str(c).lower() in ("lon", "lat", "fid")])
    table.columns = [str(c) for c in table.columns]
    table.insert(0, "lon", shapely.get_x(shapes))
    table.insert(1, "lat", shapely.get_y(shapes))
    return table.reset_index(drop=True), notes


def write_points(table: pd.DataFrame, path: str | Path) -> Path:
    """Write a table with ``lon`` and ``lat`` as GeoPackage, GeoJSON or CSV; no partial file is left.

    Raises
    ------
    InputError, SourceError
    """
    found = target(path, ENDINGS)
    if not len(table):
        raise InputError("There are no points to write.")
    writers = {".csv": _csv, ".geojson": _geojson, ".gpkg": _gpkg}
    return write_whole(found, partial(writers[found.suffix.lower()], table))


def _csv(table: pd.DataFrame, path: Path) -> None:
    table.to_csv(path, index=False, float_format="%.12g")


def _geojson(table: pd.DataFrame, path: Path) -> None:
    features = [
        {
            "type": "Feature",
            "properties": {k: _plain(v) for k, v in row.items() if k not in ("lon", "lat")},
            "geometry": {"type": "Point", "coordinates": [float(row["lon"]), float(row["lat"])]},
        }
        for row in table.to_dict("records")
    ]
    with path.open("w", encoding="utf-8") as file:
        json.dump({"type": "FeatureCollection", "features": features}, file, ensure_ascii=False)


def _gpkg(table: pd.DataFrame, path: Path) -> None:
    geopandas = need_geopandas("Writing a GeoPackage")
    texts = {c: [_plain(v) for v in table[c]] for c in table.columns if table[c].dtype == object}
    frame = geopandas.GeoDataFrame(
        table.assign(**texts).drop(columns=["lon", "lat"]),
        geometry=geopandas.points_from_xy(table["lon"], table["lat"]),
        crs="EPSG:4326",
    )
    frame.to_file(path, layer="sample", driver="GPKG", engine="pyogrio")


def _plain(value: Any) -> Any:
    """Convert a cell for JSON: dates to text, missing values to None."""
    if value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return None
    if isinstance(value, np.generic):
        return value.item()
    return value if isinstance(value, bool | int | float | str) else shown(value) if callable(value) else str(value)
