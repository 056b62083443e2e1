"""A GPU to test on, and the cubes that models of all kinds take.

Without a GPU these tests are skipped; with ``EOW_REQUIRE_GPU=1`` that is a failure. ``EOW_GPU_TESTS_ON=cpu`` runs what
needs no GPU of it on the processor, to check the tests themselves.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import torch
import xarray as xr

BANDS = ("blue", "green", "red", "nir", "rededge1", "rededge2", "rededge3", "nir08", "swir16", "swir22")
GROUND = (0.05, 0.07, 0.08, 0.30, 0.12, 0.22, 0.27, 0.30, 0.20, 0.12)


@pytest.fixture
def device() -> str:
    chosen = os.environ.get("EOW_GPU_TESTS_ON", "cuda")
    if chosen == "cuda" and not torch.cuda.is_available():
        if os.environ.get("EOW_REQUIRE_GPU"):
            pytest.fail("EOW_REQUIRE_GPU is set, and this machine has no CUDA device.")
        pytest.skip("needs a CUDA device")
    return chosen


@pytest.fixture
def cuda(device: str) -> torch.device:
    """The device, for tests of what only a GPU has."""
    if device != "cuda":
        pytest.skip("needs a CUDA device")
    return torch.device(device, torch.cuda.current_device())


@pytest.fixture
def season() -> Callable[..., xr.Dataset]:
    """Return ``make(dates, side, resolution)``: three years of ground with seasons, a change, noise and clouds."""

    def make(dates: int = 36, side: int = 80, resolution: float = 10.0) -> xr.Dataset:
        rng = np.random.default_rng(3)
        times = pd.date_range("2018-01-05", periods=dates, freq="30D").astype("datetime64[ns]")
        shape = (dates, side, side)
        green = 0.5 - 0.5 * np.cos(2 * np.pi * (times.dayofyear.to_numpy() - 30) / 365.25)
        rows, columns = np.indices((side, side))
        field = 0.7 + 0.3 * np.sin(rows / 9) * np.cos(columns / 7)
        felled = (np.arange(dates) >= 2 * dates // 3)[:, None, None] & (rows > columns)[None]
        cube = xr.Dataset(coords={"time": times})
        for band, level in zip(BANDS, GROUND, strict=True):
            gain = 0.6 if band.startswith("nir") or band == "rededge3" else -0.3
            values = level * (1 + gain * green[:, None, None] * field * ~felled) + rng.normal(0, 0.004, shape)
            cube[band] = (("time", "y", "x"), values.clip(0.001).astype("float32"))
        cube["valid"] = (("time", "y", "x"), np.ones(shape, bool))
        cube["clouds"] = (("time", "y", "x"), rng.random(shape) < 0.15)
        cube = cube.assign_coords(
            y=5_000_000 - resolution * (np.arange(side) + 0.5), x=500_000 + resolution * (np.arange(side) + 0.5)
        )
        import rioxarray  # noqa: F401  (registers .rio)

        return cube.rio.write_crs("EPSG:32635").rio.write_transform()

    return make
