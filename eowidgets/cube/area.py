"""``Area``: where on Earth, as one value that every ``area=`` argument takes."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyproj import CRS, Geod
from shapely.geometry.base import BaseGeometry

from eowidgets.cube.geometry import LONLAT, densified, mended, read_crs, refuse_non_polygons, reproject
from eowidgets.errors import InputError, MissingExtraError, SourceError

_GEOD = Geod(ellps="WGS84")
_TAKEN = (
    "a box (west, south, east, north), a shapely geometry, GeoJSON, a .geojson or .gpkg file, a GeoDataFrame, "
    "or (geometry, crs)"
)


@dataclass(frozen=True, slots=True)
class Area:
    """A polygon on Earth in longitude and latitude (WGS 84), with a name.

    Parameters
    ----------
    geometry
        Shapely Polygon or MultiPolygon in degrees, longitude first. Self-crossings are mended, with a warning.
    name
        What to call it in tables and legends.

    Raises
    ------
    InputError
        When it has no size, is not in longitude and latitude, or crosses the antimeridian.

    Examples
    --------
    >>> area = Area.of((24.0, 45.0, 24.01, 45.01), name="stand 7")
    >>> f"{area.name}: {area.hectares:.1f} ha"
    'stand 7: 87.6 ha'
    """

    geometry: BaseGeometry
    name: str = "area"

    def __post_init__(self) -> None:
        object.__setattr__(self, "geometry", mended(self.geometry))
        object.__setattr__(self, "name", str(self.name))

    @classmethod
    def of(cls, x: Any, name: str | None = None) -> Area:
        """Make an area from whatever describes one.

        Parameters
        ----------
        x
            Another Area, ``(west, south, east, north)``, a shapely geometry or a GeoJSON mapping (all in
            longitude and latitude), the path of a ``.geojson`` or ``.gpkg`` file, a GeoDataFrame or GeoSeries
            (reprojected), or ``(any of these, crs)``. Several features become one area.
        name
            Its name; by default the feature's own, or the file's.

        Raises
        ------
        InputError
            When `x` describes no area; the sentence says why.
        SourceError
            When the file cannot be read.
        """
        if isinstance(x, Area):
            return x if name is None else cls(x.geometry, name)
        geometry, crs, found = _read(x)
        if crs is not None and not crs.equals(LONLAT, ignore_axis_order=True):
            refuse_non_polygons(geometry)
            geometry = reproject(geometry, crs, LONLAT)
        return cls(geometry, name or found or "area")

    def to_crs(self, crs: Any) -> BaseGeometry:
        """Return the geometry in another CRS, with vertices added where straight edges become curves."""
        target = read_crs(crs)
        return (
            self.geometry if target.equals(LONLAT, ignore_axis_order=True) else reproject(self.geometry, LONLAT, target)
        )

    @property
    def geojson(self) -> dict[str, Any]:
        """A GeoJSON Feature (RFC 7946, longitude and latitude)."""
        geometry = json.loads(shapely.to_geojson(self.geometry))
        return {"type": "Feature", "properties": {"name": self.name}, "geometry": geometry}

    def gdf(self) -> Any:
        """A GeoDataFrame of one row in EPSG:4326 with columns ``name`` and ``hectares``."""
        try:
            import geopandas
        except ImportError as error:
            raise MissingExtraError("Area.gdf()", "lab") from error
        row = {"name": [self.name], "hectares": [self.hectares]}
        return geopandas.GeoDataFrame(row, geometry=[self.geometry], crs="EPSG:4326")

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north in degrees."""
        west, south, east, north = self.geometry.bounds
        return west, south, east, north

    @property
    def hectares(self) -> float:
        """Size on the WGS 84 ellipsoid, in hectares."""
        # pyproj counts clockwise rings as negative, and joins corners by great circles, where an edge of a
        # GeoJSON polygon is straight in degrees: short pieces make the two the same.
        oriented = densified(shapely.orient_polygons(self.geometry))
        return abs(_GEOD.geometry_area_perimeter(oriented)[0]) / 10_000

    def mask(self, geobox: Any) -> np.ndarray:
        """Boolean ``(y, x)`` over a GeoBox: True for pixels whose centre lies inside.

        An area that holds no pixel centre, for instance one smaller than a pixel, takes the pixels that it touches.
        """
        from rasterio.features import geometry_mask

        geometry = self.to_crs(geobox.crs)
        height, width = geobox.shape
        if not geometry.intersects(geobox.extent.geom):
            return np.zeros((height, width), dtype=bool)
        for touched in (False, True):
            inside: np.ndarray = geometry_mask(
                [geometry], (height, width), geobox.transform, all_touched=touched, invert=True
            )
            if inside.any():
                break
        return inside

    def _repr_svg_(self) -> str:
        return str(self.geometry._repr_svg_())

    def __str__(self) -> str:
        west, south, east, north = self.bounds
        return f"{self.name}: {self.hectares:,.1f} ha, {west:.4f}..{east:.4f} °E, {south:.4f}..{north:.4f} °N"


def _read(x: Any) -> tuple[BaseGeometry, CRS | None, str | None]:
    """Take apart what `Area.of` is given: geometry, CRS (None: longitude and latitude), name."""
    if isinstance(x, BaseGeometry):
        return x, None, None
    if isinstance(x, str | Path):
        return _read_file(Path(x).expanduser())
    if isinstance(x, Mapping):
        return _read_geojson(x)
    if hasattr(x, "union_all") and hasattr(x, "crs"):  # GeoDataFrame, GeoSeries
        if x.crs is None:
            raise InputError("The GeoDataFrame has no CRS: say what it is with  gdf.set_crs('EPSG:4326').")
        return x.union_all(), CRS.from_user_input(x.crs), None
    if hasattr(x, "geom") and hasattr(x, "crs"):  # odc.geo Geometry and BoundingBox-like values
        return x.geom, None if x.crs is None else read_crs(str(x.crs)), None
    if isinstance(x, tuple) and len(x) == 2 and not isinstance(x[0], int | float):
        if isinstance(x[0], Area):
            raise InputError("An Area is already in longitude and latitude: give it without a CRS.")
        geometry, _, name = _read(x[0])
        return geometry, read_crs(x[1]), name
    if isinstance(x, tuple | list | np.ndarray) and len(x) == 4:
        return _box(x), None, None
    raise InputError(f"An area cannot be made from {type(x).__name__}: give {_TAKEN}.")


def _box(x: Any) -> BaseGeometry:
    try:
        west, south, east, north = (float(v) for v in x)
    except (TypeError, ValueError):
        raise InputError(f"A box is four numbers (west, south, east, north), not {x!r}.") from None
    if not all(map(math.isfinite, (west, south, east, north))):
        raise InputError(f"The box {x!r} has a value that is not a number.")
    if west > east and east >= -180 and west <= 180 and south < north:
        raise InputError(
            f"The box from west {west:g} to east {east:g} crosses the antimeridian, or west and east are swapped: "
            "give (west, south, east, north), one box for each side of 180°."
        )
    if west >= east or south >= north:
        raise InputError(
            f"The box {(west, south, east, north)} has no size: give (west, south, east, north), west < east, south < north."
        )
    return shapely.box(west, south, east, north)


def _read_file(path: Path) -> tuple[BaseGeometry, CRS | None, str | None]:
    if not path.exists():
        raise SourceError(f"There is no file {str(path)!r} to read an area from.")
    if path.suffix.lower() in {".json", ".geojson"}:
        try:
            mapping = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise SourceError(f"{str(path)!r} cannot be read: {error.strerror}.") from error
        except ValueError as error:
            raise InputError(f"{str(path)!r} is not GeoJSON: {error}.") from error
        if not isinstance(mapping, Mapping):
            raise InputError(f"{str(path)!r} is not GeoJSON: it holds a {type(mapping).__name__}, not an object.")
        geometry, crs, name = _read_geojson(mapping)
        return geometry, crs, name or path.stem
    try:
        import geopandas
    except ImportError as error:
        raise MissingExtraError(f"Reading {path.suffix} files", "lab") from error
    try:
        frame = geopandas.read_file(path)
    except (OSError, ValueError, RuntimeError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{str(path)!r} holds no areas that can be read: {first.rstrip('.')}.") from error
    if not len(frame) or getattr(frame, "crs", None) is None:
        raise InputError(f"{str(path)!r} has no features or no CRS: give a file with polygons and a CRS.")
    return frame.union_all(), CRS.from_user_input(frame.crs), path.stem


def _read_geojson(x: Mapping[Any, Any]) -> tuple[BaseGeometry, CRS | None, str | None]:
    kind = x.get("type")
    crs = None
    if isinstance(x.get("crs"), Mapping):  # GeoJSON of 2008; GDAL still writes it
        crs = read_crs(x["crs"].get("properties", {}).get("name"))
    if kind == "FeatureCollection":
        read = [_read_geojson(f) for f in x.get("features") or ()]
        if not read:
            raise InputError("The GeoJSON FeatureCollection has no features: draw or give at least one polygon.")
        shapes = [shapely.make_valid(g) for g, _, _ in read]
        return shapely.union_all(shapes), crs, read[0][2] if len(read) == 1 else None
    if kind == "Feature":
        if not x.get("geometry"):
            raise InputError("The GeoJSON Feature has no geometry: give one with a polygon.")
        name = (x.get("properties") or {}).get("name")
        geometry, inner, _ = _read_geojson(x["geometry"])
        return geometry, crs or inner, None if name is None else str(name)
    try:
        return shapely.from_geojson(json.dumps(x)), crs, None
    except (shapely.errors.ShapelyError, TypeError, ValueError) as error:
        raise InputError(f"This GeoJSON of type {kind!r} cannot be read as a geometry: {error}.") from error
