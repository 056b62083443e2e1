"""Trends: equality with pymannkendall and scipy, and speed next to zeit-cdts and pymannkendall.

    python -m benchmarks.trends [equal] [speed] [--peers /path/to/python] [--threads 2] [--pixels 1000000]

``equal`` and ``speed`` need pymannkendall. With ``--peers``, the Python of an environment with zeit-cdts, ``speed`` also runs
that on the same pixels.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pymannkendall as mk
import torch
import xarray as xr
from scipy import stats

import eowidgets as eow
from benchmarks.phenology import _peer
from eowidgets.models.blocks.columns import by_columns
from eowidgets.models.trends.kendall import trend

TESTS: dict[str | None, Any] = {
    None: mk.original_test,
    "prewhiten": mk.pre_whitening_modification_test,
    "trend-free-prewhiten": mk.trend_free_pre_whitening_modification_test,
    "hamed-rao": mk.hamed_rao_modification_test,
    "yue-wang": mk.yue_wang_modification_test,
}
NAMES = {"s": "s", "variance": "var_s", "tau": "Tau", "z": "z", "p": "p", "slope": "slope", "intercept": "intercept"}
YEARS = 30


def series(count: int, steps: int, seed: int, ties: bool = False, gaps: bool = False) -> Any:
    """Return yearly values with trends of all sizes, (steps, count)."""
    rng = np.random.default_rng(seed)
    y = 0.5 + rng.normal(0, 0.05, (steps, count)) + np.arange(steps)[:, None] * rng.normal(0, 0.004, count)
    y = y.round(2) if ties else y
    if gaps:
        y[rng.random(y.shape) < 0.2] = np.nan
    return y


def equal(args: argparse.Namespace) -> None:
    """Print the largest difference from the references, over 500 series of each kind."""
    for ties in (False, True):
        for gaps in (False, True):
            y = series(500, YEARS, 1, ties, gaps)
            words = []
            for how, test in TESTS.items():
                found = trend(y, 1, how)
                words.append(f"{how or 'original'} {_apart(found, [test(one) for one in y.T]):.1e}")
            seasons = series(100, 12 * 10, 2, ties, gaps)
            found = trend(seasons, 12)
            words.append(f"seasonal {_apart(found, [mk.seasonal_test(one, 12) for one in seasons.T]):.1e}")
            found = trend(y)
            ours = np.stack([found.slope, found.intercept, found.low, found.high])
            known = [np.flatnonzero(np.isfinite(one)) for one in y.T]
            theirs = np.array([stats.theilslopes(one[k], k) for one, k in zip(y.T, known, strict=True)]).T
            words.append(f"scipy theilslopes {np.abs(ours - theirs).max():.1e}")
            print(f"ties {ties!s:5} gaps {gaps!s:5}  {', '.join(words)}", flush=True)


def _apart(found: Any, peers: list[Any]) -> float:
    each = [
        np.nanmax(np.abs(getattr(found, ours) - np.array([getattr(p, theirs) for p in peers])))
        for ours, theirs in NAMES.items()
    ]
    return float(max(each))


def speed(args: argparse.Namespace) -> None:
    """Time a million pixels of 30 years: the computation alone, and a whole ``eow.trend`` of a cube."""
    torch.set_num_threads(args.threads)
    side = int(np.sqrt(args.pixels))
    y = series(side * side, YEARS, 3).astype("float32")
    values = y.reshape(YEARS, side, side)
    dates = np.array([f"{1990 + k}-07-01" for k in range(YEARS)], "datetime64[ns]")
    print(f"{side * side:,} pixels, {YEARS} years, {args.threads} threads")
    for how in (None, "hamed-rao"):

        def alone(how: str | None = how) -> None:
            def part(some: slice) -> dict[str, Any]:
                return {"slope": trend(y[:, some].astype("float64"), 1, how).slope}

            by_columns(part, y.shape[1], 2048)

        cube = xr.Dataset(
            {"ndvi": (("time", "y", "x"), values, {"role": "band"})},
            {"time": dates, "y": -10.0 * np.arange(side), "x": 10.0 * np.arange(side)},
        ).rio.write_crs("EPSG:32634")
        eow.trend(cube.isel(y=slice(0, 4)), autocorrelation=how)

        def whole(how: str | None = how, cube: xr.Dataset = cube) -> None:
            eow.trend(cube, autocorrelation=how)

        (core, spent), (full, used) = best(alone), best(whole)
        print(
            f"  {how or 'original':10} numbers alone {core:6.2f} s (processor {spent:.2f} s), eow.trend {full:6.2f} s "
            f"({used:.2f} s; target 10 s)",
            flush=True,
        )
        few = y[:, :2000].astype("float64").T
        begin = time.perf_counter()
        for one in few:
            TESTS[how](one)
        per = (time.perf_counter() - begin) / len(few)
        print(
            f"    pymannkendall {per * side * side:8.0f} s for as many (from 2 000): {per * side * side / full:.0f} times"
        )
        if args.peers:
            name = "original" if how is None else how.replace("-", "_")
            given = {"values": values, "dates": np.datetime_as_string(dates, "D"), "method": name}
            theirs = _peer(args, given, "mann_kendall")
            found = eow.trend(cube, autocorrelation=how)
            apart = {n: float(np.nanmax(np.abs(theirs[n] - found[n].values))) for n in ("slope", "p", "z", "tau")}
            seconds = float(theirs["seconds"])
            words = ", ".join(f"{n} {v:.1e}" for n, v in apart.items())
            theirs_used = float(theirs["busy"])
            print(
                f"    zeit-cdts {seconds:6.2f} s ({theirs_used:.2f} s): eow.trend is {seconds / full:.2f} times as fast "
                f"({theirs_used / used:.2f} times by processor seconds); differences {words}",
                flush=True,
            )


def best(call: Callable[[], Any]) -> tuple[float, float]:
    """Return seconds and processor seconds of all threads, the better of two runs."""
    seconds, busy = [], []
    for _ in range(2):
        begin, used = time.perf_counter(), time.process_time()
        call()
        seconds.append(time.perf_counter() - begin)
        busy.append(time.process_time() - used)
    return min(seconds), min(busy)


PARTS = {f.__name__: f for f in (equal, speed)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="what to measure")
    parser.add_argument("--peers", help="Python of an environment with zeit-cdts")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--pixels", type=int, default=1_000_000)
    args = parser.parse_args()
    warnings.simplefilter("ignore", RuntimeWarning)
    for name in args.parts or PARTS:
        PARTS[name](args)


if __name__ == "__main__":
    main()
