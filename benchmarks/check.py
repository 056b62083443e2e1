"""Check that ratios to named peers still hold: ``python -m benchmarks.check``, or ``make bench-check``; ``--write`` stores them.

Each part measures this package and a peer in the same run, in processor seconds, which other programs disturb less than
seconds of the clock. A ratio (peer / ours, more is better) that is 1.5 times lower than in ``ratios.toml`` fails. Three parts
take a minute in all; the others are in the benchmarks of their names.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

STORED = Path(__file__).with_name("ratios.toml")
#: Factor by which a ratio may fall.
MOST = 1.5
RUNS = 3


def start() -> float:
    """Return ``import xarray`` / ``import eowidgets``, each in a fresh process."""
    return statistics.median(_import("xarray") / _import("eowidgets") for _ in range(RUNS))


def _import(module: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", f"import {module}"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def trend() -> float:
    """Return the trend of a pixel by pymannkendall / by ``eow.trend`` of 100 x 100 pixels and 30 years."""
    import pymannkendall
    import rioxarray
    import xarray as xr

    import eowidgets as eow

    assert rioxarray
    rng = np.random.default_rng(3)
    values = rng.normal(0.5, 0.1, (30, 100, 100)).astype("float32")
    dates = np.array([f"{1990 + k}-07-01" for k in range(30)], "datetime64[ns]")
    cube = xr.Dataset(
        {"ndvi": (("time", "y", "x"), values, {"role": "band"})},
        {"time": dates, "y": -10.0 * np.arange(100), "x": 10.0 * np.arange(100)},
    ).rio.write_crs("EPSG:32634")
    eow.trend(cube.isel(y=slice(0, 4)))
    ours = _spent(lambda: eow.trend(cube)) / 10_000
    few = values[:, :5].reshape(30, -1).T.astype("float64")
    theirs = _spent(lambda: [pymannkendall.original_test(one) for one in few]) / len(few)
    return theirs / ours


def engine() -> float:
    """Return a convolution on one array / the same by ``eow.run`` over 1024 x 1024 pixels in windows."""
    import rioxarray
    import torch
    import xarray as xr

    import eowidgets as eow

    assert rioxarray
    torch.manual_seed(0)
    layers = [
        torch.nn.Conv2d(2, 16, 3, padding=1),
        torch.nn.ReLU(),
        torch.nn.Conv2d(16, 16, 3, padding=1),
        torch.nn.ReLU(),
    ]
    network = torch.nn.Sequential(*layers, torch.nn.Conv2d(16, 1, 3, padding=1)).eval()
    values = np.random.default_rng(0).random((2, 1, 1024, 1024), "float32")
    cube = xr.Dataset(
        {name: (("time", "y", "x"), band, {"role": "band"}) for name, band in zip(("red", "nir"), values, strict=True)},
        {"time": np.array(["2020-06-01"], "datetime64[ns]"), "y": -10.0 * np.arange(1024), "x": 10.0 * np.arange(1024)},
    ).rio.write_crs("EPSG:32634")
    model = eow.wrap(
        network, bands=("red", "nir"), outputs=eow.Value("found", dims="tyx"), window=eow.Windows(size=256, halo=8)
    )
    whole = torch.from_numpy(values).movedim(1, 0)

    def alone() -> None:
        with torch.inference_mode():
            network(whole)

    eow.run(model, cube.isel(y=slice(0, 256)), precision="fp32")
    return _spent(alone) / _spent(lambda: eow.run(model, cube, precision="fp32"))


def _spent(work: Callable[[], object]) -> float:
    """Return the minimum of the processor seconds of some runs."""
    found = []
    for _ in range(RUNS):
        before = time.process_time()
        work()
        found.append(time.process_time() - before)
    return min(found)


PARTS: Mapping[str, Callable[[], float]] = {"start": start, "trend": trend, "engine": engine}


def fallen(stored: float, fresh: float) -> bool:
    """Return whether a ratio is too low."""
    return fresh * MOST < stored


def main() -> int:
    """Measure, compare or store; return the number of ratios that have fallen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []])
    parser.add_argument("--write", action="store_true", help="store what is measured")
    asked = parser.parse_args()
    stored = (
        {k: v["ratio"] for k, v in tomllib.loads(STORED.read_text(encoding="utf-8")).items()} if STORED.exists() else {}
    )
    bad = 0
    for name in asked.parts or PARTS:
        fresh = PARTS[name]()
        falls = not asked.write and fallen(stored[name], fresh)
        bad += falls
        was = f"stored {stored[name]:.3g}" if name in stored else "nothing stored"
        print(f"{name}: {fresh:.3g} ({was}){': FALLEN by more than ' + str(MOST) if falls else ''}", flush=True)
        stored[name] = round(fresh, 3) if asked.write else stored[name]
    if asked.write:
        about = {name: (part.__doc__ or "").removeprefix("Return ").rstrip(".") for name, part in PARTS.items()}
        rows = [f'[{name}]\nwhat = "{about[name]}"\nratio = {ratio}\n' for name, ratio in stored.items()]
        head = (
            "# Processor seconds of a peer / ours, more is better; written by: python -m benchmarks.check --write\n\n"
        )
        STORED.write_text(head + "\n".join(rows), encoding="utf-8")
    return bad


if __name__ == "__main__":
    sys.exit(main())
