from __future__ import annotations

import ast

import numpy as np
import pytest
from support.pictures import compare, expected, read, shown, until

import eowidgets as eow
from eowidgets.render.source import FrameSource
from eowidgets.render.style import Style

#: Of twenty steps, how many a machine busy with something else may make so slow that they look like the last one.
RESTS = 3


@pytest.fixture
def page(same_lab):
    page = same_lab(["import eowidgets as eow", "v = eow.TimeViewer(eow.open('romania'), height=320); v"])
    page.run_all()
    assert page.errors() == []
    page.page.locator(".eow-viewer[data-drawn][data-ready]").wait_for()
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
    assert page.count_sent() - before <= RESTS
    # At rest the kernel is told.
    until(page, lambda: page.count_sent() > before)
    until(page, lambda: page.evaluate("v.date") == label)
    # No echo of it, which would take back a step that was made meanwhile.
    assert not [m for m in page.received if b"echo_update" in m and b'"date"' in m]

    axis.scroll_into_view_if_needed()
    box = axis.bounding_box()
    p.mouse.move(box["x"] + 40, box["y"] + 30)
    p.mouse.down()
    before = page.count_sent()
    for k in range(20):
        p.mouse.move(box["x"] + 40 + 12 * k, box["y"] + 30)
    assert page.count_sent() - before <= RESTS
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


def test_a_lost_context_comes_back_by_itself(page):
    source = FrameSource(eow.open("romania"))
    date = page.evaluate("v.date")
    shown(page, date)
    before = page.count_sent()
    page.page.evaluate(
        """async () => {
          const { gl, canvas } = globalThis[Symbol.for('eowidgets.shared')].backend;
          const lose = gl.getExtension('WEBGL_lose_context');
          const lost = new Promise((done) => canvas.addEventListener('webglcontextlost', done, { once: true }));
          lose.loseContext();
          await lost;
          await new Promise((done) => setTimeout(done, 0));
          lose.restoreContext();
        }"""
    )
    until(page, lambda: page.count_sent() > before)  # the pixels went with it: asked for again
    page.page.wait_for_function(
        "() => globalThis[Symbol.for('eowidgets.shared')].stores.values().next().value.planes.size >= 4"
    )
    frames = page.page.evaluate("() => Number(document.querySelector('.eow-picture').dataset.frames)")
    page.page.wait_for_function(
        "n => Number(document.querySelector('.eow-picture').dataset.frames) > n", arg=frames - 1
    )
    until(page, lambda: whole(page))
    compare(page, source, Style(bands=("red", "green", "blue")), date)


def whole(page):
    """Whether every date of every band that is drawn has come."""
    return page.page.evaluate(
        """() => [...globalThis[Symbol.for('eowidgets.shared')].stores.values()]
          .every((s) => s.planes.size >= 3 && [...s.planes.values()].every((p) => p.have.every(Boolean)))"""
    )


def test_the_same_viewer_twice_stays_in_step_and_needs_no_second_copy(page):
    page.run("display(v)")
    page.page.wait_for_function("() => document.querySelectorAll('.eow-viewer[data-drawn]').length === 2")
    assert page.page.evaluate("() => globalThis[Symbol.for('eowidgets.shared')].stores.size") == 1
    page.page.locator(".eow-axis").first.focus()
    page.page.keyboard.press("Home")
    page.page.wait_for_function(
        "() => [...document.querySelectorAll('.eow-picture')].every((p) => p.dataset.shown === '2015-08-01')"
    )


def test_swipe_and_median(page):
    source = FrameSource(eow.open("romania"))
    p = page.page
    page.run("v.date, v.compare_date, v.compare_mode, v.swipe = '2019-07-06', '2016-07-01', 'swipe', 0.5")
    first, second = page.evaluate("v.date"), page.evaluate("v.compare_date")
    shown(page, first)
    until(page, lambda: whole(page))
    p.wait_for_function("() => document.querySelector('.eow-swipe') !== null")
    p.evaluate("() => new Promise(requestAnimationFrame)")
    got = read(page)
    half = got.shape[1] // 2
    for date, part in ((first, slice(0, half - 1)), (second, slice(half + 1, None))):
        want, safe = expected(source, Style(bands=("red", "green", "blue")), source.labels.index(date), got.shape)
        difference = np.abs(got[:, part].astype(int) - want[:, part].astype(int))[safe[:, part]]
        assert difference.max() <= 1

    page.run("v.compare_mode = 'none'; v.bands = ['nir']; v.cmap = 'grey'")
    dates = ast.literal_eval(page.evaluate("[d for d in v.sources['cube'].labels if '2017-05-01' < d < '2017-09-10']"))
    page.run(f"v.selection = [{dates[0]!r}, {dates[-1]!r}]")
    until(
        page,
        lambda: p.evaluate(
            """() => { const [{ medians }] = globalThis[Symbol.for('eowidgets.shared')].stores.values();
              return medians.size > 0 && [...medians.values()].every((m) => m.target.have[0]); }"""
        ),
    )
    p.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    got = read(page)
    cube = eow.open("romania").sel(time=slice(dates[0], dates[-1]))
    median = cube.nir.where(~cube.clouds).median("time")
    one = eow.open("romania").isel(time=[0]).copy()
    one["nir"].values[0] = median.values
    low, high = Style().limits(source.quantiles("nir"))
    want, safe = expected(FrameSource(one), Style(bands=("nir",), cmap="grey", vmin=low, vmax=high), 0, got.shape)
    assert np.abs(got.astype(int) - want.astype(int))[safe].max() <= 1


def test_a_running_model_paints_its_layer(page):
    p = page.page
    page.run("import numpy as np, xarray as xr")
    page.run(
        "layer = xr.zeros_like(v.cube.nir.isel(time=0, drop=True)).astype('uint8').rename('loss')\n"
        "layer.attrs.update(role='result', flag_values=[1], flag_meanings='loss', colors='#d55e00')\n"
        "v.add_layer(layer.to_dataset(), 'loss')"
    )
    until(page, lambda: whole(page))
    page.run("v.update_region('loss', 0, 20, 30, np.ones((40, 50), 'uint8'))")
    p.wait_for_function(
        """() => { const c = document.querySelector('.eow-canvas');
          const d = c.getContext('2d').getImageData(c.width / 2, c.height / 2, 1, 1).data;
          return d[0] === 0xd5 && d[1] === 0x5e && d[2] === 0; }"""
    )
    assert page.evaluate("int(v.sources['loss'].cube.loss.values.sum()), int(layer.sum())") == "2000 0"
    assert page.page.locator(".eow-error:visible").count() == 0


def test_a_second_cube_leaves_the_first_where_it_is(page):
    p = page.page
    wanted = lambda: [m for m in page.sent if b'"want"' in m]  # noqa: E731
    until(page, lambda: len(wanted()) > 0)
    before = len(wanted())
    page.evaluate("v.compare_with(v.cube.isel(time=slice(60, 90)))")
    until(page, lambda: len(wanted()) > before)
    p.wait_for_function("() => document.querySelector('.eow-swipe') !== null")
    new = wanted()[before:]
    assert all(b'"source":"compare"' in m.replace(b" ", b"") for m in new)


def test_a_callback_that_fails_is_shown_below_until_it_is_put_away(page):
    p = page.page
    page.run("def broken(change):\n    raise ValueError('<b>my own mistake</b>')\nv.observe(broken, 'date')")
    box = p.locator(".eow-error:visible")
    for key in ("ArrowLeft", "ArrowRight"):  # the same again after it was put away
        p.locator(".eow-axis").focus()
        p.keyboard.press(key)
        box.wait_for()
        assert box.locator(".eow-error-text").text_content() == "A callback failed: ValueError: <b>my own mistake</b>"
        assert not box.locator("details").evaluate("d => d.open")
        assert "in broken" in box.locator("pre").text_content()
        box.locator("button").click()
        p.wait_for_function("() => document.querySelector('.eow-error').hidden")
        until(page, lambda: page.evaluate("v.error['message']") == "")


def test_from_far_away_the_pixels_come_deflated(open_lab):
    page = open_lab(["import eowidgets as eow", "v = eow.TimeViewer(eow.open('romania'), height=240); v"])
    # What a browser says whose page comes over a network.
    page.page.evaluate(
        "() => { globalThis[Symbol.for('eowidgets.shared')] = { backend: null, stores: new Map(), zip: true }; }"
    )
    page.run_all()
    page.page.locator(".eow-viewer[data-drawn][data-ready]").wait_for()
    until(page, lambda: whole(page))
    source = FrameSource(eow.open("romania"))
    date = page.evaluate("v.date")
    shown(page, date)
    compare(page, source, Style(bands=("red", "green", "blue")), date)
    chunks = [m for m in page.received if b'"chunk"' in m and b'"first"' not in m]  # the first picture is in the state
    raw = source.dates * source.width * source.height * 2
    red = sum(len(m) for m in chunks if b'"band": "red"' in m or b'"band":"red"' in m)
    assert chunks and all(b'"zip": true' in m or b'"zip":true' in m for m in chunks)
    assert 0.2 * raw < red < 0.9 * raw
