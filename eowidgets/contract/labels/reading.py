"""Labels of vector data from every source: geometries in degrees with the columns next to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from eowidgets.contract.labels.ground import Shapes, on_the_ground
from eowidgets.cube.area import Area
from eowidgets.cube.area_file import FORMATS, read_vectors
from eowidgets.cube.sources.local import DRIVERS
from eowidgets.errors import InputError, SourceError, shown, words
from eowidgets.system import check_plain

TABLES = (".csv", ".tsv")
#: Names of columns with coordinates, in lower case.
AXES = (("lon", "lat"), ("longitude", "latitude"), ("lng", "lat"), ("long", "lat"), ("x", "y"))
#: Bytes of a file from which its separator is read.
_HEAD = 65_536


@dataclass(frozen=True)
class Rows:
    """Labels before their class is known.

    Attributes
    ----------
    shapes : ndarray of shapely geometries
        In degrees.
    columns : DataFrame
        The columns of the source.
    notes : tuple of str
        Sentences on labels that were left out or corrected.
    total : int
        How many there were in the source.
    """

    shapes: Shapes
    columns: pd.DataFrame
    notes: tuple[str, ...]
    total: int


def share(count: int, total: int) -> str:
    """Return ``"3 of 120 labels have"``."""
    return f"{count:,} of {total:,} labels {'has' if count == 1 else 'have'}"


def left_out(count: int, total: int, why: str) -> list[str]:
    """Return a note on labels that were left out, where there are any."""
    return [f"{share(count, total)} {why} and {'was' if count == 1 else 'were'} left out."] if count else []


def read_rows(source: Any, crs: Any) -> Rows:
    """Read the labels of a source of vector data; see `Labels.of`.

    Raises
    ------
    InputError, SourceError, MissingExtraError
    """
    try:
        layers = _layers(source, crs)
    except RecursionError:
        raise InputError(f"The labels in {_called(source)} are nested too deeply to be read.") from None
    read = [(*on_the_ground(shapes, found), columns) for shapes, columns, found in layers]
    total = sum(len(columns) for *_, columns in read)
    if not total:
        raise InputError(f"There are no labels in {_called(source)}: draw or give at least one.")
    shapes = np.concatenate([part for part, *_ in read])
    faults = np.concatenate([part for _, part, _, _ in read])
    # The first of several columns of the same name is used.
    parts = [part.loc[:, ~part.columns.duplicated()] for *_, part in read]
    columns = pd.concat(parts, ignore_index=True)
    good = faults == ""
    notes = [n for why in dict.fromkeys(faults[~good]) for n in left_out(int((faults == why).sum()), total, str(why))]
    if not good.any():
        raise InputError(f"No label in {_called(source)} can be used: {' or '.join(dict.fromkeys(faults))}.")
    repaired = sum(part for _, _, part, _ in read)
    if repaired:
        notes.append(f"{share(repaired, total)} an outline that crossed itself and was repaired.")
    return Rows(shapes[good], columns[good].reset_index(drop=True), tuple(notes), total)


def _called(source: Any) -> str:
    if isinstance(source, str | Path):
        return shown(Path(source).name)
    return f"the {type(source).__name__} given as labels"


def _layers(source: Any, crs: Any) -> list[tuple[Shapes, pd.DataFrame, Any]]:
    """Return geometries, columns and CRS of each layer."""
    from shapely.geometry.base import BaseGeometry

    if isinstance(source, str | Path):
        return _file(Path(source).expanduser(), crs)
    if hasattr(source, "to_crs") and hasattr(source, "geometry"):
        return [_frame(source, crs)]
    if isinstance(source, pd.DataFrame):
        return [_table(source, crs)]
    if isinstance(source, Mapping):
        return [_geojson(source, crs)]
    if isinstance(source, list | tuple) and source and all(isinstance(one, Mapping) for one in source):
        return [_drawn(source, crs)]
    if isinstance(source, Area | BaseGeometry):
        raise InputError(
            f"The {type(source).__name__} given as labels has no class: give a GeoDataFrame or GeoJSON features with a "
            "column for the class."
        )
    raise InputError(
        f"labels of Labels.of are {shown(source)}: give a GeoDataFrame, GeoJSON, a table with lon and lat, a class raster, "
        "pins and polygons of a widget, or the path of a file with one of these."
    )


def _file(path: Path, crs: Any) -> list[tuple[Shapes, pd.DataFrame, Any]]:
    suffix = path.suffix.lower()
    if suffix in TABLES:
        return [_table(_csv(path), crs)]
    if suffix not in FORMATS:
        known = ", ".join((*FORMATS, *TABLES, *DRIVERS))
        raise InputError(f"{shown(path.name)} is not a file that labels are read from: give one of {known}.")
    return [_geojson(one, crs) if isinstance(one, Mapping) else _frame(one, crs) for one in read_vectors(path)]


def _csv(path: Path) -> pd.DataFrame:
    if not path.exists():
        raise InputError(f"There is no file {shown(str(path))}: give the path of a table with lon, lat and a class.")
    check_plain(path)
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD).split(b"\n", 1)[0].decode("utf-8-sig", "replace")
        separator = max(",;\t", key=head.count)
        return pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (ValueError, OSError) as error:  # pandas' own errors, and text in another encoding
        raise SourceError(f"The file {shown(path.name)} cannot be read as a table ({words(error)}).") from error


def _table(table: pd.DataFrame, crs: Any) -> tuple[Shapes, pd.DataFrame, Any]:
    import shapely
    from shapely.geometry.base import BaseGeometry

    names = {str(name).strip().lower(): name for name in table.columns}
    if "geometry" in names and all(isinstance(g, BaseGeometry | None) for g in table[names["geometry"]]):
        return np.array([*table[names["geometry"]], None], object)[:-1], table.drop(columns=names["geometry"]), crs
    axes = next((pair for pair in AXES if set(pair) <= set(names)), None)
    if axes is None:
        raise InputError(
            f"The table of labels has no columns lon and lat (found: {_listed(table)}): rename them, or give a GeoDataFrame."
        )
    x, y = (_numbers(table[names[axis]]) for axis in axes)
    shapes = np.array([*shapely.points(x, y), None], dtype=object)[:-1]
    shapes[np.isnan(x) | np.isnan(y)] = None
    return shapes, table.drop(columns=[names[axis] for axis in axes]), crs


def _numbers(cells: pd.Series) -> Any:
    return pd.to_numeric(cells, errors="coerce").to_numpy(float, na_value=np.nan)


def _listed(table: pd.DataFrame) -> str:
    return (
        ", ".join(str(name)[:30] for name in table.columns[:8]) + (", ..." if len(table.columns) > 8 else "") or "none"
    )


def _frame(frame: Any, crs: Any) -> tuple[Shapes, pd.DataFrame, Any]:
    shapes = np.array([*frame.geometry.values, None], dtype=object)[:-1]
    columns = (
        pd.DataFrame(frame.drop(columns=frame.geometry.name))
        if hasattr(frame, "columns")
        else pd.DataFrame(index=range(len(shapes)))
    )
    if frame.crs is not None and crs is not None and frame.crs != crs:
        raise InputError(f"The labels have the CRS {str(frame.crs)[:60]!r}, not {str(crs)[:60]!r}: leave crs= out.")
    return shapes, columns.reset_index(drop=True), crs if frame.crs is None else frame.crs


def _geojson(mapping: Mapping[str, Any], crs: Any) -> tuple[Shapes, pd.DataFrame, Any]:
    kind = mapping.get("type")
    features = mapping.get("features") if kind == "FeatureCollection" else [mapping]
    if not isinstance(features, Sequence) or isinstance(features, str):
        raise InputError(f"The features of the GeoJSON given as labels are {shown(features)}, not a list.")
    if kind not in ("FeatureCollection", "Feature"):
        features = [{"geometry": mapping}]
    shapes = np.full(len(features), None, dtype=object)
    rows = []
    for at, feature in enumerate(features):
        if not isinstance(feature, Mapping):
            raise InputError(f"Feature {at + 1} of the GeoJSON given as labels is {shown(feature)}, not an object.")
        shapes[at] = _shape(feature.get("geometry"), f"Feature {at + 1} of the GeoJSON given as labels")
        properties = feature.get("properties")
        rows.append(dict(properties) if isinstance(properties, Mapping) else {})
    return shapes, pd.DataFrame(rows, index=range(len(rows))), crs if crs is not None else _stated(mapping)


def _shape(geometry: Any, what: str) -> Any:
    from shapely.errors import ShapelyError
    from shapely.geometry import shape

    if not geometry:
        return None
    try:
        return shape(geometry)
    except (ShapelyError, AttributeError, TypeError, ValueError, KeyError, IndexError) as error:
        raise InputError(f"{what} cannot be read ({type(error).__name__}): check its type and coordinates.") from None


def _stated(mapping: Mapping[str, Any]) -> Any:
    """Return the CRS that a GeoJSON of before RFC 7946 states."""
    crs = mapping.get("crs")
    properties = crs.get("properties") if isinstance(crs, Mapping) else None
    name = properties.get("name") if isinstance(properties, Mapping) else None
    return name if isinstance(name, str) else None


def _drawn(source: Sequence[Mapping[str, Any]], crs: Any) -> tuple[Shapes, pd.DataFrame, Any]:
    """Read pins and polygons of widgets, or features of GeoJSON."""
    from shapely import Point

    if all("type" in one and "geometry" in one for one in source):
        return _geojson({"type": "FeatureCollection", "features": list(source)}, crs)
    shapes = np.full(len(source), None, dtype=object)
    rows = []
    for at, one in enumerate(source):
        what = f"Label {at + 1} of the list"
        if "geometry" in one:
            shapes[at] = _shape(one["geometry"], what)
        else:
            try:
                shapes[at] = Point(float(one["lon"]), float(one["lat"]))
            except (KeyError, TypeError, ValueError):
                raise InputError(
                    f'{what} is {shown(dict(one))}: give pins such as {{"lon": 24.01, "lat": 45.85, "class": "water"}}, '
                    'or polygons with a "geometry".'
                ) from None
        rows.append({k: v for k, v in one.items() if k not in ("lon", "lat", "geometry")})
    return shapes, pd.DataFrame(rows, index=range(len(rows))), crs
