"""Mini-batch k-means on points whose groups are known, and the features of a pixel's series."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from eowidgets.models.cluster.base import window_of
from eowidgets.models.cluster.features import QUANTILES, features, length
from eowidgets.models.cluster.kmeans import distances, kmeans
from eowidgets.models.cluster.smooth import smooth
from eowidgets.testing import tiny_cube


def blobs(count, seed=0):
    rng = np.random.default_rng(seed)
    centres = np.array([[0, 0], [8, 0], [0, 8.0]])
    group = rng.choice(3, count, p=[0.6, 0.3, 0.1])
    return torch.from_numpy((centres[group] + rng.normal(0, 0.5, (count, 2))).astype("float32")), group


@pytest.mark.parametrize("count", [300, 20_000])
def test_groups_are_found_and_the_largest_is_first(count):
    points, group = blobs(count)
    centres = kmeans(points, 3, torch.Generator().manual_seed(0))
    assert (distances(points, centres).argmin(dim=1).numpy() == group).mean() > 0.999
    np.testing.assert_allclose(centres, [[0, 0], [8, 0], [0, 8]], atol=0.25)


def test_it_is_near_lloyd_of_scikit_learn():
    cluster = pytest.importorskip("sklearn.cluster")
    points = torch.from_numpy(np.random.default_rng(1).normal(0, 1, (10_000, 6)).astype("float32"))
    mine = distances(points, kmeans(points, 8, torch.Generator().manual_seed(0))).amin(dim=1).sum()
    theirs = cluster.KMeans(8, n_init=4, random_state=0).fit(points.numpy()).inertia_
    assert float(mine) < 1.02 * theirs


def test_one_seed_gives_one_result_and_equal_points_are_no_error():
    points, _ = blobs(5000)
    one, two = (kmeans(points, 4, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(one, two)
    assert torch.isfinite(kmeans(torch.zeros(10, 2), 4, torch.Generator().manual_seed(0))).all()


def test_features_are_those_of_numpy_over_clear_dates():
    cube = tiny_cube(("red", "nir"), dates=12, height=5, width=6, days=30)
    batch = window_of(cube)
    found = features(batch)[0].numpy()
    assert found.shape[0] == length(12, 2) == 12
    for c, band in enumerate(("red", "nir")):
        values = np.where(batch.usable[0], cube[band].values, np.nan)
        for i, share in enumerate(QUANTILES):
            np.testing.assert_allclose(found[2 * i + c], np.nanquantile(values, share, axis=0), atol=1e-6)
        np.testing.assert_allclose(found[2 * len(QUANTILES) + c], np.nanstd(values, axis=0), atol=1e-6)


def test_the_season_is_that_of_a_known_wave():
    cube = tiny_cube(("red",), dates=73, height=3, width=3, days=10)
    days = cube.time.values.astype("datetime64[D]").astype(float)
    wave = 0.3 + 0.1 * np.cos(2 * np.pi * days / 365.2425) - 0.05 * np.sin(2 * np.pi * days / 365.2425)
    cube["red"].values[:] = wave[:, None, None]
    found = features(window_of(cube.drop_vars(["clouds", "valid"])))[0].numpy()
    np.testing.assert_allclose(found[-2:, 0, 0], [0.1, -0.05], atol=0.005)


def test_what_was_never_seen_has_no_features():
    cube = tiny_cube(dates=4, height=4, width=4)
    cube["red"].values[:, 1, 2] = np.nan
    for part in (cube, cube.isel(time=[0])):
        found = features(window_of(part))[0]
        assert torch.isnan(found[:, 1, 2]).all()
    assert torch.isfinite(features(window_of(cube.drop_vars(["clouds", "valid", "red"])))).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.floats(0, 3), st.integers(0, 5))
def test_smoothing_keeps_a_constant_and_the_sum_of_probabilities(height, width, sigma, seed):
    rng = np.random.default_rng(seed)
    seen = torch.from_numpy(rng.random((1, height, width)) < 0.7)
    chances = torch.from_numpy(rng.dirichlet([1, 1, 1], (1, height, width)).astype("float32")).movedim(-1, 1)
    found = smooth(chances, seen, sigma)
    assert torch.equal(torch.isnan(found).any(dim=1), ~seen)
    np.testing.assert_allclose(found.sum(dim=1)[seen], 1, atol=1e-5)
    assert sigma > 0 or torch.equal(found.movedim(1, -1)[seen], chances.movedim(1, -1)[seen])
