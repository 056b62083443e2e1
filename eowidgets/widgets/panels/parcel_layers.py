"""Parcels on viewer and map: a choropleth that follows the date, and the parcel at a place."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from eowidgets.analysis.measure.parcels.layer import VARIABLE
from eowidgets.analysis.measure.parcels.parcels import Parcels
from eowidgets.cube.area import Area
from eowidgets.cube.globe import locate
from eowidgets.cube.grid import geobox
from eowidgets.render.result import result_picture, thin

#: Name of the layer, and how opaque it is.
NAME, OPACITY = "parcels", 0.85
#: Pixels around a selected parcel, and the least side of the view.
MARGIN, LEAST = 4, 24


class ParcelLayers:
    """Layers that a parcel panel adds to viewer and map.

    Parameters
    ----------
    cube : Dataset
    viewer : TimeViewer or None
    map : AreaMap or None
    """

    def __init__(self, cube: xr.Dataset, viewer: Any, map: Any) -> None:
        self.cube, self.viewer, self.map = cube, viewer, map
        self._parcels: Parcels | None = None
        self._layer: xr.Dataset | None = None
        self._tree: Any = None

    def show(self, parcels: Parcels, index: str, stat: str) -> None:
        """Colour the parcels by a statistic, date by date."""
        from shapely import STRtree

        self._layer = layer = parcels.choropleth(self.cube, index, stat)
        if parcels is not self._parcels:
            self._parcels, self._tree = parcels, STRtree(parcels.measured["geometry"].to_numpy())
        if self.viewer is not None:
            attrs = layer[VARIABLE].attrs
            style = {"vmin": attrs["vmin"], "vmax": attrs["vmax"], "cmap": attrs["cmap"], "stretch": "linear"}
            self.viewer.add_layer(layer, NAME, style=style, opacity=OPACITY)
        self.paint()

    def paint(self) -> None:
        """Draw the date of the viewer, or of the map where there is none, on the map."""
        if self.map is None or self._layer is None or self._parcels is None:
            return
        date = str((self.map if self.viewer is None else self.viewer).date or "")
        number = self._parcels.nearest(date) if date else len(self._parcels.times) - 1
        at = thin(self._layer.isel(time=number))
        rgba, key = result_picture(at[VARIABLE].compute())
        self.map.show_image(rgba, geobox(at), NAME, key, OPACITY)

    def drop(self) -> None:
        """Remove the layer, if it exists."""
        if self.viewer is not None and any(k["key"] == NAME for k in self.viewer.layers):
            self.viewer.remove_layer(NAME)
        if self.map is not None:
            self.map.drop_image(NAME)
        self._layer = None

    def at(self, lon: float, lat: float) -> int | None:
        """Return the position of the smallest parcel at a place; None if there is none."""
        from shapely import Point

        if self._parcels is None:
            return None
        found = self._tree.query(Point(lon, lat), predicate="intersects")
        if not len(found):
            return None
        return int(found[np.argmin(self._parcels.measured["pixels"].to_numpy()[found])])

    def look_at(self, position: int) -> None:
        """Centre the view on a parcel."""
        assert self._parcels is not None  # noqa: S101  (called with parcels)
        area = Area(self._parcels.measured["geometry"].iloc[position])
        if self.map is not None:
            self.map.look_at(area)
        if self.viewer is None:
            return
        box = geobox(self.cube)
        west, south, east, north = area.bounds
        columns, rows = locate(box, np.array([west, east, west, east]), np.array([south, south, north, north]))
        x, y = (float(np.mean([v.min(), v.max()])) for v in (columns, rows))
        half = max(LEAST, np.ptp(columns), np.ptp(rows)) / 2 + MARGIN
        (x0, y0), (x1, y1) = (box.affine @ (x + step, y + step) for step in (-half, half))
        self.viewer.bounds = [float(v) for v in (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))]


def place_of(parcels: Parcels, position: int) -> tuple[float, float]:
    """Return longitude and latitude of a point inside a parcel."""
    point = parcels.measured["geometry"].iloc[position].representative_point()
    return float(point.x), float(point.y)
