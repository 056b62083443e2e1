"""Measuring a line and the profile along it, bookmarks, and names of pins, as a person does it."""

from __future__ import annotations

import ast

import numpy as np
import pytest
from pyproj import Geod
from support.pictures import choose, until

import eowidgets as eow
from eowidgets.render.source import FrameSource

MODEL = "document.getElementById('viewer').model"


@pytest.fixture(scope="module")
def source():
    return FrameSource(eow.open("romania"))


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    viewer = eow.TimeViewer(eow.open("romania"), date="2018-07-06", bands=["nir"])
    path = viewer.to_html(tmp_path_factory.mktemp("measure") / "story.html")
    viewer.close()
    return path


def place(page, x, y):
    """A part of the raster's width and height, on the screen."""
    box = page.locator(".eow-picture").bounding_box()
    side = min(box["width"], box["height"])
    return box["x"] + (box["width"] - side) / 2 + x * side, box["y"] + (box["height"] - side) / 2 + y * side


def get(page, name):
    return page.evaluate(f"() => {MODEL}.get('{name}')")


def numbers(page):
    texts = page.locator(".eow-measure-numbers > span").all_text_contents()
    return {text.rsplit(" ", 2)[0]: " ".join(text.rsplit(" ", 2)[1:]) for text in texts}


def test_a_line_has_length_area_and_profile(open_page, story, source):
    page = open_page(story)
    page.get_by_role("button", name="Measure a line").click()
    for corner in ((0.205, 0.205), (0.705, 0.205)):
        page.mouse.click(*place(page, *corner))
    page.mouse.dblclick(*place(page, 0.705, 0.705))
    page.locator(".eow-profile").wait_for()
    line = get(page, "transect")
    assert len(line) == 3
    lon, lat = zip(*line, strict=True)
    shown = numbers(page)
    length = sum(Geod(ellps="WGS84").inv(lon[:-1], lat[:-1], lon[1:], lat[1:])[2])
    assert length == pytest.approx(1000, rel=0.01)  # half of a kilometre along each axis
    value, unit = shown["Length"].split()
    assert float(value) * (1000 if unit == "km" else 1) == pytest.approx(length, rel=0.005)
    area = abs(Geod(ellps="WGS84").polygon_area_perimeter(lon, lat)[0]) / 1e4
    assert float(shown["Area, closed"].removesuffix(" ha")) == pytest.approx(area, rel=0.005)

    t = source.labels.index(get(page, "date"))
    nir = source.cube.nir.values[t]
    on_line = np.concatenate([nir[20, 20:71], nir[20:71, 70]])
    low, high = (float(v) for v in page.locator(".eow-profile-limits span").all_text_contents()[::-1])
    assert (low, high) == pytest.approx((on_line.min(), on_line.max()), abs=6e-3)
    box = page.locator(".eow-profile").bounding_box()
    page.mouse.move(box["x"] + 1, box["y"] + 20)
    page.wait_for_function(
        "v => Math.abs(Number(document.querySelector('.eow-profile-head span + span').textContent) - v) < 6e-3",
        arg=float(nir[20, 20]),
    )
    assert page.locator(".eow-overlay .eow-corner").count() == 1  # its place on the picture
    page.screenshot(path="ci-output/screenshots/viewer-measure.png")
    # The profile follows the date.
    page.locator(".eow-axis").focus()
    page.keyboard.press("ArrowRight")
    page.locator(".eow-profile-head", has_text=source.labels[t + 1]).wait_for()
    page.get_by_role("button", name="Remove the line").click()
    page.locator(".eow-measure").wait_for(state="hidden")
    assert get(page, "transect") == []


def test_a_line_is_drawn_by_keyboard_and_given_up(open_page, story):
    page = open_page(story)
    page.locator(".eow-picture").focus()
    page.keyboard.press("m")
    page.keyboard.press("Enter")
    for _ in range(3):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    assert len(get(page, "transect")) == 2
    page.keyboard.press("m")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    assert len(get(page, "transect")) == 2 and page.locator(".eow-hint").text_content() == ""


def test_a_view_is_saved_and_comes_back(open_page, story):
    page = open_page(story)
    choose(page, "NDVI")
    page.locator(".eow-picture").focus()
    page.keyboard.press("+")
    page.keyboard.press("Shift+ArrowRight")
    bounds = get(page, "bounds")
    page.get_by_role("button", name="Bookmarks and names of pins").click()
    page.get_by_label("Name of this view").fill("<b>close</b>")
    page.get_by_label("Name of this view").press("Enter")
    saved = page.get_by_role("group", name="Bookmarks").get_by_role("button", name="<b>close</b>").first
    saved.wait_for()
    (kept,) = get(page, "bookmarks")
    assert kept["index"] == "NDVI" and kept["bounds"] == pytest.approx(bounds)
    page.evaluate(
        f"() => {MODEL}.set({{ index: null, date: {MODEL}.get('head').sources[0].times[0], compare_mode: 'swipe' }})"
    )
    page.get_by_role("button", name="Show the whole picture").click()
    page.get_by_role("button", name="Bookmarks and names of pins").click()
    saved.click()
    assert (get(page, "index"), get(page, "date"), get(page, "compare_mode")) == ("NDVI", kept["date"], "none")
    assert get(page, "bounds") == pytest.approx(bounds)
    page.get_by_role("button", name="Remove the bookmark <b>close</b>").click()
    assert get(page, "bookmarks") == []


def test_a_pin_is_named_and_the_name_reaches_picture_chart_and_kernel(same_lab):
    page = same_lab(["import eowidgets as eow", "v = eow.TimeViewer(eow.open('romania'), height=400); v"])
    page.run_all()
    p = page.page
    p.locator(".eow-viewer[data-drawn][data-ready]").wait_for()
    p.locator(".eow-picture").click()
    p.locator(".eow-pin").wait_for(state="attached")
    p.get_by_role("button", name="Bookmarks and names of pins").click()
    p.get_by_label("Name of pin 1").fill("old clearing")
    p.get_by_label("Name of pin 1").press("Tab")
    p.locator(".eow-overlay text", has_text="old clearing").wait_for(state="attached")
    until(page, lambda: page.evaluate("v.pins[0].get('name')") == "old clearing")
    p.get_by_label("Name of this view").fill("now")
    p.get_by_role("button", name="Save", exact=True).click()
    until(page, lambda: page.evaluate("[b['name'] for b in v.bookmarks]") == "['now']")
    page.run("v.index = 'EVI'; v.show_bookmark('now')")
    assert page.evaluate("v.index") == "None"
    page.run("v.transect = [(22.148, 45.206), (22.153, 45.203)]")
    p.locator(".eow-measure-numbers", has_text="Length").wait_for()
    assert len(ast.literal_eval(page.evaluate("v.transect"))) == 2
    assert page.errors() == []
