"""Forecasters over cubes, through the engine."""

import json
import threading

import numpy as np
import pytest
import torch
import xarray as xr

import eowidgets as eow
from eowidgets.contract.registry import get_model, model_class, model_classes
from eowidgets.contract.task import Task
from eowidgets.engine.work import Cancelled
from eowidgets.errors import InputError
from eowidgets.models.forecast.base import Forecaster
from eowidgets.models.forecast.ltsf_linear.model import NLinearForecaster
from eowidgets.testing import check_model, tiny_cube

#: Without Chronos, which fetches its weights.
NAMES = [m.name for m in model_classes(Task.FORECAST) if issubclass(m, Forecaster) and m.name != "forecast-chronos"]
#: The least that lets a network be fitted in a test.
QUICK = {"step": 15.0, "lookback": 24, "updates": 3, "windows": 16}


@pytest.fixture(scope="module")
def cube():
    whole = eow.open("romania")
    return whole[["red", "nir", "valid", "clouds"]].isel(y=slice(0, 24), x=slice(0, 20))


@pytest.mark.parametrize("name", NAMES)
def test_a_cube_is_forecast(name, cube):
    past = cube.sel(time=slice(None, "2019-12-31"))
    if name == "forecast-fracast":  # a tenth of a second for each series
        past = past.isel(y=slice(0, 6), x=slice(0, 5))
    model = model_class(name)
    if model.trained:
        past = past.isel(y=slice(0, 12), x=slice(0, 10))
    made = eow.run(model(horizon=90, every=30, **(QUICK if model.trained else {})), past)
    assert dict(made.sizes) == {"time": 3, "y": past.sizes["y"], "x": past.sizes["x"]}
    days = (made.time.values - past.time.values[-1].astype("datetime64[D]")) / np.timedelta64(1, "D")
    assert days.tolist() == [30, 60, 90]
    assert {"red", "nir"} <= set(made.data_vars)
    assert np.isfinite(made.nir).all()
    assert 0.05 < float(made.nir.mean()) < 0.6


def test_the_engine_gives_what_the_forecaster_gives(cube):
    """Dates as asked for, and the same numbers as the series model on one pixel."""
    past = cube.sel(time=slice(None, "2019-12-31"))
    made = eow.run("forecast-harmonic", past, dates="2020-02-01 2020-06-01", terms=1)
    pixel = past.isel(y=5, x=7)
    values = torch.from_numpy(np.array(pixel.nir.values, "float32")).reshape(1, -1, 1)
    seen = torch.from_numpy((pixel.valid & ~pixel.clouds).values).reshape(1, -1, 1)
    asked, days = (t.values.astype("datetime64[s]").astype(float) / 86_400 for t in (made.time, past.time))
    alone = get_model("forecast-harmonic", terms=1).forecast(
        values, torch.from_numpy(days), seen, torch.from_numpy(asked)
    )
    # One Huber weight serves all bands in neither: bands are series of their own.
    np.testing.assert_allclose(made.nir.isel(y=5, x=7), alone.flatten(), atol=2e-4)


def test_pixels_never_seen_stay_empty(make_cube):
    cube = make_cube(dates=30, height=6, width=6, clouds=0.0)
    cube.clouds[:, 2, 3] = True
    made = eow.run("forecast-climatology", cube, horizon=20, every=10)
    assert np.isnan(made.nir[:, 2, 3]).all()
    assert int(np.isfinite(made.nir).sum()) == 2 * 35
    cube.clouds[:] = True
    assert np.isnan(eow.run("forecast-climatology", cube, horizon=20, every=10).nir).all()


def test_dates_in_the_past_and_too_short_a_cube_are_refused(make_cube):
    cube = make_cube(dates=6)
    with pytest.raises(InputError, match="not after the last date"):
        eow.run("forecast-harmonic", cube, dates="2019-01-01")
    with pytest.raises(InputError, match="invalid date"):
        eow.run("forecast-harmonic", cube, dates="soon")
    with pytest.raises(InputError, match="too short to train"):
        eow.run("forecast-nlinear", cube)
    with pytest.raises(InputError, match="'terms' is 40"):
        get_model("forecast-harmonic", terms=40)


def test_what_was_fitted_is_run_and_what_was_not_learns_from_the_cube(cube):
    past = cube.sel(time=slice(None, "2019-12-31")).isel(y=slice(0, 9), x=slice(0, 8))
    model = get_model("forecast-nlinear", horizon=60, every=30, **QUICK)
    first = eow.run(model, past)
    assert not model.fitted and model.network is None
    days = torch.arange(17_000.0, 19_000.0, 15.0)
    waves = torch.stack([(days / 20).sin(), (days / 20).cos()], dim=-1).expand(40, -1, -1)
    model.fit(waves, days)
    other = eow.run(model, past)
    assert not np.allclose(first.nir, other.nir, atol=1e-3)
    assert model.network.horizon == 9
    np.testing.assert_array_equal(eow.run(model, past).nir, other.nir)


def test_a_run_learns_as_far_as_its_horizon(cube):
    """``horizon`` counts days and ``ahead`` steps."""
    past = cube.sel(time=slice(None, "2019-12-31"))
    asked = {"every": 30, "step": 15.0, "lookback": 24}
    past = past.isel(y=slice(0, 9), x=slice(0, 8))
    for horizon, ahead in ((60, 4), (3650, 12)):
        made = eow.run("forecast-nlinear", past, horizon=horizon, **{**asked, "every": 60})
        assert json.loads(made.attrs["provenance"])["parameters"]["ahead"] == ahead
    one, two = (eow.run("forecast-nlinear", past, horizon=60, **asked, **more) for more in ({}, {"ahead": 4}))
    np.testing.assert_array_equal(one.nir, two.nir)
    assert not np.array_equal(one.nir, eow.run("forecast-nlinear", past, horizon=60, ahead=2, **asked).nir)


def test_a_forecaster_of_ones_own_runs_over_a_cube(cube):
    class Mean(Forecaster):
        name = "mean-for-test"
        card = eow.Card(title="Mean", licence="Apache-2.0")

        def _predict(self, series, future):
            total = series.values.sum(1, keepdim=True) / series.seen.sum(1, keepdim=True).clamp_min(1)
            return total.expand(-1, len(future), -1)

    made = eow.run(Mean, cube, horizon=20, every=10)
    seen = cube.valid & ~cube.clouds
    np.testing.assert_allclose(made.nir[0], cube.nir.where(seen).mean("time"), atol=1e-5)
    assert eow.forecast(cube, model=Mean(), days=20).attrs["model"] == "mean-for-test"


def test_parameters_without_dates_are_refused():
    class Params:
        pass

    with pytest.raises(InputError, match=r"lacks the dates of a run: derive it from eowidgets\.models\.forecast\.When"):
        type("Dateless", (model_class("forecast-persistence"),), {"Params": Params})()


def test_names_of_the_first_release_work_with_a_warning():
    from eowidgets.models import forecast

    days = torch.arange(0.0, 900.0, 30.0)
    values = (days / 58).sin().reshape(1, -1, 1)
    with pytest.warns(DeprecationWarning, match="get_model\\('forecast-theta'\\)"):
        old = forecast.series_model("theta", terms=1)
    with pytest.warns(DeprecationWarning, match="use forecast"):
        made = old.fit(values, days).predict(values, days, None, days[-1:] + 30)
    assert torch.equal(made, get_model("forecast-theta", terms=1).forecast(values, days, None, days[-1:] + 30))
    with pytest.warns(DeprecationWarning, match="list_models"):
        assert {"theta", "patchtst"} <= set(forecast.series_models())
    with pytest.warns(DeprecationWarning):
        assert forecast.series_model("patchtst", horizon=4).steps == 4
    assert forecast.SeriesModel is Forecaster
    with pytest.raises(AttributeError, match="no attribute 'serie_model'"):
        forecast.serie_model  # noqa: B018


TRAINED = [name for name in NAMES if model_class(name).trained]
TINY = {"step": 30.0, "lookback": 12, "ahead": 3, "updates": 3, "windows": 16}


@pytest.mark.parametrize("name", TRAINED)
def test_trained_ones_keep_the_contract(name):
    """As every model does in tests/testing/test_check.py, with networks of hardly any training."""
    check_model(model_class(name)(**TINY), tiny_cube(("red", "nir"), dates=30, height=12, width=12, days=30))


@pytest.mark.parametrize("name", TRAINED)
def test_what_was_learnt_is_saved_and_comes_back(name, tmp_path):
    cube = tiny_cube(("red", "nir"), dates=30, height=9, width=9, days=30)
    model = model_class(name)(**TINY)
    days = 17_000 + torch.arange(0.0, 1500.0, 30.0)
    model.fit((torch.randn(20, 1, 2) + (days / 58).sin()[:, None]), days)
    again = eow.load(model.save(tmp_path / "m.safetensors"))
    assert again.fitted and again.params == model.params
    one, two = eow.run(model, cube), eow.run(again, cube)
    xr.testing.assert_identical(one, two)  # the hash of what was learnt, in the provenance, included
    assert "learnt_sha256" in json.loads(one.attrs["provenance"])["settings"]


def test_a_copy_keeps_what_was_learnt_if_it_still_applies():
    days = torch.arange(0.0, 1500.0, 30.0)
    for name in ("forecast-nlinear", "forecast-ensemble"):
        model = model_class(name)(**TINY).fit((days / 58).sin().reshape(1, -1, 1), days)
        same = model.with_params(horizon=60, shrink=0.2)
        assert same.fitted and same.network is model.network and same.params.shrink == 0.2
        other = model.with_params(lookback=10)
        assert not other.fitted and other.network is None
        assert other.fit((days / 58).sin().reshape(1, -1, 1), days).network.lookback == 10


def test_learning_is_a_part_of_the_job(make_cube, monkeypatch):
    """A network learns in the thread of the run, where it can be watched, and not while the run is submitted."""
    began, go, where = threading.Event(), threading.Event(), []

    def learn(self, cube):
        where.append(threading.current_thread())
        began.set()
        assert go.wait(60)

    monkeypatch.setattr(NLinearForecaster, "learn", learn)
    job = eow.submit("forecast-nlinear", make_cube(dates=40, height=6, width=6), **QUICK)
    assert began.wait(60)
    assert job.state == "running"
    job.cancel()
    go.set()
    with pytest.raises(Cancelled):
        job.result(60)
    assert where == [where[0]]
    assert where[0] is not threading.current_thread()
