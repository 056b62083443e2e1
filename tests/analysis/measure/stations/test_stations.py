import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.fields import fields

import eowidgets as eow
from eowidgets.analysis.measure.stations.columns import find_columns, read_measurements
from eowidgets.analysis.measure.stations.match import APART, CLOUDY, OUTSIDE
from eowidgets.analysis.measure.stations.scores import scores, season_of
from eowidgets.cube.globe import lonlat
from eowidgets.cube.grid import geobox
from eowidgets.errors import InputError, SourceError


@pytest.fixture(scope="module")
def cube():
    made = fields(dates=24)
    clouds = np.zeros((24, 48, 48), bool)
    clouds[5] = True
    return made.assign(clouds=(("time", "y", "x"), clouds))


def spot(cube, row, column):
    lon, lat = lonlat(geobox(cube), [column + 0.5], [row + 0.5])
    return float(lon[0]), float(lat[0])


def ground(cube, shift=0.05, hours=0):
    """Return the value of three pixels on the day after each image, plus a shift."""
    ndvi, rows = cube.eow.index("NDVI"), []
    for name, at in (("a", (4, 4)), ("b", (20, 30)), ("c", (40, 9))):
        lon, lat = spot(cube, *at)
        for t, when in enumerate(cube.time.values):
            moment = when + np.timedelta64(1, "D") + np.timedelta64(hours, "h")
            rows.append({"station": name, "date": moment, "lon": lon, "lat": lat, "value": float(ndvi[t, *at]) - shift})
    return pd.DataFrame(rows)


def quiet(*args, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return eow.stations(*args, **kwargs)


@pytest.fixture(scope="module")
def found(cube):
    return quiet(cube, ground(cube))


def test_pairs_are_the_pixels_and_the_bias_is_the_shift(found, cube):
    assert len(found.pairs) == 3 * 23
    assert (found.pairs["days"] == -1).all()
    row = found.scores.loc["all"]
    assert row["bias"] == pytest.approx(0.05, abs=1e-5)
    assert row["rmse"] == pytest.approx(0.05, abs=1e-5)
    assert row["r"] == pytest.approx(1, abs=1e-6)
    assert row["n"] == 69 and row["stations"] == 3
    assert found.scores["n"].drop("all").sum() == 69
    assert "bias 0.050" in found.sentence
    assert found.stations == ["a", "b", "c"]
    assert found.series.shape == (24, 3)
    assert np.isnan(found.series.iloc[5]).all()


def test_every_measurement_is_matched_or_has_a_reason(cube):
    table = ground(cube)
    lon, lat = spot(cube, 4, 4)
    more = pd.DataFrame(
        {
            "station": ["a", "a", "far", "a"],
            "date": ["2030-01-01", "none", "2020-03-01", "2020-03-01"],
            "lon": [lon, lon, 1.0, lon],
            "lat": [lat, lat, 2.0, lat],
            "value": [0.5, 0.5, 0.5, "?"],
        }
    )
    table = pd.concat([table.assign(date=table["date"].astype(str)), more])
    with pytest.warns(UserWarning) as told:
        found = eow.stations(cube, table)
    assert len(found.pairs) + len(found.unmatched) == len(table)
    assert found.unmatched["reason"].value_counts().to_dict() == {
        CLOUDY: 3, APART: 1, OUTSIDE: 1, "no date": 1, "no number": 1
    }  # fmt: skip
    assert sorted([*found.pairs["row"], *found.unmatched["row"]]) == list(range(1, len(table) + 1))
    assert "3 of 76 measurements were left out: cloudy" in " ".join(str(w.message) for w in told)


def test_tolerance_window_and_time_of_day(cube):
    assert not len(quiet(cube, ground(cube), tolerance="12h").pairs)
    assert not len(quiet(cube, ground(cube, hours=1), tolerance=1).pairs)
    assert len(quiet(cube, ground(cube, hours=1), tolerance="25h").pairs) == 69
    wide = quiet(cube, ground(cube), window=3)
    assert (wide.pairs["pixels"] == 9).all()
    edge = pd.DataFrame(
        {"date": cube.time.values[:1], "lon": spot(cube, 0, 0)[0], "lat": spot(cube, 0, 0)[1], "value": 0.3}
    )
    assert quiet(cube, edge, window=3).pairs["pixels"].tolist() == [4]
    with pytest.raises(InputError, match="window of stations is 2: give an odd number"):
        eow.stations(cube, ground(cube), window=2)
    with pytest.raises(InputError, match="tolerance is 'soon': give a time span"):
        eow.stations(cube, ground(cube), tolerance="soon")
    with pytest.raises(InputError, match="tolerance is -1"):
        eow.stations(cube, ground(cube), tolerance=-1)


def test_without_pairs_there_is_a_sentence_and_no_score(cube):
    nothing = quiet(cube, ground(cube), tolerance=0)
    assert nothing.sentence.startswith("No measurement has a clear image")
    assert not len(nothing.scores)
    assert len(nothing.unmatched) == 72
    with pytest.raises(InputError, match="No measurement"):
        nothing.to_report()


def test_lazy_cubes_give_the_same(cube, found):
    lazy = quiet(cube.chunk(time=5, y=16, x=16), ground(cube))
    pd.testing.assert_frame_equal(lazy.pairs, found.pairs)


def test_stations_outside_the_cube(cube):
    table = ground(cube).assign(lon=lambda t: t["lat"], lat=lambda t: t["lon"])
    with pytest.raises(InputError, match="which columns are longitude and latitude"):
        eow.stations(cube, table)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("Date", "Longitude", "Latitude", "Value"), ("Date", "Longitude", "Latitude", "Value")),
        (("time", "x", "y", "NDVI"), ("time", "x", "y", "NDVI")),
        (("sampling_date", "LNG", " lat ", "chlorophyll"), ("sampling_date", "LNG", " lat ", "chlorophyll")),
    ],
)
def test_usual_spellings_of_columns(names, expected):
    table = pd.DataFrame([["2020-01-01", 1.0, 2.0, 3.0]], columns=list(names))
    assert tuple(find_columns(table, {}, "NDVI").values())[:4] == expected


def test_columns_that_are_missing_or_doubtful():
    table = pd.DataFrame({"date": ["2020-01-01"], "lon": [1.0], "depth": [2.0], "turbidity": [3.0]})
    with pytest.raises(InputError, match="no column for lat .*name it with  lat="):
        find_columns(table, {})
    with pytest.raises(InputError, match="no column for value"):
        find_columns(table.assign(lat=1.0), {})
    assert find_columns(table.assign(lat=1.0), {"value": "turbidity"})["value"] == "turbidity"
    with pytest.raises(InputError, match="no column named 'turbidty'. Did you mean 'turbidity'"):
        find_columns(table, {"value": "turbidty"})


def test_files_with_semicolons_and_decimal_commas(tmp_path):
    path = tmp_path / "sites.csv"
    path.write_text("\ufeffSite;Date;Lon;Lat;Value\nmill;2020-06-01;24,5;45,25;0,5\n", encoding="utf-8")
    table = read_measurements(path, {}).table
    assert table[["station", "lon", "lat", "value"]].to_numpy().tolist() == [["mill", 24.5, 45.25, 0.5]]
    with pytest.raises(InputError, match="There is no file"):
        read_measurements(tmp_path / "none.csv", {})
    path.write_bytes(b"\xff\xfe\x00bad")
    with pytest.raises((SourceError, InputError)):
        read_measurements(path, {})


def test_dates_that_can_be_read_in_two_ways_are_refused():
    table = pd.DataFrame({"date": ["03/04/2020", "05/06/2020"], "lon": 1.0, "lat": 2.0, "value": 3.0})
    with pytest.raises(InputError, match="may be read in two ways"):
        read_measurements(table, {})
    assert str(read_measurements(table, {}, date_format="%d/%m/%Y").table["date"].iloc[0])[:10] == "2020-04-03"
    clear = table.assign(date=["03/04/2020", "25/06/2020"])
    assert str(read_measurements(clear, {}).table["date"].iloc[1])[:10] == "2020-06-25"
    zoned = table.assign(date=["2020-04-03T01:00:00+02:00", "2020-06-05"])
    assert str(read_measurements(zoned, {}).table["date"].iloc[0]) == "2020-04-02 23:00:00"


def test_seasons_follow_the_hemisphere():
    days = np.array(["2020-12-01", "2020-03-01", "2020-06-15", "2020-11-30"], "datetime64[D]")
    assert season_of(days, np.full(4, 45.0)).tolist() == ["winter", "spring", "summer", "autumn"]
    assert season_of(days, np.full(4, -30.0)).tolist() == ["summer", "autumn", "winter", "spring"]


def pairs_of(ground, image, station):
    when = np.arange(len(ground)).astype("datetime64[D]")
    return pd.DataFrame({"station": station, "date": when, "value": ground, "image_value": image, "season": "summer"})


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.integers(3, 40), st.floats(-3, 3), st.floats(1e-3, 1e3))
def test_scores_are_those_of_numpy(seed, count, offset, scale):
    rng = np.random.default_rng(seed)
    x = offset + rng.normal(0, scale, count)
    y = x + rng.normal(0.1, scale, count)
    row = scores(pairs_of(x, y, np.arange(count) % 7)).loc["all"]
    assert row["bias"] == pytest.approx((y - x).mean(), rel=1e-6, abs=1e-9 * scale)
    assert row["rmse"] == pytest.approx(np.sqrt(((y - x) ** 2).mean()), rel=1e-6)
    assert row["r"] == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-6)
    if np.isfinite(row["bias_low"]):
        assert row["bias_low"] <= row["bias_high"]


def test_intervals_hold_the_true_bias_and_grow_with_dependence():
    """Whole stations are drawn: with errors that a station keeps, an interval of single pairs would be much too narrow."""
    held, widths = 0, []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        station = np.repeat(np.arange(12), 10)
        truth = rng.normal(0, 1, 120)
        image = truth + 0.2 + rng.normal(0, 0.5, 12)[station] + rng.normal(0, 0.1, 120)
        row = scores(pairs_of(truth, image, station), seed).loc["all"]
        held += row["bias_low"] <= 0.2 <= row["bias_high"]
        widths.append(row["bias_high"] - row["bias_low"])
    assert 50 <= held <= 60  # 95 % of 60 is 57; percentile intervals of 12 groups are somewhat narrow
    assert np.mean(widths) > 0.4


def test_scores_that_do_not_exist_are_nan():
    row = scores(pairs_of(np.array([1.0, 1, 1]), np.array([1.0, 2, 3]), "a")).loc["all"]
    assert np.isnan(row["r"]) and np.isnan(row["bias_low"])
    assert row["bias"] == 1


def test_files_figure_record_and_report(found, cube, tmp_path):
    table = pd.read_csv(found.save(tmp_path / "pairs.csv"))
    assert len(table) == 72
    assert table["reason"].notna().sum() == 3
    figure = found.figure("b")
    assert [len(a.lines) for a in figure.axes] == [2, found.pairs["season"].nunique() + 1]
    with pytest.raises(InputError, match="no station named 'd'"):
        found.figure("d")
    assert len(found.at("b")) == 23
    assert eow.rerun(found, cube).identical
    assert "found = eow.stations(cube, table)" in eow.Record.of(found).code()
    page = eow.report(found, cube=cube)
    assert found.sentence in page.answer
    assert "Agreement by season" in page.html()
