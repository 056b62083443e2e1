"""Seasons: error against the simulator's reference, error and speed compared with zeit-cdts, and real series.

    python -m benchmarks.phenology [truth] [peers] [real] [--peers /path/to/python] [--threads 2]

``truth`` needs nothing. For ``peers`` make a virtual environment anywhere, ``pip install zeit-cdts`` into it, and name its
Python. ``real`` reads the folders ``cawa_crops`` and ``sits_modis`` of the folder in ``EOW_DATA``.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import xarray as xr

import eowidgets as eow
from eowidgets.analysis.measure.phenology import METHODS
from eowidgets.cube.indices import index
from eowidgets.simulate.scene import Scene, simulate

YEARS = ("2016-01-01", "2020-12-31")
#: Seeds of the scenes of the figures; the defaults were tuned with other seeds.
SEEDS = (11, 12, 13)


def scene(seed: int, cloud_cover: float, side: int = 96) -> Scene:
    """Simulate five years with a pass every 10 days, of which a fifth are dropped."""
    start, end = YEARS
    return simulate(
        height=side, width=side, start=start, end=end, cloud_cover=cloud_cover, radar=False, event_count=2, seed=seed
    )


def errors(found: xr.Dataset, truth: xr.Dataset, name: str) -> str:
    """Return median, bias and 90th percentile of the error in days, and the coverage of the interval."""
    apart = found[name].values - truth[name].values
    there = np.isfinite(apart)
    held = np.abs(apart[there]) <= 1.96 * found[f"{name}_sd"].values[there]
    missed = np.isfinite(truth[name].values) & ~np.isfinite(found[name].values)
    return (
        f"{np.median(np.abs(apart[there])):6.2f} {np.median(apart[there]):+6.2f} {np.quantile(np.abs(apart[there]), 0.9):6.1f}"
        f" {held.mean():6.2f} {missed.mean():6.3f}"
    )


def truth(args: argparse.Namespace) -> None:
    """Print errors in days against the simulator."""
    print(
        "days: median |error|, bias, 90 % of errors, share in the 95 % interval, share missed; target 8 days at cover 0"
    )
    for cover in (0.0, 0.45):
        scenes = [scene(seed, cover) for seed in SEEDS]
        for method in METHODS:
            for one, seed in zip(scenes, SEEDS, strict=True):
                found = eow.phenology(one.cube, method=method)
                real = one.seasons()
                words = "  ".join(f"{name} {errors(found, real, name)}" for name in ("start", "end"))
                print(f"cloud cover {cover:.2f} seed {seed} {method:16} {words}", flush=True)


def peers(args: argparse.Namespace) -> None:
    """Compare with zeit-cdts on the same series: errors, seconds, and processor seconds of all threads."""
    if not args.peers:
        raise SystemExit("peers: give --peers PYTHON, of an environment with zeit-cdts.")
    torch.set_num_threads(args.threads)
    for seed, cover in ((11, 0.0), (12, 0.45)):
        one = scene(seed, cover, side=128)
        ndvi = index(one.cube, "NDVI").where(~one.cube.clouds)
        only = ndvi.to_dataset(name="ndvi").assign_coords(one.cube.coords)
        only.ndvi.attrs["role"] = "band"
        real = one.seasons()
        pixel_years = only.sizes["y"] * only.sizes["x"] * real.sizes["year"]
        print(f"cloud cover {cover}, {pixel_years:,} pixel-years, {only.sizes['time']} dates, {args.threads} threads")
        fastest: dict[str, float] = {}
        used: dict[str, float] = {}
        for method in METHODS:
            eow.phenology(only.isel(y=slice(0, 8)), method=method)
            for _ in range(2):
                begin, spent = time.perf_counter(), time.process_time()
                found = eow.phenology(only, method=method)
                fastest[method] = min(fastest.get(method, np.inf), time.perf_counter() - begin)
                used[method] = min(used.get(method, np.inf), time.process_time() - spent)
            words = "  ".join(f"{n} {errors(found, real, n)}" for n in ("start", "end"))
            print(f"  eowidgets {method:16} {fastest[method]:7.2f} s ({used[method]:.2f} s)  {words}", flush=True)
        for curve in ("beck", "zhang"):
            theirs = _peer(
                args, {"values": ndvi.values, "dates": np.datetime_as_string(ndvi.time.values, "D"), "curve": curve}
            )
            words = []
            for name in ("start", "end"):
                apart = theirs[name] - real[name].values
                there = np.isfinite(apart)
                lost = (np.isfinite(real[name].values) & ~np.isfinite(theirs[name])).mean()
                size = np.abs(apart[there])
                if not there.any():
                    words.append(f"{name} no value")
                    continue
                words.append(
                    f"{name} {np.median(size):6.2f} {np.median(apart[there]):+6.2f} {np.quantile(size, 0.9):6.1f} {lost:13.3f}"
                )
            seconds, busy = float(theirs["seconds"]), float(theirs["busy"])
            ratios = ", ".join(f"{m} {seconds / s:.2f} ({busy / used[m]:.2f})" for m, s in fastest.items())
            print(f"  zeit-cdts {curve:16} {seconds:7.2f} s ({busy:.2f} s)  {'  '.join(words)}", flush=True)
            print(f"    eowidgets is as many times as fast (by processor seconds): {ratios}", flush=True)


def _peer(args: argparse.Namespace, given: dict[str, Any], task: str = "phenology") -> Any:
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.npz", Path(folder) / "out.npz"
        np.savez(source, **given)
        script = str(Path(__file__).with_name("measure_peers.py"))
        done = subprocess.run(
            [args.peers, script, task, str(source), str(target), str(args.threads)], capture_output=True, text=True
        )
        if done.returncode:
            raise SystemExit(done.stderr[-2000:])
        return dict(np.load(target))


def real(args: argparse.Namespace) -> None:
    """Print the results of the defaults for crops with known seasons, without tuning."""
    folder = Path(os.environ.get("EOW_DATA", ""))
    if not (folder / "cawa_crops").is_dir():
        raise SystemExit("real: set EOW_DATA to the folder of the data sets.")
    data = np.load(folder / "cawa_crops" / "cawa_crops.npz", allow_pickle=True)
    year = data["year"]
    days = np.array([np.datetime64(f"{y}-01-01") for y in year])[:, None] + (data["doy"][None] - 1).astype(
        "timedelta64[D]"
    )
    _groups("CAWa, Central Asia, 16-day MODIS NDVI, a quarter missing", data["ndvi"], days, data["label_2"], args)
    sits = np.load(folder / "sits_modis" / "samples_mt_9classes.npz", allow_pickle=True)
    ndvi = sits["X"][:, :, list(sits["bands"]).index("ndvi")]
    days = sits["days"].astype("int64").astype("datetime64[D]")
    _groups("sits, Mato Grosso, 16-day MODIS NDVI, September to August", ndvi, days, sits["label"], args)


def _groups(title: str, ndvi: Any, days: Any, label: Any, args: argparse.Namespace) -> None:
    n, t = ndvi.shape
    table = pd.DataFrame(
        {"id": np.repeat(np.arange(n), t), "time": days.ravel().astype("datetime64[ns]"), "ndvi": ndvi.ravel()}
    )
    kinds = pd.Series(label.astype(str), name="label")
    for seasons in (1, 2):
        begin = time.perf_counter()
        found = eow.phenology(table, seasons=seasons)
        print(f"{title}: {n} series, seasons={seasons}, {time.perf_counter() - begin:.1f} s")
        found = found.merge(kinds, left_on="id", right_index=True)
        for kind, some in found.groupby("label"):
            two = f", second season {(some.quality_2 == 'season').mean():.2f}" if seasons == 2 else ""
            counts = some.quality.value_counts(normalize=True).round(2).to_dict()
            print(
                f"  {kind:16} n {len(some):5} start {some.start.median():6.0f} peak {some.peak.median():6.0f} "
                f"end {some.end.median():6.0f} amplitude {some.amplitude.median():.2f}{two} {counts}"
            )


PARTS = {f.__name__: f for f in (truth, peers, real)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="what to measure")
    parser.add_argument("--peers", help="Python of an environment with zeit-cdts")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    warnings.simplefilter("ignore", RuntimeWarning)
    for name in args.parts or ["truth"]:
        PARTS[name](args)


if __name__ == "__main__":
    sys.exit(main())
