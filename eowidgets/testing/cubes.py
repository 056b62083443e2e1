"""Synthetic cubes, tables and places for tests of models; no file is read."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.arguments import Count, Pixels, Positive, Seed, checked
from eowidgets.contract.feeds import Source
from eowidgets.contract.model import Model
from eowidgets.cube.grid import georeference
from eowidgets.cube.schema import MASKS
from eowidgets.cube.schema import bands as bands_of

#: Bands of a cube for a model that accepts any.
BANDS = ("blue", "green", "red", "nir")
#: Number of series of the table for a model of series.
SERIES = 6


@checked
def tiny_cube(
    bands: tuple[str, ...] = BANDS,
    *,
    dates: Count = 12,
    height: Pixels = 40,
    width: Pixels = 40,
    resolution: Positive = 10.0,
    start: str = "2019-01-05",
    days: Count = 16,
    seed: Seed = 0,
) -> xr.Dataset:
    """Return a small cube of smooth seasonal reflectance with noise, clouds and gaps; no file is read.

    Parameters
    ----------
    bands : tuple of str
    dates : int
    height, width : int
        Rows and columns.
    resolution : float
        Pixel size in metres.
    start : str
        ISO day of the first date.
    days : int
        Days between dates.
    seed : int

    Returns
    -------
    Dataset (time, y, x)
        With the masks ``valid`` and ``clouds``.

    Examples
    --------
    >>> dict(tiny_cube(("red", "nir"), dates=3, height=16, width=16).sizes)
    {'time': 3, 'y': 16, 'x': 16}
    """
    rng, shape = np.random.default_rng(seed), (dates, height, width)
    time = np.datetime64(start, "ns") + np.arange(dates) * np.timedelta64(days, "D")
    year = 2 * np.pi * np.arange(dates) * days / 365.25
    row, column = np.meshgrid(np.linspace(0, 3, height), np.linspace(0, 4, width), indexing="ij")
    ground = 0.5 + 0.5 * np.sin(row * 2) * np.cos(column)
    found = {}
    for i, band in enumerate(bands):
        season = (0.05 + 0.04 * i) * (1 + 0.3 * np.cos(year + i))[:, None, None]
        values = season * (0.6 + ground) + rng.normal(0, 0.004, shape)
        found[band] = (("time", "y", "x"), values.clip(0.001, 1).astype("float32"))
    clouds = rng.random(shape) < 0.15
    valid = rng.random(shape) > 0.02
    coords = {
        "time": time,
        "y": 5_000_000 - resolution * (np.arange(height) + 0.5),
        "x": 500_000 + resolution * (np.arange(width) + 0.5),
    }
    masks = {"valid": (("time", "y", "x"), valid), "clouds": (("time", "y", "x"), clouds & valid)}
    return georeference(xr.Dataset({**found, **masks}, coords).rio.write_crs("EPSG:32635"))


def suited_cube(model: Model) -> xr.Dataset:
    """Return a cube that suits the declaration of a model, with two windows if their size is declared."""
    feed = model.feed
    dates = max(feed.min_dates, min(feed.max_dates or 48, 48))
    height, width = (40, 40) if feed.size is None else (feed.size, feed.size + feed.size // 2)
    bands = (*(feed.bands or BANDS), *feed.optional_bands)
    # Some models of series need a number of years, which an instance declares as ``least_years``.
    days = max(30, math.ceil(366 * (getattr(model, "least_years", 1) + 1) / dates))
    return tiny_cube(bands, dates=dates, height=height, width=width, resolution=feed.resolution or 10.0, days=days)


def cube_of_source(cube: xr.Dataset, source: Source) -> xr.Dataset:
    """Return a cube for an additional source, on the extent of another cube."""
    metres = source.resolution or 10.0
    height, width = (math.ceil(float(np.ptp(cube[k].values)) / metres) + 1 for k in ("y", "x"))
    dates = max(source.min_dates, min(source.max_dates or 12, 12))
    made = tiny_cube(
        (*(source.bands or BANDS), *source.optional_bands), dates=dates, height=height, width=width, resolution=metres
    )
    corner = {
        "y": float(cube["y"].max()) - float(made["y"].max()),
        "x": float(cube["x"].min()) - float(made["x"].min()),
    }
    return georeference(
        made.assign_coords({k: made[k] + shift for k, shift in corner.items()}).rio.write_crs(cube.rio.crs)
    )


def series_table(cube: xr.Dataset) -> Any:
    """Return some pixels of a cube as a table of series; the last series has different dates."""
    import pandas as pd

    chosen = [(i * len(cube["y"]) // SERIES, i * len(cube["x"]) // SERIES) for i in range(SERIES)]
    parts = []
    for i, (row, column) in enumerate(chosen):
        pixel = cube.isel(y=row, x=column)
        columns = {str(name): pixel[name].values for name in (*bands_of(cube), *(m for m in MASKS if m in cube))}
        shift = np.timedelta64(1, "D") if i == SERIES - 1 else np.timedelta64(0, "D")
        parts.append(pd.DataFrame({"id": i, "time": cube["time"].values + shift, "lon": 27.0, "lat": 45.0, **columns}))
    return pd.concat(parts, ignore_index=True)


def some_places(cube: xr.Dataset) -> Any:
    """Return two places of a cube as points."""
    import geopandas

    y, x = (cube[axis].values[[len(cube[axis]) // 3, len(cube[axis]) // 2]] for axis in ("y", "x"))
    return geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(x, y), crs=str(cube.rio.crs))
