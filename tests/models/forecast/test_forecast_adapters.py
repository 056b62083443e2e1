"""Forecasters over cubes, through the engine."""

import numpy as np
import pytest

import eowidgets as eow
from eowidgets.contract.registry import model_class
from eowidgets.contract.task import Task
from eowidgets.errors import InputError
from eowidgets.models.forecast import adapters
from eowidgets.models.forecast.fracast import FracastForecaster

NAMES = ("persistence", "seasonal-naive", "climatology", "harmonic", "theta", "nlinear")


@pytest.fixture(scope="module")
def cube():
    whole = eow.open("romania")
    return whole[["red", "nir", "valid", "clouds"]].isel(y=slice(0, 24), x=slice(0, 20))


@pytest.mark.parametrize("name", NAMES)
def test_a_cube_is_forecast(name, cube):
    past = cube.sel(time=slice(None, "2019-12-31"))
    params = {"step": 15.0, "lookback": 24} if name == "nlinear" else {}
    made = eow.run(f"forecast-{name}", past, horizon=90, every=30, **params)
    assert dict(made.sizes) == {"time": 3, "y": 24, "x": 20}
    days = (made.time.values - past.time.values[-1].astype("datetime64[D]")) / np.timedelta64(1, "D")
    assert days.tolist() == [30, 60, 90]
    assert {"red", "nir"} <= set(made.data_vars)
    assert np.isfinite(made.nir).all()
    assert 0.05 < float(made.nir.mean()) < 0.6
    assert model_class(f"forecast-{name}").task is Task.FORECAST


def test_the_engine_gives_what_the_forecaster_gives(cube):
    """Dates as asked for, and the same numbers as the series model on one pixel."""
    import torch

    from eowidgets.models.forecast.base import series_model

    past = cube.sel(time=slice(None, "2019-12-31"))
    made = eow.run("forecast-harmonic", past, dates="2020-02-01 2020-06-01", terms=1)
    pixel = past.isel(y=5, x=7)
    values = torch.from_numpy(np.array(pixel.nir.values, "float32")).reshape(1, -1, 1)
    seen = torch.from_numpy((pixel.valid & ~pixel.clouds).values).reshape(1, -1, 1)
    asked, days = (t.values.astype("datetime64[s]").astype(float) / 86_400 for t in (made.time, past.time))
    alone = series_model("harmonic", terms=1).predict(values, torch.from_numpy(days), seen, torch.from_numpy(asked))
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
    with pytest.raises(InputError, match="no date"):
        eow.run("forecast-harmonic", cube, dates="soon")
    with pytest.raises(InputError, match="too few to learn"):
        eow.run("forecast-nlinear", cube)
    with pytest.raises(InputError, match="'terms' is 40"):
        adapters.ForecastHarmonic(terms=40)


def test_fracast_needs_its_package_and_says_so(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "fracast", None)
    with pytest.raises(eow.errors.MissingExtraError, match=r"eowidgets\[hub\]"):
        FracastForecaster()
