"""A small cube of vectors with three kinds of ground in vertical stripes."""

import numpy as np
import pytest
import xarray as xr

from eowidgets.cube.grid import georeference

WIDTH, HEIGHT = 30, 20


def make_vectors(seed=0, *, features=5, title="stripes", east=500_000.0):
    rng = np.random.default_rng(seed)
    kinds = np.random.default_rng(99).normal(0, 1, (3, 12))[:, :features]
    ground = np.arange(WIDTH) // 10
    values = kinds[ground].T[:, None, :] + rng.normal(0, 0.15, (features, HEIGHT, WIDTH))
    coords = {"y": 5_000_000 - 10.0 * (np.arange(HEIGHT) + 0.5), "x": east + 10.0 * (np.arange(WIDTH) + 0.5)}
    cube = xr.Dataset({"embedding": (("feature", "y", "x"), values.astype("float32"))}, coords, {"title": title})
    return georeference(cube.rio.write_crs("EPSG:32635"))


@pytest.fixture
def vectors():
    return make_vectors()


@pytest.fixture(scope="session")
def more():
    return make_vectors
