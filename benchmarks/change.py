"""Break monitors against nrt: ``python -m benchmarks.change [nrt] [million]``; their quality: ``away_monitors``.

``nrt``: the same definition as the package nrt (Joint Research Centre) on the same pixels and cores, at 10 000 pixels;
``million`` at a million, the cube tiled. nrt's functions are compiled before the clock starts; both read the same NDVI
from memory.
"""

from __future__ import annotations

import sys
import time
import warnings
from typing import Any

import numpy as np
import torch
import xarray as xr

import eowidgets as eow
from eowidgets.contract.feeds import Batch
from eowidgets.contract.registry import get_model
from eowidgets.models.classical.harmonic import design

#: One core each, measured in processor seconds, so that other programs have little influence.
CORES = 1
#: Rows of the tiled cube per call of a model, as the engine cuts windows.
ROWS = 64


def nrt(tiles: int) -> None:
    """Print the agreement with nrt, and the ratio of pixels per second."""
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
    print(f"{pixels:,} pixels, 140 dates, {CORES} core, CPU time; nrt 0.2.0 with corrected columns and sign\n")
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
    """Return the classes of nrt with their fit arguments, and our parameters for the same definition."""
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

    if not hasattr(package, "put_right"):  # once: applied twice, it would have no effect
        package.build_regressors, package.BaseNrt._fit, package.put_right = columns, turned, True
    plain = {"smallest": 0.0}
    return {
        "break-ccdc": (CCDC, {"screen_outliers": None}, {"watch": "NDVI", "consecutive": 3, "probability": 0.9973002}),
        "break-iqr": (IQR, {}, plain | {"sensitivity": 1.5, "consecutive": 3}),
        "break-bfast": (MoSum, {}, plain | {"alpha": 0.05}),
        "break-ewma": (EWMA, {}, plain | {"weight": 0.3, "limit": 2.0}),
        "break-cusum": (CuSum, {}, plain | {"alpha": 0.05}),
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
    """Print the requested tables."""
    torch.set_num_threads(CORES)
    warnings.simplefilter("ignore")
    asked = sys.argv[1:] or ["nrt"]
    if "nrt" in asked:
        nrt(1)
    if "million" in asked:
        nrt(10)


if __name__ == "__main__":
    main()
