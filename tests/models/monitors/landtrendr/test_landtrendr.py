"""LandTrendr as a break monitor."""

import numpy as np
import pandas as pd
import pytest
from support.batches import asked, batch_of

import eowidgets as eow
from eowidgets.contract.registry import get_model
from eowidgets.errors import InputError
from eowidgets.models.monitors.landtrendr.annual import annual, season_years
from eowidgets.testing import check_model, tiny_cube

BANDS = ("red", "nir")
#: Ten years of a date every eight days; what changes does so in the winter before 2012.
DAYS = np.arange(np.datetime64("2005-01-03"), np.datetime64("2015-12-28"), 8).astype("datetime64[D]").astype(float)
CUT = float(np.datetime64("2011-12-01").astype("datetime64[D]").astype(int))
#: Whole days after which weekdays, months and leap years repeat nearly: 28 years.
CYCLE = 10_227


def forest(change=0.0, pixels=30, noise=0.015, seed=0):
    """Red and near infrared with a seasonal NDVI that changes at :data:`CUT`, (t, 2, w)."""
    rng = np.random.default_rng(seed)
    season = -0.2 * np.cos(2 * np.pi * DAYS / 365.2425)[:, None]
    v = 0.5 + season + noise * rng.standard_normal((len(DAYS), pixels))
    v[DAYS >= CUT] += change
    return np.stack([(1 - v) / 4, (1 + v) / 4], axis=1)


def run(x, usable=None, days=DAYS, **params):
    out = asked(get_model("break-landtrendr", **params), batch_of(x, days, usable, BANDS))
    return {k: v[0, ..., 0, :].numpy() for k, v in out.items()}


@pytest.mark.parametrize(("change", "direction"), [(-0.3, "loss"), (0.25, "gain")])
@pytest.mark.parametrize("composite", ["medoid", "median"])
def test_a_change_is_found_and_dated_to_the_year(change, direction, composite):
    out = run(forest(change), direction=direction, composite=composite)
    assert (out["change"][1] > 0.5).all()
    assert (out["disturbance_year"] == 2012).all()
    np.testing.assert_allclose(out["magnitude"], change, atol=0.04)
    summer = np.array(["2012-06-01", "2012-09-30"], "datetime64[D]").astype(float)
    assert ((out["break_date"] >= summer[0]) & (out["break_date"] <= summer[1])).all()
    assert (out["confirmed_date"] >= out["break_date"]).all()
    np.testing.assert_allclose(out["rate"], out["magnitude"] / out["duration"], rtol=1e-5)
    assert (out["segments"] >= 2).all()
    assert (out["rmse"] < 0.03).all()


@pytest.mark.parametrize(("change", "direction"), [(0.3, "loss"), (-0.3, "gain"), (0.0, "loss"), (0.0, "gain")])
def test_the_other_direction_and_no_change_are_not_marked(change, direction):
    out = run(forest(change), direction=direction)
    assert (out["change"][1] <= 0.5).all()
    for name in ("break_date", "confirmed_date", "magnitude", "disturbance_year", "duration", "rate"):
        assert np.isnan(out[name]).all()


def test_missing_years_never_seen_pixels_and_few_years():
    x = forest(-0.3, pixels=4)
    seen = np.ones((len(DAYS), 4), bool)
    year = DAYS.astype("datetime64[D]").astype("datetime64[Y]").astype(int) + 1970
    seen[(year == 2008) | (year == 2012), 0] = False
    seen[year > 2009, 1] = False
    seen[:, 2] = False
    out = run(x, seen)
    assert out["disturbance_year"][0] == 2013  # the first year in which it could be seen
    assert np.isnan(out["change"][:, 1:3]).all()
    assert np.isnan(out["rmse"][1:3]).all()
    assert out["disturbance_year"][3] == 2012


def test_changes_within_the_history_are_not_reported():
    x = forest(-0.3)
    assert (run(x, history=8.5)["change"][1] <= 0.5).all()
    assert (run(x, history=6.0)["change"][1] > 0.5).all()


def test_slight_changes_are_left_out():
    x = forest(-0.07, noise=0.005)
    assert (run(x)["change"][1] <= 0.5).all()
    assert (run(x, smallest=0.04)["change"][1] > 0.5).all()


def test_time_may_be_shifted_and_reflectance_scaled():
    x = forest(-0.3)
    one, later, bright = run(x), run(x, days=DAYS + CYCLE), run(1.7 * x)
    np.testing.assert_array_equal(later["break_date"] - one["break_date"], CYCLE)
    np.testing.assert_array_equal(later["disturbance_year"] - one["disturbance_year"], 28)
    for name in ("magnitude", "rmse", "segments"):
        np.testing.assert_allclose(one[name], later[name], atol=1e-5)
        np.testing.assert_allclose(one[name], bright[name], atol=1e-5)


def test_seasons_over_the_new_year_belong_to_the_year_they_begin_in():
    days = np.array(["2009-11-30", "2009-12-01", "2010-01-15", "2010-02-28", "2010-12-24"], "datetime64[D]").astype(
        float
    )
    assert season_years(days, 12).tolist() == [2008, 2009, 2009, 2009, 2010]
    assert season_years(days, 1).tolist() == [2009, 2009, 2010, 2010, 2010]


def test_a_medoid_is_an_observation_and_ties_take_the_earliest():
    import torch

    days = torch.tensor([100.0, 110, 120, 130, 500])
    values = torch.tensor([[0.1, 0.4, 0.9, 0.8, 0.3], [0.1, 0.2, 9.0, 9.0, 0.3]])
    usable = torch.tensor([[True, True, True, False, True], [True, True, False, False, False]])
    found = annual(values, usable, days, 1, "medoid")
    assert found.years.tolist() == [1970, 1971]
    torch.testing.assert_close(found.values, torch.tensor([[0.4, 0.3], [0.1, 0.0]], dtype=torch.float64))
    assert found.days.tolist() == [[110, 500], [100, 0]]
    assert found.seen.tolist() == [[True, True], [True, False]]
    middle = annual(values, usable, days, 1, "median")
    torch.testing.assert_close(middle.values[:, 0], torch.tensor([0.4, 0.15], dtype=torch.float64))


def long_cube(years):
    return tiny_cube(BANDS, dates=15 * years, height=24, width=24, days=24)


def test_it_keeps_the_contract():
    check_model("break-landtrendr", long_cube(8))


def test_change_of_a_cube_and_its_record():
    cube = long_cube(18)
    half = (cube.time >= np.datetime64("2028-01-01")) & (cube.x < cube.x[12])
    cube["nir"] = cube.nir.where(~half, cube.nir * 0.25)
    found = eow.change(cube, "break-landtrendr")
    assert (found.change[:, :12] == 1).mean() > 0.8
    assert (found.change[:, 12:] == 1).mean() < 0.1
    year = pd.DatetimeIndex(found.date.values[:, :12].ravel()).year
    assert (year == 2028).mean() > 0.8
    assert "break-landtrendr" in found.attrs["provenance"]


def test_a_short_series_is_refused_in_one_sentence():
    with pytest.raises(InputError, match="lie in 3 years, but 'break-landtrendr' needs 6"):
        eow.run("break-landtrendr", tiny_cube(BANDS, dates=40, days=24))
