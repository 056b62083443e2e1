"""Intervals contain the truth as often as they promise."""

from __future__ import annotations

import numpy as np
import pytest

from eowidgets.analysis.measure.accuracy.estimators import Estimator
from eowidgets.analysis.measure.accuracy.intervals import quantile, ratio_limits, wilson

DRAWS = 1000
#: Weights of the strata, classes on the ground within them, and samples.
DESIGNS = {
    "published": ([0.02, 0.015, 0.32, 0.645], [[0.88, 0, 0.07, 0.05], [0, 0.73, 0.11, 0.16], [0.006, 0, 0.927, 0.067],
                                               [0.006, 0.003, 0.028, 0.963]], [75, 75, 165, 325]),
    "rare": ([0.015, 0.985], [[0.8, 0.2], [0.004, 0.996]], [100, 300]),
    "small": ([0.1, 0.9], [[0.85, 0.15], [0.05, 0.95]], [30, 60]),
}  # fmt: skip


@pytest.mark.parametrize("name", DESIGNS)
def test_coverage(name):
    weights, rows, n = (np.array(part) for part in DESIGNS[name])
    rng = np.random.default_rng(7)
    k = len(weights)
    true = weights @ rows
    inside = np.zeros((DRAWS, k), bool)
    for draw in range(DRAWS):
        counts = np.zeros((k, k, k))
        counts[np.arange(k), np.arange(k)] = [
            rng.multinomial(m, row / row.sum()) for m, row in zip(n, rows, strict=True)
        ]
        found = Estimator(counts, weights, present=np.eye(k, dtype=bool))
        areas = [found.area(j) for j in range(k)]
        inside[draw] = [a.low <= t <= a.high for a, t in zip(areas, true, strict=True)]
    shares = inside.mean(axis=0)
    # 93 to 97 %, and two standard errors of a share of 1 000 draws.
    assert (shares >= 0.93 - 0.014).all() and (shares <= 0.97 + 0.014).all(), shares
    assert 0.93 <= shares.mean() <= 0.975


def test_wilson_agrees_with_scipy_away_from_the_ends():
    from scipy.stats import binomtest

    low, high = wilson(np.array([20.0]), np.array([50.0]), quantile(0.95))
    expected = binomtest(20, 50).proportion_ci(0.95, method="wilson")
    assert (low[0], high[0]) == pytest.approx((expected.low, expected.high))


def test_a_single_stratum_gives_the_binomial_interval():
    right, wrong, n = np.array([66.0]), np.array([9.0]), np.array([75.0])
    here = np.ones(1, bool)
    low, high = wilson(right, n, 1.96)
    assert ratio_limits(right, wrong, n, np.ones(1), 1.96, (here, here)) == pytest.approx((low[0], high[0]))


def test_the_combined_interval_is_near_the_binomial_one_where_strata_are_alike():
    n, here = np.full(4, 500.0), np.ones(4, bool)
    right, wrong = np.full(4, 200.0), np.full(4, 100.0)
    low, high = ratio_limits(right, wrong, n, np.full(4, 0.25), 1.96, (here, here))
    expected = wilson(np.array([800.0]), np.array([1200.0]), 1.96)
    assert (low, high) == pytest.approx((expected[0][0], expected[1][0]), abs=0.01)
