"""The panel that finds images, in a browser: no cube, no network but a server on loopback."""

from __future__ import annotations

import json

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from support.day_items import write_items
from support.faulty_api import serve_pages
from support.stac_server import serve_folder

import eowidgets as eow

CLOUDS = (5.0, 80.0, 20.0, 0.0, 40.0)


@pytest.fixture(scope="module")
def small():
    return eow.open("romania")[["red", "green", "blue", "nir", "scl", "clouds", "valid"]].isel(time=slice(84, 89))


@pytest.fixture(scope="module")
def server(small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("scenes")
    with serve_folder(folder) as root, pytest.MonkeyPatch.context() as patch:
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            patch.delenv(name, raising=False)
        items = write_items(folder, small, root=root, clouds=CLOUDS)
        for item in items[:-1]:  # the last one has an address without a picture
            Image.new("RGB", (64, 64), (60, 120, 40)).save(folder / f"{item['id']}.jpg")
        with serve_pages(items, size=3) as (url, _):
            yield url


@pytest.fixture
def page(open_lab, server, small):
    first, last = (str(small.time.values[i])[:10] for i in (0, -1))
    page = open_lab(
        [
            "import os\nimport eowidgets as eow\n"
            f"panel = eow.FindPanel({server!r}, dates=({first!r}, {last!r}), remote=True)\npanel"
        ],
        size=(1000, 1400),
    )
    page.run_all()
    assert page.errors() == []
    page.page.locator(".eow-find-panel .leaflet-container").wait_for()
    return page


def says(page, text):
    page.page.locator(".eow-find-panel .eow-good, .eow-find-panel .eow-bad").filter(has_text=text).first.wait_for()


def test_upload_an_area_search_choose_by_keyboard_and_open(page, small, server, tmp_path):
    p = page.page
    panel = p.locator(".eow-find-panel")
    # Opened without a cube and without a network: coastlines, and a search that is refused in words.
    assert p.locator(".leaflet-tile").count() == 0
    assert p.locator(".eow-find-bars").is_hidden()
    says(page, "Set an area and dates")
    panel.get_by_role("button", name="Search").click()
    says(page, "EOWIDGETS_OFFLINE is set")

    west, south, east, north = small.eow.bounds
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    area = tmp_path / "area.geojson"
    area.write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    with p.expect_file_chooser() as chooser:
        panel.locator(".eow-map-tools .widget-upload").click()
    chooser.value.set_files(str(area))
    panel.get_by_text("Area: ").wait_for()

    page.run(
        "for n in ('EOWIDGETS_OFFLINE', 'http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'): os.environ.pop(n, None)"
    )
    panel.get_by_role("button", name="Search").click()
    says(page, "5 days from")
    bars = panel.locator(".eow-find-bars").get_by_role("option")
    bars.nth(4).wait_for()
    assert bars.count() == 5
    assert "80 % clouds" in bars.nth(1).get_attribute("aria-label")
    cost = panel.locator(".eow-cost")
    assert "so all 5 dates are taken. Reading takes about" in cost.text_content()

    # One band: code and cost follow without another search; then all bands again.
    before = cost.text_content()
    bands = panel.get_by_label("Bands")
    bands.select_option(bands.locator("option").first.text_content())
    p.wait_for_function("old => document.querySelector('.eow-find-panel .eow-cost').textContent !== old", arg=before)
    bands.select_option(bands.locator("option").all_text_contents())
    p.wait_for_function("old => document.querySelector('.eow-find-panel .eow-cost').textContent === old", arg=before)

    # By keyboard: the first date, then with shift to the third; the second is put back.
    bars.nth(0).focus()
    p.keyboard.press("Space")
    p.keyboard.press("Shift+ArrowRight")
    p.keyboard.press("Shift+ArrowRight")
    p.keyboard.press("ArrowLeft")
    p.keyboard.press("Enter")
    cost.get_by_text("2 dates chosen. Reading takes about").wait_for()
    chosen = [bars.nth(i).get_attribute("aria-selected") for i in range(5)]
    assert chosen == ["true", "false", "true", "false", "false"]
    assert panel.locator(".eow-find-previews figure").count() == 2
    # The same by a box in the table, and by the mouse with shift.
    panel.get_by_text("Table of dates").click()
    panel.get_by_role("checkbox", name="Choose").nth(2).uncheck()
    cost.get_by_text("1 date chosen.").wait_for()
    bars.nth(3).click(position={"x": 6, "y": 20})
    bars.nth(4).click(position={"x": 6, "y": 20}, modifiers=["Shift"])
    cost.get_by_text("3 dates chosen.").wait_for()
    panel.get_by_text("no preview").wait_for()
    axe = Axe().run(p, context=".eow-find-panel .eow-find")
    assert [v["id"] for v in axe.response["violations"] if v["impact"] in ("serious", "critical")] == []
    panel.scroll_into_view_if_needed()
    page.screenshot("find-panel")

    panel.get_by_role("button", name="Show code").click()
    code = panel.locator(".eow-code")
    code.wait_for()
    assert f"eow.find('{server}'" in code.text_content() and ".select(" in code.text_content()

    panel.get_by_role("button", name="Open 3 dates").click()
    says(page, "Opened 3 dates: the cube is panel.cube.")
    panel.locator(".eow-explorer .eow-viewer[data-drawn]").wait_for()
    assert page.evaluate("panel.cube.sizes['time']") == "3"
    page.screenshot("find-panel-opened")
    assert page.errors() == []
