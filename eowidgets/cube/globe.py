"""Grids on the globe: conversion between degrees and pixels, also at the antimeridian and at the poles."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from eowidgets.cube.antimeridian import largest_gap, wrap
from eowidgets.errors import InputError

if TYPE_CHECKING:
    from odc.geo.geobox import GeoBox
    from pyproj import Transformer

Floats = npt.NDArray[np.float64]

#: Points per side of a grid's border, and per side of the lattice if the border is not on Earth.
_BORDER, _LATTICE = 32, 65
#: Largest share of a turn by which a grid may miss the full circle and still count as one.
_SLACK = 0.01


@lru_cache(maxsize=32)
def transformer(source: str, target: str) -> Transformer:
    """Return the transformer between two CRSs, x before y; creating one takes longer than using it."""
    from pyproj import Transformer

    return Transformer.from_crs(source, target, always_xy=True)


def in_degrees(box: GeoBox) -> bool:
    """Return whether the columns of a grid are longitudes."""
    return box.crs is not None and bool(box.crs.geographic)


def turn(box: GeoBox) -> float:
    """Return how many columns make a full turn of 360 degrees; 0 where columns are not longitudes."""
    return 360 / abs(box.affine.a) if in_degrees(box) and box.affine.a else 0.0


def is_full_circle(box: GeoBox) -> bool:
    """Return whether the last column of a grid in degrees is the western neighbour of its first."""
    return bool(turn(box)) and _upright(box) and abs(turn(box) - box.width) < _SLACK


def locate(box: GeoBox, lon: Any, lat: Any) -> tuple[Floats, Floats]:
    """Return column and row of points on the ground, as fractions of pixels.

    Longitudes may be written in any turn: -100 and 260 are the same column.

    Parameters
    ----------
    box : GeoBox
    lon, lat : array_like
        Degrees.

    Returns
    -------
    columns, rows : ndarray, float64
        The pixel ``(row, column)`` covers ``[row, row + 1)`` by ``[column, column + 1)``; values outside the grid
        are points outside it, infinite values points that the CRS cannot represent.
    """
    turned = np.mod(np.asarray(lon, float) + 180, 360) - 180
    x, y = transformer("EPSG:4326", str(box.crs)).transform(turned, np.asarray(lat, float))
    inverse = ~box.affine
    with np.errstate(invalid="ignore"):
        column = np.asarray(inverse.a * x + inverse.b * y + inverse.c)
        row = np.asarray(inverse.d * x + inverse.e * y + inverse.f)
        whole = turn(box)
        if whole:
            moved = np.mod(column, whole)
            row = row + (moved - column) / inverse.a * inverse.d
            column = moved
    return column, row


def lonlat(box: GeoBox, columns: Any, rows: Any) -> tuple[Floats, Floats]:
    """Return longitude and latitude of places on a grid; infinite where a place is not on Earth."""
    columns, rows, affine = np.asarray(columns, float), np.asarray(rows, float), box.affine
    x = affine.a * columns + affine.b * rows + affine.c
    y = affine.d * columns + affine.e * rows + affine.f
    if in_degrees(box):  # the outer half of a pixel whose centre is the pole
        y = np.clip(y, -90, 90)
    lon, lat = transformer(str(box.crs), "EPSG:4326").transform(x, y)
    return np.asarray(lon), np.asarray(lat)


def poles(box: GeoBox) -> tuple[int, ...]:
    """Return the poles (1 north, -1 south) inside a grid; where a pole is a line, as in Mercator, it is not inside."""
    if in_degrees(box):
        return ()
    found = []
    for pole in (1, -1):
        column, row = locate(box, [0, 120, 240], [90 * pole] * 3)
        point = np.isfinite(column).all() and np.ptp(column) < 1e-3 and np.ptp(row) < 1e-3
        if point and 0 < column[0] < box.width and 0 < row[0] < box.height:
            found.append(pole)
    return tuple(found)


def extent(box: GeoBox) -> tuple[float, float, float, float]:
    """Return west, south, east, north of a grid in degrees; see `eowidgets.cube.grid.bounds` for the convention."""
    lon, lat, closed = _places(box)
    if not lon.size:
        raise InputError(
            "The coordinates of the cube lie outside the area that its CRS describes: check the CRS and the coordinates."
        )
    inside = poles(box)
    south = -90.0 if -1 in inside else float(lat.min())
    north = 90.0 if 1 in inside else float(lat.max())
    if closed and not inside:
        lon = np.unwrap(lon, period=360)
        left, width = float(lon.min()), float(np.ptp(lon))
    else:
        left, gap = largest_gap(lon, lon)
        width = 360 - gap
    if inside or width > 360 - _least(box) or (not closed and width > 340):
        return -180.0, south, 180.0, north
    west = wrap(left)
    return west, south, west + width, north


def outline(box: GeoBox) -> list[tuple[float, float]]:
    """Return the border of a grid as a ring of (lon, lat) with continuous longitudes, for a web map."""
    lon, lat, closed = _places(box)
    west, south, east, north = extent(box)
    if not closed or poles(box):
        return [(west, south), (east, south), (east, north), (west, north)]
    lon = np.unwrap(lon, period=360)
    return list(zip((lon + west - lon.min()).tolist(), lat.tolist(), strict=True))


def _places(box: GeoBox) -> tuple[Floats, Floats, bool]:
    """Return longitudes and latitudes of the border, in order; of a lattice inside if part of it is not on Earth."""
    along = np.linspace(0, 1, _BORDER, endpoint=False)
    full, none = np.ones(_BORDER), np.zeros(_BORDER)
    columns = np.concatenate([along, full, 1 - along, none]) * box.width
    rows = np.concatenate([none, along, full, 1 - along]) * box.height
    lon, lat = lonlat(box, columns, rows)
    if _on_earth(box, columns, rows, lon, lat).all():
        return lon, lat, True
    steps = np.linspace(0, 1, _LATTICE)
    columns, rows = (g.ravel() for g in np.meshgrid(steps * box.width, steps * box.height))
    lon, lat = lonlat(box, columns, rows)
    seen = _on_earth(box, columns, rows, lon, lat)
    return lon[seen], lat[seen], False


def _on_earth(box: GeoBox, columns: Floats, rows: Floats, lon: Floats, lat: Floats) -> npt.NDArray[np.bool_]:
    """Return whether degrees convert back to the same place; outside the disc or oval of a world map they do not."""
    seen = np.isfinite(lon) & np.isfinite(lat)
    if in_degrees(box):
        return seen
    there = locate(box, np.where(seen, lon, 0), np.where(seen, lat, 0))
    near = max(box.shape) * 1e-3
    with np.errstate(invalid="ignore"):
        apart = [np.abs(a - b) for a, b in zip(there, (columns, rows), strict=True)]
    # At the seam of a world map the two ends of a parallel are one place.
    seam = np.abs(np.abs(lon) - 180) < 1e-6
    result: npt.NDArray[np.bool_] = seen & ((apart[0] < near) | seam) & (apart[1] < near)
    return result


def _upright(box: GeoBox) -> bool:
    return box.affine.b == 0 and box.affine.d == 0


def _least(box: GeoBox) -> float:
    """Return the degrees by which a grid may miss the full circle."""
    return _SLACK * (abs(box.affine.a) if in_degrees(box) else 360 / max(box.shape))
