"""Without a GPU the dates around the current one are kept as bitmaps: a step copies one, with the pixels that WebGL draws."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import rioxarray  # noqa: F401  (accessor)
import xarray as xr
from support.pictures import read, shown, until

import eowidgets as eow

DATES, EMPTY = 8, 5
MODEL = "document.getElementById('viewer').model"
SHARED = "globalThis[Symbol.for('eowidgets.shared')]"
KEPT = "n => Number(document.querySelector('.eow-picture').dataset.kept) === n"
OLD = f"""() => {{
  window._old = [...{SHARED}.bitmaps].flatMap((b) => [...b.kept.values()].map((k) => k.bitmap));
  return window._old.filter((b) => b.width > 0).length;
}}"""
CLOSED = "() => window._old.every((b) => b.width === 0)"
COPIED = "() => document.querySelector('.eow-picture').hasAttribute('data-copied')"
#: Switches the bitmaps off or on, and draws.
SWITCH = f"""async (on) => {{
  {SHARED}.backend.software = on;
  for (const b of {SHARED}.bitmaps) b.picture.redraw();
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
}}"""
FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


class Standing:
    def __init__(self, page):
        self.page = page


def series():
    rng = np.random.default_rng(7)
    values = rng.uniform(0.02, 0.6, (4, DATES, 90, 120)).astype("float32")
    values[:, EMPTY] = np.nan
    clouds = rng.random((DATES, 90, 120)) < 0.2
    axes = ("time", "y", "x")
    bands = {n: (axes, v) for n, v in zip(("blue", "green", "red", "nir"), values, strict=True)}
    times = pd.date_range("2020-01-03", periods=DATES, freq="11D").astype("datetime64[ns]")
    places = {"y": 5e6 - 10 * (np.arange(90) + 0.5), "x": 5e5 + 10 * (np.arange(120) + 0.5)}
    cube = xr.Dataset({**bands, "clouds": (axes, clouds)}, coords={"time": times, **places})
    return cube.rio.write_crs("EPSG:32635")


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    viewer = eow.TimeViewer(series(), date="2020-01-03", height=300, bands=["red", "green", "blue"])
    viewer.loop = True
    path = viewer.to_html(tmp_path_factory.mktemp("bitmaps") / "story.html")
    viewer.close()
    return path


@pytest.fixture
def page(open_page, story):
    opened = open_page(story)
    assert opened.evaluate(f"() => {SHARED}.backend.software"), "these tests need a browser without a GPU"
    opened.wait_for_function(KEPT, arg=DATES)
    return opened


def step(page, key="ArrowRight"):
    """Step as a person does; returns the pixels, which came from a bitmap."""
    page.locator(".eow-axis").focus()
    page.keyboard.press(key)
    shown(Standing(page), page.locator(".eow-date").text_content())
    assert page.evaluate(COPIED)
    return read(Standing(page))


def drawn_by_webgl(page):
    page.evaluate(SWITCH, False)
    assert not page.evaluate(COPIED)
    pixels = read(Standing(page))
    page.evaluate(SWITCH, True)
    return pixels


def refill(page, count=DATES):
    page.evaluate(FRAMES)
    page.wait_for_function(KEPT, arg=count)


LOOKS = {
    "mix": {},
    "index": {"bands": [], "index": "NDVI", "cmap": "viridis"},
    "band": {"bands": ["nir"], "index": None, "gamma": 1.7, "vmin": 0.1, "vmax": 0.4},
    "without clouds": {"clouds": "hide", "opacity": 0.6},
    "swipe": {"compare_mode": "swipe", "compare_date": "2020-02-05", "swipe": 0.4},
    "difference": {"index": "NDVI", "compare_mode": "difference", "compare_date": "2020-02-05"},
}


@pytest.mark.parametrize("look", LOOKS)
def test_a_step_copies_the_pixels_that_webgl_draws(page, look):
    page.evaluate(f"s => {MODEL}.set(s)", LOOKS[look])
    refill(page)
    seen = [step(page) for _ in range(3)]
    assert not np.array_equal(seen[0], seen[1])
    np.testing.assert_array_equal(seen[2], drawn_by_webgl(page))
    refill(page)
    np.testing.assert_array_equal(step(page, "ArrowLeft"), seen[1])


KEY = "document.querySelector('.eow-viewer').dispatchEvent(new KeyboardEvent('keydown', %s))"
CHANGES = {
    "bands": f"{MODEL}.set('bands', ['nir'])",
    "limits": f"{MODEL}.set('vmax', 0.3)",
    "gamma": f"{MODEL}.set('gamma', 1.5)",
    "mask": f"{MODEL}.set('clouds', 'hide')",
    "opacity": f"{MODEL}.set('opacity', 0.5)",
    "comparison": f"{MODEL}.set({{ compare_mode: 'swipe', compare_date: '2020-02-05' }})",
    "zoom": KEY % "{ key: '+' }",
    "pan": KEY % "{ key: 'ArrowUp', shiftKey: true }",
    "size": "document.querySelector('.eow-picture').style.setProperty('--eow-height', '240px')",
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_the_picture_closes_the_bitmaps(page, change):
    assert page.evaluate(OLD) == DATES
    page.evaluate(f"() => {{ {CHANGES[change]}; }}")
    page.wait_for_function(CLOSED)
    refill(page)
    got = step(page)
    np.testing.assert_array_equal(got, drawn_by_webgl(page))


def test_new_pixels_drop_the_bitmaps_and_a_step_that_has_none_is_drawn_as_before(page):
    page.evaluate(f"() => {{ for (const s of {SHARED}.stores.values()) s.changed(); }}")
    assert page.evaluate(KEPT, 0)
    page.evaluate(f"() => {MODEL}.set('date', '2020-01-14')")
    page.wait_for_function("() => document.querySelector('.eow-picture').dataset.shown === '2020-01-14'")
    assert not page.evaluate(COPIED)
    refill(page)


def test_the_bitmaps_fit_the_budget_and_lead_in_the_direction_of_play(page):
    step(page)
    bytes_of = f"() => [...{SHARED}.bitmaps][0].bytes"
    each = page.evaluate(bytes_of) / DATES
    pixels = page.evaluate(
        f"""() => [...[...{SHARED}.stores.values()][0].planes.values()]
          .reduce((sum, p) => sum + p.width * p.height * p.dates * p.bits / 8, 0)"""
    )
    budget = int(pixels + 4.5 * each)
    page.evaluate(f"b => {MODEL}.set('budget', b)", budget)
    step(page)
    page.wait_for_function(KEPT, arg=4)
    kept = f"() => [...[...{SHARED}.bitmaps][0].kept.keys()].sort()"
    until(Standing(page), lambda: page.evaluate(kept) == [1, 2, 3, 4])
    assert pixels + page.evaluate(bytes_of) <= budget
    step(page, "ArrowLeft")
    until(Standing(page), lambda: page.evaluate(kept) == [0, 1, 2, 7])
    page.evaluate(f"b => {MODEL}.set('budget', b)", int(pixels))
    page.keyboard.press("ArrowLeft")
    page.wait_for_function(KEPT, arg=0)


def test_a_series_that_plays_is_drawn_at_full_resolution(page):
    seen = page.evaluate(
        f"""async () => {{
          const picture = document.querySelector('.eow-picture'), seen = new Set();
          {MODEL}.set({{ speed: 24, playing: true }});
          let rough = 0, last = picture.dataset.shown, steps = 0;
          while (steps < {3 * DATES}) {{
            await new Promise(requestAnimationFrame);
            rough += picture.hasAttribute('data-rough');
            if (picture.dataset.shown === last) continue;
            last = picture.dataset.shown;
            steps += 1;
            seen.add(last);
          }}
          {MODEL}.set('playing', false);
          return [seen.size, rough];
        }}"""
    )
    assert seen == [DATES, 0]


def test_values_and_hints_follow_a_copied_step(page):
    box = page.locator(".eow-picture").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2 + 3, box["y"] + box["height"] / 2 + 3)
    card = page.locator(".eow-read")
    texts = []
    for _ in range(EMPTY):
        step(page)
        page.evaluate(FRAMES)
        texts.append(card.text_content())
    assert len(set(texts)) == EMPTY
    assert page.locator(".eow-hint").text_content() == "There is no measurement here on this date."
    step(page)
    assert page.locator(".eow-hint").text_content() == ""


def test_no_message_is_sent_a_layer_is_kept_with_it_and_closing_gives_the_memory_back(same_lab):
    lab = same_lab(
        ["import eowidgets as eow, xarray as xr\ncube = eow.open('romania').isel(time=slice(0, 12))\n"
         "v = eow.TimeViewer(cube, height=300, chart=False); v"]
    )  # fmt: skip
    lab.run_all()
    page = lab.page
    page.locator(".eow-viewer[data-drawn][data-ready]").wait_for()
    refill(page, 12)
    before = read(lab)
    lab.run(
        "layer = xr.ones_like(cube.nir.isel(time=0, drop=True)).astype('uint8').rename('loss')\n"
        "layer.attrs.update(role='result', flag_values=[1], flag_meanings='loss', colors='#d55e00')\n"
        "v.add_layer(layer.to_dataset(), 'loss', opacity=0.5)"
    )
    until(lab, lambda: not np.array_equal(read(lab), before))
    refill(page, 12)
    sent = lab.count_sent()
    store = f"() => [...{SHARED}.stores.values()].map((s) => s.messages)"
    asked = page.evaluate(store)
    got = step(page, "ArrowLeft")
    assert lab.count_sent() == sent
    assert page.evaluate(store) == asked
    np.testing.assert_array_equal(got, drawn_by_webgl(page))
    refill(page, 12)
    assert page.evaluate(OLD) == 12
    lab.run("v.close()")
    page.wait_for_function(CLOSED)
    assert page.evaluate(f"() => {SHARED}.bitmaps.size") == 0
    assert lab.errors() == []
