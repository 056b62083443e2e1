"""The selection of a forecaster from errors on hold-out windows."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import eowidgets as eow
from eowidgets.analysis.forecast.automatic import CANDIDATES, SEASONLESS, candidates, decide
from eowidgets.analysis.forecast.holdout import Errors, Holdout
from eowidgets.analysis.forecast.season import Season

COUNT = 200


def held(errors, *, apart=400.0, horizon=90.0):
    """Return a hold-out with the errors of each candidate, (window, value, candidate)."""
    windows, count, _ = errors.shape
    n = windows * count
    flat = torch.as_tensor(errors.reshape(n, -1), dtype=torch.float32)
    starts = [2000.0 - apart * k for k in range(windows)]
    window = torch.arange(windows).repeat_interleave(count)
    lead = torch.linspace(1, horizon, count).repeat(windows).double()
    day = torch.tensor(starts, dtype=torch.float64)[window] + lead
    error = {name: flat[:, i] for i, name in enumerate(CANDIDATES)}
    ones = torch.ones(n)
    return Holdout("climatology", [Errors(window, lead, day, ones, error, ones)], starts, horizon, 3000.0, 30.0, 40.0)


def noise(windows, sizes, seed=0, shared=0.0):
    rng = np.random.default_rng(seed)
    own = rng.normal(size=(windows, COUNT, len(CANDIDATES)))
    common = rng.normal(size=(windows, COUNT, 1))
    return (np.sqrt(1 - shared) * own + np.sqrt(shared) * common) * np.asarray(sizes)


def test_methods_that_err_apart_are_averaged():
    found = decide(held(noise(6, [1.0] * 6)), CANDIDATES, 0, "", "test")
    assert found.choice.winner == "forecast-average"
    assert sum(found.weights.values()) == pytest.approx(1)
    assert found.choice["forecast-average"].error < 0.6
    assert found.choice.params["members"]


def test_equal_methods_give_the_simplest():
    errors = np.repeat(np.random.default_rng(0).normal(size=(6, COUNT, 1)), len(CANDIDATES), axis=2)
    found = decide(held(errors), CANDIDATES, 0, "", "test")
    assert found.choice.winner == "forecast-climatology"


def test_the_errors_of_the_selection_are_not_those_of_the_best():
    """Of methods that differ by chance only, the best one looks better than it is; the errors used for intervals do not."""
    errors = noise(4, [1.0] * 6, shared=0.98)
    found = decide(held(errors), CANDIDATES, 0, "", "test")
    best = min(s.error for s in found.choice.scores if s.method != "forecast-average")
    honest = found.holdout.rmse(0)[0]
    assert honest > 0.99 * best
    assert honest == pytest.approx(1, abs=0.1)


def test_windows_that_all_overlap_give_the_average():
    found = decide(held(noise(5, [1, 1, 1, 1, 1, 1], shared=0.9), apart=10.0), CANDIDATES, 0, "", "test")
    assert found.choice.winner == "forecast-average"


def test_without_windows_the_weights_are_equal():
    empty = held(noise(1, [1.0] * 6))
    zero = torch.zeros(0)
    none = Errors(zero.long(), zero, zero, zero, dict.fromkeys(CANDIDATES, zero), zero)
    found = decide(Holdout("climatology", [none], [], 90.0, 3000.0, 30.0, 40.0), CANDIDATES, 0, "", "test")
    assert found.weights["persistence"] == 0
    assert len({round(w, 6) for n, w in found.weights.items() if n != "persistence"}) == 1
    assert all("no hold-out window" in s.note for s in found.choice.scores)
    assert empty.origins


@settings(max_examples=40, deadline=None)
@given(
    windows=st.integers(1, 8),
    sizes=st.lists(st.floats(1e-3, 1e3), min_size=6, max_size=6),
    shared=st.floats(0, 1),
    apart=st.sampled_from([10.0, 60.0, 400.0]),
)
def test_weights_are_a_mixture_and_never_worse_than_the_mean_season_by_much(windows, sizes, shared, apart):
    found = decide(held(noise(windows, sizes, shared=shared), apart=apart), CANDIDATES, 0, "", "test")
    weights = np.array(list(found.weights.values()))
    assert (weights >= 0).all()
    assert weights.sum() == pytest.approx(1)
    if apart == 400.0 and windows > 1:
        choice = found.choice
        assert choice[choice.winner].error <= 1.011 * choice["forecast-climatology"].error


def test_what_is_tried_without_a_season():
    assert candidates(Season()) == CANDIDATES
    assert candidates(Season(None, None, 100.0)) == SEASONLESS


def test_windows_of_other_seasons_give_climatology():
    """With less than a season of record every window lies in another part of the season than the forecast."""
    errors = noise(6, [3.0, 1, 1, 1, 1, 1])
    assert decide(held(errors), CANDIDATES, 0, "", "test").choice.winner != "forecast-climatology"
    found = decide(held(errors), CANDIDATES, 0, "", "test", same_season=False)
    assert found.choice.winner == "forecast-climatology"
    assert found.weights["climatology"] == 1
    assert found.holdout.rmse(0)[0] == pytest.approx(3, rel=0.1)


def test_a_record_of_nine_months_is_forecast_by_climatology_and_says_why(romania):
    cube = romania.isel(y=slice(0, 20), x=slice(0, 20)).sel(time=slice("2018-03-01", "2018-12-01"))
    made = eow.forecast(cube, days=40)
    assert made.attrs["model"] == "climatology"
    assert "No window has a whole season of record before it" in eow.Record.of(made).choice.protocol
