"""An area of interest as a value: a geometry in degrees with its size and its mask on a grid."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import numpy.typing as npt
from annotated_types import doc

from eowidgets.arguments import checked
from eowidgets.cube import globe
from eowidgets.cube.antimeridian import join, polygons, shifted, split, straighten, wrap
from eowidgets.cube.area_file import need_geopandas
from eowidgets.cube.area_source import AreaSource, CRSLike, cut_edges, read_content, read_geometry, reproject
from eowidgets.cube.facts_table import facts_table, outline_svg
from eowidgets.errors import InputError, warn_user

if TYPE_CHECKING:
    import geopandas as gpd
    from odc.geo.geobox import GeoBox
    from shapely.geometry.base import BaseGeometry

#: An edge is cut into pieces at most this long (degrees), or this share of the extent, before it is reprojected.
_SEGMENT, _SEGMENTS = 0.01, 2000
#: Longest unambiguous edge of an area in degrees of longitude.
_LONGEST = 180.0
#: An edge longer than this, but shorter than the whole circle, takes the short way across the antimeridian.
_CROSSING = 270.0
#: Crossings of an outline up to which it is repaired: more would take minutes, and are not drawn by hand.
MOST_CROSSINGS = 1000
#: Number of corners from which crossings are counted before any other check of an outline.
MANY = 20_000


@checked
@dataclass(frozen=True)
class Area:
    """A place on the ground.

    Make one with :meth:`of`; whatever takes ``area=`` in this package takes what :meth:`of` takes.

    Parameters
    ----------
    geometry : shapely geometry
        Polygon or multipolygon, longitude and latitude in degrees (EPSG:4326), longitudes from -180 to 180. An area
        that crosses the antimeridian is a multipolygon cut there (RFC 7946).
    name : str
        For legends and file names.

    Examples
    --------
    >>> import eowidgets as eow
    >>> area = eow.Area.of((24.0, 45.0, 24.1, 45.1), name="valley")
    >>> area.name, area.bounds
    ('valley', (24.0, 45.0, 24.1, 45.1))
    """

    geometry: BaseGeometry
    name: str = "area"

    @classmethod
    def of(cls, source: AreaLike, crs: CRSLike | None = None, name: str | None = None) -> Area:
        """Make an area from any description of one.

        Parameters
        ----------
        source : Area, tuple, mapping, str, Path, geometry or GeoDataFrame
            ``(west, south, east, north)``; ``(lon, lat)`` for the pixel that holds a point; a GeoJSON geometry, Feature
            or FeatureCollection; a path to GeoJSON, KML,
            GeoPackage or a zipped shapefile; a shapely geometry; a GeoDataFrame or GeoSeries; another area. Longitudes
            may pass 180, as in (179, -18, 181, -16). A box with west > east crosses the antimeridian where that is
            less than half the globe, with a warning, because west and east may also be swapped.
        crs : optional
            CRS of a tuple or shapely geometry where it is not lon/lat.
        name : str, optional
            A name for it.

        Returns
        -------
        Area
            The area.

        Raises
        ------
        InputError
            If there is no area in it, it is not in degrees, or it can be read in two ways.

        Examples
        --------
        >>> Area.of((23.9, 45.8, 24.0, 45.9)).hectares > 8000
        True
        >>> Area.of((179, -18, 181, -16)).bounds
        (179.0, -18.0, 181.0, -16.0)
        """
        if isinstance(source, Area):
            return source if name is None else cls(source.geometry, name)
        geometry, found = read_geometry(source, crs)
        return cls(_checked(geometry), name or found or "area")

    @classmethod
    def upload(cls, content: bytes, name: str) -> Area:
        """Make an area from the content of a file: GeoJSON, KML, KMZ, GeoPackage, FlatGeobuf or a zipped shapefile.

        Parameters
        ----------
        content : bytes
        name : str
            Name of the file; its ending is the format.

        Returns
        -------
        Area
            The area, named after the file.

        Raises
        ------
        InputError, SourceError, MissingExtraError
            If there is no area in it, or it cannot be read.

        Examples
        --------
        >>> triangle = '{"type": "Polygon", "coordinates": [[[24, 45], [24.1, 45], [24, 45.1], [24, 45]]]}'
        >>> Area.upload(triangle.encode(), "field.geojson").name
        'field'
        """
        return cls(_checked(read_content(content, name)), PurePath(name).stem)

    @cached_property
    def joined(self) -> BaseGeometry:
        """The geometry in one piece: across the antimeridian its longitudes pass 180."""
        return join(self.geometry)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Return west, south, east, north in degrees, by the convention of :func:`eowidgets.cube.grid.bounds`."""
        west, south, east, north = self.joined.bounds
        return float(west), float(south), float(east), float(north)

    @property
    def bbox(self) -> tuple[float, float, float, float]:
        """Return west, south, east, north as RFC 7946 and STAC write it: east < west where it crosses the antimeridian."""
        west, south, east, north = self.bounds
        return west, south, east if east <= 180 else wrap(east), north

    @cached_property
    def hectares(self) -> float:
        """Size on the ellipsoid, in hectares."""
        from pyproj import Geod
        from shapely import orient_polygons
        from shapely.geometry import box

        # pyproj derives the sign from the orientation of a ring, and joins corners by great circles, while an edge of a
        # GeoJSON polygon is straight in degrees: with one orientation and short edges both agree. A ring around the
        # whole globe has no orientation, so wide areas are measured in four parts.
        west, _, east, _ = self.geometry.bounds
        parts = [self.geometry]
        if east - west > 90:
            parts = [self.geometry.intersection(box(lon, -90, lon + 90, 90)) for lon in range(-180, 180, 90)]
        geod = Geod(ellps="WGS84")
        pieces = [cut_edges(orient_polygons(p)).segmentize(0.5) for part in parts for p in polygons(part)]
        return sum(abs(float(geod.geometry_area_perimeter(p)[0])) for p in pieces) / 1e4

    @property
    def geojson(self) -> dict[str, Any]:
        """Return the area as a GeoJSON geometry."""
        from shapely.geometry import mapping

        # Through JSON: tuples become lists, as in every GeoJSON that comes from elsewhere.
        return json.loads(json.dumps(mapping(self.geometry)))  # type: ignore[no-any-return]

    def to_crs(self, crs: CRSLike) -> BaseGeometry:
        """Return the geometry in another CRS, its long edges bent as the projection bends them.

        Parameters
        ----------
        crs : str, int or CRS
            Coordinate reference system, such as ``"EPSG:32634"``.

        Returns
        -------
        shapely geometry
            Polygon or multipolygon in units of the CRS.

        Raises
        ------
        InputError
            If the CRS is unknown.

        Examples
        --------
        >>> import eowidgets as eow
        >>> round(eow.Area.of((24.0, 45.0, 24.1, 45.1)).to_crs("EPSG:32635").area / 1e6, 1)
        87.6
        """
        west, south, east, north = self.geometry.bounds
        piece = max(_SEGMENT, max(east - west, north - south) / _SEGMENTS)
        return reproject(self.geometry.segmentize(piece), "EPSG:4326", crs)

    def gdf(self) -> gpd.GeoDataFrame:
        """Return the area as a GeoDataFrame with one row, its name and its hectares.

        Returns
        -------
        GeoDataFrame
            Columns ``name``, ``hectares`` and ``geometry``, in degrees.

        Raises
        ------
        MissingExtraError
            Without geopandas.

        Examples
        --------
        >>> import eowidgets as eow
        >>> list(eow.Area.of((24.0, 45.0, 24.1, 45.1)).gdf().columns)
        ['name', 'hectares', 'geometry']
        """
        geopandas = need_geopandas("A GeoDataFrame")
        row = {"name": [self.name], "hectares": [round(self.hectares, 4)]}
        return geopandas.GeoDataFrame(row, geometry=[self.geometry], crs="EPSG:4326")

    def mask(self, geobox: GeoBox, all_touched: bool | None = None) -> npt.NDArray[np.bool_]:
        """Return which pixels of a grid belong to the area.

        Parameters
        ----------
        geobox : GeoBox
        all_touched : bool, optional
            False: pixels whose centre lies inside; True: all that the area touches. None: the first, or, where the
            area holds no centre at all, the second.

        Returns
        -------
        ndarray, shape (y, x), bool

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.cube.grid import geobox
        >>> from eowidgets.testing import tiny_cube
        >>> cube = tiny_cube()
        >>> eow.Area.of(cube.eow.bounds).mask(geobox(cube)).shape
        (40, 40)
        """
        from rasterio.features import geometry_mask

        shape = (geobox.height, geobox.width)
        shapes = self.on_grid(geobox)
        if shapes is None:
            return self._centres(geobox)
        if not shapes:
            return np.zeros(shape, bool)
        inside = geometry_mask(shapes, shape, geobox.affine, invert=True, all_touched=bool(all_touched))
        if all_touched is None and not inside.any():
            inside = geometry_mask(shapes, shape, geobox.affine, invert=True, all_touched=True)
        return np.asarray(inside, dtype=bool)

    def on_grid(self, geobox: GeoBox) -> list[BaseGeometry] | None:
        """Return the parts of the area around a grid, in its CRS; None where the CRS cannot represent them.

        On a grid of longitudes there is one copy per turn in which the area touches the grid.

        Parameters
        ----------
        geobox : GeoBox
            Grid of a cube.

        Returns
        -------
        list of shapely geometry or None
            Parts in the CRS of the grid; empty where the area does not touch its surroundings.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.cube.grid import geobox
        >>> from eowidgets.testing import tiny_cube
        >>> cube = tiny_cube()
        >>> len(eow.Area.of(cube.eow.bounds).on_grid(geobox(cube)))
        1
        """
        from shapely.geometry import box

        west, south, east, north = globe.extent(geobox)
        margin = 0.1 * max(east - west, north - south)
        reach = box(west - margin, max(-90, south - margin), min(east + margin, west - margin + 360), 90)
        near = self.geometry.intersection(split(reach.intersection(box(-540, -90, 720, min(90, north + margin)))))
        parts = polygons(near)
        if not parts:
            return []
        projected = Area(near if len(parts) > 1 else parts[0]).to_crs(str(geobox.crs))
        if not np.isfinite(projected.bounds).all() or not np.isfinite(np.concatenate(_vertices(projected))).all():
            return None
        if not globe.in_degrees(geobox):
            return [projected]
        left, _, right, _ = geobox.extent.boundingbox
        west, _, east, _ = projected.bounds
        turns = range(int(np.floor((left - east) / 360)), int(np.ceil((right - west) / 360)) + 1)
        copies = (shifted(projected, 360 * turn) for turn in turns)
        return [c for c in copies if c.bounds[0] <= right and c.bounds[2] >= left]

    def _centres(self, geobox: GeoBox) -> npt.NDArray[np.bool_]:
        """Test every pixel centre for being inside the area."""
        from shapely import contains_xy, prepare

        prepare(self.geometry)
        rows, columns = np.mgrid[: geobox.height, : geobox.width]
        lon, lat = globe.lonlat(geobox, columns + 0.5, rows + 0.5)
        lon = np.where(np.isfinite(lon), (lon + 180) % 360 - 180, np.nan)
        return np.asarray(contains_xy(self.geometry, lon, lat), dtype=bool)

    def __repr__(self) -> str:
        """Name, centre and size."""
        west, south, east, north = self.bounds
        return f"Area({self.name!r}, {wrap((west + east) / 2):.4f}° E, {(south + north) / 2:.4f}° N, {self.hectares:.1f} ha)"

    def _repr_html_(self) -> str:
        west, south, east, north = self.bounds
        facts = {
            "hectares": f"{self.hectares:.1f}",
            "longitude": f"{west:.5f}° to {east:.5f}°",
            "latitude": f"{south:.5f}° to {north:.5f}°",
        }
        return facts_table(self.name, facts) + outline_svg(self.joined, f"Outline of {self.name}")


#: Types that describe an area; see :meth:`Area.of`.
AreaLike = Annotated[
    Area | AreaSource, doc("an area: (west, south, east, north), (lon, lat), GeoJSON, a path or a geometry")
]


def _checked(geometry: BaseGeometry) -> BaseGeometry:

    from shapely import get_num_coordinates, is_valid_reason

    if geometry.is_empty:
        raise InputError("The area is empty: draw or give a polygon.")
    if not np.isfinite(geometry.bounds).all():
        raise InputError("The area has coordinates that are not numbers.")
    geometry = straighten(_one_way(geometry), crossing=_CROSSING)
    west, south, east, north = geometry.bounds
    if max(abs(west), abs(east)) > 1000 or south < -90 or north > 90:
        raise InputError(
            f"The area reaches from {west:.6g}, {south:.6g} to {east:.6g}, {north:.6g}, which are not degrees: give "
            "longitude and latitude, or Area.of(geometry, crs=...)."
        )
    if east - west > 360 + 1e-9:
        raise InputError(f"The area is {east - west:.6g} degrees wide, more than the whole globe: give at most 360.")
    # A bow tie drawn by hand becomes two triangles; points and lines have no area.
    if get_num_coordinates(geometry) > MANY:
        _check_crossings(geometry)  # first: the check for validity of such an outline takes a minute as well
    valid = geometry.is_valid
    shapes = _polygons(geometry if valid else _repaired(geometry))
    if shapes.is_empty or shapes.area == 0:
        raise InputError("The area has no size: a point or a line was given where a polygon is needed.")
    if not valid:
        warn_user(f"The area crossed itself and was repaired ({is_valid_reason(geometry)}): look at it.")
    return split(shapes)


def _repaired(geometry: BaseGeometry) -> BaseGeometry:
    from shapely import make_valid

    _check_crossings(geometry)
    return make_valid(geometry)


def _check_crossings(geometry: BaseGeometry) -> None:
    if _crosses(geometry, MOST_CROSSINGS):
        raise InputError(
            f"The outline of the area crosses itself more than {MOST_CROSSINGS} times, so it is not used: draw it "
            "again, or give its convex hull."
        )


def _crosses(geometry: BaseGeometry, most: int) -> bool:
    """Return whether edges cross each other more than ``most`` times; counting stops beyond that."""
    from shapely import STRtree, linestrings

    rings = _vertices(geometry)
    if not rings:  # points and lines, which are refused for another reason
        return False
    edges = np.concatenate([np.stack([ring[:-1], ring[1:]], axis=1) for ring in rings])
    lines = linestrings(edges)
    tree, found, start, size = STRtree(lines), 0, 0, 1
    while start < len(lines) and found <= 2 * most:  # each crossing is found from both of its edges
        found += tree.query(lines[start : start + size], predicate="crosses").shape[1]
        start, size = start + size, 2 * size
    return found > 2 * most


def _one_way(geometry: BaseGeometry) -> BaseGeometry:
    """Refuse edges that span more than half the globe, or warn of them: they are ambiguous."""
    for ring in _vertices(geometry):
        step = np.abs(np.diff(ring[:, 0]))
        step = step[(step > _LONGEST + 1e-9) & (step < 360 - 1e-6)]
        if not len(step) or np.abs(ring).max() > 1000:
            continue
        if step.min() <= _CROSSING:
            raise InputError(
                f"An edge of the area spans {step.min():.6g} degrees of longitude, which is ambiguous on "
                "the globe: cut the area at the antimeridian, or add a corner in the middle of the edge."
            )
        warn_user(
            "An edge of the area jumps from one side of the antimeridian to the other and is read as crossing it."
        )
        return geometry
    return geometry


def _vertices(geometry: BaseGeometry) -> list[npt.NDArray[np.float64]]:
    """Return the corners of every ring, each of shape (n, 2)."""
    rings = (r for p in polygons(geometry) for r in (p.exterior, *p.interiors))
    return [np.asarray(r.coords)[:, :2] for r in rings]


def _polygons(geometry: BaseGeometry) -> BaseGeometry:
    from shapely import union_all

    if geometry.geom_type in ("Polygon", "MultiPolygon"):
        return geometry
    return union_all(polygons(geometry))
