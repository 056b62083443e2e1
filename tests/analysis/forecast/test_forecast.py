import json

import numpy as np
import pandas as pd
import pytest

from eowidgets.analysis.forecast.forecast import forecast, hindcast
from eowidgets.analysis.forecast.names import forecasters
from eowidgets.errors import InputError
from eowidgets.models.forecast.base import Forecaster

PLACE = (22.1515, 45.2029)
FIELD = (22.146, 45.201, 22.150, 45.204)
YEAR = 365.2425
#: Chronos is not among them: it fetches its weights.
OF_SERIES = sorted(n for n, m in forecasters().items() if issubclass(m, Forecaster) and n != "chronos")


@pytest.fixture
def seasons(make_cube):
    """Six years of clear skies every 16 days: NDVI is a yearly wave and a little noise."""

    def make(dates=137, noise=0.02, seed=0, **kwargs):
        cube = make_cube(dates=dates, clouds=0.1, seed=seed, **kwargs)
        times = pd.date_range("2014-01-01", periods=dates, freq="16D").astype("datetime64[ns]")
        cube = cube.assign_coords(time=times)
        phase = 2 * np.pi * (times - times[0]).days.to_numpy() / YEAR
        ndvi = (0.5 + 0.3 * np.sin(phase))[:, None, None]
        ndvi = ndvi + noise * np.random.default_rng(seed).standard_normal(cube.red.shape)
        cube["red"] = cube.red.dims, np.full(cube.red.shape, 0.1, "float32")
        cube["nir"] = cube.red.dims, (0.1 * (1 + ndvi) / (1 - ndvi)).astype("float32")
        return cube

    return make


def same(a, b):
    assert list(a.data_vars) == list(b.data_vars)
    for name in a.data_vars:
        np.testing.assert_array_equal(a[name].values, b[name].values, err_msg=str(name))


def test_pixels_follow_the_season(seasons):
    made = forecast(seasons(), days=120, every=20)
    assert made.ndvi.dims == ("time", "y", "x")
    assert made.lead.values.tolist() == [20, 40, 60, 80, 100, 120]
    phase = 2 * np.pi * (made.time.values - np.datetime64("2014-01-01")) / np.timedelta64(1, "D") / YEAR
    expected = 0.5 + 0.3 * np.sin(phase)
    assert np.abs(made.ndvi - expected[:, None, None]).max() < 0.03
    assert bool((made.ndvi_lo95 <= made.ndvi_lo80).all() and (made.ndvi_hi80 <= made.ndvi_hi95).all())
    harmonic, persistence, climatology = made.ndvi_mae.values
    assert harmonic < climatology < persistence
    np.testing.assert_allclose(made.ndvi_coverage, [0.5, 0.8, 0.95], atol=0.06)
    assert made.attrs["notes"] == ""


def test_intervals_cover_what_came(seasons):
    cube = seasons(noise=0.05)
    made = hindcast(cube, "2018-12-01", days=300)
    seen = made.ndvi_observed.notnull()
    inside = (made.ndvi_lo80 <= made.ndvi_observed) & (made.ndvi_observed <= made.ndvi_hi80)
    assert 0.74 < float(inside.where(seen).mean()) < 0.86


@pytest.mark.parametrize("clouds", ["mask", "robust"])
@pytest.mark.parametrize("model", ["harmonic", "seasonal-naive"])
def test_nothing_after_the_cut_is_seen(romania, model, clouds):
    small = romania.isel(y=slice(0, 12), x=slice(0, 12))
    other = small.copy(deep=True)
    after = small.time.values > np.datetime64("2019-06-30T23:59")
    rng = np.random.default_rng(1)
    for band in small.eow.bands:
        other[band].values[after] = rng.random(other[band].values[after].shape)
    other.clouds.values[after] = ~other.clouds.values[after]
    other["valid"].values[after] = rng.random(other["valid"].values[after].shape) > 0.3
    options = {"days": 90, "model": model, "clouds": clouds, "from_date": "2019-06-30"}
    made = forecast(small, **options)
    same(made, forecast(other, **options))
    assert made.attrs == forecast(other, **options).attrs
    # A cube that ends there gives the same as well: the future is not looked at, not even for its length.
    same(made, forecast(small.isel(time=~after), **options))
    options["from_date"] = "2019-06-01"
    assert not np.array_equal(made.ndvi, forecast(small, **options).ndvi)
    past = hindcast(small, "2019-06-30", days=90, model=model, clouds=clouds)
    same_dates = hindcast(other, "2019-06-30", days=90, model=model, clouds=clouds)
    for name in set(past.data_vars) - {"ndvi_observed"}:
        np.testing.assert_array_equal(past[name], same_dates[name])


@pytest.mark.parametrize("model", OF_SERIES)
def test_no_forecaster_sees_the_future_of_a_cube(romania, model):
    """Every one of them, learning and calibration included; Chronos is left out because it fetches its weights."""
    small = romania.isel(time=slice(0, None, 3), y=slice(0, 2), x=slice(0, 2))
    quick = {"step": 15.0, "lookback": 12, "horizon": 6, "updates": 2, "batch": 8}
    options = {"model": model, "days": 90, "from_date": "2019-06-30"} | (quick if forecasters()[model].trained else {})
    made = forecast(small, **options)
    other, earlier = small.copy(deep=True), small.copy(deep=True)
    late = small.time.values > np.datetime64("2019-06-30T23:59")
    for band in small.eow.bands:
        other[band].values[late] = np.random.default_rng(1).random(other[band].values[late].shape)
        earlier[band].values[~late] = np.random.default_rng(1).random(other[band].values[~late].shape)
    other.clouds.values[late] = ~other.clouds.values[late]
    same(made, forecast(other, **options))
    assert not np.array_equal(made.ndvi, forecast(earlier, **options).ndvi, equal_nan=True)


def test_a_point_is_the_pixel(romania):
    small = romania.eow.clip(FIELD)
    whole = forecast(small, days=60, every=30, model="climatology")
    point = forecast(small, area=(22.148, 45.2025), days=60, every=30, model="climatology")
    assert point.ndvi.dims == ("time",)
    np.testing.assert_allclose(point.ndvi, whole.ndvi.sel(x=point.x, y=point.y), rtol=1e-5)


def test_mean_over_an_area(romania):
    made = forecast(romania, area=FIELD, mean=True, days=60, every=30)
    assert made.ndvi.dims == ("time",)
    assert json.loads(made.attrs["provenance"])["place"] == "area"
    part = forecast(romania, area=FIELD, days=60, every=30)
    assert part.sizes["x"] < romania.sizes["x"]


def test_bands_in_place_of_an_index(romania):
    made = forecast(romania, bands=("red", "nir"), area=PLACE, days=60, every=30, levels=(0.9,))
    assert {"red", "red_lo90", "red_hi90", "nir", "red_mae", "nir_mae"} <= set(made.data_vars)
    assert float(made.red_lo90.min()) >= 0
    assert "ndvi" not in made


def test_hindcast_stands_beside_what_was_seen(romania):
    made = hindcast(romania, "2019-05-01", area=PLACE, days=120)
    column = romania.eow.at(*PLACE).sel(time=made.time, method="nearest")
    expected = ((column.nir - column.red) / (column.nir + column.red)).where(~column.clouds)
    np.testing.assert_allclose(made.ndvi_observed, expected, rtol=1e-5)
    assert made.lead.values.min() >= 1
    assert made.lead.values.max() <= 120


def test_uncalibrated_intervals_are_normal(seasons):
    made = forecast(seasons(noise=0.05), days=60, calibrate=False)
    np.testing.assert_allclose(made.ndvi_hi80 - made.ndvi, made.ndvi - made.ndvi_lo80, atol=1e-5)
    ratio = (made.ndvi_hi95 - made.ndvi) / (made.ndvi_hi80 - made.ndvi)
    np.testing.assert_allclose(ratio, 1.959964 / 1.281552, rtol=1e-3)
    assert json.loads(made.attrs["provenance"])["intervals"] == "normal"


def test_the_same_twice_and_in_strips(seasons, monkeypatch):
    cube = seasons(height=9)
    once = forecast(cube, days=60)
    same(once, forecast(cube, days=60))
    monkeypatch.setattr("eowidgets.analysis.history.AT_ONCE", 1)
    monkeypatch.setattr("eowidgets.analysis.forecast.forecaster.CHUNK", 5)
    again = forecast(cube, days=60)
    np.testing.assert_allclose(again.ndvi, once.ndvi, atol=1e-5)
    np.testing.assert_allclose(again.ndvi_lo80, once.ndvi_lo80, atol=1e-5)


def test_provenance(romania):
    notes = json.loads(forecast(romania, area=PLACE, days=30, model="harmonic", terms=1).attrs["provenance"])
    assert notes["model"] == "harmonic"
    assert notes["parameters"]["terms"] == 1
    assert notes["input"]["opened"] == "romania"
    assert notes["forecast_from"] == "2021-01-01"
    assert notes["area"] == list(PLACE)


def test_cubes_of_any_quantity(romania):
    """Kelvins, decibels and counts: the same forecast as of the numbers, in their own unit."""
    small = romania.isel(y=slice(0, 8), x=slice(0, 8))
    masks = small[["valid", "clouds"]]
    made = {}
    for name, quantity, unit, size, zero in (
        ("lst", "temperature", "K", 40.0, 280.0),
        ("vv", "backscatter_db", "dB", 20.0, -20.0),
        ("count", "unknown", "1", 1000.0, 0.0),
    ):
        band = (zero + size * small.nir).assign_attrs(quantity=quantity, units=unit, role="band")
        found = forecast(masks.assign({name: band.astype("float32")}), days=60, every=30)
        assert found[name].attrs["units"] == unit
        made[name] = (found[name].values - zero) / size
        assert float(np.isfinite(found[f"{name}_lo80"]).mean()) == 1
        assert float(found[f"{name}_rmse"][0]) / size == pytest.approx(0.08, abs=0.06)
    np.testing.assert_allclose(made["lst"], made["count"], atol=2e-3)
    np.testing.assert_allclose(made["vv"], made["count"], atol=2e-3)


def test_without_ndvi_the_only_band_is_forecast(romania):
    small = romania.isel(y=slice(0, 4), x=slice(0, 4))
    ndmi = small.eow.index("NDMI").astype("float32").assign_attrs(role="band", quantity="index")
    made = forecast(small[["valid", "clouds"]].assign(ndmi=ndmi), days=30)
    assert "ndmi_lo80" in made
    with pytest.raises(InputError, match="no NDVI, but 2 bands"):
        forecast(small[["valid", "clouds", "green"]].assign(ndmi=ndmi), days=30)


def test_offsets_of_pandas(romania):
    made = forecast(romania, area=PLACE, days="3MS", every="1W")
    assert made.lead.values[-1] <= 92
    assert set(np.diff(made.lead)) == {7}


# --- bad input ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"days": 0}, "days is not possible: give whole days, at least 1"),
        ({"days": -5}, "days is not possible: give whole days, at least 1"),
        ({"days": 2.5}, "give whole days"),
        ({"days": "soon"}, "an offset of pandas such as"),
        ({"days": 4000}, "is too long: give at most"),
        ({"days": 400, "from_date": "2014-06-01"}, "longer than the record"),
        ({"every": 0}, "not possible within 60 days"),
        ({"every": float("nan")}, "every of forecast is nan: give a number of days"),
        ({"days": float("inf")}, "days of forecast is inf: give a number of days"),
        ({"every": 1000}, "not possible"),
        ({"model": "harmonics"}, "Did you mean 'harmonic'"),
        ({"terms": 99, "model": "harmonic"}, "terms"),
        ({"terms": 1}, "name the model as well"),
        ({"season": "moon"}, "season 'moon' is not known"),
        ({"index": "ndvv"}, "no index named"),
        ({"index": ""}, "nothing to forecast"),
        ({"bands": ["blue"]}, "no band named"),
        ({"levels": (0.5, 1.5)}, "above 0 and below 1"),
        ({"levels": ()}, "between 0 and 1"),
        ({"from_date": "yesterday"}, "give a date such as"),
        ({"from_date": "2030-01-01"}, "outside the record"),
        ({"from_date": "2013-01-01"}, "outside the record"),
        ({"area": (0, 0)}, "outside the cube"),
        ({"area": (0, 0, 1, 1)}, "does not touch"),
        ({"clouds": "none"}, "give 'mask' or 'robust'"),
    ],
)
def test_refusals(seasons, change, message):
    with pytest.raises(InputError, match=message):
        forecast(seasons(height=3, width=3), **{"days": 60} | change)


@pytest.mark.parametrize("count", [1, 2])
def test_one_or_two_dates_are_too_few(seasons, count):
    with pytest.raises(InputError, match=f"on {count} date"):
        forecast(seasons().isel(time=slice(count)).assign(clouds=lambda c: c.clouds & False), days=1, every=1)


def test_never_seen(seasons):
    cube = seasons()
    with pytest.raises(InputError, match="on 0 dates"):
        forecast(cube.assign(clouds=cube.clouds | True), days=60)
    cube["clouds"].values[:, 2, 3] = True
    made = forecast(cube, days=60)
    assert np.isnan(made.ndvi.values[:, 2, 3]).all()
    assert int(made.ndvi.isnull().sum()) == made.sizes["time"]
    assert "1 pixels were observed on fewer than 3 dates" in made.attrs["notes"]


def test_all_nan_is_refused(seasons):
    cube = seasons()
    cube["nir"].values[:] = np.nan
    with pytest.raises(InputError, match="on 0 dates"):
        forecast(cube, days=60)


def test_constant(seasons):
    cube = seasons()
    cube["nir"].values[:] = 0.3
    made = forecast(cube, days=60)
    np.testing.assert_allclose(made.ndvi, 0.5, atol=1e-3)
    assert float((made.ndvi_hi95 - made.ndvi_lo95).max()) < 0.02
    assert np.isfinite(made.ndvi_lo95).all()


def test_dates_twice_or_in_no_order(seasons):
    cube = seasons()
    mixed = cube.isel(time=np.random.default_rng(0).permutation(cube.sizes["time"]))
    same(forecast(mixed, days=60), forecast(cube, days=60))
    twice = cube.isel(time=[0, 1, 1, 2, 3, 4, 5, 6])
    with pytest.raises(InputError, match="more than once"):
        forecast(twice, days=30)


def test_a_gap_of_a_year_is_told(seasons):
    cube = seasons()
    gap = (cube.time < np.datetime64("2016-01-01")) | (cube.time > np.datetime64("2017-03-01"))
    made = forecast(cube.isel(time=gap.values), days=60)
    assert np.isfinite(made.ndvi).all()
    assert "gap of" in made.attrs["notes"]
    silent = forecast(cube, days=60, from_date=str(cube.time.values[-1])[:10])
    same(silent, forecast(cube, days=60))


def test_a_short_record_is_wide_and_says_so(seasons):
    cube = seasons().isel(time=slice(4))
    made = forecast(cube.isel(y=[0], x=[0]), days=30)
    assert "less than a year" in made.attrs["notes"]
    # Four dates cannot promise 95 %: all that an NDVI can be.
    assert float(made.ndvi_hi95.max()) == 1
    assert float(made.ndvi_lo95.min()) == -1


def test_hindcast_needs_dates_to_compare_with(romania):
    with pytest.raises(InputError, match="no date in the 20 days after"):
        hindcast(romania, "2021-01-01", area=PLACE, days=20)
