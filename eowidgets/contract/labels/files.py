"""Labels to files that other tools read."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from eowidgets.contract.labels.columns import CLASS_VALUE, COLOR, ORIGIN, PERIOD, UNIT
from eowidgets.cube.area_file import need_geopandas
from eowidgets.cube.export.place import target, write_whole
from eowidgets.errors import InputError

if TYPE_CHECKING:
    from eowidgets.contract.labels.labels import Labels

ENDINGS = (".gpkg", ".geojson", ".csv")


def write(labels: Labels, path: str | Path) -> Path:
    """Write labels; see `Labels.to_file`."""
    found = target(path, ENDINGS)
    if labels.raster is not None:
        raise InputError("Labels of a raster are pixels: save the raster, for instance with  cube.eow.to_geotiff(...).")
    if not len(labels.table):
        raise InputError("There are no labels to write.")
    columns = columns_of(labels)
    geometry = labels.table["geometry"].to_numpy()
    suffix = found.suffix.lower()
    if suffix == ".csv":
        return write_whole(found, partial(_csv, columns, geometry))
    if suffix == ".geojson":
        return write_whole(found, partial(_geojson, columns, geometry))
    frame = need_geopandas("Writing a GeoPackage").GeoDataFrame(columns, geometry=geometry, crs="EPSG:4326")
    return write_whole(
        found, partial(frame.to_file, layer="labels", driver="GPKG", engine="pyogrio", promote_to_multi=False)
    )


def columns_of(labels: Labels) -> pd.DataFrame:
    """Return the columns that are written: the class or number first, under its own name."""
    table = labels.table
    if labels.numeric:
        made: dict[str, Any] = {"target": table["target"].to_numpy(float), UNIT: labels.unit}
    else:
        by_value = {c.value: c for c in labels.classes}
        chosen = [by_value[v] for v in table["target"].tolist()]
        made = {
            "target": [c.name for c in chosen],
            COLOR: [c.color for c in chosen],
            CLASS_VALUE: table["target"].to_numpy(),
        }
    made |= {name: table[name].to_numpy() for name in (*PERIOD, *ORIGIN)}
    taken = {*(name.lower() for name in made), "geometry", "lon", "lat", "fid", "geom", "type"}
    name = labels.name if labels.name.lower() not in taken else ("value" if labels.numeric else "class")
    return pd.DataFrame(made).rename(columns={"target": name})


def _texts(columns: pd.DataFrame) -> pd.DataFrame:
    """Return the columns with dates as text; empty where a label always holds."""
    found = columns.copy()
    for name in PERIOD:
        moments = columns[name].to_numpy("datetime64[ns]")
        texts = np.where(np.isnat(moments), "", [_iso(m) for m in moments])
        found[name] = texts.astype(object)
    return found


def _iso(moment: Any) -> str:
    return "" if np.isnat(moment) else pd.Timestamp(moment).isoformat()


def _csv(columns: pd.DataFrame, geometry: Any, path: Path) -> None:
    import shapely

    if (shapely.get_type_id(geometry) != 0).any():
        raise InputError("A table (.csv) holds points only: write lines and polygons as .gpkg or .geojson.")
    found = _texts(columns)
    found["lon"], found["lat"] = shapely.get_x(geometry), shapely.get_y(geometry)
    found.to_csv(path, index=False)


def _geojson(columns: pd.DataFrame, geometry: Any, path: Path) -> None:
    from shapely.geometry import mapping

    rows = _texts(columns).to_dict("records")
    features = [
        {
            "type": "Feature",
            "properties": {k: v if v != "" else None for k, v in row.items()},
            "geometry": mapping(shape),
        }
        for row, shape in zip(rows, geometry, strict=True)
    ]
    with path.open("w", encoding="utf-8") as file:
        json.dump({"type": "FeatureCollection", "features": features}, file, ensure_ascii=False)
