"""Fixtures that every room uses."""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import eowidgets as eow


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep times that tests measure out of the folder of the person."""
    os.environ["EOWIDGETS_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def _samples() -> dict[str, xr.Dataset]:
    return {}


def _fresh(cache: dict[str, xr.Dataset], name: str) -> xr.Dataset:
    if name not in cache:
        cache[name] = eow.open(name)
    return cache[name].copy(deep=True)


@pytest.fixture
def romania(_samples: dict[str, xr.Dataset]) -> xr.Dataset:
    return _fresh(_samples, "romania")


@pytest.fixture
def bouconne(_samples: dict[str, xr.Dataset]) -> xr.Dataset:
    return _fresh(_samples, "bouconne")


@pytest.fixture
def make_cube() -> Callable[..., xr.Dataset]:
    """Return ``make(dates=4, height=8, width=9, bands=("red", "nir"), seed=0, clouds=0.2, crs="EPSG:32635")``."""

    def make(
        dates: int = 4,
        height: int = 8,
        width: int = 9,
        bands: tuple[str, ...] = ("red", "nir"),
        seed: int = 0,
        clouds: float = 0.2,
        crs: str = "EPSG:32635",
        resolution: float = 10.0,
    ) -> xr.Dataset:
        import rioxarray  # noqa: F401

        rng = np.random.default_rng(seed)
        shape = (dates, height, width)
        variables = {b: (("time", "y", "x"), rng.uniform(0.02, 0.6, shape).astype("float32")) for b in bands}
        cube = xr.Dataset(
            variables,
            coords={
                "time": pd.date_range("2020-01-03", periods=dates, freq="11D").astype("datetime64[ns]"),
                "y": 5_000_000 - resolution * (np.arange(height) + 0.5),
                "x": 500_000 + resolution * (np.arange(width) + 0.5),
            },
            attrs={"title": "made up", "sensor": "sentinel2-l2a"},
        )
        cube["valid"] = (("time", "y", "x"), np.ones(shape, bool))
        cube["clouds"] = (("time", "y", "x"), rng.random(shape) < clouds)
        return cube.rio.write_crs(crs).rio.write_transform()

    return make
