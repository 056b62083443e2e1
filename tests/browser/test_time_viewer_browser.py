from __future__ import annotations

import ast

import pytest
from support.pictures import compare, shown, until

import eowidgets as eow
from eowidgets.render.source import FrameSource
from eowidgets.render.style import Style


@pytest.fixture
def page(open_lab):
    page = open_lab(["import eowidgets as eow", "v = eow.TimeViewer(eow.open('romania'), height=320); v"])
    page.run_all()
    assert page.errors() == []
    page.page.locator(".eow-viewer[data-drawn]").wait_for()
    return page


def test_what_is_drawn_is_what_the_cube_holds(page):
    source = FrameSource(eow.open("romania"))
    page.evaluate("setattr(v, 'date', '2018-07-06')")
    date = page.evaluate("v.date")
    shown(page, date)
    compare(page, source, Style(bands=("red", "green", "blue")), date)

    page.evaluate("setattr(v, 'index', 'NDVI')")
    page.page.wait_for_function("() => document.querySelector('.eow-legend').textContent.includes('NDVI')")
    shown(page, date)
    compare(page, source, Style(index="NDVI"), date)

    page.evaluate("v.set_trait('cmap', 'magma') or v.set_trait('vmin', 0.1) or v.set_trait('gamma', 1.6)")
    page.page.wait_for_function(
        "() => document.querySelector('.eow-toolbar').querySelector('input[type=range]').value === '1.6'"
    )
    shown(page, date)
    compare(page, source, Style(index="NDVI", cmap="magma", vmin=0.1, gamma=1.6), date)
    page.screenshot("time-viewer-ndvi")


def test_scrubbing_sends_nothing_and_every_date_is_drawn(page):
    p = page.page
    p.wait_for_function("() => document.querySelector('.eow-picture').dataset.frames > 0")
    axis = p.locator(".eow-axis")
    axis.scroll_into_view_if_needed()
    axis.focus()
    p.keyboard.press("Home")
    first = p.locator(".eow-date").text_content()
    assert first == "2015-08-01"
    until(page, lambda: page.evaluate("v.date") == "2015-08-01")  # whatever the start had to say has been said
    axis.scroll_into_view_if_needed()
    axis.focus()
    before = page.count_sent()
    seen = set()
    for _ in range(20):
        p.keyboard.press("ArrowRight")
        label = p.locator(".eow-date").text_content()
        shown(page, label)
        seen.add(label)
    assert len(seen) == 20
    during = page.count_sent() - before
    assert during == 0
    # At rest the kernel is told, once.
    until(page, lambda: page.count_sent() > before)
    assert page.count_sent() == before + 1
    assert page.evaluate("v.date") == label

    axis.scroll_into_view_if_needed()
    box = axis.bounding_box()
    p.mouse.move(box["x"] + 40, box["y"] + 30)
    p.mouse.down()
    before = page.count_sent()
    for k in range(20):
        p.mouse.move(box["x"] + 40 + 12 * k, box["y"] + 30)
    assert page.count_sent() == before
    p.mouse.up()


def test_a_click_gives_the_series_of_that_pixel(page):
    p = page.page
    page.evaluate("setattr(v, 'index', 'NDVI')")
    p.wait_for_function("() => document.querySelector('.eow-legend').textContent.includes('NDVI')")
    canvas = p.locator(".eow-picture")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    canvas.click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    p.locator(".eow-pin").wait_for(state="attached")
    p.locator(".eow-chart path, .eow-chart circle").first.wait_for(state="attached")
    pin = ast.literal_eval(page.evaluate("dict(v.pins[0])"))
    place = FrameSource(eow.open("romania")).place
    x, y = place.from_lonlat(pin["lon"], pin["lat"])
    assert place.pixel(float(x), float(y)) == (50, 50)
    page.screenshot("time-viewer-pin")
