"""Steps, lines, recovery and anomalies of yearly values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eowidgets.errors import InputError
from eowidgets.models.blocks.indexed import IndexSeries
from eowidgets.models.trends.anomaly import anomalies
from eowidgets.models.trends.model import TrendAnomalies, TrendTheilSen
from eowidgets.models.trends.periods import Periods, reduce
from eowidgets.models.trends.recovery import NO_BREAK, NOT_YET, RECOVERED, recovery
from eowidgets.models.trends.recovery import TOO_FEW as FEW_OF_RECOVERY
from eowidgets.models.trends.step import LEVEL, LINE, STEP, TOO_FEW, step_or_line


@pytest.mark.parametrize("criterion", ["bic", "aicc"])
def test_shapes_without_noise(criterion):
    t = np.arange(20.0)
    y = np.stack([np.full(20, 0.4), 0.1 * t, np.where(t < 13, 0.8, 0.3), np.where(t < 5, 0.8, np.nan)], axis=1)
    found = step_or_line(y, criterion=criterion)
    assert found["shape"].tolist() == [LEVEL, LINE, STEP, TOO_FEW]
    assert found["line_slope"][1] == pytest.approx(0.1)
    assert found["step_at"][2] == 13
    assert found["step_size"][2] == pytest.approx(-0.5)
    assert np.isnan(found["step_at"][[0, 1, 3]]).all()


def test_a_step_is_found_among_missing_values():
    y = np.where(np.arange(25) < 15, 0.7, 0.4)[:, None] + np.random.default_rng(0).normal(0, 0.02, (25, 50))
    y[np.random.default_rng(1).random(y.shape) < 0.2] = np.nan
    found = step_or_line(y)
    assert (found["shape"] == STEP).mean() > 0.95
    after = np.where(np.isfinite(y) & (np.arange(25) >= 15)[:, None], np.arange(25.0)[:, None], np.inf).min(axis=0)
    assert (found["step_at"] == after)[found["shape"] == STEP].all()


def test_noise_is_seldom_a_step():
    y = np.random.default_rng(5).normal(size=(30, 2000))
    shape = step_or_line(y)["shape"]
    assert (shape == LEVEL).mean() > 0.8


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 20), st.floats(-10, 10))
def test_shape_does_not_depend_on_units(seed, scale, shift):
    y = np.random.default_rng(seed).normal(size=(20, 5)).cumsum(axis=0)
    one, other = step_or_line(y), step_or_line(scale * y + shift)
    np.testing.assert_array_equal(one["shape"], other["shape"])
    np.testing.assert_allclose(other["step_size"], scale * one["step_size"], rtol=1e-6, atol=1e-9)


def test_recovery_is_interpolated_and_what_has_not_recovered_is_censored():
    y = np.array([
        [0.8, 0.8, 0.8, 0.3, 0.4, 0.5, 0.6, 0.8, 0.8],
        [0.8, 0.8, 0.8, 0.3, 0.35, 0.4, 0.4, 0.45, 0.5],
        [0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8],
        [0.8, np.nan, np.nan, np.nan, np.nan, 0.3, np.nan, np.nan, 0.8],
    ]).T  # fmt: skip
    found = recovery(y)
    assert found["state"].tolist() == [RECOVERED, NOT_YET, NO_BREAK, FEW_OF_RECOVERY]
    assert found["break_at"][:2].tolist() == [3, 3]
    np.testing.assert_allclose(found["loss"][:2], 0.5)
    # From year 2; 0.7 lies halfway between years 6 and 7.
    assert found["years"][0] == pytest.approx(4.5)
    assert np.isnan(found["years"][1:]).all()
    assert found["observed"][1] == 6
    assert found["regained"][1] == pytest.approx(0.4)


def test_a_second_fall_counts_from_the_lowest_value():
    y = np.array([0.8] * 7 + [0.4, 0.5, 0.2, 0.4, 0.7, 0.8])[:, None]
    found = recovery(y)
    assert found["state"][0] == RECOVERED
    assert found["loss"][0] == pytest.approx(0.6)


def test_anomalies_of_the_reference_are_centred():
    y = np.random.default_rng(2).normal(size=(10 * 12, 7)) + np.tile(np.arange(12.0), 10)[:, None]
    reference = np.zeros(10, bool)
    reference[:5] = True
    found = anomalies(y, 12, reference)
    cycles = found["anomaly"].reshape(10, 12, 7)
    np.testing.assert_allclose(cycles[:5].mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(found["standardised"].reshape(10, 12, 7)[:5].std(axis=0, ddof=1), 1)
    np.testing.assert_allclose(cycles[7] - cycles[6], y.reshape(10, 12, 7)[7] - y.reshape(10, 12, 7)[6])


def test_a_period_with_two_reference_years_has_no_anomaly():
    y = np.ones((10, 1))
    y[2:, 0] = np.nan
    assert np.isnan(anomalies(y, 1, np.ones(10, bool))["anomaly"]).all()


def _days(*texts: str) -> np.ndarray:
    return np.array(texts, "datetime64[D]").astype(float)


def test_periods():
    days = _days("2018-12-15", "2019-02-01", "2019-07-01", "2020-01-10")
    seasons = Periods.of(days, "season", tuple(range(1, 13)))
    assert seasons.label.tolist() == [0, 0, 2, 4]
    assert seasons.years.tolist() == [2019, 2020]
    assert str(seasons.starts[0]) == "2018-12-01"
    southern = Periods.of(days, "year", (11, 12, 1, 2))
    assert southern.label.tolist() == [0, 0, -1, 1]
    assert southern.years.tolist() == [2018, 2019]
    with pytest.raises(InputError, match="No date lies in the months"):
        Periods.of(days, "year", (5,))


@pytest.mark.parametrize(("how", "value"), [("median", 2.0), ("mean", 3.0), ("max", 6.0), ("min", 1.0)])
def test_reduce(how, value):
    days = _days("2019-01-01", "2019-02-01", "2019-03-01", "2019-04-01", "2020-01-01")
    y = np.array([[1.0], [2.0], [6.0], [0.0], [0.0]])
    usable = np.array([[True], [True], [True], [False], [False]])
    found = reduce(IndexSeries(y, usable, days), Periods.of(days, "year", tuple(range(1, 13))), how)
    assert found[0, 0] == value
    assert np.isnan(found[1, 0])


def test_models_refuse_what_does_not_suit():
    with pytest.raises(InputError, match="does not apply to one value per month"):
        TrendTheilSen(by="month", autocorrelation="hamed-rao")
    with pytest.raises(InputError, match="months"):
        TrendTheilSen(months="May to June")
    model = TrendAnomalies(reference="soon")
    with pytest.raises(InputError, match="are invalid"):
        model._reference(model.periods(_days("2018-01-01", "2020-01-01")))
