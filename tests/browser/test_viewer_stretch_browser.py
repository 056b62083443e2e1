"""The histogram of what is in view and the colour bar: limits from the view, by dragging and typing; reversed, centred."""

from __future__ import annotations

import numpy as np
import pytest
from support.pictures import choose, compare, read, shown, until

import eowidgets as eow
from eowidgets.render.formula import evaluate
from eowidgets.render.source import FrameSource
from eowidgets.render.style import Style

MODEL = "document.getElementById('viewer').model"
DATE = "2018-07-06"


class Standing:
    def __init__(self, page):
        self.page = page


@pytest.fixture(scope="module")
def source():
    return FrameSource(eow.open("romania"))


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    viewer = eow.TimeViewer(eow.open("romania"), date=DATE)
    path = viewer.to_html(tmp_path_factory.mktemp("stretch") / "story.html")
    viewer.close()
    return path


def limits(page):
    return page.evaluate(f"() => [{MODEL}.get('vmin'), {MODEL}.get('vmax')]")


def panel(page):
    page.get_by_role("button", name="Histogram and colour bar").click()
    found = page.get_by_role("dialog", name="Histogram and colour bar")
    found.wait_for()
    return found


def test_limits_of_this_view_leave_clouds_out(open_page, story, source):
    page = open_page(story)
    cloudy = next(i for i, c in enumerate(source.cloud_cover) if 0.2 < (c or 0) < 0.6)
    page.evaluate(f"d => {MODEL}.set({{ bands: ['nir'], index: null, date: d }})", source.labels[cloudy])
    page.evaluate(f"""() => {{ const m = {MODEL}, p = m.get('head').sources[0].place;
      m.set('bounds', [p.x0 + 20 * p.dx, p.y0 - 60 * p.dy, p.x0 + 60 * p.dx, p.y0 - 20 * p.dy]); }}""")
    opened = panel(page)
    width, height = page.evaluate(
        "() => { const c = document.querySelector('.eow-canvas'); return [c.width, c.height]; }"
    )
    half = 20 * max(1, width / height)
    columns = slice(max(0, int(np.floor(40 - half))), min(source.width, int(np.ceil(40 + half))))
    cube = source.cube.isel(time=cloudy, y=slice(20, 60), x=columns)
    for without in (True, False):
        opened.get_by_label("without clouds").set_checked(without)
        opened.get_by_role("button", name="Stretch to this view").click()
        seen = cube.nir.values[~cube.clouds.values] if without else cube.nir.values.ravel()
        low, high = np.nanquantile(seen, (0.02, 0.98))
        assert limits(page) == pytest.approx([low, high], abs=0.01 * (high - low) + 1e-3)
    opened.get_by_role("button", name="Automatic").click()
    assert limits(page) == [None, None]
    page.keyboard.press("Escape")
    opened.wait_for(state="hidden")
    assert page.evaluate("() => document.activeElement.getAttribute('aria-label')") == "Histogram and colour bar"


def test_the_colour_bar_is_typed_centred_reversed_and_dragged(open_page, story, source):
    page = open_page(story)
    choose(page, "NDVI")
    opened = panel(page)
    opened.get_by_label("Low limit").fill("0.2")
    opened.get_by_label("Low limit").press("Tab")
    opened.get_by_label("High limit").fill("0.9")
    opened.get_by_label("High limit").press("Tab")
    assert limits(page) == [0.2, 0.9]
    opened.get_by_role("button", name="Reverse").click()
    assert page.evaluate(f"() => {MODEL}.get('cmap')") == "viridis_r"
    date = page.evaluate(f"() => {MODEL}.get('date')")
    standing = Standing(page)
    shown(standing, date)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    compare(standing, source, Style(index="NDVI", vmin=0.2, vmax=0.9, cmap="viridis_r"), date)
    opened.get_by_label("Centre the colours at").fill("0.4")
    opened.get_by_role("button", name="Centre", exact=True).click()
    assert limits(page) == pytest.approx([-0.1, 0.9])
    page.screenshot(path="ci-output/screenshots/viewer-histogram.png")
    line = page.locator(".eow-histogram-limit").last.bounding_box()
    page.mouse.move(line["x"] + line["width"] / 2, line["y"] + 20)
    page.mouse.down()
    page.mouse.move(line["x"] - 40, line["y"] + 20)
    page.mouse.up()
    low, high = limits(page)
    assert low == pytest.approx(-0.1) and 0.4 < high < 0.88
    page.mouse.click(5, 5)
    opened.wait_for(state="hidden")


def test_the_histogram_counts_what_is_in_view(open_page, story, source):
    page = open_page(story)
    choose(page, "NDVI")
    opened = panel(page)
    program = source.program("NDVI")
    t = source.labels.index(page.evaluate(f"() => {MODEL}.get('date')"))
    values = evaluate(program, {b: source.floats(b, [t], source.whole)[0] for b in program.bands})
    values = values[np.isfinite(values) & ~source.cube.clouds.values[t]]
    label = opened.locator(".eow-histogram").get_attribute("aria-label")
    low, high = (float(v.rstrip(";")) for v in (label.split(" from ")[1].split()[0], label.split(" to ")[1].split()[0]))
    assert low <= np.quantile(values, 0.002) and high >= np.quantile(values, 0.998)
    counts, _ = np.histogram(values, bins=56, range=(low, high))
    path = opened.locator(".eow-histogram-bars").get_attribute("d")
    heights = np.array([84 - float(part.split("H")[0].split()[1]) for part in path.split("L")[1:]])
    got = heights / heights.max()
    assert len(got) == 56
    assert np.abs(got - counts / counts.max()).max() < 0.12  # the range in words has three digits
    assert np.argmax(got) == pytest.approx(np.argmax(counts), abs=1)


def test_a_reversed_map_reaches_the_kernel(same_lab):
    page = same_lab(["import eowidgets as eow", "v = eow.TimeViewer(eow.open('romania'), height=400, index='NDVI'); v"])
    page.run_all()
    page.page.locator(".eow-viewer[data-drawn][data-ready]").wait_for()
    panel(page.page).get_by_role("button", name="Reverse").click()
    until(page, lambda: page.evaluate("v.cmap") == "viridis_r")
    shown(page, page.evaluate("v.date"))
    got = read(page)
    want = Style(index="NDVI", cmap="viridis_r")
    compare(page, FrameSource(eow.open("romania")), want, page.evaluate("v.date"))
    assert got.any() and page.errors() == []
