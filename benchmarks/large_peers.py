"""Peers of ``benchmarks/large.py`` on the same files: leafmap's tile layer and the viewer of zeit-cdts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

WAIT = 240
PACKAGES = "import sys; sys.path += {packages!r}\n"
LEAFMAP = """
import jupyter_loopback, leafmap.leafmap as leafmap, localtileserver, localtileserver.configure
# Straight to its port, which is its fastest way: no detour through the notebook's server or a comm.
localtileserver.configure.autodetect_prefix = lambda *_: None
jupyter_loopback.intercept_localhost = jupyter_loopback.enable_comm_bridge = lambda *_, **__: None
rival = leafmap.Map(center=({lat}, {lon}), zoom=10, draw_control=False, toolbar_control=False)
rival.layout.height = "600px"; rival.layers = ()
client = localtileserver.TileClient({path!r})
rival.add(localtileserver.get_leaflet_tile_layer(client, indexes=[3, 2, 1], vmin=0, vmax=5000))
rival.add_class("leafmap-rival")
rival
"""
#: Seconds until all tiles of the view are there, after an action or as it is.
TILES = """async (old) => {
  const start = performance.now();
  const tiles = () => [...document.querySelectorAll('.leafmap-rival .leaflet-tile-pane img.leaflet-tile')];
  const here = (i) => i.complete && i.naturalWidth && i.classList.contains('leaflet-tile-loaded');
  while (!(tiles().length && tiles().every((i) => here(i) && !(old ?? []).includes(i.src)))) {
    if (performance.now() - start > 120000) return [null, tiles().length, tiles().filter(here).length];
    await new Promise(requestAnimationFrame);
  }
  return [(performance.now() - start) / 1000, tiles().length, tiles().length];
}"""
SOURCES = "() => [...document.querySelectorAll('.leafmap-rival .leaflet-tile-pane img.leaflet-tile')].map((i) => i.src)"
ZEIT = """
import zeit
rival = zeit.plot({path!r}, static=False, height=600)
rival
"""


def measure(lab: Any, folder: Path, packages: list[str]) -> Iterator[dict[str, Any]]:
    """Yield first picture and zooming of each on the first file, so that one that does not end loses no other."""
    path = str(sorted(folder.glob("*.tif"))[0])
    for name, what in (("leafmap", _leafmap), ("zeit-cdts", _zeit)):
        page = lab.open([PACKAGES.format(packages=packages)])
        try:
            page.run_all(WAIT)
            page.page.set_default_timeout(WAIT * 1000)
            found: Any = what(page, path)
        except Exception as problem:  # noqa: BLE001  (a peer that is not there must not lose the other results)
            found = f"{type(problem).__name__}: {str(problem)[:200]} {page.errors()[:1]}"
        page.screenshot(f"large-peer-{name}")
        page.close()
        yield {name: found}


def _leafmap(page: Any, path: str) -> dict[str, Any]:
    import rasterio
    from rasterio.warp import transform_bounds

    with rasterio.open(path) as raster:
        west, south, east, north = transform_bounds(raster.crs, "EPSG:4326", *raster.bounds)
    code = LEAFMAP.format(lat=(south + north) / 2, lon=(west + east) / 2, path=path)
    page.run("import jupyter_loopback, leafmap.leafmap as leafmap, localtileserver", WAIT)
    began = time.perf_counter()
    page.run(code, WAIT)
    first = page.page.evaluate(TILES, None)
    out: dict[str, Any] = {"first_picture_s": round(time.perf_counter() - began, 2), "tiles": first[1:]}
    zooms = []
    for zoom in (11, 12, 13, 14):
        old = page.page.evaluate(SOURCES)
        began = time.perf_counter()
        page.run(f"rival.zoom = {zoom}")
        page.page.evaluate(TILES, old)
        zooms.append(round(time.perf_counter() - began, 2))
    return out | {"zoom_sharp_s": zooms}


def _zeit(page: Any, path: str) -> dict[str, Any]:
    page.run("import zeit", WAIT)
    began = time.perf_counter()
    page.run(ZEIT.format(path=path), WAIT)
    page.page.locator("canvas.zv-map").wait_for()
    out: dict[str, Any] = {"first_picture_s": _quiet(page, began)}
    box = page.page.locator(".zv-stage").bounding_box()
    page.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    zooms = []
    for _ in range(4):
        before, began = len(page.received), time.perf_counter()
        page.page.mouse.wheel(0, -240)
        zooms.append([_quiet(page, began), len(page.received) - before])
    return out | {"zoom_last_pixels_s_and_messages": zooms}


def _quiet(page: Any, began: float, seconds: float = 2.0) -> float:
    """Return the seconds until the last message from the kernel that is followed by a pause."""
    last, count = time.perf_counter(), len(page.received)
    while time.perf_counter() - last < seconds:
        page.page.evaluate("() => new Promise(requestAnimationFrame)")
        if len(page.received) != count:
            last, count = time.perf_counter(), len(page.received)
    return round(last - began, 2)
