"""The forecast scores against libraries that others keep."""

import numpy as np
import pytest

from eowidgets.metrics.errors import mae, rmse
from eowidgets.metrics.forecasts import coverage, crps, mase, pinball

rng = np.random.default_rng(0)
TRUTH = rng.gamma(2.0, 0.2, 400)
MADE = TRUTH + 0.1 * rng.standard_normal(400)
DRAWS = TRUTH + 0.1 * rng.standard_normal((25, 400)) + 0.05


def test_errors_are_those_of_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    assert np.isclose(mae(MADE, TRUTH), metrics.mean_absolute_error(TRUTH, MADE), rtol=1e-12)
    assert np.isclose(rmse(MADE, TRUTH), metrics.root_mean_squared_error(TRUTH, MADE), rtol=1e-12)


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_pinball_is_that_of_scikit_learn(level):
    metrics = pytest.importorskip("sklearn.metrics")
    made = np.quantile(DRAWS, level, axis=0)
    asked = metrics.mean_pinball_loss(TRUTH, made, alpha=level)
    assert np.isclose(pinball(made[None], TRUTH, [level]), asked, rtol=1e-12)


def test_crps_is_that_of_scoringrules():
    library = pytest.importorskip("scoringrules")
    asked = library.crps_ensemble(TRUTH, DRAWS.T, estimator="nrg").mean()
    assert np.isclose(crps(DRAWS, TRUTH), asked, rtol=1e-9)


def test_coverage_of_normal_intervals_is_their_level():
    """What scipy says of the normal distribution, counted on many draws."""
    stats = pytest.importorskip("scipy.stats")
    draws = np.random.default_rng(1).standard_normal(40_000)
    for level in (0.5, 0.8, 0.95):
        half = stats.norm.ppf(0.5 + level / 2)
        assert abs(coverage(np.full_like(draws, -half), np.full_like(draws, half), draws) - level) < 0.01


def test_mase_of_the_naive_forecast_within_the_sample_is_one():
    """By definition: the naive forecast of a series, scored on that series itself."""
    history = rng.standard_normal(200).cumsum()
    assert np.isclose(mase(history[:-7], history[7:], history, season=7), 1.0, rtol=1e-12)
