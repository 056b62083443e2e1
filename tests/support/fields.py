"""A small cube of fields of two kinds, whose truth is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from eowidgets.cube.globe import lonlat


def fields(side: int = 48, dates: int = 12, seed: int = 0) -> xr.Dataset:
    """Fields of 8 pixels in a checkerboard: green in spring, or in summer."""
    rng = np.random.default_rng(seed)
    times = pd.date_range("2020-01-08", periods=dates, freq="30D")
    y, x = np.mgrid[:side, :side] // 8
    kind = (y + x) % 2
    season = np.array([np.cos(2 * np.pi * (times.day_of_year - peak) / 365) for peak in (120, 210)])
    level = np.array([0.4, 0.6])
    green = level[kind] + 0.3 * season[kind].transpose(2, 0, 1)
    values = {"red": 0.3 - 0.2 * (green - 0.5), "nir": green}
    data = {n: (("time", "y", "x"), (v + rng.normal(0, 0.02, v.shape)).astype("float32")) for n, v in values.items()}
    axes = {"y": 5_000_000 - 10.0 * (np.arange(side) + 0.5), "x": 500_000 + 10.0 * (np.arange(side) + 0.5)}
    return xr.Dataset(data, {"time": times, **axes}).rio.write_crs(32633).assign_attrs(title="Fields, simulated")


def truth(side: int = 48) -> np.ndarray:
    y, x = np.mgrid[:side, :side] // 8
    return (y + x) % 2


def place(session: Any, row: int, column: int) -> tuple[float, float]:
    """Return longitude and latitude of the centre of a pixel."""
    lon, lat = lonlat(session.box, [column + 0.5], [row + 0.5])
    return float(lon[0]), float(lat[0])
