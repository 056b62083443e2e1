"""Footprints of items, and the share of an area that they cover."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from eowidgets.cube.antimeridian import polygons, split, straighten
from eowidgets.cube.sources.stac.documents import Document

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry


def footprint(item: Document) -> BaseGeometry | None:
    """Return the footprint of an item in degrees, cut at the antimeridian; its bounding box where it has no polygon.

    None where the item states neither.
    """
    import shapely
    from shapely.geometry import shape

    try:
        found = shape(item["geometry"])
        found = split(straighten(shapely.force_2d(found)))
        if not found.is_valid:
            found = shapely.make_valid(found)
        if polygons(found):
            return found
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, shapely.errors.ShapelyError):
        pass
    return _rectangle(item.get("bbox"))


def share(area: BaseGeometry, footprints: Iterable[BaseGeometry | None]) -> float:
    """Return the share of an area from 0 to 1 that footprints cover together; 1 where one of them is not known.

    Degrees of longitude are shorter away from the equator, but equally for all of a small area: both areas are compared without
    correction.
    """
    from shapely import union_all

    known = list(footprints)
    if any(f is None for f in known):
        return 1.0
    total = float(area.area)
    if not known or total <= 0:
        return 0.0
    covered = float(union_all([area.intersection(f) for f in known]).area)
    return min(1.0, covered / total)


def _rectangle(box: Any) -> BaseGeometry | None:
    from shapely.geometry import box as rectangle

    if not isinstance(box, list) or len(box) not in (4, 6):
        return None
    try:
        west, south, east, north = (float(box[i]) for i in ((0, 1, 2, 3) if len(box) == 4 else (0, 1, 3, 4)))
    except (TypeError, ValueError):
        return None
    found = rectangle(west, south, east + 360 * (east < west), north)
    return split(found) if found.area > 0 else None
