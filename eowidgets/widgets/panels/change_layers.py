"""Change on a map and in a viewer: the mask as a layer, places as polygons that can be clicked."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from eowidgets.cube.area import Area
from eowidgets.render.colormaps import colormap

if TYPE_CHECKING:
    import geopandas as gpd

NAME = "change"


class ChangeLayers:
    """Layers that a change panel adds to viewer and map.

    Parameters
    ----------
    viewer : TimeViewer or None
    map : AreaMap or None
    pick : callable
        Takes the number of the place that was clicked on the map.
    """

    def __init__(self, viewer: Any, map: Any, pick: Callable[[int], None]) -> None:
        self.viewer, self.map, self.pick = viewer, map, pick
        self._polygons: Any = None

    def show_mask(self, found: xr.Dataset) -> None:
        """Put kinds (or the mask) above the viewer's picture."""
        if self.viewer is None:
            return
        main = "kind" if "kind" in found else "change"
        layer = found[[main]].copy()
        if main == "change":
            # Only changed pixels cover the picture.
            layer[main] = layer[main].where(layer[main] == 1, 255).astype("uint8").assign_attrs(found[main].attrs)
        self.viewer.add_layer(layer, NAME)

    def show_places(self, places: gpd.GeoDataFrame) -> None:
        """Draw the places on the map, coloured by date from early (dark) to late (bright)."""
        if self.map is None:
            return
        import ipyleaflet

        data = json.loads(places.to_crs(4326)[["id", "date", "hectares", "kind", "geometry"]].to_json())
        tint = _tints(places["date"])
        for feature in data["features"]:
            color = tint[feature["properties"]["date"]]
            feature["geometry"] = self.map.placed(Area.of(feature["geometry"]).geojson)
            feature["properties"]["style"] = {"color": color, "weight": 2, "fillColor": color, "fillOpacity": 0.35}
        fresh = ipyleaflet.GeoJSON(data=data, name=NAME, hover_style={"weight": 4, "fillOpacity": 0.6})
        fresh.on_click(self._clicked)
        kept = tuple(layer for layer in self.map.layers if layer is not self._polygons)
        self.map.layers = (*kept, fresh)
        self._polygons = fresh

    def _clicked(self, **event: Any) -> None:
        properties = event.get("properties") or (event.get("feature") or {}).get("properties") or {}
        if properties.get("id"):
            self.pick(int(properties["id"]))

    def look_at(self, place: Any, crs: Any) -> None:
        """Bring viewer and map to the date of a place."""
        for part in (self.viewer, self.map):
            days = getattr(part, "date", None)
            if part is None or days is None:
                continue
            labels = [str(t)[:10] for t in part.cube.time.values] if part.cube is not None else []
            if place.confirmed in labels:
                part.date = place.confirmed


def _tints(dates: Any) -> dict[str, str]:
    levels = sorted(set(dates))
    table = colormap("viridis")
    steps = np.linspace(0, len(table) - 1, max(len(levels), 2)).astype(int)
    return {d: "#{:02x}{:02x}{:02x}".format(*table[i]) for d, i in zip(levels, steps, strict=False)}
