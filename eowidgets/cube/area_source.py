"""Geometries in degrees from every description of an area: tuples, GeoJSON, files, shapely, GeoDataFrames."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol, runtime_checkable

import numpy as np
from annotated_types import doc

from eowidgets.arguments import FilePath
from eowidgets.cube import globe
from eowidgets.cube.antimeridian import straighten
from eowidgets.cube.area_file import read_upload, read_vectors
from eowidgets.errors import InputError, shown, warn_user

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry


@runtime_checkable
class GeoInterface(Protocol):
    """A geometry or table of geometries of shapely, geopandas and others."""

    @property
    def __geo_interface__(self) -> Mapping[str, Any]:
        """Return the GeoJSON of the object."""


@runtime_checkable
class HasWkt(Protocol):
    """A coordinate reference system of pyproj, rasterio or odc-geo."""

    def to_wkt(self) -> str:
        """Return the WKT of the system."""


#: Half the side of the square that stands for a point, in degrees: a millimetre.
POINT = 1e-8

AreaSource = Sequence[Any] | np.ndarray | Mapping[str, Any] | FilePath | GeoInterface
CRSLike = Annotated[str | int | HasWkt, doc("a coordinate reference system such as 'EPSG:32634'")]


def read_geometry(source: Any, crs: Any) -> tuple[BaseGeometry, str | None]:
    """Return a geometry in degrees and its name, if it has one; see `Area.of` for ``source``."""
    return _flat(lambda: _read(source, crs))


def read_content(content: bytes, name: str) -> BaseGeometry:
    """Return the geometry in degrees of a file that was uploaded; see `read_upload`."""
    return _flat(lambda: (_union(read_upload(content, name)), None))[0]


def _flat(read: Callable[[], tuple[BaseGeometry, str | None]]) -> tuple[BaseGeometry, str | None]:
    """Read a geometry without heights."""
    from shapely import force_2d

    try:
        geometry, name = read()
        return force_2d(geometry), name
    except RecursionError:
        raise InputError(
            "The GeoJSON given as area is nested too deeply to be read: give a geometry, a Feature or a FeatureCollection."
        ) from None


def _read(source: Any, crs: Any) -> tuple[BaseGeometry, str | None]:
    from shapely import union_all
    from shapely.geometry import box, shape
    from shapely.geometry.base import BaseGeometry as Geometry

    if isinstance(source, Geometry):
        return _to_lonlat(source, crs), None
    if hasattr(source, "to_crs") and hasattr(source, "geometry"):
        if source.crs is None:
            raise InputError("The GeoDataFrame given as area has no CRS: set it with .set_crs(...).")
        if source.crs.to_epsg() == 4326:
            return union_all(source.geometry.values), None
        return _to_lonlat(union_all(source.geometry.values), source.crs), None
    if isinstance(source, Mapping):
        return _from_mapping(source), _named(source)
    if isinstance(source, str | Path):
        return _union(read_vectors(Path(source))), Path(source).stem
    if isinstance(source, tuple | list) and len(source) == 2 and isinstance(source[0], Geometry | tuple | list):
        return _read(source[0], source[1])
    if isinstance(source, np.ndarray):
        source = source.tolist()
    if isinstance(source, tuple | list) and len(source) == 2:
        return _around_point(source, crs), None
    if isinstance(source, tuple | list) and len(source) == 4:
        try:
            west, south, east, north = (float(v) for v in source)
        except (TypeError, ValueError):
            raise InputError(f"The bounding box {shown(source)} has values that are not numbers.") from None
        if not np.isfinite([west, south, east, north]).all():
            raise InputError(f"The bounding box {shown(source)} has numbers that are not finite.")
        if crs is not None:
            return _to_lonlat(box(west, south, east, north), crs), None
        found = box(*_degrees(west, south, east, north))
        # An edge of 90 degrees is unambiguous; a box far outside the globe is refused later.
        return found.segmentize(90) if 90 < east - west <= 1000 else found, None
    try:
        return shape(source), None  # anything with __geo_interface__
    except (AttributeError, TypeError, ValueError, KeyError):
        raise InputError(
            f"A {type(source).__name__} is not an area: give (west, south, east, north) or (lon, lat) in degrees, GeoJSON, a "
            "path to a GeoJSON, KML or GeoPackage file, a shapely geometry or a GeoDataFrame."
        ) from None


def _around_point(source: Sequence[Any], crs: Any) -> BaseGeometry:
    """Return a square of two millimetres about a point, which covers the one pixel that holds the point."""
    from shapely.geometry import Point, box

    try:
        lon, lat = (float(v) for v in source)
    except (TypeError, ValueError):
        raise InputError(f"The point {shown(source)} has something else than two numbers in it.") from None
    if not np.isfinite([lon, lat]).all():
        raise InputError(f"The point {shown(source)} has numbers in it that are not finite.")
    if crs is not None:
        there = reproject(Point(lon, lat), crs, "EPSG:4326")
        lon, lat = there.x, there.y
    return box(lon - POINT, lat - POINT, lon + POINT, lat + POINT)


def _union(layers: Sequence[Any]) -> BaseGeometry:
    from shapely import union_all

    return union_all([_read(layer, None)[0] for layer in layers])


def _degrees(west: float, south: float, east: float, north: float) -> tuple[float, float, float, float]:
    """Return a box in degrees whose east is greater than its west."""
    if west <= east:
        return west, south, east, north
    if not (east >= -180 and west <= 180 and east + 360 - west < 180):
        raise InputError(
            f"The bounding box ({west:g}, {south:g}, {east:g}, {north:g}) has its west and east swapped: give (west, "
            "south, east, north); one that crosses the antimeridian and is wider than half the globe needs east + 360."
        )
    warn_user(
        f"The bounding box from {west:g} to {east:g}° E is read as crossing the antimeridian; if west and east are "
        f"swapped, exchange them, and else write {east + 360:g} for {east:g}."
    )
    return west, south, east + 360, north


def _from_mapping(mapping: Mapping[str, Any]) -> BaseGeometry:
    from shapely import union_all
    from shapely.errors import ShapelyError
    from shapely.geometry import shape

    if not isinstance(mapping, Mapping):
        raise InputError(f"The GeoJSON given as area holds a {type(mapping).__name__} where an object is needed.")
    kind = mapping.get("type")
    if kind == "FeatureCollection":
        listed = mapping.get("features") or []
        if not isinstance(listed, Sequence) or isinstance(listed, str):
            raise InputError(f"The features of the GeoJSON given as area are a {type(listed).__name__}, not a list.")
        features = [_from_mapping(f) for f in listed]
        if not features:
            raise InputError("The GeoJSON FeatureCollection given as area is empty.")
        return union_all(features)
    if kind == "Feature":
        if not mapping.get("geometry"):
            raise InputError("The GeoJSON Feature given as area has no geometry.")
        return _from_mapping(mapping["geometry"])
    try:
        return shape(mapping)
    except (ShapelyError, AttributeError, TypeError, ValueError, KeyError, IndexError) as error:
        raise InputError(
            f"The GeoJSON given as area cannot be read ({type(error).__name__}): check its type and coordinates."
        ) from None


def _named(mapping: Mapping[str, Any]) -> str | None:
    properties = mapping.get("properties")
    name = properties.get("name") if isinstance(properties, Mapping) else None
    return name[:80] if isinstance(name, str) else None


def _to_lonlat(geometry: BaseGeometry, crs: Any) -> BaseGeometry:
    if crs is None or geometry.is_empty:
        return geometry
    found = reproject(cut_edges(geometry), crs, "EPSG:4326")
    if np.isfinite(found.bounds).all():
        found = straighten(found, poles=_poles_inside(geometry, crs))
    # Points within a tenth of a metre of a straight line need no vertex.
    return found.simplify(1e-6)


def _poles_inside(geometry: BaseGeometry, crs: Any) -> tuple[int, ...]:
    from shapely import contains_xy

    there = [globe.transformer("EPSG:4326", str(crs)).transform(0, 90 * pole) for pole in (1, -1)]
    inside = contains_xy(geometry, [p[0] for p in there], [p[1] for p in there])
    return tuple(pole for pole, found in zip((1, -1), inside, strict=True) if found)


def cut_edges(geometry: BaseGeometry) -> BaseGeometry:
    """Return a geometry with its edges in pieces of at most a sixty-fourth of the whole extent."""
    west, south, east, north = geometry.bounds
    piece = float(np.hypot(east - west, north - south)) / 64
    return geometry.segmentize(piece) if np.isfinite(piece) and piece > 0 else geometry


def reproject(geometry: BaseGeometry, source: Any, target: Any) -> BaseGeometry:
    """Return a geometry with its corners converted from one CRS to another."""
    from pyproj import Transformer
    from pyproj.exceptions import ProjError
    from shapely import transform

    try:
        # odc-geo's CRS prints as its code or WKT, which pyproj reads; pyproj's own CRS does as well.
        transformer = Transformer.from_crs(str(source), str(target), always_xy=True)
    except ProjError:
        raise InputError(
            f"There is no coordinate system {str(source)[:60]!r} or {str(target)[:60]!r}: write it like 'EPSG:32634'."
        ) from None
    return transform(geometry, transformer.transform, interleaved=False)
