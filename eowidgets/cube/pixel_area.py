"""Size of every pixel of a grid on the ground."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from eowidgets.cube import globe
from eowidgets.errors import InputError

Array = npt.NDArray[np.float64]
#: A projection whose areas are within this share of those on the ellipsoid is not corrected: 10 m pixels of UTM have 100 m².
PLANE = 0.01
#: Points per side at which the scale of a projection is computed.
_LATTICE = 17


def pixel_hectares(box: Any) -> Array:
    """Return the area of the pixels of a grid.

    In degrees the area on the ellipsoid between the parallels of each row; in a projection the area on the plane, divided
    by the areal scale of the projection where that is off by more than one percent (as in Web Mercator).

    Parameters
    ----------
    box : GeoBox

    Returns
    -------
    array
        Hectares, of a shape that broadcasts to ``(y, x)``: ``(1, 1)`` where all pixels are equal.

    Raises
    ------
    InputError
        For a grid of degrees that is rotated.
    """
    if globe.in_degrees(box):
        return _rows_in_degrees(box)
    metres = float(box.crs.proj.axis_info[0].unit_conversion_factor)
    plane = abs(float(box.affine.determinant)) * metres**2 / 1e4
    scale = _areal_scale(box)
    off = np.abs(scale - 1)
    return np.full((1, 1), plane) if not off.size or np.nanmax(off) <= PLANE else plane / scale


def _rows_in_degrees(box: Any) -> Array:
    if box.affine.b or box.affine.d:
        raise InputError(
            "The map is on a rotated grid of degrees: reproject it first, for example to an equal-area CRS."
        )
    ellipsoid = box.crs.proj.ellipsoid
    a, b = float(ellipsoid.semi_major_metre), float(ellipsoid.semi_minor_metre)
    edges = np.radians((box.affine.f + box.affine.e * np.arange(box.height + 1)).clip(-90, 90))
    squared = 1 - (b / a) ** 2
    sine, e = np.sin(edges), np.sqrt(squared)
    # Area between the equator and a parallel, per radian of longitude (Snyder 1987, eq. 3-12).
    zone = b**2 / 2 * (sine / (1 - squared * sine**2) + (np.arctanh(e * sine) / e if e > 0 else sine))
    return np.asarray(np.abs(np.diff(zone) * np.radians(box.affine.a))[:, None] / 1e4)


def _areal_scale(box: Any) -> Array:
    """Return projected over true area at the pixels, interpolated between points of a lattice."""
    from pyproj import Proj
    from scipy.interpolate import RegularGridInterpolator

    rows, columns = (np.linspace(0, n, min(_LATTICE, n + 1)) for n in (box.height, box.width))
    grid = np.meshgrid(columns, rows)
    lon, lat = globe.lonlat(box, *grid)
    with np.errstate(all="ignore"):
        scale = np.asarray(Proj(box.crs.proj).get_factors(lon, lat).areal_scale)
    if not np.isfinite(scale).all() or (scale <= 0).any():
        return np.ones((1, 1))
    if np.abs(scale - 1).max() <= PLANE:
        return scale
    at = np.meshgrid(np.arange(box.height) + 0.5, np.arange(box.width) + 0.5, indexing="ij")
    return np.asarray(RegularGridInterpolator((rows, columns), scale)(np.stack(at, axis=-1)))
