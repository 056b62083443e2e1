"""Accuracy assessment: ``python -m benchmarks.accuracy [coverage] [romania] [peer]``.

``coverage``: how many of 1 000 intervals with confidence 0.95 contain the true value, over maps, allocations and numbers of
samples; every draw goes through ``eow.sample`` and ``eow.accuracy``. ``romania``: the 180 labelled points of
``benchmarks/labels`` and maps of ``eow.change``. ``peer``: figures and time compared with ``zeit.accuracy`` of zeit-cdts
2.2.0, which must be installed.
"""

from __future__ import annotations

import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

import eowidgets as eow

SIDE, DRAWS = 200, 1000
PERIOD = ("2017-01-01", "2020-12-31")
#: Shares of the map classes, and of the reference classes within each.
MAPS: dict[str, tuple[list[float], list[list[float]]]] = {
    "three classes": ([0.4, 0.35, 0.25], [[0.92, 0.05, 0.03], [0.06, 0.9, 0.04], [0.05, 0.1, 0.85]]),
    "rare change (1.5 %)": ([0.985, 0.015], [[0.996, 0.004], [0.2, 0.8]]),
    "published example": (
        [0.02, 0.015, 0.32, 0.645],
        [[66 / 75, 0, 5 / 75, 4 / 75], [0, 55 / 75, 8 / 75, 12 / 75], [1 / 165, 0, 153 / 165, 11 / 165],
         [2 / 325, 1 / 325, 9 / 325, 313 / 325]],
    ),
}  # fmt: skip
DESIGNS: dict[str, dict[str, Any]] = {
    "olofsson, 640": {"n": 640, "minimum": 75},
    "olofsson, 200": {"n": 200},
    "proportional, 300": {"n": 300, "allocation": "proportional"},
    "equal, 300": {"n": 300, "allocation": "equal"},
    "equal, 60": {"n": 60, "allocation": "equal"},
}


def simulated(shares: list[float], rows: list[list[float]], side: int = SIDE) -> tuple[xr.DataArray, np.ndarray]:
    """Return a map and the reference, with the shares as exact as whole pixels allow."""
    rng = np.random.default_rng(1)
    counts = np.rint(np.array(shares) * side**2).astype(int)
    counts[0] += side**2 - counts.sum()
    mapped = np.repeat(np.arange(len(shares)), counts)
    truth = np.concatenate(
        [np.repeat(np.arange(len(shares)), np.diff(np.rint(np.cumsum([0, *row]) * n).astype(int)))
         for row, n in zip(rows, counts, strict=True)]
    )  # fmt: skip
    order = rng.permutation(side**2)
    coords = {"y": 5e6 - 30.0 * np.arange(side), "x": 5e5 + 30.0 * np.arange(side)}
    raster = xr.DataArray(mapped[order].reshape(side, side).astype("uint8"), dims=("y", "x"), coords=coords)
    return raster.rio.write_crs("EPSG:32635"), truth[order].reshape(side, side)


def coverage() -> None:
    print("| map | samples | interval | areas | overall | user's | producer's |\n|---|---|---|---|---|---|---|")
    for title, (shares, rows) in MAPS.items():
        raster, truth = simulated(shares, rows)
        for words, design in DESIGNS.items():
            hits = _hits(raster, truth, len(shares), design, None)
            for kind in ("score", "normal"):
                print(f"| {title} | {words} | {kind} | {_cells(hits[kind])} |", flush=True)
    raster, truth = simulated(*MAPS["three classes"])
    blocks = (np.arange(SIDE)[:, None] // 100 * 2 + np.arange(SIDE)[None] // 67 % 2).astype("uint8")
    strata = raster.copy(data=blocks)
    for area in ("sample", "difference"):
        hits = _hits(raster, truth, 3, {"n": 300, "strata": strata}, area)
        print(
            f"| three classes | 300, strata other than the classes, areas: {area} | score | {_cells(hits['score'])} |"
        )


def _hits(
    raster: xr.DataArray, truth: np.ndarray, classes: int, design: dict[str, Any], area: str | None
) -> dict[str, dict[str, list[bool]]]:
    flat, mapped = truth.ravel(), raster.values.ravel()
    both = np.histogram2d(mapped, flat, bins=(np.arange(classes + 1) - 0.5,) * 2)[0] / flat.size
    right = np.diag(both)
    true = {
        "area": both.sum(axis=0) * flat.size * 0.09,
        "overall": np.array([right.sum()]),
        "users": right / both.sum(axis=1),
        "producers": right / both.sum(axis=0),
    }
    found: dict[str, dict[str, list[bool]]] = {k: {n: [] for n in true} for k in ("score", "normal")}
    left, top = float(raster.x[0]) - 15, float(raster.y[0]) + 15
    from pyproj import Transformer

    to_grid = Transformer.from_crs("EPSG:4326", "EPSG:32635", always_xy=True)
    for draw in range(DRAWS):
        points = eow.sample(raster, seed=draw, **design)
        x, y = to_grid.transform(points.table["lon"].to_numpy(), points.table["lat"].to_numpy())
        at = ((top - y) // 30).astype(int), ((x - left) // 30).astype(int)
        points.table["label"] = truth[at]
        for kind in found if area is None else ("score",):
            a = eow.accuracy(raster, points, interval=kind, area_estimator=area or "sample")
            # Classes without a sample have no interval.
            parts = {"area": a.areas, "overall": (a.overall,), "users": a.users, "producers": a.producers}
            for name, estimates in parts.items():
                for k, (one, value) in enumerate(zip(estimates, true[name], strict=False)):
                    if np.isfinite(one.value):
                        found[kind][name].append((k, one.low - 1e-9 <= value <= one.high + 1e-9))
    return found


def _cells(hits: dict[str, list[Any]]) -> str:
    cells = []
    for pairs in hits.values():
        classes = sorted({k for k, _ in pairs})
        shares = [100 * np.mean([ok for k, ok in pairs if k == one]) for one in classes]
        cells.append(" / ".join(f"{s:.1f}" for s in shares))
    return " | ".join(cells)


def _romania() -> tuple[xr.Dataset, Any, xr.DataArray]:
    """Return the cube, the labelled points, and the strata that they were drawn from."""
    import geopandas

    from benchmarks.labels.draw import COUNTS, strata

    cube = eow.open("romania", clouds="robust")
    names = list(COUNTS)
    values = np.select([strata() == n for n in names], range(len(names))).astype("uint8")
    attrs = {"flag_values": list(range(len(names))), "flag_meanings": " ".join(names)}
    raster = xr.DataArray(values, dims=("y", "x"), coords={"y": cube.y, "x": cube.x}, attrs=attrs)
    table = geopandas.read_file(Path(__file__).parent / "labels" / "romania.gpkg")
    return cube, table.assign(label=table["changed"]), raster.rio.write_crs(cube.rio.crs)


def romania() -> None:
    """Print the area of clear-cut with its interval, and the accuracy of the change maps."""
    cube, table, strata = _romania()
    print(
        "| map | in the map | area (ha), from the labels | area (ha), map corrected | overall | user's | producer's |"
    )
    print("|---|---|---|---|---|---|---|")
    for name in ("break-ccdc", "break-ensemble", "break-iqr", "break-bfast", "break-ewma"):
        found = eow.change(cube, name, dates=PERIOD)
        a = eow.accuracy(found, table, strata=strata, date=("last_stable", "first_seen"))
        d = eow.accuracy(found, table, strata=strata, area_estimator="difference")
        k = a.classes.index("change")
        ha = [f"{x.value:.1f} ({x.low:.1f} to {x.high:.1f})" for x in (a.areas[k], d.areas[k])]
        shares = [f"{x.value:.2f} ({x.low:.2f} to {x.high:.2f})" for x in (a.overall, a.users[k], a.producers[k])]
        print(f"| {name} | {a.mapped_areas[k]:.1f} | {' | '.join((*ha, *shares))} |", flush=True)
        if name == "break-ensemble":
            tolerances = a.by_tolerance
            years = eow.accuracy(found, table, strata=strata, date=("last_stable", "first_seen"), by_year=True)
    print("\nbreak-ensemble by tolerance in days (the date on the ground is an interval between two images):")
    print(tolerances.round(2).to_string(index=False))
    print("\nbreak-ensemble by year:")
    columns = ["mapped", *(f"{n}{e}" for n in ("area", "users", "producers") for e in ("", "_low", "_high")), "samples"]
    print(years.table()[columns].round(2).to_string())


def peer() -> None:
    """Compare figures and time with the same assessment by zeit-cdts."""
    import zeit

    raster, truth = simulated(*MAPS["published example"], side=2000)
    raster = raster.rename("landcover")
    points = eow.sample(raster, 640, minimum=75)
    frame = points.gdf()
    rows = eow.Sample.of(points)
    x, y = frame.to_crs("EPSG:32635").geometry.x, frame.to_crs("EPSG:32635").geometry.y
    at = ((float(raster.y[0]) + 15 - y) // 30).astype(int), ((x - float(raster.x[0]) + 15) // 30).astype(int)
    rows.table["label"] = truth[at]
    theirs_in = frame.assign(ref=truth[at])

    def clock(what: Any) -> tuple[float, Any]:
        best, result = np.inf, None
        for _ in range(5):
            began = time.process_time()
            result = what()
            best = min(best, time.process_time() - began)
        return best, result

    ours_s, ours = clock(lambda: eow.accuracy(raster, rows, interval="normal"))
    theirs_s, theirs = clock(lambda: zeit.accuracy(raster, theirs_in, nodata=None))
    table, other = ours.table(), theirs.area
    apart = max(
        np.abs(table[a].to_numpy() / other[b].to_numpy() - 1).max()
        for a, b in (("area", "estimate"), ("area_se", "se"))
    )
    print(f"areas and standard errors differ by at most {apart:.1e} of their value")
    print(f"ours {ours_s * 1e3:.1f} ms, zeit {theirs_s * 1e3:.1f} ms: {theirs_s / ours_s:.2f} times as fast")


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    jobs = {"coverage": coverage, "romania": romania, "peer": peer}
    for job in sys.argv[1:] or ["coverage", "romania"]:
        jobs[job]()
