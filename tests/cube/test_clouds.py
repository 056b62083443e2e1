import numpy as np
import pytest
import xarray as xr

import eowidgets as eow
from eowidgets.cube import clouds
from eowidgets.cube.clouds import robust_clouds


@pytest.fixture
def calm(make_cube):
    """Thirty quiet dates: a little noise and a season, no cloud."""
    cube = make_cube(dates=30, height=20, width=20, bands=("blue", "nir"), clouds=0.0)
    rng = np.random.default_rng(1)
    season = 0.1 * np.sin(np.arange(30) / 30 * 4 * np.pi)[:, None, None]
    cube["blue"][:] = 0.04 + 0.002 * rng.standard_normal((30, 20, 20))
    cube["nir"][:] = 0.30 + season + 0.005 * rng.standard_normal((30, 20, 20))
    return cube


def test_calm_series_stays_clear(calm):
    assert robust_clouds(calm).mean() < 0.001


def test_fleeting_brightening_is_cloud(calm):
    calm["blue"][12, 5:12, 5:12] += 0.2
    mask = robust_clouds(calm).values
    assert mask[12, 5:12, 5:12].all()
    assert mask.sum() == mask[12].sum()  # no other date


def test_fleeting_darkening_is_shadow(calm):
    calm["nir"][12, 5:12, 5:12] -= 0.2
    assert robust_clouds(calm).values[12, 5:12, 5:12].all()


def test_lasting_brightening_is_change_not_cloud(calm):
    calm["blue"][15:, 5:12, 5:12] += 0.1
    calm["nir"][15:, 5:12, 5:12] -= 0.15
    assert robust_clouds(calm).values[:, 5:12, 5:12].mean() < 0.01


def test_two_cloudy_dates_in_a_row_are_both_found(calm):
    calm["blue"][12:14, 5:12, 5:12] += 0.2
    assert robust_clouds(calm).values[12:14, 6:11, 6:11].all()


def test_scene_mask_is_kept_and_counted(calm):
    calm["clouds"][3, :4, :4] = True
    calm["blue"][12, 5:12, 5:12] += 0.2
    mask = robust_clouds(calm)
    assert mask.values[3, :4, :4].all()
    assert mask.attrs["added"] == int((mask & ~calm.clouds).sum())


def test_known_snow_is_not_cloud(calm):
    calm["scl"] = (("time", "y", "x"), np.full((30, 20, 20), 4, "uint8"), {"role": "quality"})
    calm["blue"][12] += 0.4
    calm["scl"][12] = 11
    assert not robust_clouds(calm).values[12].any()


@pytest.mark.parametrize("dates", [1, 2, 4])
def test_short_series_keep_the_scene_mask(make_cube, dates):
    cube = make_cube(dates=dates, bands=("blue", "nir"))
    assert robust_clouds(cube).equals(cube.clouds)


def test_without_scene_mask_or_blue_band(make_cube):
    cube = make_cube(dates=8, bands=("nir",)).drop_vars("clouds")
    assert not robust_clouds(cube).any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 20), (20, 2)])
def test_thin_rasters(calm, shape):
    thin = calm.isel(y=slice(0, shape[0]), x=slice(0, shape[1]))
    thin["blue"][12] += 0.3
    assert robust_clouds(thin).values[12].all()


def test_bare_soil_that_comes_and_goes_is_no_cloud(make_cube):
    cube = make_cube(dates=30, height=20, width=20, bands=("blue", "red", "nir"), clouds=0.0)
    noise = 0.002 * np.random.default_rng(1).standard_normal((30, 20, 20))
    cube["blue"][:], cube["red"][:], cube["nir"][:] = 0.04 + noise, 0.05 + noise, 0.3
    ploughed = cube.copy(deep=True)
    ploughed["blue"][12, 5:12, 5:12] += 0.05  # as much as a thin cloud
    ploughed["red"][12, 5:12, 5:12] += 0.12
    assert not robust_clouds(ploughed)[12].any()
    cloudy = cube.copy(deep=True)
    cloudy["blue"][12, 5:12, 5:12] += 0.05
    cloudy["red"][12, 5:12, 5:12] += 0.05
    assert robust_clouds(cloudy)[12, 5:12, 5:12].all()


def test_snow_is_known_by_its_shortwave_infrared(make_cube):
    cube = make_cube(dates=30, height=20, width=20, bands=("blue", "green", "nir", "swir16"), clouds=0.0)
    for band, value in {"blue": 0.04, "green": 0.06, "nir": 0.3, "swir16": 0.15}.items():
        cube[band][:] = value
    white = cube.copy(deep=True)
    for band in ("blue", "green", "nir"):
        white[band][12, 2:6, 2:12] = 0.7
    assert not robust_clouds(white)[12].any()  # dark at 1.6 µm: snow
    white["swir16"][12, 2:6, 2:12] = 0.5
    assert robust_clouds(white)[12, 2:6, 2:12].all()


def test_the_end_of_a_season_is_no_shadow(make_cube):
    # Leaves fall, then nothing is seen all winter: the last green dates have no neighbours after them.
    cube = make_cube(dates=12, height=20, width=20, bands=("blue", "nir"), clouds=0.0)
    cube["blue"][:] = 0.04
    cube["nir"][:] = np.array([0.3, 0.3, 0.3, 0.3, 0.3, 0.18, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3])[:, None, None]
    days = np.array([0, 5, 10, 15, 20, 30, 190, 195, 200, 205, 210, 215])
    cube = cube.assign_coords(time=np.datetime64("2020-08-01", "ns") + days * np.timedelta64(1, "D"))
    assert not robust_clouds(cube)[5].any()
    near = cube.assign_coords(time=cube.time.values[0] + np.arange(12) * np.timedelta64(5, "D"))
    assert robust_clouds(near)[5].all()


#: Dates of the Romanian sample that look cloudless from edge to edge (by eye, on contact sheets in true colour).
CLEAR = {
    2015: "08-31",
    2016: "03-18 04-07 04-27 06-16 08-05 08-15 10-14",
    2017: "04-12 06-06 07-01 07-06 07-11 07-21 07-31 08-05 08-15 09-14 10-04 10-19",
    2018: "04-12 04-22 04-27 05-02 05-22 07-01 08-25 09-19 10-04 10-14",
    2019: "06-16 07-01 07-06 10-09 10-14 10-19",
    2020: "04-06 04-16 05-11 05-16 06-30 07-05 07-10 08-04 08-29 10-03 11-07",
}
#: White, and dark at 1.6 µm: snow.
SNOW = {2017: "01-02 12-08", 2018: "02-06 02-16 03-28", 2019: "02-16", 2020: "02-01 03-27 11-22"}
#: Where a cloud or its shadow can be seen that the scene mask calls clear: date, rows, columns, least share found.
MISSED = [
    ("2018-08-15", slice(30, 48), slice(20, 90), 0.95),  # band of cloud
    ("2018-07-21", slice(50, 60), slice(20, 28), 0.9),  # small cloud
    ("2019-07-11", slice(42, 55), slice(55, 80), 0.9),
    ("2019-09-04", slice(50, 95), slice(10, 90), 0.95),  # haze
    ("2020-09-03", slice(5, 95), slice(5, 95), 0.95),
    ("2016-05-27", slice(25, 55), slice(25, 70), 0.7),  # shadow
    ("2018-08-05", slice(70, 95), slice(60, 85), 0.95),  # shadow
]


def test_romania_as_seen_by_eye(romania):
    mask = robust_clouds(romania)
    added = (mask & ~romania.clouds).mean(("y", "x"))

    def on(dates):
        return added.sel(time=[f"{year}-{day}" for year, days in dates.items() for day in days.split()])

    # Among the clear dates is every summer after the logging of spring: bright clearings that stay.
    assert float(on(CLEAR).max()) < 0.02
    assert float(on(CLEAR).mean()) < 0.001
    assert float(on(SNOW).max()) == 0
    for day, rows, columns, least in MISSED:
        i = romania.indexes["time"].get_loc(day)
        assert romania.clouds[i, rows, columns].mean() < 0.5, day
        assert mask[i, rows, columns].mean() >= least, day


def test_bouconne_seasons_are_not_clouds(bouconne):
    assert robust_clouds(bouconne).mean() < 0.005


def alternating(make_cube, dates=24):
    """Blue at 0.03 and 0.05 in turn: twice the noise is 0.10, and the second lowest neighbour has 0.03."""
    cube = make_cube(dates=dates, height=20, width=20, bands=("blue",), clouds=0.0)
    cube["blue"][:] = np.where(np.arange(dates) % 2, 0.05, 0.03)[:, None, None]
    return cube


@pytest.mark.parametrize("date", [0, -1])
def test_with_neighbours_on_one_side_only_a_cloud_must_be_twice_as_bright(make_cube, date):
    block = slice(5, 13)
    for rise, first_or_last, between in ((0.08, False, False), (0.15, False, True), (0.25, True, True)):
        cube = alternating(make_cube)
        cube["blue"][date, block, block] = 0.03 + rise
        assert robust_clouds(cube).values[date, block, block].all() == first_or_last
        cube = alternating(make_cube)
        cube["blue"][11, block, block] = 0.03 + rise
        assert robust_clouds(cube).values[11, block, block].all() == between


@pytest.mark.parametrize(
    ("ndsi", "nir", "snow"), [(0.37, 0.5, False), (0.43, 0.5, True), (0.43, 0.105, False), (0.43, 0.115, True)]
)
def test_snow_needs_an_index_above_0_4_and_infrared_above_0_11(make_cube, ndsi, nir, snow):
    """A white patch of one date is a cloud, unless it is snow."""
    cube = make_cube(dates=20, height=20, width=20, bands=("blue", "green", "nir", "swir16"), clouds=0.0)
    for band, value in {"blue": 0.04, "green": 0.06, "nir": 0.2, "swir16": 0.15}.items():
        cube[band][:] = value
    for band, value in {"blue": 0.5, "green": 0.4, "nir": nir, "swir16": 0.4 * (1 - ndsi) / (1 + ndsi)}.items():
        cube[band][12, 2:6, 2:8] = value
    assert robust_clouds(cube)[12, 3:5, 3:7].values.any() != snow


def test_a_method_of_another_package_is_used_by_open(monkeypatch):
    monkeypatch.setattr(clouds, "_METHODS", dict(clouds._METHODS))
    clouds.add_cloud_method("units", lambda cube: xr.ones_like(cube["valid"]))
    opened = eow.open("bouconne", clouds="units", bands=["red"])
    assert bool(opened["clouds"].all()) and "red" in opened
    assert clouds.cloud_method("mask") is None and clouds.cloud_method(None) is None
