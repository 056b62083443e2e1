"""Geometry of shapes on a web map."""

from __future__ import annotations

import json
from typing import Any

import numpy as np


def mercator(lat: float) -> float:
    """Return the Web Mercator y, in radians, of a latitude in degrees."""
    return float(np.arcsinh(np.tan(np.radians(np.clip(lat, -85.05, 85.05)))))


def corners(geometry: dict[str, Any] | None) -> list[tuple[float, float]]:
    """Return the vertices of a GeoJSON polygon or multipolygon."""
    if geometry is None:
        return []
    polygons = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
    return [(point[0], point[1]) for polygon in polygons for ring in polygon for point in ring]


def is_rectangle(geometry: dict[str, Any]) -> bool:
    """Return whether a geometry is a box along meridians and parallels."""
    points = corners(geometry)
    return len(points) == 5 and len({x for x, _ in points}) == 2 and len({y for _, y in points}) == 2


def same_shape(a: dict[str, Any], b: dict[str, Any]) -> bool:
    """Return whether two GeoJSON geometries are equal as JSON."""
    # JSON text makes lists and tuples, and numbers from JavaScript, comparable.
    return json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True)
