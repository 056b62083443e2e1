"""A small cube for encoders, whose values follow from arithmetic, and a hash of the names and shapes of weights."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
import xarray as xr
from torch import nn

OPTICAL = ("blue", "green", "red", "rededge1", "rededge2", "rededge3", "nir", "nir08", "swir16", "swir22")
RADAR = ("vv", "vh")
DATES = ("2021-01-15", "2021-03-02", "2021-06-20", "2021-07-01", "2021-12-30")


def series_cube(height: int, width: int, *, bands: tuple[str, ...] = OPTICAL + RADAR, gap: int = 1) -> xr.Dataset:
    """Return reflectance and radar power on five dates; blocks of ``gap`` pixels are cloudy now and then."""
    import rioxarray  # noqa: F401

    shape = (len(DATES), height, width)
    share = (np.arange(len(bands) * np.prod(shape)) * 0.3719 % 1).reshape(len(bands), *shape)
    power = 10 ** ((share * 15 - 20) / 10)
    cube = xr.Dataset(
        {
            b: (("time", "y", "x"), (power[i] if b in RADAR else 0.02 + 0.4 * share[i]).astype("float32"))
            for i, b in enumerate(bands)
        },
        coords={
            "time": pd.to_datetime(DATES).values.astype("datetime64[ns]"),
            "y": 5_000_000 - 10.0 * (np.arange(height) + 0.5),
            "x": 400_000 + 10.0 * (np.arange(width) + 0.5),
        },
    )
    blocks = (len(DATES), height // gap, width // gap)
    clouds = (np.arange(np.prod(blocks)) * 5 % 7 < 2).reshape(blocks).repeat(gap, axis=1).repeat(gap, axis=2)
    cube["valid"] = (("time", "y", "x"), np.ones(shape, bool))
    cube["clouds"] = (("time", "y", "x"), clouds)
    return cube.rio.write_crs("EPSG:32635").rio.write_transform()


def hash_of_keys(network: nn.Module) -> tuple[int, str]:
    """Return how many weights a network has, and a hash of their names and shapes."""
    lines = sorted(f"{name} {tuple(value.shape)}" for name, value in network.state_dict().items())
    return len(lines), hashlib.sha256("\n".join(lines).encode()).hexdigest()
