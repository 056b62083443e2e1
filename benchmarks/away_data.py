"""Cubes of other places for ``benchmarks.away``: real series from a folder of public data sets, and simulated scenes.

The folder is given by the environment variable ``EOW_DATA``; missing sets are left out. A series without a map
(pixels, fields) becomes a raster of one pixel per series: methods that look at neighbours gain nothing there.

``develop`` sets may be used while methods are developed; ``test`` sets are only scored.
"""

from __future__ import annotations

import csv
import gzip
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import xarray as xr

import eowidgets as eow
from eowidgets.cube.grid import georeference

FOLDER = Path(os.environ.get("EOW_DATA", "data"))


def cube_of(
    values: dict[str, npt.NDArray[np.floating]],
    days: npt.NDArray[np.datetime64],
    *,
    seen: npt.NDArray[np.bool_] | None = None,
    step: float = 30.0,
    quantity: str = "reflectance",
) -> xr.Dataset:
    """Build a cube (time, y, x) in UTM 34N from arrays of that shape; values that are not finite are invalid."""
    first = next(iter(values.values()))
    t, h, w = first.shape
    coords = {
        "time": days.astype("datetime64[ns]"),
        "y": 5_000_000 - step * (np.arange(h) + 0.5),
        "x": 500_000 + step * (np.arange(w) + 0.5),
    }
    cube = xr.Dataset(coords=coords)
    for name, array in values.items():
        attrs = {"quantity": "index" if name in ("ndvi", "evi") else quantity, "units": "1"}
        cube[name] = (("time", "y", "x"), np.asarray(array, "float32"), attrs)
    valid = np.isfinite(np.stack(list(values.values()))).all(axis=0)
    cube["valid"] = (("time", "y", "x"), valid)
    cube["clouds"] = (("time", "y", "x"), valid & ~seen if seen is not None else np.zeros((t, h, w), bool))
    return georeference(cube.rio.write_crs("EPSG:32634"))


def as_raster(series: npt.NDArray[np.floating], width: int) -> npt.NDArray[np.floating]:
    """Arrange series (n, t) as a raster (t, y, x), without the remainder of an incomplete row."""
    n = len(series) // width * width
    return series[:n].T.reshape(series.shape[1], -1, width)


def modis() -> xr.Dataset:
    """Return MODIS of Mato Grosso: 137 dates, 27 x 37 pixels of 232 m, four bands."""
    with np.load(FOLDER / "modis_mt_cube/modis_mt_cube.npz", allow_pickle=False) as found:
        names = {"blue": "blue", "red": "red", "nir": "nir", "swir22": "mir"}
        days = found["dates"].astype("datetime64[D]")
        return cube_of({ours: found[theirs] for ours, theirs in names.items()}, days, step=231.66)


def landsat(width: int = 20) -> xr.Dataset:
    """Return Landsat of the northeastern United States: 300 pixels, 423 dates in thirty years, six bands, Fmask masks."""
    path = FOLDER / "landsat_p013r030/landsat_p013r030_300px_423d.npz"
    with np.load(path, allow_pickle=False) as found:
        values, days = found["Y"], found["dates_ordinal"]
    clear = values[7] <= 1
    when = np.datetime64("0001-01-01") + (days - 1).astype("timedelta64[D]")
    names = ("blue", "green", "red", "nir", "swir16", "swir22")
    bad = (values[:6] < 0).any(axis=0) | (values[:6] > 16000).any(axis=0)
    bands = {
        n: as_raster(np.where(bad, np.nan, values[i] / 1e4).T.astype("float32"), width) for i, n in enumerate(names)
    }
    return cube_of(bands, when, seen=as_raster((clear & ~bad).T, width).astype(bool))


def fields() -> xr.Dataset:
    """Return NDVI of 8 400 fields in Central Asia, 23 dates of one year, a quarter missing."""
    with np.load(FOLDER / "cawa_crops/cawa_crops.npz", allow_pickle=False) as found:
        ndvi, doy = found["ndvi"], found["doy"]
    days = np.datetime64("2016-01-01") + (doy - 1).astype("timedelta64[D]")
    return cube_of({"ndvi": as_raster(ndvi, 84)}, days, step=250.0)


def brazil() -> xr.Dataset:
    """Return MODIS of 2 100 labelled places in Brazil, 23 dates of an agricultural year, four bands."""
    with np.load(FOLDER / "sits_modis/samples_mt_9classes.npz", allow_pickle=False) as found:
        x, days, names = found["X"], found["days"], [str(b) for b in found["bands"]]
    wanted = {"blue": "blue", "red": "red", "nir": "nir", "swir22": "mir"}
    start = (days - days[:, :1]).mean(axis=0).round().astype(int)
    when = np.datetime64("2010-09-14") + start.astype("timedelta64[D]")
    return cube_of({o: as_raster(x[..., names.index(t)], 45) for o, t in wanted.items()}, when, step=231.66)


def formosat() -> xr.Dataset:
    """Return FORMOSAT-2: 149 dates on a common grid of days, 16 x 16 pixels, three bands."""
    import rasterio

    with rasterio.open(FOLDER / "formosat_sits/test_img.tif") as file:
        values = file.read().astype("float32").reshape(149, 3, 16, 16)
    scale = 1e3 if np.nanmax(values) > 10 else 1.0
    when = np.datetime64("2006-02-15") + (2 * np.arange(149)).astype("timedelta64[D]")
    return cube_of({n: values[:, i] / scale for i, n in enumerate(("nir", "red", "green"))}, when, step=8.0)


def formosat_fields() -> npt.NDArray[np.float32]:
    """Return series (n, 149, 3) of the labelled FORMOSAT-2 fields."""
    with gzip.open(FOLDER / "formosat_sits/train_dataset.csv.gz", "rt") as file:
        rows = np.array([[float(v) for v in row[2:]] for row in csv.reader(file)], "float32")
    return rows.reshape(len(rows), 149, 3)


def kranj() -> xr.Dataset:
    """Return MODIS of Kranj, Slovenia: 26 daily dates of spring 2020, 44 x 45 pixels resampled to 30 m, six bands."""
    import rasterio

    files = sorted((FOLDER / "fusion_kranj/modis_filled").glob("*.tif"))
    stack = []
    for path in files:
        with rasterio.open(path) as file:
            stack.append(file.read().astype("float32"))
    values = np.stack(stack)
    values = values / (1e4 if np.nanmax(values) > 10 else 1.0)
    names = ("blue", "green", "red", "nir", "swir16", "swir22")
    when = np.datetime64("2020-03-08") + np.arange(len(files)).astype("timedelta64[D]")
    return cube_of({n: values[:, i] for i, n in enumerate(names)}, when, step=29.9)


def simulated(seed: int) -> xr.Dataset:
    """Return a simulated scene of two years with its own clouds and radar."""
    from eowidgets.simulate import simulate

    return simulate(height=64, width=64, start="2018-01-01", end="2019-12-31", seed=seed).cube


def ndvi(cube: xr.Dataset) -> xr.Dataset:
    """Return a cube of its NDVI alone, with its masks."""
    from eowidgets.cube.indices import index

    found = index(cube, "ndvi").astype("float32").assign_attrs(quantity="index", units="1")
    out = xr.Dataset({"ndvi": found.where(np.isfinite(found)), "valid": cube["valid"], "clouds": cube["clouds"]})
    return out.assign_coords(cube.coords)


def bouconne() -> xr.Dataset:
    """Return Sentinel-2 of Bouconne, France: seven dates of 2018, ten bands; a sample of the package."""
    return eow.open("bouconne")


def romania(side: str) -> xr.Dataset:
    """Return one third (``"east"``) or two thirds (``"west"``) of the Romanian sample."""
    cube = eow.open("romania", clouds="robust")
    edge = cube.sizes["x"] * 2 // 3
    return cube.isel(x=slice(edge, None) if side == "east" else slice(edge))


DEVELOP: dict[str, Callable[[], xr.Dataset]] = {
    "romania west": lambda: romania("west"),
    "formosat": formosat,
    "simulated 11": lambda: simulated(11),
    "simulated 12, NDVI": lambda: ndvi(simulated(12)),
}
TEST: dict[str, Callable[[], xr.Dataset]] = {
    "bouconne": bouconne,
    "romania east": lambda: romania("east"),
    "romania east, NDVI": lambda: ndvi(romania("east")),
    "modis": modis,
    "kranj": kranj,
    "landsat": landsat,
    "landsat, NDVI": lambda: ndvi(landsat()),
    "fields, NDVI": fields,
    "brazil": brazil,
}


def read(which: dict[str, Callable[[], xr.Dataset]]) -> dict[str, xr.Dataset]:
    """Open the available sets, and print the missing ones."""
    found = {}
    for name, make in which.items():
        try:
            found[name] = make().load()
        except FileNotFoundError as problem:
            print(f"{name} is left out: {problem}")
    return found
