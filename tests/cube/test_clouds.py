import numpy as np
import pytest

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


def test_romania_the_missed_cloud_of_september_2020_is_found_and_the_clear_cuts_are_not(romania):
    mask = robust_clouds(romania)
    day = romania.indexes["time"].get_indexer(["2020-09-03"])[0]
    assert not romania.clouds[day].all()  # the scene mask calls most of it clear: it is white (seen by eye)
    assert mask[day].mean() > 0.95
    # Summer of 2019, after the logging of spring: bright clearings that stay. Clear by eye, none of it cloud.
    for clear in ("2019-06-16", "2019-07-01", "2019-07-06"):
        day = romania.indexes["time"].get_indexer([clear])[0]
        assert (mask[day] & ~romania.clouds[day]).mean() < 0.01


def test_bouconne_seasons_are_not_clouds(bouconne):
    assert robust_clouds(bouconne).mean() < 0.005
