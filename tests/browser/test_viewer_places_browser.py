"""Pins and polygons in the viewer's own picture, and what a lazy cube and a thinned page have to say."""

from __future__ import annotations

import ast

import numpy as np
import pytest
from support.pictures import until

import eowidgets as eow
from eowidgets.cube.area import Area
from eowidgets.cube.grid import geobox
from eowidgets.render.source import FrameSource

TRIANGLE = "{ type: 'Polygon', coordinates: [[[22.146, 45.201], [22.15, 45.201], [22.15, 45.204], [22.146, 45.201]]] }"
MODEL = "document.getElementById('viewer').model"
TITLES = (
    """color => [...document.querySelectorAll(`.eow-chart circle[fill="${color}"] title`)].map((t) => t.textContent)"""
)
VERMILION, BLUE, ORANGE = "#d55e00", "#0072b2", "#e69f00"


@pytest.fixture(scope="module")
def source():
    return FrameSource(eow.open("romania"))


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    viewer = eow.TimeViewer(eow.open("romania"), date="2018-07-06", bands=["nir"])
    path = viewer.to_html(tmp_path_factory.mktemp("places") / "story.html")
    viewer.close()
    return path


@pytest.fixture
def opened(lab):
    """Open a page that a viewer has written; what it complains of fails the test."""
    problems, contexts = [], []

    def opener(path):
        contexts.append(lab.browser.new_context(offline=True, viewport={"width": 1000, "height": 800}))
        page = contexts[-1].new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda e: problems.append(str(e)))
        page.goto(path.as_uri())
        page.locator(".eow-viewer[data-drawn][data-ready]").wait_for()
        return page

    yield opener
    for context in contexts:
        context.close()
    assert problems == []


def click(page, *places):
    """Click at parts of the raster's width and height."""
    box = page.locator(".eow-picture").bounding_box()
    side = min(box["width"], box["height"])
    left, top = box["x"] + (box["width"] - side) / 2, box["y"] + (box["height"] - side) / 2
    for x, y in places:
        page.mouse.click(left + x * side, top + y * side)


def assert_means(page, source, geometry, color):
    """The chart's line in a colour is the mean of the clear pixels of a geometry."""
    page.wait_for_function(f"c => ({TITLES})(c).length > 30", arg=color)
    inside = Area.of(geometry).mask(geobox(source.cube))
    seen = inside & ~source.cube.clouds.values
    with np.errstate(invalid="ignore"):
        values = np.where(seen, source.cube.nir.values, 0).sum((1, 2)) / seen.sum((1, 2))
    solid = page.evaluate(TITLES, color)
    for title in solid:
        day, value = title.split()[:2]
        t = source.labels.index(day)
        assert seen[t].sum() >= 0.5 * inside.sum()
        assert float(value) == pytest.approx(values[t], abs=6e-4)  # three digits
    assert len(solid) == (seen.sum((1, 2)) >= 0.5 * inside.sum()).sum()


def test_polygons_are_drawn_each_with_a_colour_and_taken_away(opened, story, source):
    page = opened(story)
    draw = page.locator("button[aria-label='Draw a polygon']")
    draw.click()
    assert "Escape cancels" in page.locator(".eow-hint").text_content()
    click(page, (0.2, 0.2), (0.6, 0.25), (0.55, 0.7))
    page.locator(".eow-drawn").wait_for(state="attached")
    click(page, (0.25, 0.6))
    click(page, (0.2, 0.2))  # the first corner again
    page.locator(".eow-area").wait_for(state="attached")
    assert page.locator(".eow-hint").text_content() == ""
    first = page.evaluate(f"() => {MODEL}.get('area')")
    x, y = source.place.from_lonlat(*zip(*first["coordinates"][0], strict=True))
    pixels = [source.place.pixel(a, b) for a, b in zip(x, y, strict=True)]
    np.testing.assert_allclose(pixels, [(20, 20), (60, 25), (55, 70), (25, 60), (20, 20)], atol=1.01)
    assert_means(page, source, first, VERMILION)

    draw.click()
    click(page, (0.7, 0.1), (0.9, 0.1))
    box = page.locator(".eow-picture").bounding_box()
    side = min(box["width"], box["height"])
    page.mouse.dblclick(box["x"] + (box["width"] - side) / 2 + 0.8 * side, box["y"] + 0.5 * side)
    page.wait_for_function(f"() => {MODEL}.get('polygons').length === 1")
    second = page.evaluate(f"() => {MODEL}.get('area')")
    kept = page.evaluate(f"() => {MODEL}.get('polygons')[0]")
    assert kept["geometry"] == first and kept["color"] == BLUE
    assert_means(page, source, first, BLUE)
    assert_means(page, source, second, VERMILION)
    click(page, (0.1, 0.9))  # a pin gets a colour that nothing has
    assert page.evaluate(f"() => {MODEL}.get('pins')[0].color") == ORANGE
    assert page.evaluate(f"() => {MODEL}.get('bounds')") == []  # the double-click has not moved the picture
    page.screenshot(path="ci-output/screenshots/viewer-polygons.png")

    chips = page.locator(".eow-chip")
    assert chips.count() == 3
    page.locator("button[aria-label='Remove polygon']").click()
    page.locator("button[aria-label='Remove the area']").click()
    assert page.evaluate(f"() => [{MODEL}.get('polygons').length, {MODEL}.get('area')]") == [0, None]
    page.wait_for_function("() => !document.querySelector('.eow-area')")
    click(page, (0.1, 0.9))  # once more on the pin
    assert page.evaluate(f"() => {MODEL}.get('pins')") == [] and chips.count() == 0


def test_a_polygon_by_keyboard_and_how_to_give_up(opened, story, source):
    page = opened(story)
    picture = page.locator(".eow-picture")
    picture.focus()
    page.keyboard.press("p")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    assert page.locator(".eow-hint").text_content() == ""
    assert page.locator("button[aria-label='Draw a polygon'][aria-pressed=false]").count() == 1
    assert page.evaluate(f"() => [{MODEL}.get('area'), {MODEL}.get('pins').length]") == [None, 0]

    page.keyboard.press("p")
    click(page, (0.2, 0.5), (0.4, 0.5), (0.7, 0.5), (0.2, 0.5))
    page.locator(".eow-error:visible", has_text="All corners lie on one line").locator("button").click()
    assert page.evaluate(f"() => {MODEL}.get('area')") is None

    picture.focus()
    for _ in range(2):
        page.keyboard.press("+")
    page.keyboard.press("p")
    for key in ("Enter", "Shift+ArrowRight", "Shift+ArrowRight", "Enter", "Shift+ArrowDown", "Enter", "Backspace"):
        page.keyboard.press(key)
    assert page.locator(".eow-corner").count() == 2
    for key in ("Shift+ArrowDown", "Enter", "Enter"):
        page.keyboard.press(key)
    area = page.evaluate(f"() => {MODEL}.get('area')")
    assert len(area["coordinates"][0]) == 4
    assert_means(page, source, area, VERMILION)
    page.locator(".eow-axis").focus()
    for key in ("Home", "Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowLeft"):
        page.keyboard.press(key)
    assert page.evaluate(f"() => {MODEL}.get('selection')") == source.labels[:2]
    page.locator(".eow-legend", has_text="median of 2 dates").wait_for()
    page.keyboard.press("Escape")
    assert page.evaluate(f"() => {MODEL}.get('selection')") == []


def test_a_double_click_shows_all_and_leaves_no_pin(opened, story):
    page = opened(story)
    page.locator(".eow-picture").focus()
    page.keyboard.press("+")
    box = page.locator(".eow-picture").bounding_box()
    page.mouse.dblclick(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    west, south, east, north = page.evaluate(f"() => {MODEL}.get('bounds')")
    place = FrameSource(eow.open("romania")).place
    assert south == pytest.approx(place.bounds[1]) and north == pytest.approx(place.bounds[3])
    assert page.evaluate(f"() => {MODEL}.get('pins')") == []


def test_a_thinned_page_works_and_says_that_it_is_thinned(opened, tmp_path, source):
    viewer = eow.TimeViewer(
        eow.open("romania"), date="2018-07-06", bands=["nir"], pins=[{"lon": 22.1515, "lat": 45.2029}]
    )
    path = viewer.to_html(tmp_path / "thin.html", max_mb=2)
    date = viewer.date
    viewer.close()
    page = opened(path)
    note = page.locator(".eow-thinned").text_content()
    stride = int(page.evaluate(f"() => {MODEL}.get('head').sources[0].place.dx") / source.place.dx + 0.5)
    assert stride > 1
    nth = {2: "second", 3: "third"}.get(stride, f"{stride}th")
    assert f"every {nth} pixel" in note
    assert f"{10 * stride} m" in note and "10 m" in note
    page.wait_for_function(f"c => ({TITLES})(c).length > 30", arg=BLUE)
    x, y = source.place.from_lonlat(22.1515, 45.2029)
    column, row = source.place.pixel(float(x), float(y))
    half = stride // 2
    column, row = column // stride * stride + half, row // stride * stride + half
    for title in page.evaluate(TITLES, BLUE)[:20]:
        day, value = title.split()[:2]
        want = source.cube.nir.values[source.labels.index(day), row, column]
        assert float(value) == pytest.approx(want, abs=6e-4)
    page.locator(".eow-axis").focus()
    page.keyboard.press("ArrowRight")
    after = source.labels[source.labels.index(date) + 1]
    page.wait_for_function("d => document.querySelector('.eow-picture').dataset.shown === d", arg=after)
    page.screenshot(path="ci-output/screenshots/story-thinned.png")


LAZY = """
import numpy as np, pandas as pd, rioxarray, xarray as xr, eowidgets as eow
rng = np.random.default_rng(0)
T, N = 6, 600
shape = (T, N, N)
cube = xr.Dataset({"red": (("time", "y", "x"), rng.uniform(0.05, 0.4, shape).astype("float32")),
    "clouds": (("time", "y", "x"), rng.random(shape) < np.linspace(0, 0.8, T)[:, None, None])},
    coords={"time": pd.date_range("2020-01-03", periods=T, freq="11D").astype("datetime64[ns]"),
    "y": 5e6 - 10 * (np.arange(N) + 0.5), "x": 5e5 + 10 * (np.arange(N) + 0.5)}).rio.write_crs("EPSG:32635")
v = eow.TimeViewer(cube.chunk({"time": 1, "y": 200, "x": 200}), budget=1, height=300); v
"""


def test_a_lazy_cube_gets_its_cloud_bars_and_an_area_costs_one_message(same_lab):
    page = same_lab([LAZY])
    page.run_all()
    assert page.errors() == []
    p = page.page
    known = "() => [...document.querySelectorAll('.eow-axis-marks circle[data-cover]')]"
    p.wait_for_function(f"{known}.length === 6")
    assert p.locator(".eow-cover").count() == 5  # none on the clear date
    found = p.evaluate(f"{known}.map((dot) => Number(dot.dataset.cover))")
    np.testing.assert_allclose(found, np.linspace(0, 0.8, 6), atol=0.02)
    asked = lambda: [m for m in page.sent if b'"series"' in m]  # noqa: E731
    box = p.locator(".eow-picture").bounding_box()
    p.locator("button[aria-label='Draw a polygon']").click()
    middle = box["x"] + box["width"] / 2
    for x, y in ((middle - 60, 60), (middle + 60, 60), (middle, 200), (middle - 60, 60)):
        p.mouse.click(x, box["y"] + y)
    p.wait_for_function(f"c => ({TITLES})(c).length > 0", arg=VERMILION)
    assert len(asked()) == 1
    expected = ast.literal_eval(page.evaluate("cube.eow.series(v.area)['red'].values.round(6).tolist()"))
    shown = p.evaluate("() => [...document.querySelectorAll('.eow-chart circle title')].map((t) => t.textContent)")
    np.testing.assert_allclose([float(t.split()[1]) for t in shown], expected, atol=6e-4)
    until(page, lambda: page.errors() == [])
    page.screenshot("viewer-lazy")


def test_what_was_not_measured_is_said(opened, tmp_path, make_cube):
    cube = make_cube(height=20, width=20, bands=("red",)).drop_vars("clouds")
    cube["red"] = cube.red.where((cube.time != cube.time[2]) & (cube.x > float(cube.x[4])))
    viewer = eow.TimeViewer(cube)
    labels = viewer.sources["cube"].labels
    viewer.date = labels[1]
    page = opened(viewer.to_html(tmp_path / "gaps.html"))
    viewer.close()
    hint = page.locator(".eow-hint")
    assert hint.text_content() == ""
    page.locator(".eow-axis").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("d => document.querySelector('.eow-picture').dataset.shown === d", arg=labels[2])
    assert hint.text_content() == "There is no measurement here on this date."
    page.keyboard.press("ArrowRight")
    page.wait_for_function("d => document.querySelector('.eow-picture').dataset.shown === d", arg=labels[3])
    assert hint.text_content() == ""
    click(page, (0.1, 0.5))
    page.locator(".eow-chart-empty", has_text="There is no measurement here.").wait_for()
    page.evaluate(f"() => {MODEL}.set('pins', [{{ lon: 0, lat: 0, color: '#0072b2' }}])")
    page.locator(".eow-chart-empty", has_text="outside this picture").wait_for()


def test_pins_and_shapes_are_taken_back_and_put_again(story, opened):
    page = opened(story)
    counts = f"[{MODEL}.get('pins').length, {MODEL}.get('area') ? 1 : 0, {MODEL}.get('polygons').length].join()"

    def has(text):
        page.wait_for_function(f"t => {counts} === t", arg=text)

    undo, redo = page.get_by_label("Undo the last pin or shape"), page.get_by_label("Redo the pin or shape")
    assert undo.is_disabled() and redo.is_disabled()
    click(page, (0.2, 0.2))
    has("1,0,0")
    click(page, (0.7, 0.3))
    has("2,0,0")
    page.evaluate(f"{MODEL}.set({{ polygons: [], area: {TRIANGLE} }})")
    has("2,1,0")
    undo.click()
    has("2,0,0")
    page.locator(".eow-picture").focus()
    page.keyboard.press("Control+z")
    has("1,0,0")
    page.keyboard.press("Control+Shift+z")
    has("2,0,0")
    redo.click()
    has("2,1,0")
    assert redo.is_disabled()
    undo.click()
    click(page, (0.5, 0.8))
    has("3,0,0")
    assert redo.is_disabled()  # another step: what was taken back is gone
    page.get_by_label("Clear pins and areas").click()
    has("0,0,0")
    undo.click()
    has("3,0,0")
