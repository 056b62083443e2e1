"""Take the pictures of the README and the docs from the software itself: ``python tools/screenshots.py``."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

OUT = ROOT / "docs" / "images"
EXPLORER = """
import eowidgets as eow
cube = eow.open("romania", clouds="robust")
explorer = eow.Explorer(cube, date="2019-07-06", pins=[
    {"lon": 22.15147, "lat": 45.20292, "color": "#0072b2"}, {"lon": 22.1476, "lat": 45.2040, "color": "#e69f00"}])
explorer
"""


def main() -> None:
    """Draw each scene in JupyterLab and cut it out."""
    from support.lab import lab_session

    OUT.mkdir(parents=True, exist_ok=True)
    with lab_session() as lab:
        page = lab.open([EXPLORER], size=(1280, 900))
        page.run_all()
        if page.errors():
            raise SystemExit(page.errors())
        shown = page.page
        shown.locator(".eow-viewer[data-drawn]").wait_for()
        shown.locator(".leaflet-image-layer").wait_for()
        shown.locator(".eow-model-panel button[title=Run]").click()
        shown.locator(".eow-good", has_text="Done").wait_for()
        shown.wait_for_function("() => document.querySelector('.eow-picture').dataset.shown === '2019-07-06'")
        page.run("explorer.viewer.set_trait('index', 'NDVI')")
        shown.wait_for_function("() => document.querySelector('.eow-legend').textContent.includes('NDVI')")
        shown.locator(".eow-explorer").scroll_into_view_if_needed()
        shown.locator(".eow-explorer").screenshot(path=OUT / "explorer.png")
    print(OUT / "explorer.png")


if __name__ == "__main__":
    main()
