import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eowidgets.errors import InputError
from eowidgets.metrics import coverage, crps, mae, mase, pinball


@given(st.integers(0, 100), st.integers(1, 9))
def test_crps_against_all_pairs(seed, n):
    rng = np.random.default_rng(seed)
    samples, truth = rng.standard_normal((n, 4, 2)), rng.standard_normal((4, 2))
    pairs = np.abs(samples[:, None] - samples[None]).mean((0, 1))
    expected = (np.abs(samples - truth).mean(0) - pairs / 2).mean()
    assert crps(samples, truth) == pytest.approx(expected, abs=1e-12)


def test_crps_of_one_sample_is_the_absolute_error_and_of_many_the_normal_one():
    assert crps([[0.2, 0.4]], [0.1, 0.1]) == pytest.approx(mae([0.2, 0.4], [0.1, 0.1]))
    # Closed form for N(0, 1) at 0: 2 φ(0) - 1/√π.
    samples = np.random.default_rng(0).standard_normal((200_000, 1))
    assert crps(samples, [0.0]) == pytest.approx(2 / math.sqrt(2 * math.pi) - 1 / math.sqrt(math.pi), abs=3e-3)


def test_pinball_by_hand():
    truth = np.array([1.0, 2.0])
    quantiles = np.array([[0.0, 3.0], [1.0, 1.0]])
    # level 0.1: 0.1·1 and 0.9·1; level 0.9: 0 and 0.9·1
    assert pinball(quantiles, truth, [0.1, 0.9]) == pytest.approx((0.1 + 0.9 + 0 + 0.9) / 4)
    assert pinball([[0.3, 0.9]], [0.5, 0.5], [0.5]) == pytest.approx(mae([0.3, 0.9], [0.5, 0.5]) / 2)


def test_pinball_is_least_at_the_quantile():
    values = np.random.default_rng(0).exponential(size=5001)
    losses = {q: pinball(np.full((1, 5001), q), values, [0.8]) for q in np.quantile(values, [0.7, 0.8, 0.9])}
    assert min(losses, key=losses.get) == np.quantile(values, 0.8)


def test_coverage_by_hand():
    assert coverage([0, 0, 0, 0], [1, 1, 1, 1], [0, 1, 2, 0.5]) == 0.75
    assert coverage([0, 0], [1, 1], [0.5, np.nan]) == 1
    assert coverage([0, 0, 0], [1, 1, 1], [0.5, 3, 3], where=[True, True, False]) == 0.5
    assert math.isnan(coverage([np.nan], [1.0], [0.5]))


def test_mase_by_hand():
    history = [1.0, 3.0, 2.0, 5.0]  # steps of 2, 1, 3: mean 2
    assert mase([6.0, 6.0], [5.0, 9.0], history) == pytest.approx((1 + 3) / 2 / 2)
    assert mase([6.0], [5.0], history, season=2) == pytest.approx(1 / 1.5)  # |2-1|, |5-3|
    assert mase([6.0], [5.0], [1.0, np.nan, 2.0, 5.0]) == pytest.approx(1 / 3)


def test_mase_of_many_series_leaves_out_those_that_never_changed():
    history = np.array([[1.0, 4.0], [3.0, 4.0]])
    assert mase([[5.0, 9.0]], [[6.0, 4.0]], history) == pytest.approx(0.5)
    with pytest.raises(InputError, match="nothing to compare"):
        mase([5.0], [6.0], [4.0, 4.0])


def test_refusals():
    with pytest.raises(InputError, match="one additional first axis"):
        crps([0.1, 0.2], [0.1, 0.2])
    with pytest.raises(InputError, match="do not match 1 levels"):
        pinball([0.1], [0.1], [0.5])
    with pytest.raises(InputError, match="between 0 and 1"):
        pinball([[0.1]], [0.1], [5])
    with pytest.raises(InputError, match="more than 4 steps"):
        mase([1.0], [1.0], [1.0, 2.0], season=4)
