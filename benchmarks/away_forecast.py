"""Forecasts of records of other places and kinds: ``EOW_DATA=FOLDER python -m benchmarks.away_forecast [NAME ...]``.

Each record is forecast as ``eow.hindcast`` does from earlier days with every simple method and with ``model="auto"``, each
time only from earlier data. The output is the root mean square error and the mean absolute error of all later values,
and their share in the 50, 80 and 95 % intervals of ``auto``, by thirds of the horizon. With several
channels, errors are parts of the standard deviation of each. Sets are described in ``benchmarks/away_forecast_data.py``;
those marked ``develop`` were used while the methods were developed.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import xarray as xr

from benchmarks.away_forecast_data import RECORDS, Record
from eowidgets.analysis.forecast.automatic import AUTO, CANDIDATES
from eowidgets.analysis.forecast.files import channels
from eowidgets.analysis.forecast.forecast import with_observations
from eowidgets.analysis.forecast.forecaster import ForecastRequest, PreparedForecast
from eowidgets.errors import EowidgetsError

METHODS = (AUTO, *CANDIDATES)
LEVELS = (0.5, 0.8, 0.95)


def times_of(record: Any) -> np.ndarray:
    """Return the dates of a cube or a table, in order."""
    if isinstance(record, xr.Dataset):
        return np.unique(record.time.values)
    column = next((record[c] for c in ("time", "date") if c in record), record.index)
    return np.unique(pd.DatetimeIndex(column).to_numpy())


def cut(record: Any, since: np.datetime64, until: np.datetime64) -> Any:
    """Return the part of a cube or a table between two times."""
    if isinstance(record, xr.Dataset):
        return record.isel(time=(record.time.values > since) & (record.time.values <= until))
    column = next((record[c] for c in ("time", "date") if c in record), record.index)
    return record[(column > since) & (column <= until)]


class Tally:
    """Sums of errors of the methods, and counts of values in the intervals of the automatic one."""

    def __init__(self) -> None:
        self.square = dict.fromkeys(METHODS, 0.0)
        self.absolute = dict.fromkeys(METHODS, 0.0)
        self.values = 0
        self.inside, self.thirds = np.zeros((len(LEVELS), 3)), np.zeros(3)
        self.chosen: dict[str, int] = {}
        self.windows: list[int] = []

    def add(self, method: str, made: xr.Dataset, size: dict[str, float], days: float) -> None:
        """Add a hindcast."""
        third = np.clip((made.lead.values / days * 3 - 1e-9).astype(int), 0, 2)
        for name in channels(made):
            seen, error = made[f"{name}_observed"], made[f"{name}_observed"] - made[name]
            known = np.isfinite(error.values)
            apart = error.values[known].astype("float64") / size[name]
            self.square[method] += float((apart**2).sum())
            self.absolute[method] += float(np.abs(apart).sum())
            if method != AUTO:
                continue
            self.values += int(known.sum())
            of = np.broadcast_to(
                xr.DataArray(third, dims="time").broadcast_like(error).transpose(*error.dims), known.shape
            )
            self.thirds += np.bincount(of[known], minlength=3)
            for i, level in enumerate(LEVELS):
                tag = f"{100 * level:.0f}"
                inside = (made[f"{name}_lo{tag}"] <= seen) & (seen <= made[f"{name}_hi{tag}"])
                self.inside[i] += np.bincount(of[known & inside.values], minlength=3)
        if method == AUTO:
            winner = made.attrs["model"]
            self.chosen[winner] = self.chosen.get(winner, 0) + 1
            self.windows.append(len(made.attrs["windows"].split()))


def score(record: Record) -> Tally:
    """Forecast a record from all its origins."""
    data, tally = record.load(), Tally()
    times = times_of(data)
    ahead = np.timedelta64(round(record.days * 86_400), "s")
    span = (times[-1] - ahead - times[0]) / np.timedelta64(1, "s")
    whole = (times[-1] - times[0]) / np.timedelta64(1, "s")
    starts = times[0] + (np.linspace(record.first * whole, span, record.origins) * 1e9).astype("timedelta64[ns]")
    size = sizes(data)
    for start in starts:
        start = times[times <= start][-1]
        keep = (
            times[0] - np.timedelta64(1, "D") if record.keep is None else start - np.timedelta64(int(record.keep), "D")
        )
        part = cut(data, keep, start + ahead)
        day = str(start)[:10] if isinstance(data, xr.Dataset) else str(start)[:19]
        try:
            maker = PreparedForecast(part, ForecastRequest(days=record.days, from_date=day, levels=LEVELS))
        except EowidgetsError as problem:
            print(f"    {day}: {problem}", flush=True)
            continue
        tally.add(AUTO, with_observations(maker), size, record.days)
        for method in CANDIDATES:
            tally.add(method, with_observations(maker.using(method)), size, record.days)
    return tally


def sizes(data: Any) -> dict[str, float]:
    """Return the divisor of the errors of each channel: 1, or for several channels the standard deviation of each."""
    if isinstance(data, xr.Dataset):
        return {"ndvi": 1.0}
    names = [c for c in data.columns if c not in ("id", "time", "date")]
    return {c: float(data[c].std()) if len(names) > 1 else 1.0 for c in names}


def main() -> None:
    """Print a row of errors and a row of coverage for each record."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", help="sets, or patterns such as 'ett*'; all by default")
    parser.add_argument("--json", default="", help="file that the figures are added to, a line for each set")
    given = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    for name, record in RECORDS.items():
        if given.names and not any(fnmatch(name, pattern) for pattern in given.names):
            continue
        began = time.perf_counter()
        try:
            tally = score(record)
        except FileNotFoundError as missing:
            print(f"{name}: left out, there is no {missing.filename}")
            continue
        n = max(tally.values, 1)
        rmse = {m: (tally.square[m] / n) ** 0.5 for m in METHODS}
        mae = {m: tally.absolute[m] / n for m in METHODS}
        cover = tally.inside / np.maximum(tally.thirds, 1)
        overall = tally.inside.sum(1) / max(tally.thirds.sum(), 1)
        print(
            f"\n{name} ({'develop' if record.develop else 'test'}), {tally.values:,} values, chosen {tally.chosen}, "
            f"windows {min(tally.windows, default=0)} to {max(tally.windows, default=0)}, {time.perf_counter() - began:.0f} s"
        )
        print(
            "  RMSE  "
            + "  ".join(f"{m} {v:.4g}" for m, v in rmse.items())
            + f"  auto/climatology {rmse[AUTO] / rmse['climatology']:.3f}"
        )
        print(
            "  MAE   "
            + "  ".join(f"{m} {v:.4g}" for m, v in mae.items())
            + f"  auto/climatology {mae[AUTO] / mae['climatology']:.3f}"
        )
        for i, level in enumerate(LEVELS):
            print(
                f"  {level:.0%} covers {overall[i]:.1%}; by third of the horizon "
                + ", ".join(f"{c:.1%}" for c in cover[i]),
                flush=True,
            )
        if given.json:
            row = {
                "name": name,
                "rmse": rmse,
                "mae": mae,
                "cover": cover.tolist(),
                "all": overall.tolist(),
                "chosen": tally.chosen,
                "windows": [min(tally.windows, default=0), max(tally.windows, default=0)],
                "values": tally.values,
                "develop": record.develop,
            }
            with Path(given.json).open("a") as file:
                file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
