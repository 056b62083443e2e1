"""Read examples given by the user: points, pins, areas, vectors, or the vectors of another cube."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import xarray as xr
from annotated_types import doc

from eowidgets.cube import globe
from eowidgets.cube.area import Area
from eowidgets.errors import EowidgetsError, InputError, shown
from eowidgets.learn.index.apart import Points, on_sphere
from eowidgets.learn.index.cells import Floats, Ints, Part, read_parts

#: Maximum number of vectors of an area or a cube, spread evenly over it.
MOST = 2000
#: Maximum nesting depth of lists.
DEEPEST = 2
WANTS = "a point (lon, lat), a pin {'lon': ..., 'lat': ...}, an area, vectors, another cube with vectors, or a list of these"
#: Accepted examples of :meth:`Index.find`.
ExampleLike = Annotated[Any, doc(WANTS)]


@dataclass(frozen=True, eq=False)
class Examples:
    """Vectors with their rows in the index and their positions, if they have any.

    Attributes
    ----------
    vectors : array (n, features)
    rows : array (m,)
        Rows of the index given as examples.
    points : array (p, 3)
        Positions on the sphere.
    """

    vectors: Floats
    rows: Ints
    points: Points


def read_examples(source: Any, parts: Sequence[Part], matrix: Floats, what: str) -> Examples:
    """Return the given examples.

    Parameters
    ----------
    source : see :data:`ExampleLike`
    parts : sequence of Part
        Parts of the index, in the order of the rows.
    matrix : array (n, features)
        Vectors of the index, not standardised.
    what : {"like", "unlike"}
        Name of the argument, for messages.

    Raises
    ------
    InputError
    """
    found = _each(source, parts, matrix, what)
    if not found or not sum(len(one.vectors) for one in found):
        raise InputError(f"{what} is empty: give {WANTS}.")
    vectors = np.concatenate([one.vectors for one in found])
    rows = np.unique(np.concatenate([one.rows for one in found]))
    return Examples(vectors, rows, np.concatenate([one.points for one in found]))


def _each(source: Any, parts: Sequence[Part], matrix: Floats, what: str, depth: int = 0) -> list[Examples]:
    if isinstance(source, xr.Dataset):
        return [_of_cube(source, matrix, what)]
    if isinstance(source, np.ndarray) and source.dtype.kind in "fiu":
        return [_of_vectors(source, matrix, what)]
    point = _as_point(source)
    if point is not None:
        return [_at(*point, parts, matrix)]
    if isinstance(source, list | tuple) and not _is_box(source):
        if depth == DEEPEST:
            raise InputError(f"{what} has nested lists: give {WANTS}.")
        return [one for some in source for one in _each(some, parts, matrix, what, depth + 1)]
    try:
        area = Area.of(source)
    except EowidgetsError as error:
        if isinstance(source, Area | str) or _is_box(source) or (isinstance(source, Mapping) and "type" in source):
            raise
        raise InputError(f"{what} is {shown(source)}: give {WANTS}.") from error
    return [_in_area(area, parts, matrix, what)]


def _as_point(source: Any) -> tuple[float, float] | None:
    if isinstance(source, Mapping) and {"lon", "lat"} <= set(source):
        source = (source["lon"], source["lat"])
    elif getattr(source, "geom_type", "") == "Point" and not source.is_empty:
        source = (source.x, source.y)
    if isinstance(source, list | tuple) and len(source) == 2 and all(_is_number(v) for v in source):
        return float(source[0]), float(source[1])
    return None


def _is_box(source: Any) -> bool:
    return isinstance(source, list | tuple) and len(source) == 4 and all(_is_number(v) for v in source)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def _at(lon: float, lat: float, parts: Sequence[Part], matrix: Floats) -> Examples:
    if not (np.isfinite(lon) and abs(lon) <= 360 and -90 <= lat <= 90):
        raise InputError(
            f"The point {lon:.9g}, {lat:.9g} is outside the range of coordinates: give longitude and latitude in degrees."
        )
    rows, inside, first = [], False, 0
    for part in parts:
        column, row = (float(v) for v in globe.locate(part.box, lon, lat))
        if 0 <= column < part.box.width and 0 <= row < part.box.height:
            inside = True
            place = int(part.find(np.array([int(row) * part.box.width + int(column)]))[0])
            rows += [first + place] if place >= 0 else []
        first += len(part.cells)
    if not inside:
        west, south, east, north = globe.extent(parts[0].box)
        others = f" and {len(parts) - 1} more" if len(parts) > 1 else ""
        raise InputError(
            f"The point {lon:.5f}° E, {lat:.5f}° N lies outside the index: {shown(parts[0].title)} extends from {west:.5f} to "
            f"{east:.5f}° E and from {south:.5f} to {north:.5f}° N{others}."
        )
    if not rows:
        raise InputError(
            f"The point {lon:.5f}° E, {lat:.5f}° N has no vector, because it has no observation: choose another point."
        )
    return Examples(matrix[rows], np.array(rows, np.int64), on_sphere(np.array([lon]), np.array([lat])))


def _in_area(area: Area, parts: Sequence[Part], matrix: Floats, what: str) -> Examples:
    rows, points, first = [], [], 0
    for part in parts:
        place = part.find(np.flatnonzero(area.mask(part.box)))
        place = place[place >= 0]
        rows.append(first + place)
        points.append(on_sphere(*part.lonlat(part.cells[place])))
        first += len(part.cells)
    found = np.concatenate(rows)
    if not len(found):
        raise InputError(
            f"The area {shown(area.name)} in {what} contains no pixel of the index with a vector: draw it inside the cube."
        )
    return Examples(matrix[thinned(found)], found, np.concatenate(points))


def _of_cube(cube: xr.Dataset, matrix: Floats, what: str) -> Examples:
    values = np.concatenate([_same_length(m, matrix, what) for _, m in read_parts(cube, None, "other")])
    if not len(values):
        raise InputError(f"The cube in {what} has no vector: give a cube with observations.")
    return _loose(thinned(values))


def _of_vectors(values: Any, matrix: Floats, what: str) -> Examples:
    if values.ndim not in (1, 2):
        raise InputError(f"{what} has vectors of shape {values.shape}: give (features,) or (n, features).")
    found = _same_length(np.atleast_2d(values).astype(np.float32), matrix, what)
    if not np.isfinite(found).all():
        raise InputError(f"A vector in {what} has NaN or infinite values: leave out pixels without a vector.")
    return _loose(thinned(found))


def _same_length(values: Floats, matrix: Floats, what: str) -> Floats:
    if values.shape[1] != matrix.shape[1]:
        raise InputError(
            f"The vectors in {what} have {values.shape[1]} features, but those of the index have "
            f"{matrix.shape[1]}: embed both with "
            "the same model."
        )
    return values


def _loose(vectors: Floats) -> Examples:
    return Examples(vectors, np.empty(0, np.int64), np.empty((0, 3)))


def thinned(values: Any) -> Any:
    """Return at most :data:`MOST` evenly spaced rows."""
    return values[:: -(-len(values) // MOST)] if len(values) > MOST else values
