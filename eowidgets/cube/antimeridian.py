"""Polygons in degrees at the antimeridian and at the poles.

Two forms are in use. *Split* polygons follow RFC 7946: longitudes lie between -180 and 180, and a polygon that crosses
the antimeridian is cut there into the parts of a multipolygon. *Joined* polygons are continuous: their longitudes pass
180. `Area.geometry` and everything written to files is split; bounds and shapes on a web map are joined.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from shapely.geometry import Polygon
    from shapely.geometry.base import BaseGeometry

Lons = npt.NDArray[np.float64]


def wrap(lon: float) -> float:
    """Return a longitude in -180 <= lon < 180."""
    return float((lon + 180) % 360 - 180)


def towards(lon: float, middle: float) -> float:
    """Return a longitude moved by whole turns to within half a turn of ``middle``."""
    return float(lon + 360 * np.round((middle - lon) / 360))


def largest_gap(starts: Lons, ends: Lons) -> tuple[float, float]:
    """Return where the largest gap between intervals on the circle ends, and its width.

    Parameters
    ----------
    starts, ends : ndarray, shape (n,)
        Western and eastern ends of the intervals in degrees, ``starts <= ends <= starts + 360``.

    Returns
    -------
    float, float
        West of what the intervals cover (in -180..180) and the width of the gap (0 where they cover the circle).
    """
    west = (starts + 180) % 360 - 180
    order = np.argsort(west)
    west, east = west[order], west[order] + (ends - starts)[order]
    # A second turn, so that an interval that passes 180 reaches over those behind it.
    reach = np.maximum.accumulate(np.concatenate([east, east + 360]))
    gaps = np.concatenate([west[1:] + 360, [west[0] + 720]]) - reach[len(west) :]
    at = int(gaps.argmax())
    return float(west[(at + 1) % len(west)]), min(360.0, max(0.0, float(gaps[at])))


def straighten(geometry: BaseGeometry, crossing: float = 180.0, poles: tuple[int, ...] = ()) -> BaseGeometry:
    """Make rings continuous whose longitudes jump from one side of the antimeridian to the other.

    Parameters
    ----------
    geometry : polygon or multipolygon
        In degrees.
    crossing : float
        An edge that spans more degrees of longitude than this, but less than the whole circle, takes the short way.
    poles : tuple of {1, -1}
        Poles inside the geometry. A ring that goes once around the globe encloses one of them; without a pole given
        it is the nearer one.

    Returns
    -------
    geometry
        The same object where nothing jumps.
    """
    from shapely import MultiPolygon

    parts = polygons(geometry)
    found = [_straight(p, crossing, poles) for p in parts]
    if all(new is old for new, old in zip(found, parts, strict=True)):
        return geometry
    return found[0] if len(found) == 1 else MultiPolygon(found)


def polygons(geometry: BaseGeometry) -> list[Polygon]:
    """Return the polygons of a geometry of any type; points and lines are left out."""
    if geometry.geom_type == "Polygon":
        return [] if geometry.is_empty else [geometry]
    return [p for g in getattr(geometry, "geoms", ()) for p in polygons(g)]


def _straight(polygon: Polygon, crossing: float, poles: tuple[int, ...]) -> Polygon:
    from shapely import Polygon as Shape

    rings = [np.asarray(r.coords)[:, :2] for r in (polygon.exterior, *polygon.interiors)]
    if not any(_jumps(r[:, 0], crossing).any() for r in rings):
        return polygon
    outer, *holes = (_continuous(r, crossing) for r in rings)
    turns = round((outer[-1, 0] - outer[0, 0]) / 360)
    if turns:
        pole = poles[0] if len(poles) == 1 else (1 if outer[:, 1].mean() > 0 else -1)
        ends = [[outer[-1, 0], 90.0 * pole], [outer[0, 0], 90.0 * pole], outer[0]]
        outer = np.concatenate([outer, ends])
    middle = (outer[:, 0].min() + outer[:, 0].max()) / 2
    for hole in holes:
        hole[:, 0] += towards(float(hole[:, 0].mean()), middle) - hole[:, 0].mean()
    return Shape(outer, holes)


def _jumps(lon: Lons, crossing: float) -> npt.NDArray[np.bool_]:
    step = np.abs(np.diff(lon))
    found: npt.NDArray[np.bool_] = (step > crossing) & (step < 360 - 1e-6)
    return found


def _continuous(ring: npt.NDArray[np.float64], crossing: float) -> npt.NDArray[np.float64]:
    step = np.diff(ring[:, 0])
    turns = np.where(_jumps(ring[:, 0], crossing), -360 * np.sign(step), 0)
    found = ring.astype(np.float64)
    found[1:, 0] += turns.cumsum()
    return found


def shifted(geometry: BaseGeometry, degrees: float) -> BaseGeometry:
    """Move a geometry along the parallels."""
    from shapely.affinity import translate

    return translate(geometry, degrees) if degrees else geometry


def split(geometry: BaseGeometry) -> BaseGeometry:
    """Cut continuous polygons at the antimeridian (RFC 7946)."""
    from shapely import union_all
    from shapely.geometry import box

    west, _, east, _ = geometry.bounds
    first, last = int(np.floor((west + 180) / 360)), int(np.ceil((east + 180) / 360))
    if last - first <= 1:
        return shifted(geometry, -360 * first)
    parts = []
    for turn in range(first, last):
        part = geometry.intersection(box(360 * turn - 180, -90, 360 * turn + 180, 90))
        parts += polygons(shifted(part, -360 * turn))
    return union_all([p for p in parts if p.area > 0])


def join(geometry: BaseGeometry) -> BaseGeometry:
    """Join the parts of split polygons: longitudes may pass 180; inverse of `split`."""
    from shapely import union_all

    parts = polygons(geometry)
    if len(parts) < 2:
        return geometry
    ends = np.array([p.bounds for p in parts])
    west, gap = largest_gap(ends[:, 0], ends[:, 2])
    if not gap or west <= ends[:, 0].min() + 1e-12:
        return geometry
    return union_all([shifted(p, 360 if p.bounds[0] < west - 1e-12 else 0) for p in parts])


def placed(geometry: dict[str, Any], middle: float) -> dict[str, Any]:
    """Move every polygon of a GeoJSON geometry by whole turns to the copy of the world around ``middle``."""
    from shapely.geometry import mapping, shape

    found = shape(geometry)
    whole = join(found)
    west, _, east, _ = whole.bounds
    turn = towards((west + east) / 2, middle) - (west + east) / 2
    return geometry if whole is found and not turn else mapping(shifted(whole, turn))
