"""The public choice of a forecaster."""

import numpy as np
import pandas as pd
import pytest

from eowidgets.analysis.choose.forecast import choose_forecast
from eowidgets.analysis.forecast.forecast import forecast
from eowidgets.contract.choice import Choice
from eowidgets.errors import InputError

PLACE = (22.1515, 45.2029)


def test_the_choice_is_that_of_the_forecast(romania):
    small = romania.isel(y=slice(0, 10), x=slice(0, 10))
    choice = choose_forecast(small, days=90)
    made = forecast(small, days=90)
    assert Choice.from_json(made.attrs["choice"]).to_json() == choice.to_json()
    assert made.attrs["model"] == choice.winner.removeprefix("forecast-")
    assert choice.task == "forecast"
    assert len(choice.scores) == 7
    assert choice.model.name == choice.winner


def test_a_random_walk_is_best_forecast_by_its_last_value():
    walk = np.random.default_rng(0).normal(size=600).cumsum()
    series = pd.Series(walk, pd.date_range("2020-01-01", periods=600, freq="D"), name="x")
    choice = choose_forecast(series, days=10)
    assert choice["forecast-persistence"].error < 0.6 * choice["forecast-climatology"].error
    assert choice[choice.winner].error < 1.05 * choice["forecast-persistence"].error


def test_a_season_and_noise_are_best_forecast_by_the_mean_season():
    times = pd.date_range("2012-01-01", periods=400, freq="10D")
    phase = 2 * np.pi * (times - times[0]).days.to_numpy() / 365.2425
    values = np.sin(phase) + np.random.default_rng(0).normal(0, 0.3, 400)
    choice = choose_forecast(pd.Series(values, times, name="x"))
    assert choice[choice.winner].error < 1.02 * choice["forecast-climatology"].error < 0.5
    assert "season: year" in choice.protocol


def test_a_straight_line_goes_on():
    line = pd.Series(np.arange(80.0), pd.date_range("2000-01-01", periods=80, freq="MS"), name="x")
    made = forecast(line, days="6MS")
    np.testing.assert_allclose(made.x, np.arange(80, 86), atol=6)


def test_refusals(romania):
    with pytest.raises(InputError, match="longer than the record"):
        choose_forecast(romania, area=PLACE, days=1800, from_date="2016-06-01")
    with pytest.raises(InputError, match="no argument"):
        choose_forecast(romania, model="theta")
