"""Slopes and tests equal scipy and pymannkendall, ties and missing values included."""

from __future__ import annotations

import warnings

import numpy as np
import pymannkendall as mk
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from eowidgets.models.trends.kendall import trend

PEERS = {
    None: mk.original_test,
    "prewhiten": mk.pre_whitening_modification_test,
    "trend-free-prewhiten": mk.trend_free_pre_whitening_modification_test,
    "hamed-rao": mk.hamed_rao_modification_test,
    "yue-wang": mk.yue_wang_modification_test,
}
NAMES = {"s": "s", "variance": "var_s", "tau": "Tau", "z": "z", "p": "p", "slope": "slope", "intercept": "intercept"}


def some(kind: str, steps: int, seed: int, n: int = 25) -> np.ndarray:
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(steps, n)) + np.arange(steps)[:, None] * rng.normal(0, 0.1, n)
    if "ties" in kind:
        y = y.round(0)
    if "gaps" in kind:
        y[rng.random(y.shape) < 0.25] = np.nan
    return y


def compare(found, peer, y, *more) -> None:
    for i in range(y.shape[1]):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            one = peer(y[:, i], *more)
        for name, other in NAMES.items():
            np.testing.assert_allclose(getattr(found, name)[i], getattr(one, other), rtol=1e-9, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("how", PEERS)
@pytest.mark.parametrize("kind", ["plain", "ties", "gaps", "ties and gaps"])
@pytest.mark.parametrize("steps", [8, 30])
def test_equals_pymannkendall(how, kind, steps):
    y = some(kind, steps, seed=steps)
    y = y[:, np.isfinite(y).sum(axis=0) >= 5]
    compare(trend(y, 1, how), PEERS[how], y)


@settings(max_examples=25, deadline=None)
@given(
    steps=st.integers(6, 40),
    seed=st.integers(0, 10_000),
    kind=st.sampled_from(["plain", "ties", "gaps", "ties and gaps"]),
    how=st.sampled_from(list(PEERS)),
)
def test_equals_pymannkendall_for_any_series(steps, seed, kind, how):
    y = some(kind, steps, seed, n=4)
    y = y[:, np.isfinite(y).sum(axis=0) >= 5]
    if y.shape[1]:
        compare(trend(y, 1, how), PEERS[how], y)


@pytest.mark.parametrize("period", [4, 12])
@pytest.mark.parametrize("kind", ["plain", "ties", "gaps", "ties and gaps"])
def test_seasonal_equals_pymannkendall(period, kind):
    y = some(kind, 10 * period, seed=period, n=8)
    compare(trend(y, period), mk.seasonal_test, y, period)


@pytest.mark.parametrize("kind", ["plain", "ties"])
def test_correlated_seasons_equal_pymannkendall(kind):
    y = some(kind, 48, seed=2, n=6)
    y[:4, ::2] = np.nan  # years with a missing period are left out
    compare(trend(y, 4, "hirsch-slack"), mk.correlated_seasonal_test, y, 4)


@pytest.mark.parametrize("kind", ["plain", "ties", "gaps", "ties and gaps"])
def test_slope_and_interval_equal_scipy(kind):
    y = some(kind, 25, seed=9)
    found = trend(y)
    for i in range(y.shape[1]):
        known = np.isfinite(y[:, i])
        one = stats.theilslopes(y[known, i], np.flatnonzero(known))
        got = found.slope[i], found.intercept[i], found.low[i], found.high[i]
        np.testing.assert_allclose(got, one, atol=1e-9)
        tau = stats.kendalltau(np.flatnonzero(known), y[known, i], variant="b").statistic
        if "ties" not in kind:
            assert found.tau[i] == pytest.approx(tau, abs=1e-9)


def test_too_few_values_and_constants():
    y = np.full((10, 3), np.nan)
    y[3, 1] = 1.0
    y[:, 2] = 0.5
    found = trend(y)
    assert np.isnan(found.slope[:2]).all() and np.isnan(found.p[:2]).all()
    assert (found.slope[2], found.s[2], found.z[2], found.p[2]) == (0, 0, 0, 1)
    assert found.count.tolist() == [0, 1, 10]
