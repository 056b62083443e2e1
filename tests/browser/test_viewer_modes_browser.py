"""What the viewer does besides drawing one date: comparing, without WebGL, by keyboard, areas, in the dark."""

from __future__ import annotations

import numpy as np
import pytest
from support.pictures import choose, compare, expected, fitted, read, shown, until

import eowidgets as eow
from eowidgets.cube.area import Area
from eowidgets.cube.grid import geobox
from eowidgets.render.colormaps import colormap
from eowidgets.render.formula import evaluate
from eowidgets.render.source import FrameSource
from eowidgets.render.style import Style

NO_WEBGL = """const old = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
  return kind === 'webgl2' ? null : old.call(this, kind, ...rest);
};"""
#: Whether all text stands out brightly from what is behind it.
BRIGHT = """() => {
  const light = (css) => { const [r, g, b] = css.match(/[\\d.]+/g).map(Number); return (0.3 * r + 0.6 * g + 0.1 * b) / 255; };
  const behind = (node) => {
    const color = node ? getComputedStyle(node).backgroundColor : 'rgb(255, 255, 255)';
    return /, 0\\)|transparent/.test(color) ? behind(node.parentElement) : color;
  };
  const names = '.eow-date, .eow-legend span, .eow-toolbar select, .eow-toolbar input[type=number], .eow-button';
  const text = [...document.querySelectorAll(names)].filter((node) => node.offsetParent);
  return text.length > 5 && text.every((node) => light(getComputedStyle(node).color) - light(behind(node)) > 0.3);
}"""
SET_DATE = "d => document.getElementById('viewer').model.set('date', d)"
SECOND = "2016-07-01"


class Standing:
    """A page without a kernel, for helpers that know pages of JupyterLab."""

    def __init__(self, page):
        self.page = page


@pytest.fixture(scope="module")
def source():
    return FrameSource(eow.open("romania"))


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    viewer = eow.TimeViewer(eow.open("romania"), date="2018-07-06", compare_date=SECOND)
    path = viewer.to_html(tmp_path_factory.mktemp("modes") / "story.html")
    dates = viewer.date, viewer.compare_date
    viewer.close()
    return path, *dates


@pytest.fixture
def opened(lab, story):
    """Open the exported page; what it complains of fails the test."""
    problems, contexts = [], []

    def opener(script=""):
        contexts.append(lab.browser.new_context(offline=True, viewport={"width": 1000, "height": 800}))
        page = contexts[-1].new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda e: problems.append(str(e)))
        if script:
            page.add_init_script(script)
        page.goto(story[0].as_uri())
        page.locator(".eow-viewer[data-drawn][data-ready]").wait_for()
        return Standing(page)

    yield opener
    for context in contexts:
        context.close()
    assert problems == []


def select(standing, label, value):
    standing.page.locator(f"select[aria-label='{label}']").select_option(value)


def difference(source, first, second, shape):
    """NDVI of one date less that of another, centred on zero."""
    program = source.program("NDVI")
    a, b = (
        evaluate(program, {n: source.floats(n, [source.labels.index(d)], source.whole)[0] for n in program.bands})
        for d in (first, second)
    )
    low, high = Style().limits(source.quantiles(program))
    half = (high - low) / 2
    u = np.clip(((a - b) + half) / (2 * half), 0, 1)
    level = np.floor(np.nan_to_num(u) * 255 + 0.5).astype(int)
    rgba = np.dstack([colormap("RdBu")[level], np.full(u.shape, 255)]).astype(np.uint8)
    rgba[~np.isfinite(a - b)] = 0
    return fitted(rgba, source, shape)


@pytest.mark.parametrize("webgl", [True, False], ids=["webgl", "canvas"])
def test_dates_indices_clouds_and_differences(opened, story, source, webgl):
    page = opened("" if webgl else NO_WEBGL)
    kind = page.page.evaluate("() => globalThis[Symbol.for('eowidgets.shared')].backend.kind")
    assert kind == ("webgl2" if webgl else "canvas")
    _, date, second = story
    shown(page, date)
    compare(page, source, Style(bands=("red", "green", "blue")), date)

    choose(page.page, "NDVI")
    cloudy = next(d for d, c in zip(source.labels, source.cloud_cover, strict=True) if 0.2 < (c or 0) < 0.6)
    page.page.get_by_label("hide clouds").check()
    page.page.evaluate(SET_DATE, cloudy)
    shown(page, cloudy)
    got = compare(page, source, Style(index="NDVI", clouds="hide"), cloudy)
    page.page.get_by_label("hide clouds").uncheck()
    want, _ = expected(source, Style(index="NDVI"), source.labels.index(cloudy), got.shape)
    assert (want[..., 3] > 0).sum() > (got[..., 3] > 0).sum()  # some were hidden

    page.page.evaluate(SET_DATE, date)
    select(page, "Compare", "difference")
    shown(page, date)
    page.page.locator(".eow-legend", has_text="Difference").wait_for()
    page.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    got = read(page)
    want, safe = difference(source, date, second, got.shape)
    assert (want[..., 3] > 0).mean() > 0.1
    off = np.abs(got.astype(int) - want.astype(int)).max(axis=2)[safe]
    # A value that falls between two colours may take either.
    assert (off > 1).mean() < 2e-3 and np.abs(got[..., 3].astype(int) - want[..., 3])[safe].max() <= 1
    page.page.screenshot(path=f"ci-output/screenshots/viewer-difference-{kind}.png")


def test_blink_shows_both_in_turn(opened, story, source):
    page = opened()
    _, date, second = story
    shown(page, date)
    select(page, "Compare", "blink")
    seen = set()

    def both():
        got = read(page)
        for name in (date, second):
            want, safe = expected(source, Style(bands=("red", "green", "blue")), source.labels.index(name), got.shape)
            if np.abs(got.astype(int) - want.astype(int))[safe].max() <= 1:
                seen.add(name)
        return len(seen) == 2

    until(page, both, seconds=30)


def test_the_keyboard_is_enough(opened, story, source):
    page = opened()
    p = page.page
    reached, now = [], None
    p.evaluate("() => document.body.focus()")
    name = "() => document.activeElement.getAttribute('aria-label') ?? document.activeElement.type"
    for _ in range(40):
        p.keyboard.press("Tab")
        now = p.evaluate(name)
        if now in reached:
            break
        reached.append(now)
    hidden = "() => [...document.querySelectorAll('.eow-viewer button, .eow-viewer select, .eow-viewer input')]"
    hidden += ".filter((n) => n.offsetParent && !n.disabled)"
    every = p.evaluate(f"{hidden}.map((n) => n.getAttribute('aria-label') ?? n.type)")
    assert set(every) <= set(reached)
    assert any(r.startswith("Picture.") for r in reached) and "Date" in reached

    p.locator(".eow-picture").focus()
    p.keyboard.press("Home")
    shown(page, source.labels[0])
    p.keyboard.press("End")
    shown(page, source.labels[-1])
    p.keyboard.press("ArrowLeft")
    shown(page, source.labels[-2])
    before = p.evaluate("() => document.getElementById('viewer').model.get('bounds')")
    p.keyboard.press("+")
    p.keyboard.press("Shift+ArrowRight")
    west, south, east, north = p.evaluate("() => document.getElementById('viewer').model.get('bounds')")
    assert before != [west, south, east, north]
    p.keyboard.press("Enter")
    p.locator(".eow-pin").wait_for(state="attached")
    pin = p.evaluate("() => document.getElementById('viewer').model.get('pins')[0]")
    x, y = source.place.from_lonlat(pin["lon"], pin["lat"])
    assert x == pytest.approx((west + east) / 2, abs=source.place.dx)
    assert y == pytest.approx((south + north) / 2, abs=source.place.dy)
    p.keyboard.press("Space")
    p.locator("button[aria-label=Pause]").wait_for()
    p.keyboard.press("Space")
    p.locator("button[aria-label=Play]").wait_for()


def test_an_area_has_the_mean_of_its_pixels(opened, source):
    page = opened()
    p = page.page
    choose(page.page, "nir")
    p.locator(".eow-picture").focus()
    for _ in range(3):
        p.keyboard.press("+")
    p.keyboard.press("Shift+Enter")
    p.locator(".eow-area").wait_for(state="attached")
    p.wait_for_function("() => document.querySelectorAll('.eow-chart circle title').length > 30")
    titles = p.evaluate("() => [...document.querySelectorAll('.eow-chart circle title')].map((t) => t.textContent)")
    inside = Area.of(p.evaluate("() => document.getElementById('viewer').model.get('area')")).mask(geobox(source.cube))
    assert 200 < inside.sum() < 9000
    cube = source.cube
    seen = inside & ~cube.clouds.values
    values = np.where(seen, cube.nir.values, np.nan)
    compared = 0
    for title in titles:
        day, value = title.split()[:2]
        t = source.labels.index(day)
        assert float(value) == pytest.approx(np.nanmean(values[t]), rel=5e-3, abs=1e-3)  # three digits
        compared += 1
    assert compared > 30
    page.page.screenshot(path="ci-output/screenshots/viewer-area.png")


def test_the_dark_theme_is_followed(open_lab):
    page = open_lab(["import eowidgets as eow", "v = eow.TimeViewer(eow.open('romania'), height=260, index='NDVI'); v"])
    page.run_all()
    p = page.page
    p.locator(".eow-viewer[data-drawn]").wait_for()
    p.evaluate("() => jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Dark' })")
    p.wait_for_function("() => document.body.dataset.jpThemeLight === 'false'")
    p.wait_for_function(BRIGHT)
    page.screenshot("time-viewer-dark")
    assert page.errors() == []
