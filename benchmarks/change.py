"""Break monitors against points labelled by eye, and against nrt: ``python -m benchmarks.change [points] [nrt] [million]``.

``points``: the 180 points of ``benchmarks/labels/romania.gpkg``, half of which (even numbers) the parameters in
``eowidgets.analysis.change.detect.TUNED`` were tuned on; the other half was not looked at for that. ``nrt``: the same
definition as the package nrt (Joint Research Centre) on the same pixels and cores, at 10 000 pixels; ``million`` at a
million, the cube tiled. nrt's functions are compiled before the clock starts; both read the same NDVI from memory.
"""

from __future__ import annotations

import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr

import eowidgets as eow
from eowidgets.analysis.change.detect import TUNED, change
from eowidgets.contract.feeds import Batch
from eowidgets.contract.registry import get_model
from eowidgets.models.classical.harmonic import design

MONITORS = ("break-ccdc", "break-iqr", "break-bfast", "break-ewma", "break-cusum", "break-ensemble")
PERIOD = ("2017-01-01", "2020-12-31")
#: One core each, and its own seconds: what other programs do meanwhile does not count.
CORES = 1
#: Rows of the tiled cube that a model is given at a time, as the engine gives windows.
ROWS = 64


def points() -> None:
    """F1 and date errors on the labelled points."""
    import geopandas

    table = geopandas.read_file(Path(__file__).parent / "labels" / "romania.gpkg")
    truth, rows, columns = table["changed"].to_numpy() == 1, table["row"].to_numpy(), table["column"].to_numpy()
    seen = np.array(table["first_seen"].where(truth, "NaT"), dtype="datetime64[D]")
    stable = np.array(table["last_stable"].where(truth, "NaT"), dtype="datetime64[D]")
    sure, odd = table["sure"].to_numpy() == 1, table["id"].to_numpy() % 2 == 1
    groups = {"all": np.ones(len(table), bool), "tuned on": ~odd, "held out": odd, "labelled without doubt": sure}
    print(f"{len(table)} points, {truth.sum()} changed, {sure.sum()} labelled without doubt\n")
    print("| monitor | parameters | " + " | ".join(f"F1, {g} ({w.sum()})" for g, w in groups.items()), end="")
    print(" | median date error, held out (days) | outside the labelled interval by, median |")
    print("|---|---|" + "---|" * (len(groups) + 2))
    cube = eow.open("romania", clouds="robust")
    for name in MONITORS:
        for said, params in (("tuned", TUNED[name]), ("model's own", own(name))):
            found = change(cube, name, dates=PERIOD, **params)
            mask = found["change"].values[rows, columns] == 1
            date = found["date"].values[rows, columns].astype("datetime64[D]")
            cells = [f"{f1(mask, truth, where):.2f}" for where in groups.values()]
            hit = mask & truth & odd
            error = np.abs((date[hit] - seen[hit]).astype(int))
            # The change happened after the last stable date: a date in between is as good as the label.
            beyond = np.where(date[hit] > seen[hit], error, np.maximum((stable[hit] - date[hit]).astype(int), 0))
            print(
                f"| {name} | {said} | {' | '.join(cells)} | {np.median(error):.0f} | {np.median(beyond):.0f} |",
                flush=True,
            )


def own(name: str) -> dict[str, Any]:
    """One parameter at its default: so that the model's own parameters are used, and not the tuned ones."""
    return {"terms": get_model(name).params.terms}


def f1(made: Any, truth: Any, where: Any) -> float:
    hits = (made & truth & where).sum()
    return float(2 * hits / max((made & where).sum() + (truth & where).sum(), 1))


def nrt(tiles: int) -> None:
    """Agreement with nrt, and how many times as many pixels a second."""
    cases = their_monitors()
    cube = eow.open("romania")
    usable = np.tile((cube.valid & ~cube.clouds).values, (1, tiles, tiles))
    x = np.tile(np.stack([cube.red.values, cube.nir.values], axis=1), (1, 1, tiles, tiles))
    x[~np.broadcast_to(usable[:, None], x.shape)] = 0
    total = x.sum(axis=1)
    ndvi = np.where(
        usable, np.where(total > 1e-3, (x[:, 1] - x[:, 0]) / np.maximum(total, 1e-3), 0).clip(-1, 1), np.nan
    )
    del total
    grid = {"time": cube.time.values, "y": -10.0 * np.arange(x.shape[2]), "x": 10.0 * np.arange(x.shape[3])}
    series = xr.DataArray(ndvi.astype("float32"), dims=("time", "y", "x"), coords=grid)
    del ndvi
    pixels = series[0].size
    print(f"{pixels:,} pixels, 140 dates, {CORES} core, CPU time; nrt 0.2.0 with columns and sign put right\n")
    print("| monitor | same mask | same date too | nrt (µs per pixel) | eowidgets (µs per pixel) | times as fast |")
    print("|---|---|---|---|---|---|")
    for name, (cls, fit, params) in cases.items():
        if tiles == 1:  # compile, and warm caches
            theirs(cls, fit, series)
            ours(name, params, x, usable, cube)
        clocks = []
        for _ in range(5 if tiles == 1 else 1):
            began = time.process_time()
            mask, dates = theirs(cls, fit, series)
            between = time.process_time()
            out = ours(name, params, x, usable, cube)
            clocks.append((between - began, time.process_time() - between))
        slow, quick = np.min(clocks, axis=0) / pixels * 1e6
        both = mask & np.isfinite(out["change"])
        when = np.where(out["change"] > 0.5, np.nan_to_num(out["date"]), 0)
        same, exact = ((when > 0) == (dates > 0))[both].mean(), (when == dates)[both].mean()
        print(f"| {name} | {same:.2%} | {exact:.2%} | {slow:.1f} | {quick:.1f} | {slow / quick:.2f} |", flush=True)


def their_monitors() -> dict[str, Any]:
    """Classes of nrt with how to fit them, and our parameters for the same definition."""
    import pandas as pd
    from nrt import monitor as package
    from nrt.monitor.ccdc import CCDC
    from nrt.monitor.cusum import CuSum
    from nrt.monitor.ewma import EWMA
    from nrt.monitor.iqr import IQR
    from nrt.monitor.mosum import MoSum

    fit = package.BaseNrt._fit

    def columns(dates: Any, trend: bool, harmonic_order: int) -> Any:
        days = torch.as_tensor((dates - pd.Timestamp(1970)).days.values, dtype=torch.float64)
        return design(days, harmonic_order, trend, 0.0).numpy()

    def turned(self: Any, *args: Any, **kwargs: Any) -> Any:
        beta, residuals = fit(self, *args, **kwargs)
        return beta, -residuals

    if not hasattr(package, "put_right"):  # once: turned twice would be as before
        package.build_regressors, package.BaseNrt._fit, package.put_right = columns, turned, True
    plain = {"smallest": 0.0}
    return {
        "break-ccdc": (CCDC, {"screen_outliers": None}, {"watch": "NDVI", "consecutive": 3, "probability": 0.9973002}),
        "break-iqr": (IQR, {}, plain),
        "break-bfast": (MoSum, {}, plain),
        "break-ewma": (EWMA, {}, plain),
        "break-cusum": (CuSum, {}, plain),
    }


def theirs(cls: Any, fit: dict[str, Any], series: xr.DataArray) -> tuple[Any, Any]:
    import pandas as pd

    past = series.time.values < series.time.values[0] + np.timedelta64(int(2 * 365.2425 * 86400), "s")
    made = cls(mask=np.ones(series.shape[1:], np.uint8), trend=False, harmonic_order=1)
    made.fit(series[past], method="OLS", n_threads=CORES, **fit)
    for frame in series[~past]:
        made.monitor(frame.values, pd.Timestamp(frame.time.values).to_pydatetime())
    return np.isin(made.mask, (1, 3)), np.where(made.mask == 3, made.detection_date, 0)


def ours(name: str, params: dict[str, Any], x: Any, usable: Any, cube: xr.Dataset) -> dict[str, Any]:
    model = get_model(name, robust=False, **params)
    days = torch.as_tensor(cube.time.values.astype("datetime64[D]").astype(float))
    parts = []
    for top in range(0, x.shape[2], ROWS):
        raw, seen = (torch.as_tensor(a[..., top : top + ROWS, :])[None] for a in (x, usable))
        batch = Batch(raw, seen, seen, raw, days, days, ("red", "nir"), torch.zeros(1, 2), 10.0)
        with torch.inference_mode():
            out = model.predict(batch)
        parts.append((out["change"][0, 1].numpy(), out["confirmed_date"][0].numpy()))
    return {"change": np.concatenate([p[0] for p in parts]), "date": np.concatenate([p[1] for p in parts])}


def main() -> None:
    """Print the tables asked for."""
    torch.set_num_threads(CORES)
    warnings.simplefilter("ignore")
    asked = sys.argv[1:] or ["points", "nrt"]
    if "points" in asked:
        points()
    if "nrt" in asked:
        nrt(1)
    if "million" in asked:
        nrt(10)


if __name__ == "__main__":
    main()
