"""Forecasts by models of whole images: a stub whose answer is known, and UniTS without training."""

import json

import numpy as np
import pytest
import torch

import eowidgets as eow
from eowidgets.analysis.forecast.forecast import forecast, hindcast
from eowidgets.analysis.forecast.names import forecasters
from eowidgets.contract import registry
from eowidgets.contract.card import Card
from eowidgets.contract.model import Model
from eowidgets.contract.outputs import Bands
from eowidgets.contract.registry import model_class
from eowidgets.contract.task import Task
from eowidgets.errors import InputError, ModelError
from eowidgets.models.forecast.statistical.smoothing import Theta
from eowidgets.models.units.config import UniTSConfig
from eowidgets.models.units.forecast import UniTSForecast, climatology
from eowidgets.models.units.network import UniTS

PLACE = (22.1535, 45.2050)
FIELD = (22.1520, 45.2040, 22.1540, 45.2060)


class LastImage(Model):
    """The last clear value of every pixel and band, darker by a thousandth for every day ahead."""

    name = "last-image"
    task = Task.FORECAST
    card = Card(title="Last image", summary="The last clear value.", licence="Apache-2.0")

    def outputs(self, bands):
        return (Bands("bands", dims="tyx", unit="1"),)

    def predict(self, batch):
        known = torch.where(batch.usable, torch.arange(batch.x.shape[1])[:, None, None], -1).amax(1)  # b h w
        index = known.clamp_min(0)[:, None, None].expand(-1, 1, batch.x.shape[2], -1, -1)
        ahead = 1 - (batch.out_days - batch.days[-1]) / 1000
        return {"bands": batch.x.gather(1, index) * ahead[:, None, None, None].float()}


@pytest.fixture
def small(romania):
    return romania[["red", "nir", "valid", "clouds"]].isel(x=slice(40, 80), y=slice(30, 66))


def last_clear(cube, band):
    """(y, x)"""
    seen = (cube.valid & ~cube.clouds).values
    values, out = cube[band].values, np.full(seen.shape[1:], np.nan)
    for image, clear in zip(values, seen, strict=True):
        out[clear] = image[clear]
    return out


def test_every_pixel_gets_its_own_forecast(small):
    cube = small.isel(time=slice(0, 110))
    made = forecast(cube, bands=["nir"], model=LastImage(), days=60, every=30)
    expected = last_clear(cube, "nir")
    for day, image in zip((30, 60), made.nir.values, strict=True):
        np.testing.assert_allclose(image, expected * (1 - day / 1000), rtol=2e-3)
    assert bool((made.nir_lo80 < made.nir).all() and (made.nir < made.nir_hi80).all())
    assert made.attrs["model"] == "last-image"
    assert list(made.forecaster.values) == ["last-image", "persistence", "climatology"]
    assert len(made.attrs["windows"].split()) == 6
    # In the hold-out windows, too, it is the last value but for the darkening.
    assert abs(float(made.nir_mae[0] - made.nir_mae[1])) < 0.01


def test_pixel_area_and_index_agree_with_the_images(small):
    cube = small.isel(time=slice(0, 110))
    images = forecast(cube, model=LastImage(), days=30, every=30)
    point = forecast(cube, model=LastImage(), days=30, every=30, area=PLACE)
    there = images.ndvi.sel(x=float(point.x), y=float(point.y))
    np.testing.assert_allclose(point.ndvi, there, atol=1e-6)
    field = forecast(cube, model=LastImage(), days=30, every=30, area=FIELD)
    mean = forecast(cube, model=LastImage(), days=30, every=30, area=FIELD, mean=True)
    np.testing.assert_allclose(mean.ndvi, field.ndvi.mean(("y", "x")), atol=1e-6)


def test_nothing_after_the_day_is_seen(small):
    changed = small.copy(deep=True)
    later = changed.time.values > np.datetime64("2019-06-01")
    changed.nir.values[later] = 0.01
    a, b = (forecast(c, model=LastImage(), days=40, from_date="2019-06-01") for c in (small, changed))
    for name in a.data_vars:
        np.testing.assert_array_equal(a[name], b[name], err_msg=str(name))


def test_units_without_training_gives_its_mean_season(small):
    model = UniTSForecast(UniTS(UniTSConfig(width=32, depth=1, heads=2, acor_hidden=8, refine=4)).eval())
    cube = small.isel(time=slice(90, 140), x=slice(0, 32), y=slice(0, 32))
    made = hindcast(cube, "2020-09-01", bands=["nir"], model=model, days=60)
    past = cube.isel(time=cube.time.values <= np.datetime64("2020-09-02"))
    seen = torch.from_numpy((past.valid & ~past.clouds).values)[None]
    x = np.stack([np.where(seen[0], past[band].values, 0) for band in ("red", "nir")], axis=1).astype("float32")
    days = torch.from_numpy(past.time.values.astype("datetime64[s]").astype(float) / 86_400)[None]
    ahead = torch.from_numpy(made.time.values.astype("datetime64[s]").astype(float) / 86_400)[None]
    expected = climatology(torch.from_numpy(x)[None], seen, days, ahead)[0, :, 1].numpy()
    known = seen[0].sum(0).numpy() >= 3
    np.testing.assert_allclose(made.nir.values[:, known], expected[:, known], atol=2e-3)


def test_by_name_once_it_is_registered(small, monkeypatch):
    with pytest.raises(InputError, match="'last-image'"):
        forecast(small, model="last-image")
    monkeypatch.setitem(registry._registered, "last-image", LastImage)
    assert forecasters()["last-image"] is LastImage
    assert not any(name.startswith("forecast-") for name in forecasters())  # those of series are there already
    made = forecast(small.isel(time=slice(60, 110)), model="last-image", days=30, area=PLACE)
    assert bool(np.isfinite(made.ndvi).all())


def test_what_is_no_forecaster_is_refused(small):
    with pytest.raises(InputError, match="does not forecast: its task is 'reconstruct'"):
        forecast(small, model=registry.get_model("fill-linear"), area=PLACE)

    class Silent(LastImage):
        def predict(self, batch):
            return {"bands": super().predict(batch)["bands"] * torch.nan}

    with pytest.raises(ModelError, match="returned no finite value"):
        forecast(small.isel(time=slice(0, 30)), model=Silent(), days=30, area=PLACE)


def test_short_and_registered_names_are_one_model(small):
    asked = {"days": 30, "every": 30, "area": PLACE}
    short, full = (forecast(small, model=name, **asked) for name in ("theta", "forecast-theta"))
    assert short.identical(full.assign_attrs(provenance=short.attrs["provenance"]))
    assert short.attrs["model"] == "theta" and short.attrs["provenance"] == full.attrs["provenance"]
    by_class, by_instance = (forecast(small, model=m, **asked) for m in (Theta, Theta()))
    assert by_class.identical(short) and by_instance.identical(short)
    with pytest.raises(InputError, match="no forecaster named 'thetta'. Did you mean 'theta'"):
        forecast(small, model="thetta")
    with pytest.raises(InputError, match="no forecaster named 'forecast-thetta'. Did you mean 'forecast-theta'"):
        forecast(small, model="forecast-thetta")


def test_parameters_of_runs_are_refused_and_the_older_name_of_steps_works(small):
    with pytest.raises(
        InputError, match="'horizon' applies to runs only: give the dates of a forecast by days and every"
    ):
        forecast(small, model="theta", horizon=90)
    with pytest.raises(InputError, match="'dates' applies to runs only"):
        forecast(small, model="nlinear", dates="2021-05-01")
    asked = {"model": "nlinear", "days": 60, "every": 30, "area": FIELD, "mean": True, "step": 15.0, "lookback": 12}
    old, new = (forecast(small, **asked, **{name: 4}) for name in ("horizon", "ahead"))
    assert old.identical(new)
    assert json.loads(new.attrs["provenance"])["parameters"].keys().isdisjoint(("dates", "horizon", "every"))


def test_the_users_own_instance_stays_as_it_was(small):
    model = model_class("forecast-ensemble")(step=15.0, lookback=12)
    forecast(small, model=model, days=30, area=FIELD, mean=True)
    assert not model.fitted and model.network is None


def test_images_are_made_again_with_the_same_dates(small):
    """Parameters of a run, such as its own dates, are not passed on."""
    model = UniTSForecast(UniTS(UniTSConfig(width=32, depth=1, heads=2, acor_hidden=8, refine=4)).eval(), every=7)
    cube = small.isel(time=slice(90, 140))
    made = forecast(cube, model=model, days=40, every=20, area=PLACE)
    assert made.sizes["time"] == 2
    assert eow.rerun(made, cube, model=model).identical
