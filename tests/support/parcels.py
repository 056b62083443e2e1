"""Parcels on the grid of a cube, with crops."""

from __future__ import annotations

from typing import Any

import numpy as np

from eowidgets.cube.grid import geobox


def grid_of_parcels(cube: Any, rows: int = 4, columns: int = 4, gap: float = 3.0) -> Any:
    """Return rectangles next to each other over a whole cube, as a GeoDataFrame with ``name`` and ``crop`` in degrees."""
    import geopandas
    from shapely import box

    place = geobox(cube)
    left, bottom, right, top = place.extent.boundingbox
    x, y = np.linspace(left, right, columns + 1), np.linspace(top, bottom, rows + 1)
    shapes = [box(x[i] + gap, y[j + 1] + gap, x[i + 1] - gap, y[j] - gap) for j in range(rows) for i in range(columns)]
    names = [f"field {k}" for k in range(len(shapes))]
    crops = [("wheat", "maize")[k % 2] for k in range(len(shapes))]
    frame = geopandas.GeoDataFrame({"name": names, "crop": crops}, geometry=shapes, crs=str(place.crs))
    return frame.to_crs(4326)
