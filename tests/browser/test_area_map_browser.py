from __future__ import annotations

import json

import pytest
from support.pictures import until


@pytest.fixture
def page(same_lab):
    page = same_lab(["import eowidgets as eow", "m = eow.AreaMap(eow.open('romania'), height='420px'); m"])
    page.run_all()
    assert page.errors() == []
    page.page.locator(".eow-map-canvas[data-shown]").wait_for()
    return page


def area_of(page):
    return json.loads(page.evaluate("__import__('json').dumps(m.area)"))


def pins_of(page):
    return json.loads(page.evaluate("__import__('json').dumps(m.pins)"))


def middle(page):
    """Of the map, where it is now: cells that are run may scroll the notebook."""
    page.page.locator(".leaflet-container").scroll_into_view_if_needed()
    box = page.page.locator(".leaflet-container").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def offset(place, dx, dy):
    return place[0] + dx, place[1] + dy


def test_draw_click_and_look(page):
    p = page.page
    # Offline: coastlines, no tile asked for, nothing in the console.
    assert p.locator(".leaflet-tile").count() == 0
    assert not [line for line in page.console if "ERR_" in line or "tile" in line.lower()]

    x, y = middle(page)
    p.mouse.click(x + 90, y + 40)
    p.locator(".leaflet-overlay-pane path[fill='#0072b2']").wait_for()

    p.locator(".leaflet-draw-draw-rectangle").click()
    p.mouse.move(x - 60, y - 50)
    p.mouse.down()
    p.mouse.move(x + 30, y + 30, steps=5)
    p.mouse.up()
    p.wait_for_function("() => document.querySelectorAll(\"path[stroke='#d55e00']\").length === 1")
    area = area_of(page)
    assert area["type"] == "Polygon"
    pins = pins_of(page)
    assert len(pins) == 1  # ending the rectangle put no pin
    west, east = min(c[0] for c in area["coordinates"][0]), max(c[0] for c in area["coordinates"][0])
    degrees_per_pixel = (east - west) / 90
    assert pins[0]["lon"] == pytest.approx(east + 60 * degrees_per_pixel, abs=3 * degrees_per_pixel)

    p.locator(".leaflet-draw-draw-polygon").click()
    for vertices, (dx, dy) in enumerate(((-80, -80), (0, -90), (10, 0)), 1):
        # Leaflet.draw takes no vertex for a moment after one: as a person would, click again.
        for _ in range(50):
            p.mouse.click(*offset(middle(page), dx, dy))
            if p.locator(".leaflet-editing-icon").count() == vertices:
                break
        assert p.locator(".leaflet-editing-icon").count() == vertices
    p.locator(".leaflet-editing-icon").first.click()
    p.wait_for_function(
        """() => { const drawn = document.querySelectorAll("path[stroke='#d55e00']");
                   const pins = document.querySelectorAll("path[stroke='#ffffff']");
                   return drawn.length === 1 && pins.length === 1
                     && drawn[0].getAttribute('d').split('L').length === 3; }"""
    )
    area = area_of(page)
    assert len(area["coordinates"][0]) == 4
    assert len(pins_of(page)) == 1  # drawing a polygon put no pin
    page.screenshot("area_map")
    assert page.errors() == []


def test_scrubbing_on_the_map_sends_nothing(page):
    p = page.page
    page.run("v = eow.TimeViewer(m.cube, height=200, chart=False); m.frames.follow(v); display(v)")
    p.locator(".eow-viewer[data-ready]").wait_for()
    shown = "d => document.querySelector('.eow-map-canvas').dataset.shown === d"
    axis = p.locator(".eow-axis")
    axis.scroll_into_view_if_needed()
    axis.focus()
    p.keyboard.press("Home")
    p.wait_for_function(shown, arg="2015-08-01")
    until(page, lambda: page.evaluate("m.date") == "2015-08-01")
    axis.focus()
    before = page.count_sent()
    for _ in range(10):
        p.keyboard.press("ArrowRight")
        p.wait_for_function(shown, arg=p.locator(".eow-date").text_content())
    assert page.count_sent() - before <= 2  # a slow machine's step may look like the last one
    label = p.locator(".eow-date").text_content()
    until(page, lambda: page.evaluate("v.date") == label)
    assert page.evaluate("m.date, m.frames.date, v.date") == f"{label} {label} {label}"
    assert page.errors() == []


def test_the_map_shows_values_under_the_pointer(same_lab):
    page = same_lab(
        ["import eowidgets as eow", "cube = eow.open('romania')\nm = eow.AreaMap(cube)\nm.date = '2019-07-06'\nm"]
    )
    page.run_all()
    p = page.page
    p.locator(".eow-map-canvas[data-shown]").wait_for()
    box = p.locator(".eow-map-canvas").bounding_box()
    p.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    p.wait_for_function("() => document.querySelector('.eow-map-read').textContent.includes('red')")
    text = p.locator(".eow-map-read").text_content()
    around = "cube.red.sel(time='2019-07-06').values.squeeze()[48:53, 48:53].ravel()"
    near = [float(v) for v in page.evaluate(f"' '.join('%.4f' % v for v in {around})").split()]
    shown = float(text.split("red ")[1].split("green")[0].split()[0])
    assert any(abs(shown - v) < 6e-4 for v in near)  # the middle of the map is one of the pixels around the middle
    page.screenshot("map-values")
    p.mouse.move(3, 3)
    p.locator(".eow-map-read").wait_for(state="hidden")
