"""Forecasts of the two sample cubes, pixel by pixel: ``python benchmarks/forecast_cubes.py [--models harmonic,theta]``.

Romania: NDVI 90 days ahead from seven days of the last year (2020), each time only from earlier data; the errors of all
later clear pixels, pooled. Clouds are masked by the scene classification, and undetected clouds in the input from past
data only; the target is masked with the whole record. Coverage is that of the intervals as returned, calibrated on
hold-out windows before the day of the forecast. The previous year (2019) is a second test.

Bouconne: seven dates of one year. A year cannot be held out; the last two dates are forecast from the first five.

Times are those of one whole forecast (hold-out windows, calibration, all pixels), as ratios to that of climatology.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch

import eowidgets as eow
from eowidgets.analysis.forecast.forecast import forecast, hindcast
from eowidgets.analysis.forecast.names import forecasters
from eowidgets.cube.clouds import robust_clouds
from eowidgets.errors import EowidgetsError
from eowidgets.models.forecast import Forecaster

DAYS = ("12-31", "02-15", "04-01", "05-15", "07-01", "08-15", "10-01")
LEVELS = (0.5, 0.8, 0.95)
AHEAD = 90


def starts(year: int) -> list[str]:
    """Return days to forecast from, so that the forecast lies in (or just after) one year."""
    return [f"{year - 1 if d == '12-31' else year}-{d}" for d in DAYS]


def cleared(cube, day: str, ahead: int):
    """Return the result of ``clouds="robust"`` for one day, computed once for all models.

    Clouds up to the day are detected from earlier data only; later clouds from all data.
    """
    times = cube.time.values
    past = times < np.datetime64(day) + np.timedelta64(1, "D")
    there = times < np.datetime64(day) + np.timedelta64(ahead + 1, "D")
    clouds = cube.clouds.values.copy()
    clouds[there] = robust_clouds(cube.isel(time=there)).values
    clouds[past] = robust_clouds(cube.isel(time=past)).values
    return cube.assign(clouds=cube.clouds.copy(data=clouds))


def score(cubes, model: str, ahead: int) -> dict[str, float]:
    """Return MAE, coverage and mean width of the 80 % interval over all days (a cube each)."""
    error, inside, width, count = 0.0, np.zeros(len(LEVELS)), 0.0, 0
    for day, cube in cubes.items():
        made = hindcast(cube, day, days=ahead, model=model, levels=LEVELS)
        seen = made.ndvi_observed.notnull() & made.ndvi.notnull()
        error += float(np.abs(made.ndvi - made.ndvi_observed).where(seen).sum())
        for i, level in enumerate((50, 80, 95)):
            low, high = made[f"ndvi_lo{level}"], made[f"ndvi_hi{level}"]
            inside[i] += float(((low <= made.ndvi_observed) & (made.ndvi_observed <= high)).where(seen).sum())
            width += float((high - low).where(seen).sum()) if level == 80 else 0.0
        count += int(seen.sum())
    cover = inside / count
    return {"mae": error / count, "cover": cover, "width": width / count, "n": count}


def table(title: str, cube, models: list[str], days: list[str], ahead: int, clouds: str) -> None:
    """Print one table."""
    print(f"\n{title}\n")
    print("| model | MAE | 50 % covers | 80 % covers | 95 % covers | width of 80 % | values |")
    print("|---|---|---|---|---|---|---|", flush=True)
    cubes = {day: cleared(cube, day, ahead) if clouds == "robust" else cube for day in days}
    for model in models:
        try:
            s = score(cubes, model, ahead)
        except EowidgetsError as problem:
            print(f"| {model} | {problem} | | | | | |", flush=True)
            continue
        cover = " | ".join(f"{c:.1%}" for c in s["cover"])
        print(f"| {model} | {s['mae']:.4f} | {cover} | {s['width']:.3f} | {s['n']:,} |", flush=True)


def speed(cube, models: list[str]) -> None:
    """Print the time of one forecast of every pixel; use processor seconds on a busy machine."""
    print("\n100 × 100 px × 140 dates, 90 days ahead, hold-out windows and calibration included\n")
    print("| model | seconds | processor seconds | as ratio to climatology |")
    print("|---|---|---|---|", flush=True)
    forecast(cube, days=AHEAD, model="climatology", area=tuple(np.reshape(cube.eow.bounds, (2, 2)).mean(0)))
    unit = np.nan
    for model in ["climatology", *(m for m in models if m != "climatology")]:
        wall, work = np.inf, np.inf
        for _ in range(2):
            began, used = time.perf_counter(), time.process_time()
            forecast(cube, days=AHEAD, model=model)
            wall, work = min(wall, time.perf_counter() - began), min(work, time.process_time() - used)
        unit = work if model == "climatology" else unit
        print(f"| {model} | {wall:.1f} | {work:.1f} | {work / unit:.1f} |", flush=True)


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--models", default="")
    parser.add_argument("--only", default="romania,check,bouconne,speed")
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    series = {name: kind for name, kind in forecasters().items() if issubclass(kind, Forecaster)}
    models = given.models.split(",") if given.models else list(series)
    only = given.only.split(",")
    romania = eow.open("romania")
    if "romania" in only:
        table("Romania, 2020 held out", romania, models, starts(2020), AHEAD, "robust")
    if "check" in only:
        table("Romania, 2019 held out", romania, models, starts(2019), AHEAD, "robust")
    if "mask" in only:
        table("Romania, 2020 held out, the scene's own cloud mask", romania, models, starts(2020), AHEAD, "mask")
    if "bouconne" in only:
        table("Bouconne, the last two dates of seven", eow.open("bouconne"), models, ["2018-09-15"], 61, "mask")
    if "speed" in only:
        # Training has its own time: networks are timed only if they are requested by name.
        speed(romania, [m for m in models if given.models or not series[m].trained])


if __name__ == "__main__":
    main()
