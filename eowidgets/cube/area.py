"""An area of interest as a value: a geometry in lon/lat that knows its size and its mask on a grid."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from eowidgets.errors import InputError, MissingExtraError, SourceError

if TYPE_CHECKING:
    import geopandas as gpd
    from odc.geo.geobox import GeoBox
    from shapely.geometry.base import BaseGeometry

#: An edge is cut into pieces at most this long (degrees) before it is reprojected, so that it bends as it should.
_SEGMENT = 0.01


@dataclass(frozen=True)
class Area:
    """A place on the ground.

    Make one with :meth:`of`; whatever takes ``area=`` in this package takes what :meth:`of` takes.

    Attributes
    ----------
    geometry : shapely geometry
        Polygon or multipolygon, longitude and latitude in degrees (EPSG:4326).
    name : str
        For legends and file names.
    """

    geometry: BaseGeometry
    name: str = "area"

    @classmethod
    def of(cls, source: Any, crs: Any = None, name: str | None = None) -> Area:
        """Make an area from whatever describes one.

        Parameters
        ----------
        source : Area, tuple, mapping, str, Path, geometry or GeoDataFrame
            ``(west, south, east, north)``; a GeoJSON geometry, Feature or FeatureCollection; a path to
            GeoJSON or GeoPackage; a shapely geometry; a GeoDataFrame or GeoSeries; another area.
        crs : optional
            CRS of a tuple or shapely geometry where it is not lon/lat.
        name : str, optional
            A name for it.

        Raises
        ------
        InputError
            If there is no area in it, or it is not in degrees, or it crosses the antimeridian.

        Examples
        --------
        >>> Area.of((23.9, 45.8, 24.0, 45.9)).hectares > 8000
        True
        """
        if isinstance(source, Area):
            return source if name is None else cls(source.geometry, name)
        geometry, found = _geometry(source, crs)
        return cls(_checked(geometry), name or found or "area")

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north in degrees."""
        west, south, east, north = self.geometry.bounds
        return float(west), float(south), float(east), float(north)

    @cached_property
    def hectares(self) -> float:
        """Size on the ellipsoid, in hectares."""
        from pyproj import Geod
        from shapely import orient_polygons

        # pyproj takes a ring's turning for its sign, and joins corners by great circles, while an edge of a GeoJSON
        # polygon is straight in degrees: turned alike and cut short, both mean the same.
        pieces = _cut(orient_polygons(self.geometry))
        square_metres, _ = Geod(ellps="WGS84").geometry_area_perimeter(pieces)
        return abs(float(square_metres)) / 1e4

    @property
    def geojson(self) -> dict[str, Any]:
        """As a GeoJSON geometry."""
        from shapely.geometry import mapping

        # Through JSON: tuples become lists, as in every GeoJSON that comes from elsewhere.
        return json.loads(json.dumps(mapping(self.geometry)))  # type: ignore[no-any-return]

    def to_crs(self, crs: Any) -> BaseGeometry:
        """The geometry in another CRS, its long edges bent as the projection bends them."""
        return _reproject(self.geometry.segmentize(_SEGMENT), "EPSG:4326", crs)

    def gdf(self) -> gpd.GeoDataFrame:
        """As a GeoDataFrame with one row, its name and its hectares."""
        geopandas = _geopandas("A GeoDataFrame")
        row = {"name": [self.name], "hectares": [round(self.hectares, 4)]}
        return geopandas.GeoDataFrame(row, geometry=[self.geometry], crs="EPSG:4326")

    def mask(self, geobox: GeoBox, all_touched: bool | None = None) -> npt.NDArray[np.bool_]:
        """Which pixels belong to the area.

        Parameters
        ----------
        geobox : GeoBox
        all_touched : bool, optional
            False: pixels whose centre lies inside; True: all that the area touches. None: the first, or, where the
            area holds no centre at all, the second.

        Returns
        -------
        ndarray, shape (y, x), bool
        """
        from rasterio.features import geometry_mask

        projected = self.to_crs(geobox.crs)
        shape = (geobox.height, geobox.width)
        inside = geometry_mask([projected], shape, geobox.affine, invert=True, all_touched=bool(all_touched))
        if all_touched is None and not inside.any():
            inside = geometry_mask([projected], shape, geobox.affine, invert=True, all_touched=True)
        return np.asarray(inside, dtype=bool)

    def __repr__(self) -> str:
        """Name, centre and size."""
        west, south, east, north = self.bounds
        return f"Area({self.name!r}, {(west + east) / 2:.4f}° E, {(south + north) / 2:.4f}° N, {self.hectares:.1f} ha)"


def _geometry(source: Any, crs: Any) -> tuple[BaseGeometry, str | None]:
    from shapely import union_all
    from shapely.geometry import box, shape
    from shapely.geometry.base import BaseGeometry as Geometry

    if isinstance(source, Geometry):
        return _to_lonlat(source, crs), None
    if hasattr(source, "to_crs") and hasattr(source, "geometry"):
        if source.crs is None:
            raise InputError("The GeoDataFrame given as area has no CRS: set it with .set_crs(...).")
        return union_all(source.to_crs("EPSG:4326").geometry.values), None
    if isinstance(source, Mapping):
        return _from_mapping(source), _named(source)
    if isinstance(source, str | Path):
        return _from_file(Path(source)), Path(source).stem
    if isinstance(source, tuple | list) and len(source) == 2 and isinstance(source[0], Geometry | tuple | list):
        return _geometry(source[0], source[1])
    if isinstance(source, tuple | list | np.ndarray) and len(source) == 4:
        try:
            west, south, east, north = (float(v) for v in source)
        except (TypeError, ValueError):
            raise InputError(f"The bounding box {source!r} has something else than numbers in it.") from None
        if not np.isfinite([west, south, east, north]).all():
            raise InputError(f"The bounding box {source!r} has numbers in it that are not finite.")
        if crs is None and west > east:
            raise InputError(
                f"The bounding box {tuple(source)} runs from west to east over the antimeridian or has west and east "
                "swapped: give the two sides of the antimeridian as two areas."
            )
        return _to_lonlat(box(west, south, east, north), crs), None
    try:
        return shape(source), None  # anything with __geo_interface__
    except (AttributeError, TypeError, ValueError, KeyError):
        raise InputError(
            f"A {type(source).__name__} is not an area: give (west, south, east, north) in degrees, GeoJSON, a path to "
            "a GeoJSON or GeoPackage file, a shapely geometry or a GeoDataFrame."
        ) from None


def _from_mapping(mapping: Mapping[str, Any]) -> BaseGeometry:
    from shapely import union_all
    from shapely.errors import ShapelyError
    from shapely.geometry import shape

    kind = mapping.get("type")
    if kind == "FeatureCollection":
        features = [_from_mapping(f) for f in mapping.get("features", [])]
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
    name = (mapping.get("properties") or {}).get("name")
    return name[:80] if isinstance(name, str) else None


def _from_file(path: Path) -> BaseGeometry:
    if not path.exists():
        raise InputError(f"There is no file {str(path)!r}: give a path to a GeoJSON or GeoPackage file.")
    if path.suffix.lower() in (".json", ".geojson"):
        try:
            return _from_mapping(json.loads(path.read_text(encoding="utf-8")))
        except (json.JSONDecodeError, UnicodeDecodeError, AttributeError):
            raise SourceError(f"The file {path.name!r} is not GeoJSON.") from None
    geopandas = _geopandas(f"Reading {path.name!r}")
    try:
        frame = geopandas.read_file(path)
    except Exception as error:  # pyogrio raises many kinds; all mean the same to the person
        raise SourceError(f"The file {path.name!r} cannot be read as vector data ({type(error).__name__}).") from error
    geometry, _ = _geometry(frame, None)
    return geometry


def _geopandas(what: str) -> Any:
    try:
        import geopandas
    except ImportError:
        raise MissingExtraError(what, "lab") from None
    return geopandas


def _to_lonlat(geometry: BaseGeometry, crs: Any) -> BaseGeometry:
    if crs is None or geometry.is_empty:
        return geometry
    # What stays within a tenth of a metre of a straight line needs no vertex.
    return _reproject(_cut(geometry), crs, "EPSG:4326").simplify(1e-6)


def _cut(geometry: BaseGeometry) -> BaseGeometry:
    """Edges in pieces of at most a sixty-fourth of the whole extent."""
    west, south, east, north = geometry.bounds
    piece = float(np.hypot(east - west, north - south)) / 64
    return geometry.segmentize(piece) if np.isfinite(piece) and piece > 0 else geometry


def _reproject(geometry: BaseGeometry, source: Any, target: Any) -> BaseGeometry:
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


def _checked(geometry: BaseGeometry) -> BaseGeometry:
    from warnings import warn

    from shapely import is_valid_reason, make_valid

    if geometry.is_empty:
        raise InputError("The area is empty: draw or give a polygon.")
    if not np.isfinite(geometry.bounds).all():
        raise InputError("The area has coordinates that are not numbers.")
    geometry = _on_the_first_world(geometry)
    west, south, east, north = geometry.bounds
    if west < -180 or east > 180 or south < -90 or north > 90:
        raise InputError(
            f"The area reaches from {west:.6g}, {south:.6g} to {east:.6g}, {north:.6g}, which are not degrees "
            "(or cross the antimeridian): give longitude and latitude, or Area.of(geometry, crs=...)."
        )
    if east - west > 180:
        raise InputError(
            "The area is wider than half the globe: where it crosses the antimeridian, give its two sides as two areas."
        )
    # A bow tie drawn by hand becomes the two triangles that were meant; points and lines have no area.
    polygons = _polygons(geometry if geometry.is_valid else make_valid(geometry))
    if polygons.is_empty or polygons.area == 0:
        raise InputError("The area has no size: a point or a line was given where a polygon is needed.")
    if not geometry.is_valid:
        warn(f"The area crossed itself and was mended ({is_valid_reason(geometry)}): look at it.", stacklevel=4)
    return polygons


def _on_the_first_world(geometry: BaseGeometry) -> BaseGeometry:
    """Bring back what was drawn on a repeated map of the world, where longitudes go on past 180."""
    from shapely import transform

    west, _, east, _ = geometry.bounds
    turns = np.floor((west + 180) / 360)
    if turns == 0 or abs(west) > 1000 or east - 360 * turns > 180:
        return geometry
    return transform(geometry, lambda lonlat: lonlat - [360 * turns, 0])


def _polygons(geometry: BaseGeometry) -> BaseGeometry:
    from shapely import union_all

    if geometry.geom_type in ("Polygon", "MultiPolygon"):
        return geometry
    parts = [p for p in getattr(geometry, "geoms", []) if p.geom_type in ("Polygon", "MultiPolygon")]
    return union_all(parts)
