import numpy as np
import pandas as pd
import pytest
import xarray as xr

import eowidgets as eow
from eowidgets.errors import InputError


def times(cube):
    return [str(t)[:10] for t in cube.time.values]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris", "Pacific/Auckland"])
def test_time_zones_become_utc(make_cube, zone):
    cube = make_cube(dates=3)
    local = cube.assign_coords(time=pd.date_range("2020-01-01 12:00", periods=3, freq="MS", tz="UTC").tz_convert(zone))
    opened = eow.open(local)
    assert times(opened) == ["2020-01-01", "2020-02-01", "2020-03-01"]
    assert opened.time.dtype == "datetime64[ns]"


@pytest.mark.parametrize("calendar", ["noleap", "360_day", "all_leap", "julian"])
def test_other_calendars_are_converted_with_a_note(make_cube, calendar, tmp_path):
    cube = make_cube(dates=3)
    dates = xr.date_range("2001-01-01", periods=3, freq="MS", calendar=calendar, use_cftime=True)
    with pytest.warns(UserWarning, match=f"calendar '{calendar}' were converted"):
        assert times(eow.open(cube.assign_coords(time=dates)))[1][:7] in ("2001-02",)


def test_a_day_that_does_not_exist(make_cube):
    cube = make_cube(dates=3)
    dates = xr.date_range("2001-02-28", periods=3, freq="D", calendar="360_day", use_cftime=True)
    with pytest.warns(UserWarning, match="360_day"):
        found = times(eow.open(cube.assign_coords(time=dates)))
    assert len(found) == 3
    assert found == sorted(set(found))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([2000, 2001, 2002], "2000-01-01"),
        ([20200131, 20200229, 20200331], "2020-01-31"),
        (["2020-01-31", "2020-02-29", "2020-03-31"], "2020-01-31"),
    ],
)
@pytest.mark.filterwarnings("ignore:The times are integers")
def test_years_days_and_text(make_cube, values, expected):
    assert times(eow.open(make_cube(dates=3).assign_coords(time=values)))[0] == expected


@pytest.mark.parametrize("values", [[1, 2, 3], [20201399, 20200101, 20200102], ["a", "b", "c"], [0.5, 1.5, 2.5]])
def test_times_that_are_not_dates(make_cube, values):
    with pytest.raises(InputError, match="times are not dates"):
        eow.open(make_cube(dates=3).assign_coords(time=values))


def test_missing_dates_are_counted(make_cube):
    cube = make_cube(dates=3)
    broken = cube.assign_coords(time=[cube.time.values[0], np.datetime64("NaT"), cube.time.values[2]])
    with pytest.raises(InputError, match="1 of 3 dates are missing"):
        eow.open(broken)


@pytest.mark.parametrize("name", ["valid_time", "date", "t", "Time", "datetime"])
def test_other_names_of_the_time_axis(make_cube, name):
    assert times(eow.open(make_cube(dates=3).rename(time=name))) == times(make_cube(dates=3))


def test_a_reference_time_next_to_valid_times(make_cube):
    cube = make_cube(dates=3).rename(time="valid_time").assign_coords(time=np.datetime64("2019-12-31", "ns"))
    assert times(eow.open(cube)) == times(make_cube(dates=3))
