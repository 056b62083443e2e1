"""The viewer in JupyterLab under Chromium: a step through time, first picture, restyling, memory; with ratios.

    python benchmarks/viewer.py [--only explorer|viewer] [--dates 24] [--size 1024] [--steps 60] [--minutes 3]
        [--packages FOLDER ...]

Peers in the same run and page: an ipywidgets slider whose callback draws the date in the kernel and sends it as an
image; and leafmap's time slider over COGs of the same cube. The latter needs ``localtileserver``, which is not
a dependency here: install it into a separate virtual environment and pass its ``site-packages`` as ``--packages``;
without it that row is skipped.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import viewer_parts as parts
from support.lab import Lab, LabPage, lab_session

#: Fits a notebook that contains little more than the cell of the viewer.
WAIT = 240


def browser_bytes() -> int:
    """Return the memory of all browser processes (also the GPU process), shared pages counted once."""
    processes = [p for p in psutil.Process().children(recursive=True) if "chrom" in p.name()]
    return sum(p.memory_full_info().pss for p in processes)


def rest(page: LabPage, seconds: float) -> None:
    page.page.evaluate("s => new Promise((done) => setTimeout(done, 1000 * s))", seconds)


def spread(times: list[float]) -> dict[str, float]:
    return {"median": round(float(np.median(times)), 1), "p95": round(float(np.percentile(times, 95)), 1)}


def viewer(page: LabPage, given: argparse.Namespace) -> dict[str, Any]:
    """Measure the viewer of eowidgets."""
    p = page.page
    p.set_default_timeout(WAIT * 1000)
    # Open and close once: JupyterLab fetches the module that shows such widgets with the first one.
    page.run("v = eow.TimeViewer(cube.isel(time=[0], x=slice(64), y=slice(64)), chart=False); display(v)")
    p.wait_for_function(parts.READY)
    page.run("v.close(); v = eow.TimeViewer(cube, height=600, chart=False)")
    p.evaluate("() => window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
    empty = settled(page)
    p.evaluate(parts.SHOW, ["display(v)"])
    p.wait_for_function("() => window._first")
    out: dict[str, Any] = {"first_picture_ms_after_display": round(p.evaluate("() => window._first - window._start"))}
    p.wait_for_function(parts.WHOLE)
    out["all_dates_ms"] = round(p.evaluate("() => performance.now() - window._start"))
    p.wait_for_function(parts.READY)
    p.evaluate(parts.STEP, [5, "ArrowRight"])
    rest(page, 0.8)
    before = page.count_sent()
    times, seen, rough = p.evaluate(parts.STEP, [given.steps, "ArrowRight"])
    out["messages_in_steps"] = page.count_sent() - before
    out["step_ms"] = spread(times)
    out["dates_drawn"] = f"{seen} of {min(given.steps, given.dates)}, {rough} of {given.steps} at half resolution"
    out["switch_ms_first_use"] = spread(p.evaluate(parts.RESTYLE))
    p.wait_for_function(parts.WHOLE)
    out["switch_ms_warm"] = spread(p.evaluate(parts.RESTYLE))
    out["stretch_ms"] = spread(p.evaluate(parts.STRETCH))
    p.wait_for_function(parts.WHOLE)
    packed = given.dates * given.size**2 * 4 * 2
    out["cube"] = f"{given.dates} dates x {given.size} x {given.size} x 4 bands, {packed / 1e6:.0f} MB packed"
    shared = "globalThis[Symbol.for('eowidgets.shared')].backend"
    out["backend"] = p.evaluate(f"() => {shared}.kind")
    out["textures_over_packed"] = round(p.evaluate(f"() => {shared}.bytes") / packed, 2)
    out["browser_memory_over_packed"] = round((settled(page) - empty) / packed, 2)
    out["bitmaps"] = bitmaps(page, given)
    return out


def bitmaps(page: LabPage, given: argparse.Namespace) -> dict[str, Any]:
    """Measure steps and restyling with and without cached pictures of the neighbouring dates, in turns."""
    p = page.page
    out: dict[str, Any] = {}
    looks = {"mix": "v.index, v.bands = None, ['red', 'green', 'blue']", "index": "v.index = 'NDVI'"}
    for look, code in looks.items():
        page.run(code)
        p.wait_for_function(parts.WHOLE)
        without, full, kept, rough = [], [], [], 0
        for _ in range(2):
            p.evaluate(parts.KEEP, False)
            p.evaluate(parts.STEP, [2, "ArrowRight"])
            times, _, half = p.evaluate(parts.STEP, [given.steps, "ArrowRight"])
            without += times
            rough += half
            full += p.evaluate(parts.STEP, [given.steps // 2, "ArrowRight", 200])[0]
            p.evaluate(parts.KEEP, True)
            p.evaluate(parts.STEP, [2, "ArrowRight"])
            p.wait_for_function(parts.KEPT, arg=given.dates)
            times, _, half = p.evaluate(parts.STEP, [given.steps, "ArrowRight"])
            kept += times
            assert not half
        out[look] = {
            f"without_ms_{rough}_of_{2 * given.steps}_at_half_resolution": spread(without),
            "without_ms_at_full_resolution": spread(full),
            "kept_ms_at_full_resolution": spread(kept),
        }
    page.run(looks["mix"])
    # 200 ms: before bitmaps are computed; 1200 ms: while they are computed.
    switches: dict[str, list[float]] = {}
    for pause in (200, 200, 1200, 1200):
        for on in (False, True):
            p.evaluate(parts.KEEP, on)
            name = f"switch_ms_{'kept' if on else 'without'}_every_{pause}_ms"
            switches.setdefault(name, []).extend(p.evaluate(parts.RESTYLE, pause))
    out |= {name: spread(times) for name, times in switches.items()}
    p.wait_for_function(parts.KEPT, arg=given.dates)
    kept_bytes = settled(page)
    p.evaluate(parts.KEEP, False)
    p.evaluate(parts.STEP, [1, "ArrowRight"])
    out["memory_of_bitmaps_MB"] = round((kept_bytes - settled(page)) / 1e6)
    p.evaluate(parts.KEEP, True)
    out["load_average"] = [round(v, 1) for v in psutil.getloadavg()]
    return out


def settled(page: LabPage) -> int:
    """Return the memory after garbage collection."""
    session = page.page.context.new_cdp_session(page.page)
    session.send("HeapProfiler.collectGarbage")
    session.detach()
    rest(page, 3)
    return browser_bytes()


def playing(page: LabPage, minutes: float) -> dict[str, Any]:
    """Measure the growth of browser memory while the series plays, after a first round."""
    page.run("v.speed, v.playing = 12, True")
    rest(page, 15)
    start = settled(page)
    frames = "() => Number(document.querySelector('.eow-picture').dataset.frames)"
    before = page.page.evaluate(frames)
    rest(page, 60 * minutes)
    drawn = page.page.evaluate(frames) - before
    grown = 100 * (settled(page) / start - 1)
    page.run("v.playing = False")
    return {"played": f"{minutes:g} min, {drawn} frames", "growth_percent": round(grown, 1)}


def explorer(lab: Lab) -> dict[str, Any]:
    """Measure first paint in a warm kernel, time per pointer move, and layout shifts."""
    page = lab.open(["import eowidgets as eow\ncube = eow.open('romania')"], size=(1280, 900))
    page.run_all()
    p = page.page
    p.set_default_timeout(WAIT * 1000)
    source = "explorer = eow.Explorer(cube, date='2019-07-06'); display(explorer)"
    # Open and close once: the kernel has its imports, and the page the modules of the widgets.
    p.evaluate(parts.SHOW_EXPLORER, [source])
    page.wait_idle()
    times = []
    for _ in range(3):
        page.run("for w in (explorer.viewer, explorer.map): w.close()\nexplorer.close()")
        p.evaluate("() => window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
        rest(page, 2)
        if not times:
            p.evaluate(parts.SHIFTS)
        times.append(p.evaluate(parts.SHOW_EXPLORER, [source]))
        page.wait_idle()
        p.wait_for_function(parts.READY)
    picture, everything = np.median(times, axis=0)
    p.locator(".eow-explorer").scroll_into_view_if_needed()
    rest(page, 1)
    opened = p.evaluate("() => [window._shift, window._moved]")
    p.evaluate("() => { window._shift = 0; window._moved = []; }")
    out: dict[str, Any] = {
        "first_picture_ms": round(picture),
        "everything_visible_ms": round(everything),
        "each_ms": [[round(t) for t in pair] for pair in times],
    }
    for name, selector, shown in (
        ("thumbnail", ".eow-axis", "thumb"),
        ("values", ".eow-explorer .eow-picture", "read"),
    ):
        out[f"hover_{name}_ms"] = spread(p.evaluate(parts.HOVER, [selector, shown, 40]))
    # The same with a real pointer and the keys: layout shifts during use.
    for selector in (".eow-axis", ".eow-explorer .eow-picture", ".eow-chart"):
        box = p.locator(selector).first.bounding_box()
        assert box is not None
        for k in range(20):
            p.mouse.move(box["x"] + box["width"] * (0.1 + 0.04 * k), box["y"] + box["height"] / 2)
    p.locator(".eow-axis").focus()
    for _ in range(20):
        p.keyboard.press("ArrowRight")
    out |= {"shift_opening": round(opened[0], 4), "moved_opening": opened[1][:6]}
    out["shift_looking"] = round(p.evaluate("() => window._shift"), 4)
    out["load_average"] = [round(v, 1) for v in psutil.getloadavg()]
    page.close()
    return out


def sparse(lab: Lab) -> dict[str, Any]:
    """Measure a cube of 60 x 10980 x 10980 x 4 on disk in a separate kernel."""
    page = lab.open([parts.SPARSE])
    page.run_all()
    page.page.set_default_timeout(WAIT * 1000)
    rest(page, 1)
    before = int(page.evaluate(parts.PEAK))
    page.page.evaluate(parts.SHOW, ["v = eow.TimeViewer(eow.open(folder)); display(v)"])
    page.page.wait_for_function("() => window._first")
    first = page.page.evaluate("() => window._first - window._start")
    page.wait_idle()
    rest(page, 5)
    peak = int(page.evaluate(parts.PEAK))
    bad = page.errors()
    page.run("__import__('shutil').rmtree(folder)")
    page.close()
    return {"opened_and_drawn_ms": round(first), "kernel_MB": [before // 1024, peak // 1024], "errors": bad}


def rivals(page: LabPage, given: argparse.Namespace) -> dict[str, Any]:
    """Measure the steps of other sliders over the same cube."""
    p = page.page
    page.run("v.close()")
    page.run(parts.SLIDER)
    p.locator(".slider-rival .noUi-handle").wait_for()
    out: dict[str, Any] = {"slider_and_png_step_ms": spread(p.evaluate(parts.SLIDER_STEP, min(12, given.dates - 1)))}
    if page.evaluate("__import__('importlib.util').util.find_spec('localtileserver') is not None") != "True":
        return out | {"leafmap": "skipped: localtileserver is not installed (see --packages)"}
    page.run(parts.LEAFMAP.format(count=6), timeout=WAIT)
    p.locator(".leaflet-container .noUi-handle").wait_for()
    times, tiles = p.evaluate(parts.LEAFMAP_STEP, 4)
    return out | {"leafmap_step_ms": spread(times), "leafmap_tiles": tiles}


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("dates", 24), ("size", 1024), ("steps", 60)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--minutes", type=float, default=3, help="of playing; 0 skips that part")
    parser.add_argument("--packages", nargs="*", default=[], help="folders with the packages of the peers")
    parser.add_argument("--only", choices=["explorer", "viewer"], help="run this part only")
    given = parser.parse_args()
    with lab_session() as lab:
        if given.only != "viewer":
            print(json.dumps({"explorer": explorer(lab)}, indent=2), flush=True)
        if given.only == "explorer":
            return
        page = lab.open([parts.CUBE.format(dates=given.dates, size=given.size, packages=given.packages)])
        page.run_all()
        result = viewer(page, given)
        if given.minutes:
            result["playing"] = playing(page, given.minutes)
        print(json.dumps(result, indent=2), flush=True)
        if given.only:
            return
        other = rivals(page, given)
        page.close()
        step = result["step_ms"]["median"]
        other |= {
            f"times_faster_than_{k.removesuffix('_step_ms')}": round(v["median"] / step, 1)
            for k, v in other.items()
            if k.endswith("_step_ms")
        }
        print(json.dumps(other, indent=2), flush=True)
        print(json.dumps({"60 x 10980 x 10980 x 4 on disk": sparse(lab)}, indent=2))


if __name__ == "__main__":
    main()
