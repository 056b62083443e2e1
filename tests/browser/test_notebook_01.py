"""Notebook 01 as a newcomer goes through it: run, scrub, draw, click, run a model, and look at what is drawn."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.pictures import compare, shown, until

import eowidgets as eow
from eowidgets.render.source import FrameSource
from eowidgets.render.style import Style

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "01_explore_an_area.ipynb"


@pytest.fixture
def page(open_lab):
    page = open_lab(NOTEBOOK, size=(1280, 900))
    page.run_all(timeout=180)
    assert page.errors() == []
    return page


def read(page, expression):
    return json.loads(page.evaluate(f"__import__('json').dumps({expression})"))


def test_the_whole_notebook(page):
    p = page.page
    explorer = p.locator(".eow-explorer").first
    viewer = explorer.locator(".eow-viewer").first
    p.wait_for_function("() => document.querySelectorAll('.eow-viewer[data-drawn]').length === 2")
    explorer.scroll_into_view_if_needed()
    p.locator(".eow-map-canvas[data-shown]").first.wait_for()
    page.screenshot("notebook-01-explorer")

    # Its charts are there without a network, one of hvPlot and one of matplotlib, and as large as charts are.
    p.locator(".eow-bokeh[data-drawn]").scroll_into_view_if_needed()
    assert p.locator(".eow-bokeh[data-drawn]").bounding_box()["width"] > 600
    charts = p.locator(".jp-RenderedImage img")
    charts.first.scroll_into_view_if_needed()
    widths = [charts.nth(i).evaluate("img => img.decode().then(() => img.naturalWidth)") for i in range(charts.count())]
    assert len(widths) == 1 and min(widths) > 300

    # The map of the section for users of leafmap shows the cube and the layer that a method of leafmap has added.
    p.locator(".eow-map-canvas").last.scroll_into_view_if_needed()
    p.wait_for_function("() => document.querySelectorAll('.eow-map-canvas[data-shown]').length === 2")
    assert read(page, "[layer.name for layer in m.layers if layer.name == 'clearing']") == ["clearing"]
    explorer.scroll_into_view_if_needed()

    # The time axis: a drag changes the date, draws it, and sends nothing until it rests.
    axis = viewer.locator(".eow-axis")
    axis.scroll_into_view_if_needed()
    box = axis.bounding_box()
    p.mouse.move(box["x"] + 30, box["y"] + 30)
    p.mouse.down()
    start = viewer.locator(".eow-date").text_content()
    before = page.count_sent()
    p.mouse.move(box["x"] + box["width"] * 0.72, box["y"] + 30, steps=15)
    assert page.count_sent() == before
    date = viewer.locator(".eow-date").text_content()
    assert date != start
    p.mouse.up()
    shown(page, date)
    until(page, lambda: page.evaluate("explorer.date") == date)

    # What is drawn is what xarray holds.
    compare(page, FrameSource(eow.open("romania", clouds="robust")), Style(bands=("red", "green", "blue")), date)

    # A click on the picture pins that pixel, in the kernel, on the map and in the chart.
    picture = viewer.locator(".eow-picture")
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    picture.click(position={"x": box["width"] / 2 + 2, "y": box["height"] / 2 + 2})
    viewer.locator(".eow-pin").wait_for(state="attached")
    until(page, lambda: len(read(page, "explorer.pins")) == 1)
    pin = read(page, "explorer.pins")[0]
    assert pin == read(page, "explorer.map.pins")[0]
    column = eow.open("romania", clouds="robust").eow.at(pin["lon"], pin["lat"])
    place = FrameSource(eow.open("romania", clouds="robust")).place
    assert place.pixel(float(column.x), float(column.y)) == (50, 50)
    # Clear dates as dots, cloudy ones hollow.
    color = pin["color"]
    hollow = viewer.locator(f".eow-chart circle[fill=none][stroke='{color}']").count()
    assert hollow == int(column.clouds.sum())
    assert viewer.locator(f".eow-chart circle[fill='{color}'], .eow-chart circle[stroke='{color}']").count() == 140

    # Shift and drag draws an area, which limits the next run.
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    p.keyboard.down("Shift")
    p.mouse.move(x - 60, y - 40)
    p.mouse.down()
    p.mouse.move(x + 20, y + 50, steps=5)
    p.mouse.up()
    p.keyboard.up("Shift")
    drawn = "explorer.area != area.geojson"
    until(page, lambda: page.evaluate(drawn) == "True")
    geometry = read(page, "explorer.area")
    assert geometry["type"] == "Polygon"
    assert geometry == read(page, "explorer.map.area")
    explorer.locator("button[title=Run]").click()
    explorer.locator(".eow-good", has_text="Done").wait_for(timeout=60_000)
    inside = eow.Area.of(geometry).mask(eow.open("romania", clouds="robust").odc.geobox)
    assert read(page, "int(explorer.result.valid.any('time').sum())") == int(inside.sum())
    explorer.scroll_into_view_if_needed()
    page.screenshot("notebook-01-after-run")
    assert page.errors() == []
    assert not [line for line in page.console if "uncaught" in line]
