from __future__ import annotations

import base64

import numpy as np
import pytest
from support.pictures import until

import eowidgets as eow
from eowidgets.render.mercator import MercatorSource
from eowidgets.render.picture import draw
from eowidgets.render.style import Style

READ = """() => {
  const c = document.querySelector('.eow-map-canvas');
  const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
  let s = ''; for (let i = 0; i < d.length; i += 8192) s += String.fromCharCode(...d.subarray(i, i + 8192));
  return [c.width, c.height, btoa(s)];
}"""

#: Steps on a machine whose backend takes its time.
SLOWLY = """async () => {
  const { backend } = globalThis[Symbol.for('eowidgets.shared')], axis = document.querySelector('.eow-time-layer .eow-axis');
  const canvas = document.querySelector('.eow-map-canvas'), draw = backend.draw, seen = [];
  backend.draw = function (...given) {
    const end = performance.now() + 25;
    while (performance.now() < end);
    return draw.apply(this, given);
  };
  for (let i = 0; i < 20; i++) {
    axis.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowLeft', bubbles: true }));
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    seen.push(canvas.hasAttribute('data-rough'));
  }
  delete backend.draw;
  return seen;
}"""


@pytest.mark.parametrize("maker", ["ipyleaflet", "leafmap"])
def test_frames_on_a_map(same_lab, maker):
    page = same_lab(
        [
            "import eowidgets as eow, ipyleaflet, leafmap\nfrom eowidgets.widgets.map.time_layer import TimeLayer",
            f"m = {maker}.Map(center=(45.2044, 22.1516), zoom=15); m.layout.height = '340px'; m",
            "cube = eow.open('romania')\nlayer = TimeLayer(cube, m, index='NDVI', date='2018-07-06'); layer",
        ]
    )
    page.run_all()
    assert page.errors() == []
    p = page.page
    date = page.evaluate("layer.date")
    p.wait_for_function("d => document.querySelector('.eow-map-canvas')?.dataset.shown === d", arg=date)

    width, height, text = p.evaluate(READ)
    got = np.frombuffer(base64.b64decode(text), np.uint8).reshape(height, width, 4)
    source = MercatorSource(eow.open("romania"))
    want = draw(source, Style(index="NDVI"), source.labels.index(date))
    assert (want[..., 3] > 0).mean() > 0.5
    assert np.abs(got.astype(int) - want.astype(int)).max() <= 1

    # Its place on the map: the corners of the canvas are where Leaflet puts the corners of the cube.
    box = p.locator(".eow-map-canvas").bounding_box()
    frame = p.locator(".leaflet-container").bounding_box()
    assert frame["x"] < box["x"] + box["width"] / 2 < frame["x"] + frame["width"]
    metres = 40_075_016.686 / (256 * 2**15)
    assert box["width"] == pytest.approx(width * source.place.dx / metres, abs=2)

    axis = p.locator(".eow-time-layer .eow-axis")
    axis.scroll_into_view_if_needed()
    axis.focus()
    before = page.count_sent()
    for _ in range(10):
        p.keyboard.press("ArrowRight")
        label = p.locator(".eow-time-layer .eow-date").text_content()
        p.wait_for_function("d => document.querySelector('.eow-map-canvas').dataset.shown === d", arg=label)
    assert page.count_sent() - before <= 2  # a slow machine's step may look like the last one
    until(page, lambda: page.count_sent() > before)

    # Where drawing is slow, dates that fly by are drawn at half the resolution; the full one follows at rest.
    seen = p.evaluate(SLOWLY)
    assert any(seen)
    p.wait_for_function("() => !document.querySelector('.eow-map-canvas').hasAttribute('data-rough')")

    # A map shown twice has the picture twice, and zooming keeps it in its place.
    page.run("display(m)")
    p.wait_for_function("() => document.querySelectorAll('.eow-map-canvas').length === 2")
    page.run("m.zoom = 14")
    p.wait_for_function(
        "w => Math.abs(document.querySelector('.eow-map-canvas').getBoundingClientRect().width - w) < 2",
        arg=box["width"] / 2,
    )
    p.locator(".leaflet-container").first.scroll_into_view_if_needed()
    page.screenshot(f"time-layer-{maker}")
