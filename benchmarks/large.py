"""The viewer on cubes much larger than the screen: first picture, zooming, playing, memory, bytes sent.

    python benchmarks/large.py FOLDER [--dates 12] [--side 4096] [--bands 6] [--kinds cogs zarr levels] [--peers PACKAGES ...]

Makes its data in FOLDER (hard links: only a few dates have distinct pixels) and measures in JupyterLab under Chromium. The
size that the targets are for is ``--dates 60 --side 10980``, which takes 6 GB and a quarter of an hour to make. Peers on the
same files: leafmap's tile layer (needs ``localtileserver``) and zeit-cdts' viewer; pass the ``site-packages`` that contain them
with ``--peers``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import time
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import TimeoutError

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import large_peers as peers
from large_data import Size, make_cogs, make_levels, make_zarr
from support.lab import Lab, LabPage, lab_session
from viewer import browser_bytes, rest
from viewer_parts import SHOW

WAIT = 240
TARGETS = {
    "first_picture_s": 2.0, "zoom_sharp_s": 0.7, "kernel_MB": 700, "play_MB_in_5_s": 40, "browser_MB": 1000,
}  # fmt: skip
#: Everything that opening and drawing import, so that memory and seconds are those of the cube.
START = """
import sys, threading, time, psutil
import eowidgets as eow, dask.array, rasterio, rioxarray, xarray, zarr, odc.geo.geobox, pandas
eow.TimeViewer(eow.open("romania").isel(time=[0])).close()
import eowidgets.cube.catalogues.pixels, eowidgets.cube.sources.raster, eowidgets.cube.sources.store, eowidgets.cube.sources.stac
me, top = psutil.Process(), [0]
base = me.memory_info().rss
def watch():
    while True:
        top[0] = max(top[0], me.memory_info().rss)
        time.sleep(0.02)
threading.Thread(target=watch, daemon=True).start()
"""
PICTURE = "[...globalThis[Symbol.for('eowidgets.shared')].bitmaps][0].picture"
#: Zoom by a factor; return when the first frame was drawn, its blank share of the image, and when it was sharp.
ZOOM = f"""async ([factor]) => {{
  const picture = {PICTURE}, {{ detail, main, store, state }} = picture;
  const frame = () => new Promise(requestAnimationFrame);
  const bands = () => [...state.style.bands, ...(main.mask ? ['clouds'] : [])];
  const sharp = () => detail.here(main, bands(), state.t, Math.min(detail.level(main), main.coarse));
  const blank = () => {{
    const {{ width, height }} = picture.canvas, data = picture.context.getImageData(0, 0, width, height).data;
    const [x0, y0, x1, y1] = detail.seen(main);
    let n = 0;
    for (let i = 3; i < data.length; i += 4) n += data[i] > 0;
    return 1 - n / ((x1 - x0) * (y1 - y0) / picture.view.step ** 2);
  }};
  const start = performance.now(), frames = picture.frames;
  picture.zoom(factor);
  while (picture.frames === frames) await frame();
  const shown = performance.now() - start;
  const missing = blank();
  while (!sharp() || picture.pending) {{
    if (performance.now() - start > 60000) throw new Error('never sharp');
    await frame();
  }}
  await frame();
  return [shown, missing, performance.now() - start, detail.level(main)];
}}"""
#: Dates drawn in some seconds, their levels, and the number of blank ones.
PLAY = f"""async ([seconds]) => {{
  const picture = {PICTURE}, {{ detail, main, store, state }} = picture;
  const seen = [], levels = {{}};
  store.model.set('playing', true);
  let last = null, blank = 0;
  for (const end = performance.now() + 1000 * seconds; performance.now() < end; await new Promise(requestAnimationFrame)) {{
    const shown = picture.element.dataset.shown;
    if (!shown) blank += 1;
    if (shown === last) continue;
    last = shown;
    seen.push(shown);
    const whole = store.windows(main.key, state.style.bands[0], state.t).filter((w) => detail.covers(w, main));
    const fine = whole.find((w) => store.has(main.key, state.style.bands, w, state.t));
    const level = fine ? fine.split(',')[4] : 'none';
    levels[level] = (levels[level] ?? 0) + 1;
  }}
  store.model.set('playing', false);
  return [seen.length, levels, blank];
}}"""
READY = f"() => {PICTURE}.store.whole()"


def received(page: LabPage) -> float:
    return sum(map(len, page.received)) / 1e6


def ours(lab: Lab, source: Path) -> dict[str, Any]:
    """Measure the viewer on one source in a separate kernel."""
    page = lab.open([START])
    page.run_all(WAIT)
    p = page.page
    p.set_default_timeout(WAIT * 1000)
    rest(page, 1)
    out: dict[str, Any] = {}
    began = float(page.evaluate("time.perf_counter()"))
    page.run(f"cube = eow.open({str(source)!r}, budget=None)", WAIT)
    out["open_s"] = round(float(page.evaluate("time.perf_counter()")) - began, 1)
    p.evaluate(SHOW, ["v = eow.TimeViewer(cube, height=600, chart=False, speed=6); display(v)"])
    p.wait_for_function("() => window._first")
    out["first_picture_s"] = round(p.evaluate("() => window._first - window._start") / 1000, 2)
    with contextlib.suppress(TimeoutError):  # without levels every chunk of every date has to be read for them
        p.wait_for_function(READY, timeout=20_000)
        out["all_coarse_dates_s"] = round(p.evaluate("() => performance.now() - window._start") / 1000, 1)
    out["coarse_MB"] = round(received(page), 1)
    zooms = []
    for factor in (2, 2, 2, 2, 1 / 16, 16):
        before = received(page)
        shown, missing, sharp, level = p.evaluate(ZOOM, [factor])
        zooms.append((shown / 1000, missing, sharp / 1000, level, received(page) - before))
        rest(page, 0.3)
    out["zoom_shown_s"] = [round(z[0], 2) for z in zooms]
    out["zoom_blank_part"] = round(max(0.0, *(z[1] for z in zooms)), 3)
    out["zoom_sharp_s"] = [round(z[2], 2) for z in zooms]
    out["zoom_levels"] = [z[3] for z in zooms]
    out["zoom_MB"] = [round(z[4], 1) for z in zooms]
    for where, factor in (("zoomed_in", 1), ("whole", 1 / 16)):
        if factor != 1:
            p.evaluate(ZOOM, [factor])
        before = received(page)
        dates, levels, blank = p.evaluate(PLAY, [5])
        out[f"play_{where}"] = {
            "MB_in_5_s": round(received(page) - before, 1), "dates": dates, "levels": levels, "blank_frames": blank,
        }  # fmt: skip
        rest(page, 1)
    out["kernel_MB_above_import"] = round(float(page.evaluate("(top[0] - base) / 1e6")))
    out["reads_superseded"] = int(page.evaluate("v._queue.superseded"))
    out["browser_MB"] = round(browser_bytes() / 1e6)
    out["problems"] = page.errors()
    page.screenshot(f"large-{source.name}")
    page.close()
    return out


def main() -> None:
    """Make the data, measure, and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="for the data")
    for name, value in (("dates", 12), ("side", 4096), ("bands", 6)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--kinds", nargs="*", default=["cogs", "zarr", "levels"], choices=["cogs", "zarr", "levels"])
    parser.add_argument("--peers", nargs="*", default=[], help="folders with the packages of the peers")
    given = parser.parse_args()
    size = Size(given.dates, given.side, given.bands)
    makers = {"cogs": make_cogs, "zarr": make_zarr, "levels": make_levels}
    sources = {kind: makers[kind](given.folder, size) for kind in given.kinds}
    print(json.dumps({"size": size.name, "targets": TARGETS, "load": psutil.getloadavg()[0]}), flush=True)
    for kind, source in sources.items():
        began = time.perf_counter()
        with lab_session() as lab:  # a separate browser, so that its memory is that of one viewer
            out = ours(lab, source)
        out |= {"load": round(psutil.getloadavg()[0], 1), "took_s": round(time.perf_counter() - began)}
        print(json.dumps({kind: out}, indent=1), flush=True)
    if given.peers:
        with lab_session() as lab:
            for found in peers.measure(lab, make_cogs(given.folder, size), given.peers):
                print(json.dumps(found, indent=1), flush=True)


if __name__ == "__main__":
    main()
