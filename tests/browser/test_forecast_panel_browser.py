from __future__ import annotations

import pytest

CELLS = [
    "import eowidgets as eow, ipywidgets\n"
    "from eowidgets.widgets.panels.forecast_panel import ForecastPanel\n"
    "cube = eow.open('romania')\n"
    "v = eow.TimeViewer(cube, index='NDVI', height=300, chart=False)\n"
    "p = ForecastPanel(cube, viewer=v)\n"
    "p.days = 120",
    "ipywidgets.HBox([ipywidgets.VBox([v], layout={'width': '50%'}), p])",
]


@pytest.fixture
def page(same_lab):
    page = same_lab(CELLS)
    page.page.set_viewport_size({"width": 1400, "height": 1100})
    page.run_all()
    assert page.errors() == []
    page.page.locator(".eow-viewer[data-drawn]").wait_for()
    page.page.locator(".eow-forecast-panel").wait_for()
    return page


def says(page, text):
    page.page.locator(".eow-forecast-panel .eow-good, .eow-forecast-panel .eow-bad").filter(
        has_text=text
    ).first.wait_for()


def test_pick_a_pixel_see_the_fan_and_drag_it_back(page):
    p = page.page
    picture = p.locator(".eow-picture")
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    p.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.45)
    says(page, "Forecast from 2021-01-01 to 2021-05-01")
    chart = p.locator(".eow-forecast-panel .eow-pixel-chart")
    assert chart.locator(".eow-spread").count() == 3
    assert chart.locator(".eow-ahead").count() == 1
    assert "forecast →" in chart.locator("svg").text_content()
    # The fan lies to the right of what was measured, and the wide intervals around the narrow ones.
    spreads = [chart.locator(".eow-spread").nth(i).bounding_box() for i in range(3)]
    mark = chart.locator(".eow-mark").bounding_box()
    assert all(s["x"] > mark["x"] for s in spreads)
    assert spreads[0]["height"] >= spreads[1]["height"] >= spreads[2]["height"] > 0
    assert p.locator(".eow-skill tr").count() == 4
    page.screenshot("forecast-panel")

    # One drag on the slider: what would have been forecast then, beside what came.
    handle = p.locator(".eow-from .noUi-handle, .eow-from input[type=range]").first
    handle.scroll_into_view_if_needed()
    at = handle.bounding_box()
    x, y = at["x"] + at["width"] / 2, at["y"] + at["height"] / 2
    p.mouse.move(x, y)
    p.mouse.down()
    p.mouse.move(x - 40, y, steps=4)
    p.mouse.up()
    says(page, "clear values observed afterwards")
    assert page.evaluate("p.looks_back") == "True"
    page.screenshot("forecast-panel-hindcast")
    assert page.errors() == []


def test_frames_in_the_viewer(page):
    p = page.page
    page.run("p.where = 'all'")
    p.locator(".eow-forecast-panel button").filter(has_text="Forecast").click()
    says(page, "Its frames follow the last date")
    p.locator(".eow-event").nth(11).wait_for(state="attached")
    assert page.evaluate("v.date") == "2021-01-11"
    p.locator(".eow-date").filter(has_text="2021-01-11").wait_for()
    page.screenshot("forecast-panel-frames")
    assert page.errors() == []
