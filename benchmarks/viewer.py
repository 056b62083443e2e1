"""The viewer in JupyterLab under Chromium: a step through time, first picture, restyling, memory; with ratios.

    python benchmarks/viewer.py [--dates 24] [--size 1024] [--steps 60]

The rival, measured in the same run and page, is the usual way: an ipywidgets slider whose callback draws the date in
the kernel and sends it as an image. With a step of `leafmap`'s time slider (which needs `localtileserver`, not a
dependency here) the ratio is larger still.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.lab import lab_session

CUBE = """
import numpy as np, pandas as pd, xarray as xr, rioxarray, eowidgets as eow
T, N = {dates}, {size}
rng = np.random.default_rng(0)
base = rng.uniform(0.02, 0.5, (N, N)).astype("float32")
bands = {{b: (("time", "y", "x"), np.stack([np.roll(base, 7 * t + 90 * k, 1) for t in range(T)]))
         for k, b in enumerate(("blue", "green", "red", "nir"))}}
cube = xr.Dataset(bands, coords={{"time": pd.date_range("2020-01-03", periods=T, freq="11D").astype("datetime64[ns]"),
    "y": 5e6 - 10 * (np.arange(N) + 0.5), "x": 5e5 + 10 * (np.arange(N) + 0.5)}}).rio.write_crs("EPSG:32635")
"""
RIVAL = """
import io, ipywidgets, PIL.Image
image = ipywidgets.Image(format="png", width=600)
slider = ipywidgets.IntSlider(0, 0, T - 1, description="rival")
def paint(t):
    rgb = np.stack([cube[b].values[t] for b in ("red", "green", "blue")], -1)
    out = io.BytesIO(); PIL.Image.fromarray((rgb.clip(0, 0.5) * 510).astype("uint8")).save(out, "PNG", compress_level=1)
    image.value = out.getvalue()
slider.observe(lambda change: paint(change["new"]), "value"); paint(0)
ipywidgets.VBox([slider, image])
"""
#: From the key press to the moment when the pixels of the new date can be read.
STEP = """async ([steps, key]) => {
  const picture = document.querySelector('.eow-picture'), canvas = document.querySelector('.eow-canvas');
  const context = canvas.getContext('2d'), times = [], seen = new Set();
  for (let i = 0; i < steps; i++) {
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    const old = picture.dataset.shown, start = performance.now();
    picture.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    while (picture.dataset.shown === old) await new Promise(requestAnimationFrame);
    context.getImageData(canvas.width / 2, canvas.height / 2, 1, 1);
    times.push(performance.now() - start); seen.add(picture.dataset.shown);
  }
  return [times, seen.size];
}"""
RESTYLE = """async () => {
  const select = document.querySelector('.eow-toolbar select'), picture = document.querySelector('.eow-picture');
  const canvas = document.querySelector('.eow-canvas'), context = canvas.getContext('2d'), times = [];
  for (const value of ['index:NDVI', 'index:EVI', 'bands:red,green,blue', 'index:NDWI', 'index:NDVI', 'bands:nir']) {
    await new Promise((done) => setTimeout(done, 50));
    const frame = picture.dataset.frames, start = performance.now();
    select.value = value; select.dispatchEvent(new Event('change'));
    while (picture.dataset.frames === frame) await new Promise(requestAnimationFrame);
    context.getImageData(canvas.width / 2, canvas.height / 2, 1, 1);
    times.push(performance.now() - start);
  }
  return times;
}"""
RIVAL_STEP = """async (steps) => {
  const handle = document.querySelector('.noUi-handle'), image = document.querySelector('img.widget-image, .widget-image');
  const times = [];
  handle.focus();
  for (let i = 0; i < steps; i++) {
    const old = image.src, start = performance.now();
    handle.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }));
    while (image.src === old) await new Promise(requestAnimationFrame);
    await image.decode();
    times.push(performance.now() - start);
  }
  return times;
}"""
WHOLE = """() => { const stores = [...globalThis[Symbol.for('eowidgets.shared')].stores.values()];
  const whole = (s) => s.planes.size >= 3 && [...s.planes.values()].every((p) => p.have.every(Boolean));
  return stores.length && stores.every(whole); }"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("dates", 24), ("size", 1024), ("steps", 60)):
        parser.add_argument(f"--{name}", type=int, default=value)
    given = parser.parse_args()
    with lab_session() as lab:
        page = lab.open([CUBE.format(dates=given.dates, size=given.size)])
        page.run_all()
        p = page.page
        p.set_default_timeout(120_000)
        p.evaluate(
            """() => { window._start = 0; window._first = 0; new MutationObserver(() => {
              if (!window._first && document.querySelector('.eow-viewer[data-drawn]')) window._first = performance.now();
            }).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-drawn'] }); }"""
        )
        page.run("v = eow.TimeViewer(cube, height=600, chart=False)")
        p.evaluate("() => { window._start = performance.now(); }")
        page.run("display(v)")
        p.wait_for_function("() => window._first")
        first = p.evaluate("() => window._first - window._start")
        p.wait_for_function(WHOLE)
        whole = p.evaluate("() => performance.now() - window._start")
        p.evaluate(STEP, [5, "ArrowRight"])
        p.evaluate("() => new Promise((done) => setTimeout(done, 800))")
        before = page.count_sent()
        times, seen = p.evaluate(STEP, [given.steps, "ArrowRight"])
        messages = page.count_sent() - before
        restyle = p.evaluate(RESTYLE)
        p.wait_for_function(WHOLE)
        warm = p.evaluate(RESTYLE)
        stored = p.evaluate("() => globalThis[Symbol.for('eowidgets.shared')].backend.bytes")
        heap = p.evaluate("() => performance.memory?.usedJSHeapSize ?? 0")
        page.run(RIVAL)
        p.locator(".noUi-handle").wait_for()
        rival = p.evaluate(RIVAL_STEP, min(given.steps, given.dates - 1))
        kind = p.evaluate("() => globalThis[Symbol.for('eowidgets.shared')].backend.kind")
        page.close()
    packed = given.dates * given.size**2 * 4 * 2
    step, other = float(np.median(times)), float(np.median(rival))
    result = {
        "cube": f"{given.dates} dates x {given.size} x {given.size} x 4 bands, {packed / 1e6:.0f} MB packed, {kind}",
        "step_ms": {"median": round(step, 1), "p95": round(float(np.percentile(times, 95)), 1)},
        "messages_in_steps": messages,
        "dates_drawn": f"{seen} of {min(given.steps, given.dates)}",
        "first_picture_ms_after_display_cell": round(first),
        "all_dates_ms": round(whole),
        "restyle_ms": {"first": round(max(restyle), 1), "warm": round(max(warm), 1)},
        "gpu_bytes_over_packed": round(stored / packed, 2),
        "js_heap_MB": round(heap / 1e6),
        "rival_step_ms": round(other, 1),
        "times_faster_than_rival": round(other / step, 1),
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
