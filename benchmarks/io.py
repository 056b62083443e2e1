"""Time to write and to open exports, compared with plain xarray and rioxarray in the same process.

``python benchmarks/io.py`` prints a table: seconds, and the ratio to the plain library on the same cube. The cube of
1 000 dates has 9 x 12 pixels (many small layers); the large one has 12 dates of 1 000 x 1 000 pixels. The last row opens a
folder of 1 000 GeoTIFFs of one date each.
"""

from __future__ import annotations

import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import rioxarray
import xarray as xr

import eowidgets as eow

RUNS = 3


def cube(dates: int, height: int, width: int, bands: tuple[str, ...]) -> xr.Dataset:
    rng = np.random.default_rng(0)
    shape = (dates, height, width)
    data = {b: (("time", "y", "x"), rng.integers(0, 6000, shape).astype("float32") * np.float32(1e-4)) for b in bands}
    coords = {
        "time": pd.date_range("1984-01-01", periods=dates, freq="16D"),
        "y": 5e6 - 10 * (np.arange(height) + 0.5),
        "x": 5e5 + 10 * (np.arange(width) + 0.5),
    }
    return eow.open(xr.Dataset(data, coords=coords).rio.write_crs(32633))


def seconds(action: Callable[[], Any]) -> float:
    times = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        action()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def loaded(source: Any) -> None:
    source.load()
    source.close()


def measure(cube: xr.Dataset, folder: Path) -> dict[str, tuple[float, float]]:
    """Return seconds of eowidgets and of the plain library for each task."""
    bands = cube[list(cube.eow.bands)]
    array = bands.to_dataarray("band").stack(layer=("time", "band")).transpose("layer", "y", "x")
    array = array.drop_vars(["layer", "time", "band"])
    paths = {e: (folder / f"a.{e}", folder / f"b.{e}") for e in ("tif", "nc", "zarr")}
    tif, plain_tif = paths["tif"]
    nc, plain_nc = paths["nc"]
    zarr, plain_zarr = paths["zarr"]
    compressed = {n: {"zlib": True} for n in bands.data_vars}
    plain = bands.drop_encoding()
    return {
        "write GeoTIFF": (
            seconds(lambda: cube.eow.to_geotiff(tif)),
            seconds(lambda: array.rio.to_raster(plain_tif, driver="COG", compress="deflate")),
        ),
        "open GeoTIFF": (
            seconds(lambda: loaded(eow.open(tif))),
            seconds(lambda: loaded(rioxarray.open_rasterio(plain_tif))),
        ),
        "write NetCDF": (
            seconds(lambda: cube.eow.to_netcdf(nc)),
            seconds(lambda: plain.to_netcdf(plain_nc, engine="netcdf4", encoding=compressed)),
        ),
        "open NetCDF": (seconds(lambda: loaded(eow.open(nc))), seconds(lambda: loaded(xr.open_dataset(plain_nc)))),
        "write Zarr": (
            seconds(lambda: cube.eow.to_zarr(zarr)),
            seconds(lambda: plain.to_zarr(plain_zarr, mode="w", consolidated=False)),
        ),
        "open Zarr": (
            seconds(lambda: loaded(eow.open(zarr))),
            seconds(lambda: loaded(xr.open_zarr(plain_zarr, consolidated=False))),
        ),
    }


def measure_folder(cube: xr.Dataset, folder: Path) -> tuple[float, float]:
    """Return the seconds to open one file per date."""
    for time_, frame in zip(cube.time.values, cube.ndvi, strict=True):
        frame.drop_vars("time").rio.to_raster(folder / f"ndvi_{str(time_)[:10]}.tif")

    def plain() -> None:
        files = sorted(folder.glob("*.tif"))
        xr.concat(
            [rioxarray.open_rasterio(f) for f in files], pd.Index([f.stem[5:] for f in files], name="time")
        ).load()

    return seconds(lambda: loaded(eow.open(folder))), seconds(plain)


def main() -> None:
    warnings.simplefilter("ignore")
    cubes = {
        "1 000 dates of 9 x 12": cube(1000, 9, 12, ("ndvi",)),
        "12 dates of 1 000 x 1 000, 4 bands": cube(12, 1000, 1000, ("blue", "green", "red", "nir")),
    }
    print(f"{'what':52} {'eowidgets':>10} {'plain':>8} {'ratio':>6}")
    for name, made in cubes.items():
        with tempfile.TemporaryDirectory() as folder:
            for task, (ours, theirs) in measure(made, Path(folder)).items():
                report(f"{task}, {name}", ours, theirs)
    with tempfile.TemporaryDirectory() as folder:
        report("open folder of 1 000 GeoTIFFs", *measure_folder(cubes["1 000 dates of 9 x 12"], Path(folder)))


def report(what: str, ours: float, theirs: float) -> None:
    print(f"{what:52} {ours:9.2f}s {theirs:7.2f}s {ours / theirs:6.2f}")


if __name__ == "__main__":
    main()
