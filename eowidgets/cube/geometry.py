"""Geometry that an area rests on: made valid, on the globe, and moved between coordinate systems."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError
from shapely.geometry.base import BaseGeometry

from eowidgets.errors import InputError

LONLAT = CRS.from_epsg(4326)


def refuse_non_polygons(geometry: BaseGeometry) -> None:
    """Raise InputError for what has no area: nothing, points, lines."""
    if geometry is None or geometry.is_empty:
        raise InputError("The area is empty: give a polygon with at least three corners.")
    if shapely.get_dimensions(geometry) < 2 or geometry.area == 0:
        raise InputError(
            f"A {geometry.geom_type} of no size is not an area: give a polygon; for one pixel use cube.eow.at(lon, lat)."
        )


def mended(geometry: BaseGeometry) -> BaseGeometry:
    """Check a lon/lat geometry and return it valid, flat (2-D) and made of polygons only."""
    if not isinstance(geometry, BaseGeometry):
        raise InputError(f"An area's geometry is a shapely polygon, not {type(geometry).__name__}: use Area.of(...).")
    if geometry is not None and not geometry.is_empty and shapely.get_dimensions(geometry) == 2:
        if not np.isfinite(shapely.get_coordinates(geometry)).all():
            raise InputError("The area has a corner that is not a number.")
        geometry = _made_valid(shapely.force_2d(geometry))
    refuse_non_polygons(geometry)
    geometry = _unwrapped(geometry)
    lon, lat = shapely.get_coordinates(geometry).T
    far = int(np.argmax(np.maximum(np.abs(lon) / 180, np.abs(lat) / 90)))
    if abs(lat[far]) > 90 or abs(lon[far]) > 720:
        raise InputError(
            f"({lon[far]:g}, {lat[far]:g}) is no longitude and latitude: give the CRS too, as (geometry, 'EPSG:...')."
        )
    if lon.max() > 180 or lon.min() < -180 or _jumps(geometry):
        raise InputError(
            f"The area crosses the antimeridian (longitude {lon.min():g} to {lon.max():g}): "
            "cut it at 180° and give the two parts as one MultiPolygon."
        )
    return geometry


def _made_valid(geometry: BaseGeometry) -> BaseGeometry:
    if geometry.is_valid:
        return geometry
    why = shapely.is_valid_reason(geometry)
    repaired = shapely.make_valid(geometry)
    polygons = [p for p in shapely.get_parts(repaired) if p.geom_type in {"Polygon", "MultiPolygon"}]
    if not polygons:
        raise InputError(f"The polygon crosses itself and nothing is left of it when mended ({why}): draw it again.")
    warnings.warn(f"The polygon crossed itself and was mended ({why}); check its shape.", UserWarning, stacklevel=5)
    return shapely.union_all(polygons)


def _unwrapped(geometry: BaseGeometry) -> BaseGeometry:
    """Bring an area drawn on a repeated world map (longitude 190..200, say) back to -180..180."""
    west, _, east, _ = geometry.bounds
    turns = math.floor((west + 180) / 360)
    if turns == 0 or abs(west) > 720 or east - 360 * turns > 180:
        return geometry
    return shapely.transform(geometry, lambda xy: xy - [360 * turns, 0])


def _jumps(geometry: BaseGeometry) -> bool:
    """Whether an edge spans more than half the globe: nobody means that, it went over 180° the short way."""
    if geometry.geom_type not in {"Polygon", "MultiPolygon"}:
        return any(_jumps(g) for g in shapely.get_parts(geometry))
    rings = shapely.get_rings(shapely.get_parts(geometry))
    return any(_edge(r) > 180 for r in rings) and not geometry.equals(geometry.envelope)


def _edge(ring: BaseGeometry) -> float:
    return float(np.abs(np.diff(shapely.get_coordinates(ring)[:, 0])).max())


def read_crs(crs: Any) -> CRS:
    """Read a CRS from whatever pyproj takes, or say that it is none."""
    try:
        return CRS.from_user_input(crs)
    except ProjError:
        raise InputError(f"{str(crs)[:80]!r} is no coordinate reference system: write it like 'EPSG:32635'.") from None


def densified(geometry: BaseGeometry) -> BaseGeometry:
    """Add vertices so that no edge is longer than 1/64 of the diagonal."""
    west, south, east, north = geometry.bounds
    step = math.hypot(east - west, north - south) / 64
    return shapely.segmentize(geometry, step) if step > 0 else geometry


def reproject(geometry: BaseGeometry, source: CRS, target: CRS) -> BaseGeometry:
    """Move a geometry between CRSs; long edges get vertices first, so that they bend as they should."""
    dense = densified(shapely.force_2d(geometry))
    forward = Transformer.from_crs(source, target, always_xy=True)
    moved = shapely.transform(dense, lambda xy: np.column_stack(forward.transform(xy[:, 0], xy[:, 1])))
    if not np.isfinite(shapely.get_coordinates(moved)).all():
        raise InputError(f"The area lies where {target.name!r} is not defined: check its coordinates and CRS.")
    west, south, east, north = moved.bounds
    # Vertices that the projection left on a straight line say nothing: drop them.
    return shapely.simplify(moved, math.hypot(east - west, north - south) * 1e-7)
