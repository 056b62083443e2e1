"""Two images: radar, seasons, and dates that agree to the day."""

import warnings

import numpy as np
import pytest
import xarray as xr

import eowidgets as eow
from eowidgets.analysis.change.detect import ChangeTask, change
from eowidgets.analysis.change.methods import usual_method
from eowidgets.analysis.change.pair import season_days
from eowidgets.analysis.change.report import changed_places, sentence
from eowidgets.errors import InputError
from eowidgets.widgets.panels.change_view import portrait
from tests.models.classical.test_radar import radar_cube, scene

PAIR = ("2018-06-01", "2019-06-01")


def test_radar_pairs_are_compared_by_their_ratio():
    images, truth = scene(4, 0)
    cube = radar_cube(images)
    assert usual_method(cube) == "change-logratio"
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        found = change(cube, "auto", dates=PAIR)
    assert found.attrs["change_method"] == "change-logratio"
    assert (found.change.values == 1)[truth].mean() > 0.9
    assert "changed in 2 places" in sentence(found, changed_places(found, 0.5))


def test_a_radar_series_and_a_second_radar_image_are_compared_by_their_ratio():
    images, truth = scene(4, 0)
    cube = radar_cube(images)
    series = xr.concat([cube.isel(time=0)] * 24, "time").assign_coords(
        time=np.datetime64("2017-01-01", "ns") + np.arange(24) * np.timedelta64(12, "D")
    )
    found = change(series, "auto", after=cube.isel(time=[1]), dates=("2017-06-06", "2019-06-01"))
    assert found.attrs["change_method"] == "change-logratio"
    assert (found.change.values == 1)[truth].mean() > 0.9


def test_methods_for_optical_images_warn_of_speckle():
    images, _ = scene(4, 0)
    with pytest.warns(
        UserWarning, match='vv is radar, whose speckle change-otsu reports as change: .* "change-logratio"'
    ):
        change(radar_cube(images), "change-otsu", dates=PAIR)


def test_radar_and_optical_are_not_compared(make_cube):
    images, _ = scene(4, 0)
    optical = make_cube(dates=1)
    with pytest.raises(InputError, match=r"One image is radar \(vv\) and the other is not \(red, nir\)"):
        change(radar_cube(images).isel(time=[0]), "change-otsu", after=optical)


@pytest.mark.parametrize(
    ("dates", "warned"),
    [
        (("2018-06-01/2018-08-31", "2020-06-01/2020-08-31"), False),
        (("2018-03-20/2018-05-10", "2018-10-20/2018-12-10"), True),
    ],
)
def test_images_of_two_seasons_are_warned_of(romania, dates, warned):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found = change(romania, "change-otsu", dates=dates)
    told = [str(w.message) for w in said if "different seasons" in str(w.message)]
    assert bool(told) == warned
    text = sentence(found, changed_places(found, 0.1))
    assert text.startswith(f"Between {dates[0]} and {dates[1]}")
    assert ("part of the change may be seasonal" in text) == warned
    if warned:
        assert dates[0] in told[0]


@pytest.mark.parametrize(
    ("before", "after", "days"),
    [("2018-12-20", "2021-01-05", 16), ("2019-04-15", "2019-11-15", 151), ("2020-07-01", "2016-07-01", 0)],
)
def test_days_of_the_year_between(before, after, days):
    assert season_days(before, after) == pytest.approx(days, abs=1)


def test_table_chart_and_facts_have_one_date():
    cube = eow.open("romania", clouds="robust")
    task = ChangeTask(cube, "break-iqr", dates=("2017-08-01", "2021-01-01"))
    found = task.finish(eow.run(task.model, task.cube))
    places = changed_places(found, 0.2)
    assert len(places) > 10
    for place in places.itertuples():
        shown = portrait(task.cube, found, place)
        facts = dict(shown["facts"])
        assert facts["First seen"].startswith(place.date)
        assert facts["Confirmed"] == place.confirmed
        days = [str(np.datetime64(shown[name], "ms"))[:10] for name in ("first", "confirmed")]
        assert days == [place.date, place.confirmed]


def test_an_acquisition_before_midnight_keeps_its_day(make_cube):
    cube = make_cube(dates=100, clouds=0.0)
    late = cube.time.values.astype("datetime64[D]") + np.timedelta64(86_395, "s")
    cube = cube.assign_coords(time=late.astype("datetime64[ns]"))
    cube["nir"].values[:] = 0.4 + 0.02 * cube["nir"].values
    cube["red"].values[:] = 0.05 + 0.01 * cube["red"].values
    cube["nir"].values[80:, :4] = 0.15
    cube["red"].values[80:, :4] = 0.14
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = change(cube, "break-iqr")
    days = found.date.values[~np.isnat(found.date.values)].astype("datetime64[D]")
    assert len(days)
    assert set(days) <= set(cube.time.values.astype("datetime64[D]"))
