"""Take the pictures of the README and the docs from the software itself: ``python tools/screenshots.py``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gallery_scenes import SCENES, Scene
from store_pictures import SIZE, STILL, decoded, packed, settled

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

if TYPE_CHECKING:
    from support.lab import Lab

OUT = ROOT / "docs" / "images"
EXPLORER = """
import eowidgets as eow
cube = eow.open("romania", clouds="robust")
explorer = eow.Explorer(cube, date="2019-07-06", pins=[
    {"lon": 22.15147, "lat": 45.20292, "color": "#0072b2"}, {"lon": 22.1476, "lat": 45.2040, "color": "#e69f00"}])
explorer
"""
VIEWER = """
import eowidgets as eow
viewer = eow.TimeViewer(eow.open("romania", clouds="robust"), index="NDVI", date="2019-07-06", compare_date="2016-07-01",
    compare_mode="swipe", events=[{"date": "2017-09-17", "label": "storm"}])
viewer.polygons = [(22.1525, 45.2012, 22.1545, 45.2034)]
viewer.area = {"type": "Polygon", "coordinates": [[
    [22.1480, 45.2052], [22.1512, 45.2060], [22.1520, 45.2042], [22.1496, 45.2030], [22.1480, 45.2052]]]}
viewer.pins = [{"lon": 22.15147, "lat": 45.20292, "color": "#009e73"}]
viewer
"""


def explorer(lab: Lab) -> Path:
    """Take map, viewer, chart and panels after a run of a model."""
    page = lab.open([EXPLORER], size=(1280, 900))
    page.run_all()
    if page.errors():
        raise SystemExit(page.errors())
    shown = page.page
    shown.locator(".eow-viewer[data-drawn]").wait_for()
    shown.locator(".eow-map-canvas[data-shown]").wait_for()
    shown.locator(".eow-model-panel button[title=Run]").click()
    shown.locator(".eow-good", has_text="Done").wait_for()
    shown.wait_for_function("() => document.querySelector('.eow-picture').dataset.shown === '2019-07-06'")
    page.run("explorer.viewer.set_trait('index', 'NDVI')")
    shown.wait_for_function("() => document.querySelector('.eow-legend').textContent.includes('NDVI')")
    return _cut(page, ".eow-explorer", "explorer")


def viewer(lab: Lab) -> Path:
    """Take a picture of the time viewer alone, swiping between two dates, with a pin and two polygons."""
    page = lab.open([VIEWER], size=(1280, 900))
    page.run_all()
    if page.errors():
        raise SystemExit(page.errors())
    shown = page.page
    shown.locator(".eow-viewer[data-drawn][data-ready]").wait_for()
    shown.wait_for_function("() => document.querySelectorAll('.eow-chart polygon').length === 2")
    return _cut(page, ".eow-viewer", "viewer")


def panel(lab: Lab, scene: Scene) -> Path:
    """Take a picture of a panel after the steps of its scene, with few colours: pictures of the gallery are small."""
    page = lab.open([scene.setup, scene.widget], size=SIZE)
    page.run_all(timeout=400)
    if page.errors():
        raise SystemExit(page.errors())
    page.page.add_style_tag(content=STILL)
    part = page.page.locator(".jp-CodeCell").nth(1).locator(".jp-OutputArea-child > .jp-OutputArea-output").first
    png, _ = packed(settled(page, part, seconds=200))
    page.close()
    path = OUT / f"{scene.name}.png"
    path.write_bytes(png)
    return path


def stored(scene: Scene) -> Path:
    """Copy the picture of a widget that a notebook stores."""
    cells = json.loads((ROOT / scene.notebook).read_text(encoding="utf-8"))["cells"]
    outputs = [o for c in cells if f"eow.{scene.title}(" in "".join(c["source"]) for o in c.get("outputs", ())]
    png = next(o["data"]["image/png"] for o in outputs if "image/png" in o.get("data", {}))
    path = OUT / f"{scene.name}.png"
    decoded(png).save(path, optimize=True)
    return path


def _cut(page, what: str, name: str) -> Path:  # type: ignore[no-untyped-def]
    part = page.page.locator(what).first
    page.page.mouse.move(0, 0)
    part.scroll_into_view_if_needed()
    part.screenshot(path=OUT / f"{name}.png")
    page.close()
    return OUT / f"{name}.png"


def main() -> None:
    """Draw each scene in JupyterLab and cut it out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="scenes to take; without any, all")
    wanted = parser.parse_args().names or [scene.name for scene in SCENES]
    from support.lab import lab_session

    own = {"explorer": explorer, "viewer": viewer}
    OUT.mkdir(parents=True, exist_ok=True)
    chosen = [scene for scene in SCENES if scene.name in wanted]
    for scene in chosen:
        if scene.notebook:
            print(stored(scene))
    if all(scene.notebook for scene in chosen):
        return
    with lab_session() as lab:
        for scene in chosen:
            if not scene.notebook:
                path = own[scene.name](lab) if scene.name in own else panel(lab, scene)
                print(f"{path}: {path.stat().st_size / 1e3:.0f} kB", flush=True)


if __name__ == "__main__":
    main()
