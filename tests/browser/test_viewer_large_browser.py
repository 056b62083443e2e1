"""A cube much larger than the screen, read lazily from GeoTIFFs with overviews: never blank, sharp at rest, few bytes."""

from __future__ import annotations

import os

import numpy as np
import pytest
import rasterio
from rasterio.enums import Resampling
from rasterio.transform import from_origin
from support.pictures import read, until

import eowidgets as eow
from eowidgets.render.picture import draw
from eowidgets.render.source import FrameSource
from eowidgets.render.window import Window

DATES, DISTINCT, SIDE, BANDS = 6, 3, 3000, ("blue", "green", "red")
PICTURE = "[...globalThis[Symbol.for('eowidgets.shared')].bitmaps][0].picture"
STORE = f"{PICTURE}.store"
WHOLE = f"""() => globalThis[Symbol.for('eowidgets.shared')].bitmaps?.size && {STORE}.whole()
  && !{PICTURE}.detail.timer && !{PICTURE}.pending"""
#: Zoom in steps of a wheel; gives the smallest part of the picture that was drawn in any frame meanwhile.
WHEEL = f"""async ([steps, factor]) => {{
  const picture = {PICTURE};
  let least = 1;
  for (let i = 0; i < steps; i++) {{
    const before = picture.frames;
    picture.zoom(factor);
    while (picture.frames === before) await new Promise(requestAnimationFrame);
    const {{ width, height }} = picture.canvas, data = picture.context.getImageData(0, 0, width, height).data;
    const [x0, y0, x1, y1] = picture.detail.seen(picture.main), step = picture.view.step;
    let n = 0;
    for (let k = 3; k < data.length; k += 4) n += data[k] > 0;
    least = Math.min(least, n / (((x1 - x0) / step) * ((y1 - y0) / step)));
  }}
  return least;
}}"""
#: One pixel of the cube for each of the screen, from some pixel on.
EXACT = f"""([x, y]) => {{
  const picture = {PICTURE};
  Object.assign(picture.view, {{ step: 1, x, y }});
  picture.fitted = false;
  picture.moved();
}}"""

#: Reads that wait until they are let go or are not needed any more.
BLOCK = """
import threading
from eowidgets.cube.sources import windows
real, go, asked = windows.LayerWindows.read, threading.Event(), []
def slow(self, date, cells):
    asked.append((cells.x, cells.y, cells.factor))
    while not go.wait(0.01):
        windows.checkpoint()
    return real(self, date, cells)
windows.LayerWindows.read = slow
"""
RELEASE = "go.set(); windows.LayerWindows.read = real"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Six dates of three bands of 3000 × 3000 pixels, in tiles of 256, with overviews of averages."""
    target = tmp_path_factory.mktemp("large")
    rng = np.random.default_rng(11)
    small = rng.uniform(300, 5000, (30, 30)).repeat(100, 0).repeat(100, 1)
    ramp = np.add.outer(np.arange(SIDE) % 97, np.arange(SIDE) % 89) * 4
    options = {
        "driver": "GTiff", "dtype": "uint16", "count": 3, "width": SIDE, "height": SIDE, "nodata": 0, "crs": "EPSG:32634",
        "transform": from_origin(600_000, 5_100_000, 10, 10), "tiled": True, "blockxsize": 256, "blockysize": 256,
        "interleave": "band", "compress": "DEFLATE", "zlevel": 1,
    }  # fmt: skip
    paths = [target / f"scene_2021{t + 1:02d}05.tif" for t in range(DATES)]
    for t, path in enumerate(paths):
        if t >= DISTINCT:
            os.link(paths[t % DISTINCT], path)
            continue
        with rasterio.open(path, "w", **options) as raster:
            raster.descriptions, raster.scales = BANDS, (1e-4,) * 3
            for i in range(3):
                raster.write(np.roll(small + ramp, (300 * t, 500 * i), (0, 1)).astype("uint16"), i + 1)
            raster.build_overviews([2, 4, 8, 16], Resampling.average)
    return target


@pytest.fixture
def page(same_lab, folder):
    opened = same_lab(
        [
            "import eowidgets as eow",
            f"cube = eow.open({str(folder)!r})\n"
            "v = eow.TimeViewer(cube, height=300, chart=False, date='2021-03-05', speed=6)\nv",
        ]
    )
    opened.run_all()
    opened.page.locator(".eow-viewer[data-drawn]").wait_for()
    opened.page.wait_for_function(WHOLE)
    return opened


def received(page):
    return sum(map(len, page.received))


def expected(folder, style, x, y, width, height):
    """The picture of some pixels, drawn in numpy from the cube as it is in the files."""
    source = FrameSource(eow.open(str(folder)))
    return draw(source, style, 2, Window(x, y, x + width, y + height))


def test_zooming_is_never_blank_and_sharp_at_the_end(page, folder):
    p = page.page
    assert p.evaluate(WHEEL, [9, 1.3]) > 0.98
    p.evaluate(EXACT, [701, 902])
    p.wait_for_function(WHOLE)
    width, height = p.evaluate(f"() => [{PICTURE}.canvas.width, {PICTURE}.canvas.height]")
    viewer = eow.TimeViewer(eow.open(str(folder)), date="2021-03-05")
    want = expected(folder, viewer.style, 701, 902, width, height)
    viewer.close()
    until(page, lambda: np.abs(read(page)[..., :3].astype(int) - want[..., :3].astype(int)).max() <= 1)
    assert p.evaluate(WHEEL, [9, 1 / 1.3]) > 0.98
    assert page.evaluate("v.error['message']") == ""
    assert page.errors() == []


def test_a_level_is_asked_for_that_the_screen_can_show(page):
    p = page.page
    p.evaluate(f"() => {{ Object.assign({PICTURE}.view, {{ step: 4, x: 100, y: 200 }}); {PICTURE}.moved(); }}")
    p.wait_for_function(WHOLE)
    width, height = p.evaluate(f"() => [{PICTURE}.canvas.width, {PICTURE}.canvas.height]")
    windows = p.evaluate(f"() => {STORE}.windows('cube', 'red', {PICTURE}.state.t)")
    found = [w for w in ([int(v) for v in w.split(",")] for w in windows) if w[4] == 4]
    assert found, windows
    x0, y0, x1, y1, _ = found[-1]
    margin = 2 * 128 * 4
    assert x0 <= 100 <= x0 + margin
    assert min(3000, 100 + 4 * width) <= x1 <= min(3000, 100 + 4 * width + margin)
    assert y0 <= 200 <= y0 + margin
    assert min(3000, 200 + 4 * height) <= y1
    assert not [w for w in windows if w.endswith(",1")]  # full resolution was not read


def test_what_is_not_needed_any_more_is_not_answered(page):
    p = page.page
    page.run(BLOCK)
    try:
        places = [(200, 200), (800, 800), (1400, 1400), (2000, 1700)]
        for x, y in places:
            p.evaluate(EXACT, [x, y])
            # The next view comes once the kernel is at this one.
            until(page, lambda x=x: f"({x // 128 * 128}, " in page.evaluate("asked"))
        assert int(page.evaluate("v._queue.superseded")) >= 2
        page.run("go.set()")
        p.wait_for_function(WHOLE)
    finally:
        page.run(RELEASE)
    fine = p.evaluate(f"() => {STORE}.windows('cube', 'red', {PICTURE}.state.t).filter((w) => w.endsWith(',1'))")
    assert [w.split(",")[0] for w in fine] == [str(2000 // 128 * 128)]


def test_playing_sends_few_bytes_keeps_up_and_is_sharp_at_rest(page):
    p = page.page
    p.evaluate(EXACT, [600, 600])
    p.wait_for_function(WHOLE)
    before = received(page)
    shown = p.evaluate(
        f"""async () => {{
          const picture = {PICTURE}, seen = [];
          picture.store.model.set('playing', true);
          for (const end = performance.now() + 3000; performance.now() < end; await new Promise(requestAnimationFrame)) {{
            if (picture.element.dataset.shown !== seen.at(-1)) seen.push(picture.element.dataset.shown);
          }}
          picture.store.model.set('playing', false);
          return seen;
        }}"""
    )
    assert "" not in shown
    assert len(set(shown)) >= 3
    assert received(page) - before < 24e6  # at full resolution the dates of three seconds are 20 to 30 MB
    p.wait_for_function(WHOLE)
    until(page, lambda: p.evaluate(f"() => {PICTURE}.detail.here({PICTURE}.main, ['red'], {PICTURE}.state.t, 1)"))
    assert p.evaluate(f"() => {STORE}.frameBytes") <= 160_000_000


def test_a_date_that_is_not_here_leaves_the_picture_of_the_date_before(page):
    p = page.page
    p.evaluate(
        f"""() => {{
          const store = {STORE}, coarse = store.coarse('cube');
          for (const [key, plane] of store.planes) if (key.endsWith(coarse)) plane.have[4] = 0;
          store.changed();
        }}"""
    )
    before = read(page)
    page.run(BLOCK)
    try:
        page.run("v.date = '2021-05-05'")
        until(page, lambda: "Loading 2021-05-05" in p.locator(".eow-hint").text_content())
        assert p.evaluate(f"() => {PICTURE}.element.dataset.shown") == "2021-03-05"
        np.testing.assert_array_equal(read(page), before)
    finally:
        page.run(RELEASE)
    until(page, lambda: p.evaluate(f"() => {PICTURE}.element.dataset.shown") == "2021-05-05")
    assert p.locator(".eow-hint").text_content() == ""
