"""Years that can be compared: growing season, the same days, the same brightness, and what counts as change."""

import numpy as np
import pytest
import xarray as xr

import eowidgets as eow
from eowidgets.analysis.ask import ask, levels, season, tools
from eowidgets.analysis.ask.screen import screened
from eowidgets.cube.schema import usable
from eowidgets.errors import InputError


@pytest.fixture(scope="module")
def forest():
    return eow.open("romania", clouds="robust")


@pytest.fixture(scope="module")
def everywhere(forest):
    return np.ones((forest.sizes["y"], forest.sizes["x"]), bool)


def year(cube, number):
    return cube.isel(time=cube["time"].dt.year.values == number)


def test_the_growing_season_is_that_of_the_cube(forest):
    months = season.growing_months(forest)
    assert set(months) >= {5, 6, 7, 8, 9}
    assert not set(months) & {1, 2, 3, 12}
    # Half a year later on the calendar, as south of the equator: the season moves along.
    moved = forest.assign_coords(time=forest["time"] + np.timedelta64(184, "D"))
    assert set(season.growing_months(moved)) >= {11, 12, 1, 2}


def test_a_year_needs_dates_of_its_season(forest, everywhere):
    assert season.whole_years(forest) == [2016, 2017, 2018, 2019, 2020]
    part = year(forest, 2018)
    winter = part.isel(time=~np.isin(part["time"].dt.month.values, season.growing_months(forest)))
    with pytest.raises(InputError, match="growing season"):
        season.enough_dates(forest, winter, everywhere)
    july = part.isel(time=part["time"].dt.month.values == 7)
    with pytest.raises(InputError, match="in 2 months"):
        season.enough_dates(forest, july, everywhere)


def test_pairs_lie_on_the_same_days_and_pixels(forest):
    one, two = season.paired(year(forest, 2017), year(forest, 2020))
    days = [c["time"].dt.dayofyear.values for c in (one, two)]
    assert (np.minimum(abs(days[0] - days[1]), 365 - abs(days[0] - days[1])) <= season.APART).all()
    assert (usable(one).values == usable(two).values).all()
    assert len(set(one["time"].values.tolist())) == one.sizes["time"]
    with pytest.raises(InputError, match="pairs of dates"):
        season.paired(forest.sel(time="2018-06"), forest.sel(time="2020-10"))


def test_a_darker_year_is_brought_to_the_usual_level(forest):
    found = levels.year_levels(forest)
    assert set(found) == {2016}
    assert all(1.12 < factor < 1.5 for factor in found[2016].values())
    assert levels.levelled(forest, year(forest, 2018)) is not None
    assert levels.levelled(forest, year(forest, 2018)).identical(year(forest, 2018))
    dark = forest.copy()
    for name in levels.LEVELLED:
        dark[name] = dark[name].where(dark["time"].dt.year != 2019, dark[name] * 0.7)
    assert {2016, 2019} == set(levels.year_levels(dark))
    put_back = levels.levelled(dark, year(dark, 2019))
    assert float((put_back["green"] / year(forest, 2019)["green"]).median()) == pytest.approx(1, abs=0.15)


def test_a_darker_year_invents_no_loss(forest, everywhere):
    """The same year twice, once darkened: nothing changed on the ground."""
    one = year(forest, 2018)
    dark = one.assign({n: one[n] * np.float32(0.65) for n in levels.LEVELLED})
    dark = dark.assign_coords(time=one["time"] - np.timedelta64(365, "D"))
    states = season.compare_years(forest, dark, one, everywhere)
    low, _ = season.change_interval(states, "forest", "", everywhere, forest)
    lost = (states["before"]["cover"].values == 1) & (states["after"]["cover"].values != 1)
    assert low == 0
    assert tools.area(lost, forest) < 0.5


def test_the_loss_between_2016_and_2017_is_what_fell(romania, forest):
    """Half of what two maps differ by was a meadow that a dark year shows as forest."""
    answer = ask(romania, "How much forest was lost between 2016 and 2017?")
    assert 5 < answer.value < 11
    assert "ha (" in answer.text
    assert "same days" in answer.text
    lost = answer.evidence.masks["forest loss"].values == 1
    ndvi = forest.eow.index("NDVI").where(usable(forest))
    drop = ndvi.sel(time="2016-08").median("time") - ndvi.sel(time=slice("2017-06", "2017-08")).median("time")
    stable = float(np.nanmedian(drop.values[~lost]))
    assert float(np.nanmedian(drop.values[lost])) > stable + 0.1


def test_the_parts_add_up_to_the_whole(forest):
    sizes = [
        ask(forest, f"How much forest was lost {where} between 2017 and 2020?").value
        for where in ("", "in the north", "in the south")
    ]
    assert sizes[0] == pytest.approx(sizes[1] + sizes[2])


def test_summers_are_compared_on_the_same_days(forest):
    answer = ask(forest, "Was summer 2018 greener than summer 2020?")
    assert "same" in answer.text or "pairs of dates" in answer.text
    code = compile(answer.code, "cell", "exec")
    exec(code, scope := {})
    assert scope["answer"] == answer.value


def test_the_robust_mask_is_the_usual_one(romania, forest):
    made = screened(romania)
    assert (made["clouds"].values == forest["clouds"].values).all()
    assert screened(made) is made
    assert screened(forest) is forest
    assert "clouds" not in screened(romania.drop_vars("clouds"))
    plain = eow.open("romania", clouds=None)
    assert screened(plain) is plain
    answer = ask(romania, "What is the mean NDVI in 2019?")
    assert answer.value == ask(forest, "What is the mean NDVI in 2019?").value
    assert "robust_clouds()" in answer.code


def test_an_edited_cube_gets_another_mask(romania):
    before = screened(romania)["clouds"].values.copy()
    clear = int(np.argmin(before.sum((1, 2)) + 1e6 * (romania["time"].dt.year.values != 2018)))
    romania["blue"].values[clear] += 0.4
    after = screened(romania)["clouds"].values
    assert after[clear].sum() > before[clear].sum()


def test_clouds_are_counted_by_the_mask_of_the_scenes(romania):
    share = ask(romania, "How cloudy was 2018?").value
    own = romania.sel(time="2018")
    wanted = 100 * float((own["clouds"] & own["valid"]).sum(("y", "x")).values.sum() / own["valid"].sum())
    assert share == pytest.approx(wanted, abs=1.5)


def test_snow_is_no_cloud_of_ice(romania):
    from eowidgets.analysis.ask.landcover import snow

    cube = screened(romania)
    share = tools.sky_share(cube, "snow", np.ones((100, 100), bool))
    summer = share.sel(time=share["time"].dt.month.isin([5, 6, 7, 8]))
    assert float(summer.max()) < 0.01
    assert float(share.max()) > 0.3
    bright = (cube["green"] > 0.2) & ~cube["clouds"] & (cube["swir16"] > 0.2)
    assert not (snow(cube) & bright).any()


def test_a_covered_day_has_no_snow_to_tell(romania):
    cube = romania.copy()
    cube["clouds"] = xr.ones_like(cube["clouds"])
    answer = ask(cube, "Was there snow in January 2018?")
    assert answer.abstained


def test_a_month_that_clouds_hide_is_named_where_months_are_ranked():
    cube = eow.open("romania", clouds="robust").sel(time="2019")
    hidden = cube.assign(clouds=cube.clouds | (cube.time.dt.month == 3))
    answer = eow.ask(hidden, "In which month is NDVI highest?")
    assert answer.text.endswith("Not compared, because they have no clear image: March.")
    assert "Not compared" not in eow.ask(cube, "In which month is NDVI highest?").text
