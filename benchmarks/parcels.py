"""Statistics of 10 000 parcels on 140 dates, compared with rasterstats, exactextract and a numpy loop; outlier detection.

``python -m benchmarks.parcels [--side 1500] [--parcels 10000] [--only speed|outliers]``. The cube is simulated and written to
a Zarr store in a temporary folder, and read lazily. Missing peers are left out. Slow peers are run
on a part of the dates or parcels, and their time is scaled; both numbers are printed.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import xarray as xr
from shapely import affinity, box

import eowidgets as eow
from eowidgets.analysis.measure.parcels.outliers import outliers

DATES, PIXEL, CRS = 140, 10.0, 32633
LEFT, TOP = 500_000.0, 5_000_000.0


def write_cube(folder: Path, side: int, seed: int = 0) -> Path:
    """Write red, nir and clouds as float32 and bool, some dates at a time."""
    path = folder / "cube.zarr"
    rng = np.random.default_rng(seed)
    times = pd.date_range("2017-01-04", periods=DATES, freq="10D")
    axes = {"y": TOP - PIXEL * (np.arange(side) + 0.5), "x": LEFT + PIXEL * (np.arange(side) + 0.5)}
    ground = rng.uniform(0.1, 0.5, (side, side)).astype("float32")
    for start in range(0, DATES, 10):
        t = times[start : start + 10]
        green = (0.5 + 0.4 * np.cos(2 * np.pi * (t.day_of_year - 170) / 365)).to_numpy("float32")[:, None, None]
        noise = rng.random((side, side), dtype="float32") * np.float32(0.02)
        clouds = np.broadcast_to(
            rng.random((len(t), side // 50 + 1, side // 50 + 1)).repeat(50, 1).repeat(50, 2)[:, :side, :side] < 0.3,
            (len(t), side, side),
        )
        data = {"red": 0.05 + 0.1 * ground * (1 - green) + noise, "nir": 0.1 + ground * green + noise}
        part = xr.Dataset({k: (("time", "y", "x"), v.astype("float32")) for k, v in data.items()}, {"time": t, **axes})
        part["clouds"] = (("time", "y", "x"), clouds)
        part["valid"] = (("time", "y", "x"), np.ones_like(clouds))
        part = part.rio.write_crs(CRS).chunk({"time": 10, "y": 500, "x": 500})
        part.to_zarr(path, **({"mode": "w"} if start == 0 else {"append_dim": "time"}))
    return path


def fields(side: int, count: int, seed: int = 0) -> geopandas.GeoDataFrame:
    """Return rotated rectangles on a grid: adjacent like fields, with few overlaps."""
    rng = np.random.default_rng(seed)
    per_row = int(np.ceil(np.sqrt(count)))
    step = side * PIXEL / per_row
    shapes = []
    for i in range(count):
        x, y = LEFT + (i % per_row) * step, TOP - (i // per_row + 1) * step
        shape = box(x + 2, y + 2, x + step - 2, y + step * rng.uniform(0.6, 1) - 2)
        shapes.append(affinity.rotate(shape, rng.uniform(-8, 8)))
    crop = rng.choice(["wheat", "maize", "rape"], count)
    return geopandas.GeoDataFrame({"name": [f"f{i}" for i in range(count)], "crop": crop}, geometry=shapes, crs=CRS)


def peak() -> float:
    """Return the peak memory of this process in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def speed(side: int, count: int, peers: bool) -> None:
    """Compare the seconds for all parcels and dates."""
    with tempfile.TemporaryDirectory() as folder:
        path, shapes = write_cube(Path(folder), side), fields(side, count)
        size = sum(f.stat().st_size for f in path.rglob("*") if f.is_file())
        cube = eow.open(path, chunks={"time": 10, "y": 500, "x": 500})
        print(
            f"{count} parcels, {DATES} dates, {side} x {side} pixels, {size / 1e9:.2f} GB on disk; before: {peak():.2f} GB"
        )
        began, busy = time.perf_counter(), time.process_time()
        found = eow.parcels(cube, shapes)
        table = found.table
        ours, busy = time.perf_counter() - began, time.process_time() - busy
        pixels = int(found.outlines.pixels.sum())
        print(
            f"eow.parcels: {ours:.1f} s ({busy:.1f} s of processor time), {len(table):,} rows, {pixels:,} pixels of parcels"
        )
        print(f"  peak {peak():.2f} GB", flush=True)
        began = time.perf_counter()
        eow.parcels(cube, shapes, memory="300MB")
        print(f"eow.parcels(memory='300MB'): {time.perf_counter() - began:.1f} s; peak {peak():.2f} GB", flush=True)
        for suffix in (".csv", ".gpkg", ".parquet"):
            began = time.perf_counter()
            written = found.save(Path(folder, f"table{suffix}"))
            print(
                f"save {suffix}: {time.perf_counter() - began:.1f} s, {written.stat().st_size / 1e6:.0f} MB", flush=True
            )
        if peers:
            compare(cube, shapes, found, ours)


def compare(cube: xr.Dataset, shapes: geopandas.GeoDataFrame, found: eow.Parcels, ours: float) -> None:
    """Run the peers on NDVI with clouds as NaN, on a part of dates or parcels, and scale the time."""
    ndvi = cube.eow.index("NDVI").where(~cube.clouds)
    dates = 4
    began = time.perf_counter()
    frames = ndvi.isel(time=slice(0, DATES, DATES // dates)).isel(time=slice(dates)).load()
    reading = (time.perf_counter() - began) / dates
    affine = cube.rio.transform()
    at = [int(np.flatnonzero(found.times == t)[0]) for t in frames.time.values]

    def report(name: str, seconds: float, part: float, mean: np.ndarray) -> None:
        whole = seconds / part + reading * DATES
        apart = np.nanmax(np.abs(mean - found.values["mean"][0][: len(mean), at[0]]))
        print(
            f"{name}: {seconds:.1f} s for 1/{1 / part:.0f}, scaled {whole:.0f} s with reading, {whole / ours:.1f} times ours"
        )
        print(f"  largest difference of a mean: {apart:.1g}", flush=True)

    few = min(500, len(shapes))
    try:
        from rasterstats import zonal_stats

        began = time.perf_counter()
        stats = zonal_stats(
            shapes.iloc[:few],
            frames[0].values,
            affine=affine,
            nodata=np.nan,
            stats=["mean", "median", "percentile_10", "percentile_90", "count"],
        )
        seconds = time.perf_counter() - began
        report("rasterstats", seconds, few / len(shapes) / DATES, np.array([s["mean"] for s in stats], float))
    except ImportError:
        print("rasterstats is not installed")
    try:
        from exactextract import exact_extract
        from exactextract.raster import NumPyRasterSource

        west, south, east, north = cube.rio.bounds()
        began = time.perf_counter()
        sources = [
            NumPyRasterSource(
                frames[i].values, west, south, east, north, nodata=np.nan, name=f"b{i}", srs_wkt=shapes.crs.to_wkt()
            )
            for i in range(dates)
        ]
        stats = exact_extract(
            sources, shapes, ["mean", "median", "quantile(q=0.1)", "quantile(q=0.9)", "count"], output="pandas"
        )
        seconds = time.perf_counter() - began
        report(
            "exactextract (by covered share)", seconds, dates / DATES, stats.filter(like="mean").iloc[:, 0].to_numpy()
        )
    except ImportError:
        print("exactextract is not installed")
    from rasterio.features import rasterize

    began, means = time.perf_counter(), []
    values = frames[0].values
    for shape in shapes.geometry.iloc[:few]:
        west, south, east, north = shape.bounds
        c0, r0 = (int(v) for v in ~affine @ (west, north))
        c1, r1 = (int(v) + 1 for v in ~affine @ (east, south))
        c0, r0 = max(c0, 0), max(r0, 0)
        part = values[r0:r1, c0:c1]
        inside = rasterize([shape], out_shape=part.shape, transform=affine * affine.translation(c0, r0)).astype(bool)
        seen = part[inside & np.isfinite(part)]
        means.append(seen.mean() if len(seen) else np.nan)
        if len(seen):
            np.percentile(seen, [10, 50, 90])
    seconds = time.perf_counter() - began
    report("loop over geopandas and numpy", seconds, few / len(shapes) / DATES, np.array(means))


def alarms(seed: int = 0) -> None:
    """Count false positives and detections of outliers on simulated crops."""
    rng = np.random.default_rng(seed)
    days = np.arange(0, 365, 10)
    times = np.datetime64("2019-01-01", "ns") + days.astype("timedelta64[D]")
    rows = []
    for size in (12, 30, 100, 300):
        false, true, total, wrong = 0, 0, 0, 0
        for _ in range(40):
            start = 120 + rng.normal(0, 8, size)  # sowing differs by a week
            top = 0.8 + rng.normal(0, 0.05, size)
            odd = np.arange(size) < max(1, size // 20)
            start = start + np.where(odd, rng.choice([-45, 45], size), 0)
            curve = 0.2 + (top - 0.2)[:, None] * np.exp(-((((days - 60)[None] - start[:, None]) / 40) ** 2))
            curve = curve + rng.normal(0, 0.03, curve.shape)
            curve[rng.random(curve.shape) < 0.35] = np.nan
            names = pd.DataFrame({"parcel": [str(i) for i in range(size)], "name": ""})
            judged = outliers(names, curve, times, None, 3.5, 8).set_index("parcel")
            flags = judged.outlier.reindex(names.parcel).fillna(False).to_numpy(bool)
            false, wrong = false + int(flags[~odd].sum()), wrong + int((~odd).sum())
            true, total = true + int(flags[odd].sum()), total + int(odd.sum())
        rows.append((size, false / wrong, true / total))
    for size, rate, recall in rows:
        print(
            f"outliers, {size} parcels of a class, one or 5 % sown 45 days apart: false alarms {rate:.2%}, found {recall:.1%}"
        )


def wrong_labels(folder: Path, seed: int = 0) -> None:
    """Swap the labels of 3 % of the fields of a real crop, and count the outliers among them and among the others."""
    data = np.load(folder / "cawa_crops" / "cawa_crops.npz", allow_pickle=True)
    ndvi, label, year, region = (data[k] for k in ("ndvi", "label_1", "year", "region"))
    times = np.datetime64("2016-01-01", "ns") + (data["doy"].astype(int) - 1).astype("timedelta64[D]")
    rng = np.random.default_rng(seed)
    for crop, other in (("cotton", "wheat"), ("wheat", "cotton")):
        flagged, found, fields_of, strange = 0, 0, 0, 0
        for place in np.unique(region):
            for when in np.unique(year):
                here = (region == place) & (year == when)
                own, foreign = np.flatnonzero(here & (label == crop)), np.flatnonzero(here & (label == other))
                count = max(1, round(0.03 * len(own)))
                if len(own) < 30 or len(foreign) < count:
                    continue
                rows = np.concatenate([own, rng.choice(foreign, count, replace=False)])
                names = pd.DataFrame({"parcel": [str(r) for r in rows], "name": ""})
                flags = outliers(names, ndvi[rows], times, None, 3.5, 8).set_index("parcel").outlier
                flags = flags.reindex(names.parcel).fillna(False).to_numpy(bool)
                flagged, fields_of = flagged + int(flags[: len(own)].sum()), fields_of + len(own)
                found, strange = found + int(flags[len(own) :].sum()), strange + count
        if strange:
            print(
                f"{crop}: {flagged / fields_of:.1%} of {fields_of} fields flagged, {found} of {strange} fields of {other} found"
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--side", type=int, default=1500)
    parser.add_argument("--parcels", type=int, default=10_000)
    parser.add_argument("--only", choices=("speed", "outliers"))
    parser.add_argument("--no-peers", action="store_true")
    options = parser.parse_args()
    if options.only != "outliers":
        speed(options.side, options.parcels, not options.no_peers)
    if options.only != "speed":
        alarms()
        if "EOW_DATA" in os.environ:
            wrong_labels(Path(os.environ["EOW_DATA"]))
