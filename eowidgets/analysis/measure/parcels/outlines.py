"""Outlines of parcels from any source of polygons, each with an id and a name."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from eowidgets.analysis.measure.parcels.statistics import is_stat
from eowidgets.contract.labels.ground import Shapes
from eowidgets.contract.labels.reading import read_rows
from eowidgets.cube.antimeridian import polygons as parts_of
from eowidgets.cube.area import Area
from eowidgets.errors import EowidgetsError, InputError, shown, unknown

#: Columns that name a parcel, in lower case; the first one with a value is used.
NAMES = (
    *("name", "parcel", "parcel_name", "parcel_id", "field", "field_name", "field_id", "plot", "plot_name", "plot_id"),
    *("id", "fid", "objectid", "gid", "uid", "code", "label", "title"),
)
#: Reserved column names of results; a source column with such a name gets an underscore.
OWN = ("parcel", "name", "pixels", "size", "overlap", "date", "index", "geometry", "fid")
#: Hexadecimal digits in the id of a parcel without a name, and decimals to which its corners are rounded for the id.
DIGITS, ROUNDED = 6, 7


@dataclass(frozen=True)
class Outlines:
    """Polygons with an id and a name.

    Attributes
    ----------
    shapes : ndarray of shapely polygons
        Longitude and latitude in degrees.
    columns : DataFrame
        ``parcel`` (the id, unique), ``name``, and the other columns of the source.
    notes : tuple of str
        One sentence for each omission or correction.
    """

    shapes: Shapes
    columns: pd.DataFrame
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.shapes)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east and north of all polygons, in degrees."""
        import shapely

        west, south, east, north = (float(v) for v in shapely.total_bounds(self.shapes))
        return west, south, east, north


def read_outlines(source: Any, name: str | None = None, crs: Any = None) -> Outlines:
    """Read the polygons of a source.

    Parameters
    ----------
    source : GeoDataFrame, mapping, Area, geometry, list of these, str or Path
        A GeoDataFrame; GeoJSON; areas or geometries; or the path of GeoJSON, GeoPackage, FlatGeobuf, KML or a zipped shapefile.
    name : str, optional
        The column with the names; by default the first of :data:`NAMES` that has a value.
    crs : optional
        CRS of the coordinates where the source states none and they are not degrees.

    Raises
    ------
    InputError, SourceError, MissingExtraError
        If there is no polygon, the source cannot be read, or the column is missing.
    """
    try:
        rows = read_rows(_described(source), crs)
    except EowidgetsError as error:
        error.args = tuple(_worded(arg) if isinstance(arg, str) else arg for arg in error.args)
        raise
    shapes, kept = _polygons(rows.shapes)
    notes = [_worded(note) for note in rows.notes]
    lost = len(rows.shapes) - len(shapes)
    if not len(shapes):
        raise InputError("The polygons are points or lines, which have no area: give the outlines of the parcels.")
    if lost:
        notes.append(f"{lost} of {len(rows.shapes)} shapes {_is(lost)} a point or a line and {_was(lost)} left out.")
    columns = rows.columns[kept].reset_index(drop=True)
    found, names = _names(columns, name)
    ids, more = identified(names, shapes)
    others = columns.drop(columns=[] if found is None else [found])
    others.columns = [f"{c}_" if str(c).lower() in OWN or is_stat(str(c)) else str(c) for c in others.columns]
    # Of several columns with one name, only the first is kept.
    others = others.loc[:, ~others.columns.duplicated()]
    keys = pd.DataFrame({"parcel": ids, "name": [n or i for n, i in zip(names, ids, strict=True)]})
    return Outlines(shapes, pd.concat([keys, others], axis=1), (*notes, *more))


def identified(names: Sequence[str], shapes: Iterable[Any]) -> tuple[list[str], list[str]]:
    """Return a unique id for each parcel, and notes.

    The id is the name. Parcels that share a name are numbered in their order. A parcel without a name gets an id
    computed from its outline, which does not depend on the order or the file.

    Parameters
    ----------
    names : sequence of str
        Empty for a parcel without a name.
    shapes : iterable of shapely polygons

    Examples
    --------
    >>> from shapely import box
    >>> ids, notes = identified(["mill", "", "mill"], [box(0, 0, 1, 1), box(1, 0, 2, 1), box(2, 0, 3, 1)])
    >>> ids
    ['mill (1)', 'parcel-0b9a79', 'mill (2)']
    """
    bare = [name or _from_outline(shape) for name, shape in zip(names, shapes, strict=True)]
    counts, taken, seen = Counter(bare), set(bare), Counter[str]()
    ids: list[str] = []
    for one in bare:
        found = one
        while found in taken and counts[one] > 1:
            seen[one] += 1
            found = f"{one} ({seen[one]})"
        taken.add(found)
        ids.append(found)
    notes = []
    shared = [(one, count) for one, count in Counter(n for n in names if n).items() if count > 1]
    if shared:
        one, count = shared[0]
        more = f" ({len(shared)} such names)" if len(shared) > 1 else ""
        notes.append(f"{count} parcels share the name {shown(one)}{more}: the column parcel numbers them.")
    missing = sum(not name for name in names)
    if missing:
        notes.append(f"{missing} of {len(ids)} parcels {_has(missing)} no name: their ids come from their outlines.")
    return ids, notes


def _from_outline(shape: Any) -> str:
    points = np.round(_corners(shape), ROUNDED) + 0.0  # no negative zero
    lines = sorted(f"{x:.{ROUNDED}f} {y:.{ROUNDED}f}" for x, y in points.tolist())
    return f"parcel-{hashlib.sha256(';'.join(lines).encode()).hexdigest()[:DIGITS]}"


def _corners(shape: Any) -> Any:
    import shapely

    return np.unique(shapely.get_coordinates(shape), axis=0)


def _described(source: Any) -> Any:
    """Convert a source to a form that the reader of labels accepts."""
    from shapely.geometry.base import BaseGeometry

    if isinstance(source, Area | BaseGeometry):
        source = [source]
    if isinstance(source, list | tuple) and source and all(isinstance(one, Area | BaseGeometry) for one in source):
        named = [(one.geometry, one.name) if isinstance(one, Area) else (one, "") for one in source]
        shapes = np.empty(len(named), dtype=object)
        shapes[:] = [shape for shape, _ in named]
        return pd.DataFrame({"geometry": shapes, "name": ["" if n == "area" else n for _, n in named]})
    known = isinstance(source, str | Path | dict | pd.DataFrame | list | tuple) or hasattr(source, "to_crs")
    if not known or (isinstance(source, list | tuple) and not source):
        raise InputError(
            f"polygons is {shown(source)}: give a GeoDataFrame, GeoJSON, areas, or the path of a file with polygons."
        )
    if isinstance(source, list | tuple) and not all(isinstance(one, dict) and "geometry" in one for one in source):
        box = len(source) == 4 and not any(isinstance(v, list | tuple | dict | Area) for v in source)
        return _described([Area.of(one) for one in ([tuple(source)] if box else source)])
    return source


def _polygons(shapes: Shapes) -> tuple[Shapes, Any]:
    """Return the polygons in some shapes, and a mask of the shapes that are polygons."""
    import shapely

    kept = shapely.get_dimensions(shapes) == 2
    found = shapes[kept].copy()
    for at in np.flatnonzero(shapely.get_type_id(found) == 7):  # collections of polygons, lines and points
        found[at] = shapely.multipolygons(parts_of(found[at]))
    return found, kept


def _names(columns: pd.DataFrame, given: str | None) -> tuple[Any, list[str]]:
    """Return the column of the names and the name of each parcel, empty for a parcel without one."""
    if given is not None:
        known = {str(c): c for c in columns.columns}
        if given not in known:
            raise unknown("column", given, known)
        return known[given], [_text(v) for v in columns[known[given]].tolist()]
    lower = {str(c).strip().lower(): c for c in reversed(columns.columns)}
    for one in NAMES:
        if one in lower:
            found = [_text(v) for v in columns[lower[one]].tolist()]
            if any(found):
                return lower[one], found
    return None, [""] * len(columns)


def _text(value: Any) -> str:
    if isinstance(value, float) and np.isfinite(value) and value == int(value):
        value = int(value)
    missing = value is None or (pd.api.types.is_scalar(value) and pd.isna(value))
    return "" if missing else " ".join(str(value).split())[:200]


def _worded(text: str) -> str:
    """Adapt a message about labels to polygons, because one reader serves both."""
    return text.replace("labels", "polygons").replace("Label", "Polygon").replace("label", "polygon")


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _was(count: int) -> str:
    return "was" if count == 1 else "were"


def _has(count: int) -> str:
    return "has" if count == 1 else "have"
