"""``eow.phenology`` from cubes and tables, against the simulator, and what it refuses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import eowidgets as eow
from eowidgets.analysis.measure.one_series import detail_of, series_at
from eowidgets.analysis.measure.series_run import within
from eowidgets.errors import EowidgetsError, InputError
from eowidgets.simulate.scene import simulate


@pytest.fixture(scope="module")
def scene():
    return simulate(
        height=40, width=40, start="2017-01-01", end="2019-12-31", cloud_cover=0.0, radar=False, event_count=1, seed=7
    )


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    parts = []
    for i, step in enumerate((8, 8, 13)):
        dates = pd.date_range("2017-01-03", "2019-12-30", freq=f"{step}D")
        green = 0.2 + 0.6 / (1 + np.exp((np.abs(dates.day_of_year - 190 - 5 * i) - 60) / 8))
        parts.append(pd.DataFrame({"id": f"p{i}", "date": dates, "ndvi": green + rng.normal(0, 0.01, len(dates))}))
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("method", ["whittaker", "harmonic", "double-logistic"])
def test_start_and_end_lie_within_eight_days_of_the_truth(scene, method):
    found, truth = eow.phenology(scene.cube, method=method), scene.seasons()
    assert found.year.values.tolist() == [2017, 2018, 2019]
    for name in ("start", "end"):
        apart = np.abs(found[name].values - truth[name].values)
        known = np.isfinite(truth[name].values)
        assert known.sum() > 500
        assert np.isfinite(apart[known]).mean() > 0.98
        assert np.nanmedian(apart) <= 8
    assert found.quality.dtype == np.uint8
    assert "no_season" in found.quality.attrs["flag_meanings"]


def test_any_window_and_a_lazy_cube_give_the_same(scene):
    whole = eow.run("phenology-whittaker", scene.cube)
    for other in (
        eow.run("phenology-whittaker", scene.cube, window=13),
        eow.run("phenology-whittaker", scene.cube.chunk({"y": 11})),
    ):
        for name in whole.data_vars:
            np.testing.assert_allclose(whole[name], other[name], rtol=1e-6, err_msg=str(name))


def test_an_area_a_period_and_the_way_back(romania, square):
    found = eow.phenology(romania, area=square, dates="2017/2018", min_dates=5, threshold=0.3)
    assert found.year.values.tolist() == [2017, 2018]
    assert found.sizes["x"] < romania.sizes["x"]
    record = eow.Record.of(found)
    code = record.code()
    assert "eow.phenology(cube, dates='2017/2018', " in code
    assert "threshold=0.3" in code and "min_dates=5" in code and "method" not in code
    assert eow.rerun(found).identical
    scope: dict = {}
    exec(code, scope)
    xr.testing.assert_equal(scope["found"], found)


@pytest.fixture
def square() -> dict:
    return eow.Area.of((22.1500, 45.2020, 22.1525, 45.2035)).geojson


def test_tables_with_dates_of_their_own(table):
    found = eow.phenology(table)
    assert len(found) == 9
    assert set(found.quality) == {"season"}
    for i in range(3):
        mine = found[found.id == f"p{i}"]
        assert (mine.start - (130 + 5 * i)).abs().max() < 5
        assert ((mine.start_date - pd.to_datetime(mine.year.astype(str))).dt.days + 1 == mine.start.astype(int)).all()
    again = eow.rerun(found, table)
    assert again.identical
    assert "eow.phenology(table" in eow.Record.of(found).code()


def test_a_series_an_array_and_a_table_are_one(table):
    one = table[table.id == "p0"]
    series = pd.Series(one.ndvi.to_numpy(), pd.DatetimeIndex(one.date), name="ndvi")
    array = xr.DataArray(
        series.to_numpy()[None], {"id": ["p0"], "time": series.index.to_numpy()}, ("id", "time"), name="ndvi"
    )
    a, b, c = (eow.phenology(given).start.tolist() for given in (one, series, array))
    assert a == b == c


def test_a_pixel_in_detail_is_that_of_the_map(scene):
    found = eow.phenology(scene.cube, seasons=1)
    good = found.quality.isel(time=1).values == 0
    row, column = (int(v[0]) for v in np.nonzero(good))
    x, y = float(scene.cube.x[column]), float(scene.cube.y[row])
    lon, lat = _lonlat(scene.cube, x, y)
    one = detail_of(found, scene.cube, (lon, lat))
    assert one.measured.start.iloc[1] == pytest.approx(float(found.start[1, row, column]), abs=1e-3)
    assert one.line.value.notna().all() and (one.line.high >= one.line.low).all()
    assert "season lasts from" in one.words


def _lonlat(cube, x, y):
    from pyproj import Transformer

    return Transformer.from_crs(cube.rio.crs, 4326, always_xy=True).transform(x, y)


def test_the_mean_of_an_area(romania, square):
    series = series_at(romania, "NDVI", square)
    assert 50 < len(series) <= romania.sizes["time"]
    assert series.between(-1, 1).all()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda c: eow.phenology(c, "XYZ"), "no index or band named 'XYZ'"),
        (lambda c: eow.phenology(c, dates="2030/2031"), "no date from 2030 to 2031"),
        (lambda c: eow.phenology(c, dates="2019"), "dates is '2019'"),
        (lambda c: eow.phenology(c, dates=("2019", "2018")), "swap them"),
        (lambda c: eow.phenology(c.isel(time=slice(3))), "needs at least 5 dates"),
        (lambda c: eow.phenology(c.assign(clouds=c.clouds | True)), "no clear value on any of the 140 dates"),
        (lambda c: eow.phenology(c, method="wavelet"), "method"),
        (lambda c: eow.phenology(c, year_start=13), "year_start"),
        (lambda c: eow.phenology(c, smooth=3), "smooth"),
        (lambda c: eow.phenology(pd.DataFrame({"a": [1, 2]})), "no column of dates"),
    ],
)
def test_what_does_not_work_is_said_in_one_sentence(romania, call, words):
    with pytest.raises(EowidgetsError, match=words) as refused:
        call(romania)
    assert "\n" not in str(refused.value)


def test_one_year_is_enough(romania):
    found = eow.phenology(romania, dates="2018/2018")
    assert found.year.values.tolist() == [2018]
    assert np.isfinite(found.start.values).any()


def test_within_takes_whole_months():
    days = np.array(["2019-02-28", "2019-03-01"], "datetime64[D]")
    assert within(days, ("2019-01", "2019-02")).tolist() == [True, False]
    with pytest.raises(InputError, match="give the first and the last"):
        within(days, "yesterday/today")
