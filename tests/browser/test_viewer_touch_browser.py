"""Fingers on the picture and the time axis, and the full screen."""

from __future__ import annotations

import pytest

import eowidgets as eow
from eowidgets.render.source import FrameSource

MODEL = "document.getElementById('viewer').model"


@pytest.fixture(scope="module")
def source():
    return FrameSource(eow.open("romania"))


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    viewer = eow.TimeViewer(eow.open("romania"), date="2018-07-06")
    path = viewer.to_html(tmp_path_factory.mktemp("touch") / "story.html")
    viewer.close()
    return path


class Fingers:
    """Touches as Chromium gets them from a screen; each step is a list of places, one for each finger."""

    def __init__(self, page):
        self.session = page.context.new_cdp_session(page)

    def send(self, kind, places):
        points = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(places)]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def draw(self, *steps):
        self.send("touchStart", steps[0])
        for places in steps[1:]:
            self.send("touchMove", places)
        self.send("touchEnd", [])


def get(page, name):
    return page.evaluate(f"() => {MODEL}.get('{name}')")


def middle(page, selector=".eow-picture"):
    box = page.locator(selector).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def settled(page):
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def test_a_tap_pins_and_shows_values_and_a_finger_moves_the_picture(open_page, story, source):
    page = open_page(story, has_touch=True)
    x, y = middle(page)
    page.touchscreen.tap(x + 1, y + 1)
    page.locator(".eow-pin").wait_for(state="attached")
    (pin,) = get(page, "pins")
    cx, cy = source.place.from_lonlat(pin["lon"], pin["lat"])
    assert source.place.pixel(float(cx), float(cy)) == (50, 50)
    page.locator(".eow-read", has_text="red").wait_for()
    Fingers(page).draw([(x, y)], [(x - 40, y)], [(x - 100, y - 50)])
    page.wait_for_function(f"() => {MODEL}.get('bounds').length === 4")
    west, south, east, north = get(page, "bounds")
    box = page.locator(".eow-picture").bounding_box()
    per_pixel = (north - south) / box["height"]
    place = source.place
    assert (west + east) / 2 == pytest.approx(place.x0 + 50 * place.dx + 100 * per_pixel, abs=2 * place.dx)
    assert (south + north) / 2 == pytest.approx(place.y0 - 50 * place.dy - 50 * per_pixel, abs=2 * place.dy)
    assert len(get(page, "pins")) == 1  # a drag pins nothing


def test_two_fingers_zoom_about_what_lies_between_them(open_page, story, source):
    page = open_page(story, has_touch=True)
    x, y = middle(page)
    x += 60
    Fingers(page).draw([(x - 30, y), (x + 30, y)], [(x - 45, y), (x + 45, y)], [(x - 60, y), (x + 60, y)])
    page.wait_for_function(f"() => {MODEL}.get('bounds').length === 4")
    west, south, east, north = get(page, "bounds")
    box = page.locator(".eow-picture").bounding_box()
    before = source.height * source.place.dy / box["height"]  # the raster filled the height
    after = (north - south) / box["height"]
    assert before / after == pytest.approx(2, rel=0.05)
    # What was between the fingers is still there.
    at = west + (x - box["x"]) / box["width"] * (east - west)
    assert at == pytest.approx(source.place.x0 + 50 * source.place.dx + 60 * before, abs=3 * after)
    assert get(page, "pins") == []


def test_a_finger_drags_the_divider_and_the_time_axis(open_page, story, source):
    page = open_page(story, has_touch=True)
    page.evaluate(f"() => {MODEL}.set('compare_mode', 'swipe')")
    settled(page)
    x, y = middle(page)
    bounds = get(page, "bounds")
    Fingers(page).draw([(x + 15, y)], [(x + 60, y)], [(x + 120, y)])  # beside the line, as a finger is
    box = page.locator(".eow-picture").bounding_box()
    page.wait_for_function(f"() => {MODEL}.get('swipe') > 0.55")
    assert get(page, "swipe") == pytest.approx((x + 120 - box["x"]) / box["width"], abs=0.01)
    assert get(page, "bounds") == bounds

    axis = page.locator(".eow-axis").bounding_box()
    ay = axis["y"] + 30
    Fingers(page).draw([(axis["x"] + 100, ay)], [(axis["x"] + 200, ay)], [(axis["x"] + axis["width"] - 2, ay)])
    page.wait_for_function(f"d => {MODEL}.get('date') === d", arg=source.labels[-1])
    assert page.locator(".eow-thumb").is_hidden()
    assert page.evaluate("() => window.scrollY") == 0


def test_a_drag_that_the_system_takes_away_ends(open_page, story):
    page = open_page(story, has_touch=True)
    x, y = middle(page)
    fingers = Fingers(page)
    fingers.send("touchStart", [(x, y)])
    fingers.send("touchMove", [(x + 50, y)])
    fingers.send("touchCancel", [])
    settled(page)
    assert get(page, "pins") == []
    page.mouse.move(x + 200, y)  # no button is pressed: nothing follows
    before = page.evaluate("() => document.querySelector('.eow-overlay').innerHTML")
    page.mouse.move(x + 220, y + 10)
    settled(page)
    assert page.evaluate("() => document.querySelector('.eow-overlay').innerHTML") == before


def test_the_full_screen_is_entered_filled_and_left(open_page, story):
    page = open_page(story)
    before = page.locator(".eow-picture").bounding_box()["height"]
    page.get_by_role("button", name="Full screen").click()
    page.wait_for_function("() => document.fullscreenElement?.classList.contains('eow-viewer')")
    page.wait_for_function("h => document.querySelector('.eow-picture').clientHeight > h + 40", arg=before)
    room = page.evaluate("() => [window.innerHeight, document.querySelector('.eow-viewer').scrollHeight]")
    assert room[1] <= room[0]
    page.screenshot(path="ci-output/screenshots/viewer-full-screen.png")
    button = page.get_by_role("button", name="Leave the full screen")
    assert button.get_attribute("aria-pressed") == "true"
    button.click()
    page.wait_for_function("() => !document.fullscreenElement")
    page.wait_for_function("h => Math.abs(document.querySelector('.eow-picture').clientHeight - h) < 3", arg=before)


def test_the_explorer_fills_the_screen_with_its_panels(same_lab):
    page = same_lab(
        ["import eowidgets as eow", "explorer = eow.Explorer(eow.open('romania'))\nexplorer"], size=(1280, 900)
    )
    page.run_all(timeout=180)
    p = page.page
    p.locator(".eow-panels button[title=Run]").wait_for()
    before = p.locator(".eow-explorer .eow-picture").bounding_box()["height"]
    p.get_by_role("button", name="Full screen").click()
    p.wait_for_function("() => document.fullscreenElement?.classList.contains('eow-explorer')")
    p.wait_for_function("h => document.querySelector('.eow-explorer .eow-picture').clientHeight > h + 40", arg=before)
    picture, panels = (p.locator(s).bounding_box() for s in (".eow-explorer .eow-picture", ".eow-panels"))
    assert abs(picture["height"] - panels["height"]) <= 2
    chart = p.locator(".eow-explorer .eow-chart").bounding_box()
    assert chart["y"] + chart["height"] <= 900
    page.screenshot("explorer-full-screen")
    p.get_by_role("button", name="Leave the full screen").click()
    p.wait_for_function("() => !document.fullscreenElement")
    assert page.errors() == []
