"""Background of a map: coastlines always, tiles where they can be reached."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import ipyleaflet
import xyzservices  # type: ignore[import-untyped]  # comes with ipyleaflet

from eowidgets.cube.samples import countries
from eowidgets.engine.scheduler import LIGHT
from eowidgets.engine.work import Work
from eowidgets.errors import unknown
from eowidgets.system import offline
from eowidgets.widgets.event_loop import on_this_loop

#: Basemaps that need no key.
BASEMAPS = {
    "streets": xyzservices.providers.OpenStreetMap.Mapnik,
    "light": xyzservices.providers.CartoDB.Positron,
    "dark": xyzservices.providers.CartoDB.DarkMatter,
    "imagery": xyzservices.providers.Esri.WorldImagery,
    "terrain": xyzservices.providers.OpenTopoMap,
}
#: Background without a network.
COASTLINES = "coastlines"
#: One small file from the tile server is a better test than a name look-up: it also fails behind captive portals.
PROBE = "https://tile.openstreetmap.org/0/0/0.png"
TIMEOUT = 2.0

#: Vectors are drawn above pictures unless they have a separate pane, between tiles (200) and overlays (400).
PANES = {"ground": {"zIndex": 250}}

_LAND = {"color": "#9a958a", "weight": 1, "fill_color": "#efece4", "fill_opacity": 1.0, "pane": "ground"}
_GRATICULE = {"color": "#8fa3ad", "weight": 1, "opacity": 0.6, "dash_array": "2 4", "fill": False, "pane": "ground"}


def tiles(name: str) -> ipyleaflet.TileLayer:
    """Return the tile layer of a basemap by name: streets, light, dark, imagery or terrain."""
    if name not in BASEMAPS:
        raise unknown("basemap", name, BASEMAPS)
    layer = ipyleaflet.basemap_to_tiles(BASEMAPS[name])
    layer.base, layer.name = True, name
    return layer


def coastlines() -> ipyleaflet.Polygon:
    """Return Natural Earth land and borders at 1:110 m, which need no network.

    The western half of the world is drawn twice, east of 180 as well: cubes across the antimeridian lie there.
    """
    return ipyleaflet.Polygon(locations=_land(), name=COASTLINES, **_LAND)


@lru_cache(maxsize=1)
def _land() -> list[Any]:
    rings = []
    for feature in countries()["features"]:
        shape = feature["geometry"]
        polygons = [shape["coordinates"]] if shape["type"] == "Polygon" else shape["coordinates"]
        for polygon in polygons:
            west = min(lon for lon, _ in polygon[0]) < 0
            turns = (0, 360) if west else (0,)
            rings += [[[[lat, lon + turn] for lon, lat in ring] for ring in polygon] for turn in turns]
    return rings


def graticule(step: int = 10) -> ipyleaflet.Polyline:
    """Return meridians and parallels every ``step`` degrees, from -180 to 360 like the coastlines."""
    lines = [[[-85, lon], [85, lon]] for lon in range(-180, 361, step)]
    lines += [[[lat, -180], [lat, 360]] for lat in range(-80, 81, step)]
    return ipyleaflet.Polyline(locations=lines, name="graticule", **_GRATICULE)


def reachable(url: str = PROBE, timeout: float = TIMEOUT) -> bool:
    """Return whether a tile server answers with a picture within ``timeout`` seconds; never raises."""
    request = urllib.request.Request(url, method="HEAD", headers={"User-Agent": "eowidgets"})  # noqa: S310 (https)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310
            return bool(answer.status == 200 and answer.headers.get_content_maintype() == "image")
    except (urllib.error.URLError, OSError, ValueError):
        return False


@lru_cache(maxsize=1)
def _probe() -> Work[bool]:
    """Test the server once per process; later maps use the cached result."""
    return LIGHT.submit("probe of the tile server", lambda _: reachable())


def when_online(callback: Callable[[], Any]) -> None:
    """Call ``callback`` once tiles are known to be reachable; return immediately, whatever the state of the network.

    In a kernel the call runs on its event loop, like all other changes of a map.
    """
    if offline():
        return
    here = on_this_loop(callback)

    def answered(probe: Work[bool]) -> None:
        if probe.state == "done" and probe.result():
            here()

    probe = _probe()
    if not probe.over:
        probe.on_change(answered)
    elif probe.state == "done" and probe.result():
        callback()
