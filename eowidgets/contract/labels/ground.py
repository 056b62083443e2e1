"""Geometries of labels in degrees: heights dropped, outlines repaired, cut at the antimeridian."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from eowidgets.cube.antimeridian import shifted, split, wrap
from eowidgets.cube.area import MANY, Area
from eowidgets.cube.area_source import reproject
from eowidgets.errors import InputError

Shapes = npt.NDArray[np.object_]

#: Longest edge, in units of a projected CRS, whose curve in degrees can be neglected (a millimetre), and the largest number of
#: pieces into which the extent of a label is cut otherwise.
_SHORT, _PIECES = 50.0, 64
#: Degrees up to which a vertex that was added for a curve is left out again.
_FLAT = 1e-7
#: Longitudes and latitudes up to which coordinates may be degrees.
_LON, _LAT = 540.0, 90.0

NOTHING = "no geometry"
BROKEN = "coordinates that are not numbers"
TANGLED = "an outline that cannot be used"
ELSEWHERE = "coordinates outside the area that the CRS describes"


def on_the_ground(shapes: Shapes, crs: Any) -> tuple[Shapes, npt.NDArray[np.str_], int]:
    """Return geometries in degrees.

    Parameters
    ----------
    shapes : ndarray of shapely geometries
        None where there is no geometry.
    crs : optional
        None for degrees.

    Returns
    -------
    shapes : ndarray
        Two-dimensional and valid, longitudes from -180 to 180.
    faults : ndarray of str
        Why a geometry cannot be used; empty where it can.
    repaired : int
        Number of outlines that crossed themselves and were repaired.

    Raises
    ------
    InputError
        If the coordinates are not degrees and no CRS is given, or there is no such CRS.
    """
    import shapely

    faults = np.full(len(shapes), "", "U64")
    faults[shapely.is_missing(shapes) | shapely.is_empty(shapes)] = NOTHING
    faults[~all_finite(shapes)] = BROKEN
    found = shapes.copy()
    good = np.flatnonzero(faults == "")
    found[good] = _degrees(shapely.force_2d(shapes[good]), crs)
    bounds = shapely.bounds(found[good])
    with np.errstate(invalid="ignore"):
        far = ~(np.abs(bounds[:, [0, 2]]) <= _LON).all(axis=1) | ~(np.abs(bounds[:, [1, 3]]) <= _LAT).all(axis=1)
    if far.any() and crs is None:
        west, south = bounds[int(far.argmax()), :2]
        raise InputError(
            f"The labels have no CRS, and coordinates such as {west:.6g}, {south:.6g} are not degrees: give "
            "crs='EPSG:...'."
        )
    faults[good[far]] = ELSEWHERE
    return _straight(found, faults)


def _degrees(shapes: Shapes, crs: Any) -> Shapes:
    import shapely
    from pyproj import CRS
    from pyproj.exceptions import ProjError

    if crs is None or not len(shapes):
        return shapes
    try:
        known = CRS.from_user_input(crs if isinstance(crs, str | int) else crs.to_wkt())
    except (ProjError, AttributeError, TypeError):
        raise InputError(f"There is no coordinate system {str(crs)[:60]!r}: write it like 'EPSG:32634'.") from None
    if known.to_authority() in (("EPSG", "4326"), ("OGC", "CRS84")):
        return shapes
    cut = shapes
    if not known.is_geographic:
        west, south, east, north = shapely.bounds(shapes).T
        cut = shapely.segmentize(shapes, np.maximum(np.hypot(east - west, north - south) / _PIECES, _SHORT))
    moved: Any = reproject(cut, known.to_wkt(), "EPSG:4326")
    more = shapely.get_num_coordinates(cut) > shapely.get_num_coordinates(shapes)
    moved[more] = shapely.simplify(moved[more], _FLAT)
    return np.asarray(moved, dtype=object)


def _straight(shapes: Shapes, faults: npt.NDArray[np.str_]) -> tuple[Shapes, npt.NDArray[np.str_], int]:
    """Cut shapes that cross the antimeridian and repair outlines; most labels need neither."""
    import shapely

    west, _, east, _ = shapely.bounds(shapes).T
    many = shapely.get_num_coordinates(shapes) > MANY  # checking such an outline for validity may take a minute
    odd = ((west < -180) | (east > 180) | (east - west > 180) | many) & (faults == "")
    plain = np.flatnonzero((faults == "") & ~odd)
    crossed = plain[~shapely.is_valid(shapes[plain])]
    repaired = 0
    for at in [*np.flatnonzero(odd), *crossed]:
        try:
            shapes[at] = _one(shapes[at])
            repaired += int(at in crossed)
        except InputError:
            faults[at] = TANGLED
    return shapes, faults, repaired


def _one(shape: Any) -> Any:
    from shapely import GeometryCollection, MultiPoint

    if shape.geom_type in ("Polygon", "MultiPolygon"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Area.of(shape).geometry
    if shape.geom_type == "Point":
        return type(shape)(_within(shape.x), shape.y)
    if shape.geom_type == "MultiPoint":
        return MultiPoint([_one(point) for point in shape.geoms])
    if shape.geom_type in ("LineString", "LinearRing"):
        return _line(shape)
    return GeometryCollection([_one(part) for part in shape.geoms])


def _within(lon: float) -> float:
    return lon if -180 <= lon <= 180 else wrap(lon)


def _line(line: Any) -> Any:
    """Cut a line at the antimeridian; an edge of more than half a turn takes the short way."""
    from shapely import LineString, union_all
    from shapely.geometry import box

    points = np.asarray(line.coords)[:, :2]
    points[:, 0] = np.unwrap(points[:, 0], period=360)
    whole = LineString(points)
    if whole.length == 0:
        raise InputError("The line has no length.")
    west, _, east, _ = whole.bounds
    first, last = int(np.floor((west + 180) / 360)), int(np.ceil((east + 180) / 360))
    if last - first <= 1:
        return shifted(whole, -360 * first)
    turns = [whole.intersection(box(360 * t - 180, -90, 360 * t + 180, 90)) for t in range(first, last)]
    return union_all([shifted(part, -360 * t) for part, t in zip(turns, range(first, last), strict=True)])


def around(west: float, south: float, east: float, north: float, margin: float) -> Any:
    """Return a box in degrees with a margin, cut at the antimeridian."""
    from shapely.geometry import box

    edges = (
        west - margin,
        max(-90.0, south - margin),
        min(east + margin, west - margin + 360),
        min(90.0, north + margin),
    )
    return split(box(*edges))


def all_finite(shapes: Shapes) -> npt.NDArray[np.bool_]:
    """Return which geometries have only finite coordinates."""
    import shapely

    points, owner = shapely.get_coordinates(shapes, return_index=True)
    found = np.ones(len(shapes), bool)
    found[owner[~np.isfinite(points).all(axis=1)]] = False
    return found
