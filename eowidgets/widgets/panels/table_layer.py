"""Rows of a result on a map: objects, labels or texts as shapes that can be clicked."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pandas as pd

from eowidgets.cube.area import Area
from eowidgets.cube.colormaps import CATEGORIES

if TYPE_CHECKING:
    import geopandas as gpd

#: Most rows that are drawn, those with the best score: more would slow down the browser.
MOST = 2000
#: Rows that a click lists: objects of several dates overlap.
LISTED = 5


class TableLayer:
    """Draws the rows of one result on a map.

    Parameters
    ----------
    map : AreaMap or None
    name : str
        Of the layer; a layer of that name is replaced.
    say : callable
        Takes the sentence about a row that was clicked.
    """

    def __init__(self, map: Any, name: str, say: Callable[[str], None]) -> None:
        self.map, self.name, self._say = map, name, say
        self._drawn: Any = None

    def show(self, table: gpd.GeoDataFrame) -> str:
        """Draw the rows, and return a sentence on where they are."""
        if self.map is None:
            return "Pass map= to the panel to show where they are."
        import ipyleaflet

        drawn = self._drawn = table.to_crs(4326).iloc[:MOST]
        features = []
        kinds = list(dict.fromkeys(str(v) for v in drawn[drawn.columns[0]])) if len(drawn) else []
        geometries = json.loads(drawn[["geometry"]].to_json())["features"]
        for number, ((_, row), feature) in enumerate(zip(drawn.iterrows(), geometries, strict=True)):
            color = CATEGORIES[kinds.index(str(row.iloc[0])) % len(CATEGORIES)]
            style = {"color": color, "weight": 2, "fillColor": color, "fillOpacity": 0.2}
            feature["geometry"] = (
                self.map.placed(Area.of(feature["geometry"]).geojson) if _has_area(feature) else feature["geometry"]
            )
            feature["properties"] = {"number": number, "text": sentence(row), "style": style}
            features.append(feature)
        layer = ipyleaflet.GeoJSON(
            data={"type": "FeatureCollection", "features": features}, name=self.name, hover_style={"weight": 4}
        )
        layer.on_click(self._clicked)
        kept = tuple(
            one for one in self.map.layers if not (isinstance(one, ipyleaflet.GeoJSON) and one.name == self.name)
        )
        self.map.layers = (*kept, layer)
        some = f" (the first {MOST} of {len(table)})" if len(table) > MOST else ""
        return f"They are on the map{some}: click one to show its values."

    def _clicked(self, **event: Any) -> None:
        properties = event.get("properties") or (event.get("feature") or {}).get("properties") or {}
        if properties.get("text"):
            self._say("; ".join([str(properties["text"]), *self._beneath(properties.get("number"))]))

    def _beneath(self, number: int | None) -> list[str]:
        """Return sentences on the other rows at the middle of the one that was clicked, and how many are left out."""
        if number is None:
            return []
        middle = self._drawn.geometry.iloc[number].representative_point()
        here = self._drawn.geometry.intersects(middle).to_numpy(copy=True)
        here[number] = False
        others = self._drawn[here]
        more = [f"{len(others) + 1 - LISTED} more"] if len(others) >= LISTED else []
        return [sentence(row) for _, row in others.iloc[: LISTED - 1].iterrows()] + more


def sentence(row: pd.Series) -> str:
    """Return the columns of a row as words, without its place."""
    parts = []
    for name, value in row.items():
        if name == "geometry" or value is None or value is pd.NaT:
            continue
        shown = (
            f"{value:.3g}"
            if isinstance(value, float)
            else str(value)[:10]
            if isinstance(value, pd.Timestamp)
            else str(value)
        )
        parts.append(f"{name} {shown[:80]}")
    return ", ".join(parts)


def summary(table: gpd.GeoDataFrame) -> str:
    """Return how many rows of each kind a table has."""
    if not len(table):
        return "no objects"
    counts = table[table.columns[0]].value_counts().head(5)
    return f"{len(table)} in all, " + ", ".join(f"{n} {str(kind)[:40]}" for kind, n in counts.items())


def _has_area(feature: dict[str, Any]) -> bool:
    return feature["geometry"]["type"] in ("Polygon", "MultiPolygon")
