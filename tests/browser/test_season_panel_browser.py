from __future__ import annotations

import pytest

CELLS = [
    "import eowidgets as eow, ipywidgets\n"
    "cube = eow.open('romania')\n"
    "v = eow.TimeViewer(cube, height=300, chart=False)\n"
    "p = eow.SeasonPanel(cube, viewer=v)",
    "ipywidgets.HBox([ipywidgets.VBox([v], layout={'width': '45%'}), p])",
]


@pytest.fixture
def page(same_lab):
    page = same_lab(CELLS)
    page.page.set_viewport_size({"width": 1400, "height": 1200})
    page.run_all()
    assert page.errors() == []
    page.page.locator(".eow-viewer[data-drawn]").wait_for()
    page.page.locator(".eow-season-panel").wait_for()
    return page


def says(page, text):
    page.page.locator(".eow-season-panel .eow-good, .eow-season-panel .eow-bad").filter(has_text=text).first.wait_for()


def test_measure_seasons_click_a_pixel_then_measure_trends(page):
    p = page.page
    panel = p.locator(".eow-season-panel")
    panel.get_by_role("button", name="Measure").click()
    says(page, "Done: Seasons of NDVI 2015 to 2021")
    picture = p.locator(".eow-picture").first
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    p.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.45)
    panel.get_by_text("the season lasts from").wait_for()
    chart = panel.locator(".eow-pixel-chart")
    assert chart.locator(".eow-ahead").count() == 1
    assert all(sign in chart.locator("svg").text_content() for sign in "↗▲↘")
    page.screenshot("season-panel")

    panel.get_by_label("Measure").first.select_option("Trend")
    panel.get_by_role("button", name="Measure").click()
    says(page, "Done: Trend of NDVI")
    panel.get_by_text("a year (95 % interval").wait_for()
    page.screenshot("season-panel-trend")
