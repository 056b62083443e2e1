"""Forecasts of tables: every form of input, any step in time, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import eowidgets as eow
from eowidgets.analysis.forecast.alarm import alarms
from eowidgets.analysis.forecast.files import append_frames, skill_table, to_csv
from eowidgets.analysis.forecast.forecast import forecast, hindcast
from eowidgets.analysis.forecast.tables import read_table
from eowidgets.errors import InputError


def load(count=480, freq="h", noise=0.1, name="load", seed=0):
    """Return a series with a daily wave."""
    times = pd.date_range("2020-01-01", periods=count, freq=freq)
    hours = (times - times[0]) / pd.Timedelta(hours=1)
    values = 10 + 2 * np.sin(2 * np.pi * hours / 24) + np.random.default_rng(seed).normal(0, noise, count)
    return pd.Series(values, times, name=name)


def truth(times):
    hours = (times - np.datetime64("2020-01-01")) / np.timedelta64(1, "h")
    return 10 + 2 * np.sin(2 * np.pi * hours / 24)


def test_an_hourly_series_has_a_daily_season():
    made = forecast(load())
    assert made["load"].dims == ("time",)
    assert made.sizes["time"] == 24
    np.testing.assert_allclose(made["load"], truth(made.time.values), atol=0.25)
    np.testing.assert_allclose(made.lead, np.arange(1, 25) / 24, atol=1e-6)
    assert made.time.values[0] == np.datetime64("2020-01-21T00:00")
    assert bool((made.load_lo95 <= made.load_lo80).all() and (made.load_hi80 <= made.load_hi95).all())


def test_all_forms_give_the_same(tmp_path):
    series = load(240)
    expected = forecast(series).load_hi80.values
    path = tmp_path / "load.csv"
    series.rename_axis("time").to_csv(path)
    frame = series.rename_axis("Date").reset_index()
    for form in (series.to_frame(), frame, frame.astype({"Date": str}), path, str(path), frame.assign(id="one")):
        found = forecast(form)
        np.testing.assert_allclose(found.load_hi80, expected, rtol=1e-5)


def test_from_a_csv_file_to_a_csv_file(tmp_path):
    path = tmp_path / "load.csv"
    load().rename_axis("time").to_csv(path)
    made = eow.forecast(path, days="12h")
    table = pd.read_csv(to_csv(made, tmp_path / "ahead.csv"), parse_dates=["time"])
    assert len(table) == 12
    assert table.time.iloc[0] == pd.Timestamp("2020-01-21T00:00")
    np.testing.assert_allclose(table.load, made["load"], atol=1e-4)
    assert {"lead", "load_lo80", "load_hi95"} <= set(table.columns)
    assert {"persistence", "climatology"} <= set(skill_table(made).loc["load"].index)


def test_each_column_is_a_channel():
    frame = pd.DataFrame({"a": load(seed=1), "b": 1e-6 * load(seed=2), "note": "text"})
    made = forecast(frame, levels=(0.8,))
    assert {"a", "a_lo80", "b", "b_hi80"} <= set(made.data_vars)
    np.testing.assert_allclose(made.b / 1e-6, truth(made.time.values), atol=0.25)
    one = forecast(frame, index="b", levels=(0.8,))
    assert "a" not in one
    with pytest.raises(InputError, match="no column named 'c'"):
        forecast(frame, bands=("c",))


def test_many_series_with_gaps_and_their_own_dates():
    parts = [load(seed=i).drop(load().index[i * 7 : i * 7 + 20]).to_frame().assign(id=f"s{i}") for i in range(3)]
    table = pd.concat(parts).rename_axis("time").reset_index().sample(frac=1, random_state=0)
    table.loc[table.index[:40], "load"] = np.nan
    made = forecast(table)
    assert made["load"].dims == ("series", "time")
    assert sorted(made.series.values) == ["s0", "s1", "s2"]
    assert np.abs(made["load"] - truth(made.time.values)).max() < 0.4
    past = hindcast(table, "2020-01-19T23:00")
    assert past.load_observed.dims == ("series", "time")
    assert alarms(past, level=0.95).alarm.dims == ("series",)
    with pytest.raises(InputError, match="every pixel"):
        append_frames(None, made)


@pytest.mark.parametrize(
    ("freq", "count", "step"),
    [("5min", 900, "5min"), ("W-MON", 300, "7D"), ("MS", 120, "MS"), ("YS", 20, "YS"), ("37D", 60, "37D")],
)
def test_any_step(freq, count, step):
    times = pd.date_range("1990-01-01", periods=count, freq=freq)
    series = pd.Series(np.random.default_rng(0).normal(5, 1, count), times, name="x")
    made = forecast(series)
    expected = pd.date_range(times[-1], periods=made.sizes["time"] + 1, freq=step)[1:]
    np.testing.assert_array_equal(made.time.values, expected.to_numpy().astype("datetime64[ns]"))
    assert np.isfinite(made.x).all()


def test_years_as_numbers():
    frame = pd.DataFrame({"year": np.arange(1990, 2010), "yield": 30 + 0.5 * np.arange(20)})
    made = forecast(frame)
    assert str(made.time.values[0])[:4] == "2010"
    assert float(made["yield"][0]) > 37  # the trend goes on, at least in part


def test_a_horizon_of_many_seasons():
    made = forecast(load(1400), days=30, every="6h")
    assert made.sizes["time"] == 120
    np.testing.assert_allclose(made["load"], truth(made.time.values), atol=0.4)


def test_irregular_dates_and_a_day_within_the_record():
    rng = np.random.default_rng(0)
    series = load(900).iloc[np.sort(rng.choice(900, 500, replace=False))]
    made = hindcast(series, "2020-01-31", days=1.5)
    assert made.attrs["forecast_from"].startswith("2020-01-31")
    after = series[(series.index > made.attrs["forecast_from"])].iloc[: made.sizes["time"]]
    np.testing.assert_allclose(made.load_observed, after, rtol=1e-6)
    assert float(np.abs(made["load"] - made.load_observed).mean()) < 0.4


def test_nothing_after_the_cut_is_used():
    series = load()
    other = series.copy()
    other[series.index > "2020-01-15T12:00"] = 99.0
    one, two = (forecast(s, from_date="2020-01-15T12:00") for s in (series, other))
    for name in one.data_vars:
        np.testing.assert_array_equal(one[name], two[name])


@settings(max_examples=15, deadline=None)
@given(
    count=st.integers(3, 60),
    hours=st.floats(0.01, 1000),
    scale=st.sampled_from([1e-5, 1.0, 1e4]),
    gaps=st.floats(0, 0.6),
    seed=st.integers(0, 99),
)
def test_every_record_has_a_finite_forecast_or_one_sentence(count, hours, scale, gaps, seed):
    rng = np.random.default_rng(seed)
    times = pd.Timestamp("2000-01-01") + pd.to_timedelta(np.sort(rng.choice(10 * count, count, False)) * hours, "h")
    values = np.where(rng.random(count) < gaps, np.nan, scale * rng.normal(3, 1, count))
    try:
        made = forecast(pd.Series(values, times, name="x"))
    except InputError as problem:
        assert len(str(problem).split(". ")) == 1
        return
    assert np.isfinite(made.x).all()
    assert bool((made.x_lo80 <= made.x_hi80).all())
    assert float(np.abs(made.x).max()) < 100 * scale


def test_adding_a_constant_and_another_unit_change_nothing_else():
    series = load()
    one, two = forecast(series), forecast(1000 * series - 5000)
    np.testing.assert_allclose(two["load"], 1000 * one["load"] - 5000, rtol=1e-3)
    np.testing.assert_allclose(two.load_rmse, 1000 * one.load_rmse, rtol=1e-3)


@pytest.mark.parametrize("season", ["day", "week", "day and week", "none", 1.0])
def test_a_season_can_be_named(season):
    made = forecast(load(720), season=season, model="ses")
    assert np.isfinite(made["load"]).all()
    if season not in ("none", "week"):
        assert np.abs(made["load"] - truth(made.time.values)).max() < 0.5


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        (pd.DataFrame({"x": [1.0, 2.0]}), {}, "no dates"),
        (pd.DataFrame({"time": ["soon", "later"], "x": [1.0, 2.0]}), {}, "no dates"),
        (load().rename("x").to_frame().assign(x="text"), {}, "no column of numbers"),
        (load() * np.nan, {}, "no number in any row"),
        (load(2), {}, "at least 3"),
        (load(), {"days": 1000}, "longer than the record"),
        (load(), {"days": 0.001}, "not possible"),
        (load(), {"days": "soon"}, "an offset of pandas"),
        (load(), {"every": "2W", "days": 3.0}, "not possible"),
        (load(), {"area": (22.0, 45.0)}, "area applies to cubes only"),
        (load(), {"mean": True}, "mean applies to cubes only"),
        (load(), {"model": "units-forecast"}, "give a cube"),
        (load(), {"from_date": "2030-01-01"}, "outside the record"),
        (pd.concat([load(), load()]), {}, "two rows"),
        ("no-such-file.csv", {}, "no file"),
    ],
)
def test_refusals(table, options, message):
    with pytest.raises(InputError, match=message):
        forecast(table, **options)


def test_a_file_that_is_no_table(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"\x00\xff\xfe\x01")
    with pytest.raises(InputError):
        forecast(path)


def test_read_table_takes_numbers_only():
    long = read_table(pd.DataFrame({"a": load(), "b": "x"}))
    assert long.bands == ("a",)


def test_record_and_rerun():
    series = load()
    made = eow.forecast(series, days="8h")
    record = eow.Record.of(made)
    assert "table = ..." in record.code()
    assert "eow.forecast(table" in record.code()
    again = eow.rerun(made, series)
    assert again.identical
    assert again.dataset.attrs["choice"] == made.attrs["choice"]
    with pytest.raises(InputError, match="does not hold the table"):
        eow.rerun(made)
    past = hindcast(series, "2020-01-18", days=1, model="theta")
    assert eow.rerun(past, series).identical
    changed = eow.rerun(made, series + np.arange(480) % 7)
    assert not changed.identical
