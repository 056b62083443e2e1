"""Pointing without clicking: pictures of dates above the time axis, values under the pointer in picture and chart."""

from __future__ import annotations

import base64

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from support.pictures import fitted

import eowidgets as eow
from eowidgets.render.formula import evaluate
from eowidgets.render.picture import draw
from eowidgets.render.source import FrameSource
from eowidgets.render.style import Style

MODEL = "document.getElementById('viewer').model"
SHIFTS = """() => { window._shift = 0;
  new PerformanceObserver((list) => { for (const e of list.getEntries()) window._shift += e.value; })
    .observe({ type: 'layout-shift', buffered: false }); }"""
READ = """() => { const c = document.querySelector('.eow-thumb canvas');
  const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
  const text = (part) => btoa(String.fromCharCode(...part));
  return [c.width, c.height, text(d.subarray(0, 40000)), text(d.subarray(40000))]; }"""
#: Dates that the pointer passes in one sweep, and the time until the card shows each.
SWEEP = """async () => {
  const axis = document.querySelector('.eow-axis'), card = document.querySelector('.eow-thumb');
  const box = axis.getBoundingClientRect(), times = [];
  for (let i = 0; i < 30; i++) {
    const old = card.dataset.shown, start = performance.now();
    const at = { clientX: box.left + 60 + 20 * i, clientY: box.top + 30, bubbles: true, pointerType: 'mouse' };
    axis.dispatchEvent(new PointerEvent('pointermove', at));
    while (card.dataset.shown === old) await new Promise(requestAnimationFrame);
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[15];
}"""


@pytest.fixture(scope="module")
def source():
    return FrameSource(eow.open("romania"))


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    viewer = eow.TimeViewer(eow.open("romania"), date="2018-07-06")
    path = viewer.to_html(tmp_path_factory.mktemp("hover") / "story.html")
    viewer.close()
    return path


@pytest.fixture(scope="module")
def long_story(tmp_path_factory):
    rng = np.random.default_rng(0)
    dates = pd.date_range("2000-01-01", periods=3000, freq="3D").astype("datetime64[ns]")
    values = rng.uniform(0.02, 0.5, (3000, 16, 16)).astype("float32")
    coords = {"time": dates, "y": 5e6 - 10 * (np.arange(16) + 0.5), "x": 5e5 + 10 * (np.arange(16) + 0.5)}
    cube = xr.Dataset({"red": (("time", "y", "x"), values)}, coords=coords).rio.write_crs("EPSG:32635")
    viewer = eow.TimeViewer(cube, chart=False)
    path = viewer.to_html(tmp_path_factory.mktemp("long") / "story.html")
    viewer.close()
    return path


def middle(page):
    box = page.locator(".eow-picture").bounding_box()
    return box["x"] + box["width"] / 2 + 1, box["y"] + box["height"] / 2 + 1


def values(page):
    """What stands under the pointer, by its name."""
    pairs = (text.rsplit(" ", 1) for text in page.locator(".eow-read span:has(b)").all_text_contents())
    return {name: float(value) for name, value in pairs}


def test_a_date_under_the_pointer_has_a_picture_and_nothing_moves(open_page, story, source):
    page = open_page(story)
    shown = page.evaluate(f"() => {MODEL}.get('date')")
    page.evaluate(SHIFTS)
    at = page.evaluate("""() => { const b = document.querySelectorAll('.eow-axis-marks circle')[60].getBoundingClientRect();
      return [(b.left + b.right) / 2, (b.top + b.bottom) / 2]; }""")
    page.mouse.move(*at)
    card = page.locator(".eow-thumb")
    page.wait_for_function("() => document.querySelector('.eow-thumb').dataset.shown")
    date = card.get_attribute("data-shown")
    t = source.labels.index(date)
    assert abs(t - 60) <= 1  # two dates may lie on one pixel
    assert date in card.text_content()
    assert f"{round(100 * (1 - source.cloud_cover[t]))} % clear" in card.text_content()
    width, height, *parts = page.evaluate(READ)
    got = np.frombuffer(b"".join(base64.b64decode(p) for p in parts), np.uint8).reshape(height, width, 4)
    want, safe = fitted(draw(source, Style(bands=("red", "green", "blue")), t), source, got.shape)
    assert (want[..., 3] > 0).mean() > 0.3
    assert np.abs(got.astype(int) - want.astype(int))[safe].max() <= 1
    assert page.evaluate(f"() => {MODEL}.get('date')") == shown
    page.mouse.move(at[0], at[1] - 26)  # the strip above the dates
    page.locator(".eow-thumb", has_text="drag: median").wait_for()
    page.mouse.move(5, 5)
    card.wait_for(state="hidden")
    assert page.evaluate("() => window._shift") == 0


def test_three_thousand_dates_follow_the_pointer(open_page, long_story):
    page = open_page(long_story)
    assert page.evaluate(SWEEP) < 250
    for x in (0.0, 1.0):  # the card stays within the axis
        box = page.locator(".eow-axis").bounding_box()
        page.mouse.move(box["x"] + 1 + x * (box["width"] - 2), box["y"] + 30)
        card = page.locator(".eow-thumb").bounding_box()
        assert card["x"] >= box["x"] - 1 and card["x"] + card["width"] <= box["x"] + box["width"] + 1


def test_bands_index_and_cloud_stand_under_the_pointer(open_page, story, source):
    page = open_page(story)
    page.mouse.move(*middle(page))
    page.wait_for_function("() => document.querySelector('.eow-read').textContent.includes('NDVI')")
    t = source.labels.index(page.evaluate(f"() => {MODEL}.get('date')"))
    cell = source.cube.isel(time=t, y=50, x=50)
    program = source.program("NDVI")
    found = values(page)
    assert found == pytest.approx(
        {
            **{b: float(cell[b]) for b in ("red", "green", "blue")},
            "NDVI": float(evaluate(program, {b: cell[b].values for b in program.bands})),
        },
        abs=1e-3,
    )
    page.evaluate(f"() => {MODEL}.set('index', 'NDVI')")
    page.wait_for_function("() => document.querySelectorAll('.eow-read b').length === 3")
    assert values(page) == pytest.approx({"NDVI": found["NDVI"], "nir": float(cell.nir), "red": found["red"]}, abs=1e-3)
    cloudy = int(np.flatnonzero(source.cube.clouds.values[:, 50, 50])[0])
    page.evaluate(f"d => {MODEL}.set('date', d)", source.labels[cloudy])
    page.locator(".eow-read-cloud").wait_for()


def test_both_halves_of_a_swipe_and_a_median_have_their_own_values(open_page, story, source):
    page = open_page(story)
    second = source.labels[20]
    page.evaluate(
        f"d => {MODEL}.set({{ bands: ['nir'], index: null, compare_mode: 'swipe', compare_date: d, swipe: 0.3 }})",
        second,
    )
    page.mouse.move(*middle(page))
    page.wait_for_function("d => document.querySelector('.eow-read').textContent.includes(d)", arg=second)
    (value,) = values(page).values()
    assert value == pytest.approx(float(source.cube.nir[20, 50, 50]), abs=1e-3)

    first, last = "2018-05-01", "2018-09-30"
    span = [d for d in source.labels if first <= d <= last]
    page.evaluate(f"s => {MODEL}.set({{ compare_mode: 'none', selection: s }})", [span[0], span[-1]])
    cube = source.cube.isel(y=50, x=50).sel(time=slice(first, last))
    median = float(cube.nir.where(~cube.clouds).median())
    x, y = middle(page)
    page.wait_for_function(
        """async ([x, y, want]) => {
          const at = { clientX: x, clientY: y, bubbles: true };
          document.querySelector('.eow-picture').dispatchEvent(new PointerEvent('pointermove', at));
          await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
          const b = document.querySelector('.eow-read b');
          return b && Math.abs(Number(b.textContent) - want) < 1e-3;
        }""",
        arg=[x, y, median],
    )


def test_the_chart_names_its_axis_and_shows_the_values_of_a_date(open_page, story, source):
    page = open_page(story)
    page.mouse.click(*middle(page))
    page.locator(".eow-chart circle").first.wait_for(state="attached")
    assert page.locator(".eow-axis-label").text_content() == "NDVI"  # of a mix of bands
    box = page.locator(".eow-chart").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] / 2)
    read = page.locator(".eow-chart-read")
    read.wait_for()
    date, value = read.text_content().split()[:2]
    program = source.program("NDVI")
    cell = source.cube.isel(time=source.labels.index(date), y=50, x=50)
    assert float(value) == pytest.approx(float(evaluate(program, {b: cell[b].values for b in program.bands})), abs=2e-3)
    page.mouse.move(5, 5)
    read.wait_for(state="hidden")
