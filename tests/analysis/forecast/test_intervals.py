"""Conformal intervals, hold-out windows, alarms and files of forecasts."""

import numpy as np
import pandas as pd
import pytest
import torch
import xarray as xr

from eowidgets.analysis.forecast.alarm import alarms
from eowidgets.analysis.forecast.conformal import Conformal, normal_factors, seasonal_deviation
from eowidgets.analysis.forecast.files import append_frames, channels, skill_table, to_csv, to_netcdf
from eowidgets.analysis.forecast.forecast import forecast, hindcast
from eowidgets.analysis.forecast.holdout import hold_out
from eowidgets.analysis.forecast.origins import effective, origins, overlaps
from eowidgets.analysis.forecast.strategies import OfSeries
from eowidgets.analysis.history import SeriesBlock
from eowidgets.errors import InputError
from eowidgets.models.forecast.statistical.naive import Persistence

LEVELS = (0.5, 0.8, 0.95)
INF = float("inf")


def conformal(scores, leads=None, days=None, width=INF, season=INF):
    n = len(scores)
    zeros = torch.zeros(n)
    return Conformal(
        torch.as_tensor(scores, dtype=torch.float32),
        zeros if leads is None else torch.as_tensor(leads),
        zeros if days is None else torch.as_tensor(days),
        width,
        season,
    )


def test_ranks_are_those_of_split_conformal():
    scores = torch.arange(1.0, 100.0)  # 99 errors: the k-th smallest covers k in 100
    lower, upper = conformal(scores).factors(torch.zeros(1), torch.zeros(1), (0.8,))
    assert float(upper) == 90
    assert float(lower) == 10
    # 19 errors are the fewest that can speak of 90 %, on both sides.
    assert torch.isfinite(conformal(scores[:19]).factors(torch.zeros(1), torch.zeros(1), (0.9,))[1]).all()
    lower, upper = conformal(scores[:18]).factors(torch.zeros(1), torch.zeros(1), (0.9,))
    assert (float(lower), float(upper)) == (-INF, INF)


def test_coverage_of_skewed_errors_is_as_promised():
    rng = np.random.default_rng(0)
    draw = lambda n: torch.as_tensor(rng.standard_exponential(n) - 3 * (rng.random(n) < 0.1))  # noqa: E731
    zero = torch.zeros(1)
    lower, upper = conformal(draw(4000)).factors(zero, zero, LEVELS)
    new = draw(40_000)
    inside = ((lower <= new) & (new <= upper)).double().mean(1)
    np.testing.assert_allclose(inside, LEVELS, atol=0.02)
    assert float(upper[1]) != pytest.approx(-float(lower[1]), rel=0.2)


def test_lead_and_season_tell_errors_apart():
    rng = np.random.default_rng(0)
    leads = np.repeat([10.0, 90.0], 3000)
    scores = rng.standard_normal(6000) * np.where(leads < 50, 1, 4)
    made = conformal(scores, leads=leads, width=15.0)
    _, upper = made.factors(torch.tensor([10.0, 90.0]), torch.zeros(2), (0.8,))
    np.testing.assert_allclose(upper[0], [1.28, 5.13], rtol=0.06)
    made = conformal(scores, days=leads * 2, season=30.0)
    _, upper = made.factors(torch.zeros(3), torch.tensor([20.0, 180.0, 20.0 + 365.2425]), (0.8,))
    np.testing.assert_allclose(upper[0], [1.28, 5.13, 1.28], rtol=0.06)
    # Nothing is known so far ahead.
    _, upper = made.factors(torch.zeros(1), torch.tensor([100.0]), (0.8,))
    far = conformal(scores, leads=leads, width=15.0).factors(torch.tensor([900.0]), torch.zeros(1), (0.8,))
    assert float(far[1]) == INF


@pytest.mark.parametrize("windows", [1, 2, 3, 6])
def test_intervals_of_few_windows_cover_what_they_state(windows):
    """Half of the variance is common to a window, so that its thousand errors are far from independent."""
    rng, inside, trials, each = np.random.default_rng(0), [], 300, 200
    zero = torch.zeros(1)
    for _ in range(trials):
        shared = rng.standard_normal(windows + 1).repeat(each)
        error = torch.as_tensor((shared + rng.standard_normal(len(shared))) / 2**0.5)
        known, new = error[: windows * each], error[windows * each :]
        zeros = torch.zeros(len(known))
        window = torch.arange(windows).repeat_interleave(each)
        made = Conformal(known, zeros, zeros, INF, INF, windows, window)
        lower, upper = made.factors(zero, zero, (0.8,))
        inside.append(float(((lower[0] <= new) & (new <= upper[0])).double().mean()))
    assert 0.76 < np.mean(inside) < (0.88 if windows > 1 else 0.95)


def test_fewer_windows_give_wider_intervals():
    scores = torch.randn(5000, generator=torch.Generator().manual_seed(0))
    zero, zeros = torch.zeros(1), torch.zeros(5000)
    widths = [
        float(Conformal(scores, zeros, zeros, INF, INF, windows, zeros).factors(zero, zero, (0.8,))[1])
        for windows in (1, 2, 3, 6, INF)
    ]
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] == pytest.approx(1.28, abs=0.06)


def test_errors_grow_with_the_lead():
    rng = np.random.default_rng(0)
    leads = np.linspace(1, 100, 4000)
    made = conformal(rng.standard_normal(4000) * leads / 50, leads=leads, width=1000.0)
    _, upper = made.factors(torch.tensor([10.0, 90.0]), torch.zeros(2), (0.8,))
    assert 0.2 < float(upper[0, 0]) < 0.4
    np.testing.assert_allclose(float(upper[0, 1]), 2.3, rtol=0.12)


def test_normal_factors():
    lower, upper = normal_factors(torch.zeros(3), (0.8,))
    assert upper.shape == (1, 3)
    # In mean absolute deviations: 1.2816 sigmas.
    assert float(upper[0, 0]) == pytest.approx(1.281552 * (np.pi / 2) ** 0.5, rel=1e-5)
    assert torch.equal(lower, -upper)


def test_spread_follows_the_season():
    rng = np.random.default_rng(0)
    days = torch.arange(0, 3650, 8).double()
    winter = torch.cos(2 * torch.pi * days / 365.2425) > 0.5
    noise = torch.as_tensor(rng.standard_normal((2, len(days), 1))).float()
    values = 0.6 + noise * torch.where(winter, 0.2, 0.02)[None, :, None]
    values[1] *= 0
    seen = torch.ones_like(values, dtype=torch.bool)
    found = seasonal_deviation(values, seen, days, torch.tensor([3652.0, 3835.0]).double())
    assert found.shape == (2, 2, 1)
    assert 0.12 < float(found[0, 0]) < 0.2  # 0.16 is the mean absolute value of such a normal
    assert float(found[0, 1]) < 0.06
    assert float(found[1].max()) == pytest.approx(1e-4)


def test_windows_are_the_same_season_of_earlier_years():
    days = torch.arange(0, 5 * 365, 5).double()
    cut = float(days[-1])
    found = origins(days, cut, 90)
    assert len(found) >= 9
    assert max(found) <= cut - 365 + 31
    assert min(found) >= 365
    apart = (cut - np.array(found) + 100) % 365.2425 - 100
    assert set(np.round(apart)) == {-30, 0, 30}


def test_windows_of_a_short_record_are_its_dates():
    days = torch.tensor([0.0, 20, 40, 60, 90, 200]).double()
    assert origins(days, 200.0, 60) == [60.0, 40.0]  # after the 90th day nothing is seen for 60 days
    assert origins(days[:2], 20.0, 60) == []


def test_overlapping_windows_count_less():
    assert effective([0.0, 100.0, 200.0], 90, 1000.0) == 3
    assert effective([0.0, 30.0, 60.0], 90, 1000.0) == pytest.approx(150 / 90)
    assert effective([0.0], 90, 40.0) == 1  # cut short
    assert effective([], 90, 1000.0) == 0
    np.testing.assert_array_equal(overlaps([0.0, 60.0, 90.0], 90, 1000.0)[0], [True, True, False])


def test_windows_of_many_seasons_lie_apart():
    days = torch.arange(0, 80 * 365.2425, 15.2).double()  # hours of 80 days, on the scale of a daily season
    found = origins(days, float(days[-1]), 4 * 365.2425)
    assert len(found) == 12
    assert effective(found, 4 * 365.2425, float(days[-1])) == 12


def test_hold_out_errors_are_those_of_the_forecast():
    days = torch.arange(0, 6 * 365, 10).double()
    values = (0.5 + 0.2 * torch.sin(2 * torch.pi * days / 365.2425)).float()[None, :, None].repeat(3, 1, 1)
    values[:, 180:] += 0.1  # a step that no forecast from before it can know
    block = SeriesBlock(values, torch.ones_like(values, dtype=torch.bool), torch.arange(3))
    held = hold_out(OfSeries(Persistence()), block, days, float(days[-1]), 90)
    assert held.forecasters == ("persistence", "climatology")
    e = held.channels[0]
    first = e.window == 0
    start = held.origins[0]
    past = days <= start
    truth = values[0, :, 0][(days > start) & (days <= start + 90)]
    np.testing.assert_allclose(
        e.error["persistence"][first].reshape(3, -1)[0], truth - values[0, past, 0][-1], atol=1e-6
    )
    assert float(e.lead.min()) > 0
    assert float(e.lead.max()) <= 90


# --- alarms ---------------------------------------------------------------------------------------------------------


def made_up(observed):
    times = pd.date_range("2020-06-01", periods=len(observed), freq="10D").astype("datetime64[ns]")
    seen = np.asarray(observed, "float32").reshape(-1, 1, 1)
    level = lambda v: (("time", "y", "x"), np.full(seen.shape, v, "float32"))  # noqa: E731
    data = {"ndvi": level(0.8), "ndvi_lo90": level(0.6), "ndvi_hi90": level(0.9)}
    data["ndvi_observed"] = (("time", "y", "x"), seen)
    return xr.Dataset(data, coords={"time": times, "y": [0.0], "x": [0.0], "level": [0.9]})


@pytest.mark.parametrize(
    ("observed", "since"),
    [
        ([0.8, 0.4, 0.4, 0.4, 0.4], 1),
        ([0.8, 0.4, np.nan, 0.4, 0.4], 1),  # a cloud neither counts nor breaks the run
        ([0.4, 0.8, 0.4, 0.4, 0.4], 2),
        ([0.4, 0.4, 0.8, 0.4, 0.4], None),
        ([0.95, 0.95, 0.95, 0.95], None),  # greener than forecast is no alarm
        ([np.nan] * 4, None),
        ([0.4, 0.4, 0.4, 0.8, 0.8], 0),
    ],
)
def test_alarm_after_three_clear_dates_below(observed, since):
    past = made_up(observed)
    found = alarms(past, level=0.9, dates=3)
    assert bool(found.alarm[0, 0]) == (since is not None)
    if since is not None:
        assert found.since.values[0, 0] == past.time.values[since]
        expected = np.nanmean(0.6 - np.asarray(observed[since:], "float32"))
        assert float(found.depth[0, 0]) == pytest.approx(expected, rel=1e-5)


def test_clear_cuts_raise_alarms(romania):
    clear = romania.isel(y=slice(0, 100, 2), x=slice(0, 100, 2)).eow.robust_clouds()
    past = hindcast(clear, "2019-05-31", days=120, levels=(0.8,))
    found = alarms(past, level=0.8)
    ndvi = clear.eow.index("NDVI").where(clear.eow.usable)
    summers = ndvi.where(ndvi.time.dt.month.isin([6, 7, 8, 9])).groupby("time.year").median("time")
    lost = summers.sel(year=2018) - summers.sel(year=2019) > 0.15
    hits = float((found.alarm & lost).sum())
    assert hits / float(found.alarm.sum()) > 0.5
    assert hits / float(lost.sum()) > 0.7
    since = found.since.values[found.alarm.values]
    assert since.min() >= np.datetime64("2019-06-01")
    assert since.max() <= np.datetime64("2019-09-28")


def test_alarm_refusals(romania):
    place = {"area": (22.1515, 45.2029), "days": 60}
    with pytest.raises(InputError, match="nothing|no observed"):
        alarms(forecast(romania, **place))
    past = made_up([0.8])
    with pytest.raises(InputError, match="no 80 % interval|no 80% interval"):
        alarms(past)
    with pytest.raises(InputError, match="at least 1"):
        alarms(past, level=0.9, dates=0)
    with pytest.raises(InputError, match="no observed 'red'"):
        alarms(past, "red", level=0.9)


# --- files and frames -----------------------------------------------------------------------------------------------


def test_tables_and_files(romania, tmp_path):
    small = romania.isel(y=slice(0, 4), x=slice(0, 5))
    made = forecast(small, bands=("red", "nir"), days=30, model="climatology")
    assert channels(made) == ("red", "nir")
    table = skill_table(made)
    assert table.loc[("red", "persistence"), "MAE"] == pytest.approx(float(made.red_mae.sel(forecaster="persistence")))
    row = table.loc[("nir", "persistence")]
    assert row.gain == pytest.approx(1 - table.loc[("nir", "climatology"), "MAE"] / row.MAE)
    frame = pd.read_csv(to_csv(made, tmp_path / "a.csv"))
    assert len(frame) == 3 * 4 * 5
    assert {"time", "x", "y", "lead", "red", "red_lo80", "nir_hi95"} <= set(frame.columns)
    assert sorted(frame.x.unique()) == small.x.values.tolist()
    with xr.open_dataset(to_netcdf(made, tmp_path / "a.nc")) as back:
        np.testing.assert_allclose(back.red, made.red, atol=5.1e-5)
        assert back.attrs["provenance"] == made.attrs["provenance"]
    with pytest.raises(InputError, match="must end in .csv"):
        to_csv(made, tmp_path / "a.txt")
    with pytest.raises(InputError, match="no folder"):
        to_csv(made, tmp_path / "none" / "a.csv")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.csv", "a.nc"]
    with pytest.raises(InputError, match="not a forecast"):
        channels(small)


def test_frames_of_bands_and_of_a_part(romania):
    small = romania.isel(y=slice(0, 10), x=slice(0, 10))
    made = forecast(small.isel(y=slice(2, 6)), bands=("red",), days=30, model="climatology")
    both = append_frames(small, made)
    assert both.sizes == {**small.sizes, "time": 143}
    np.testing.assert_array_equal(both.red.values[-3:, 2:6], made.red)
    assert np.isnan(both.red.values[-3:, 6:]).all()
    assert np.isnan(both.nir.values[-3:]).all()
    assert not both.valid.values[-3:, 6:].any()
    np.testing.assert_array_equal(both.tree_cover, small.tree_cover)
    assert both.eow.bands == small.eow.bands
    point = forecast(small, area=tuple(np.array(small.eow.bounds).reshape(2, 2).mean(0)), days=30)
    with pytest.raises(InputError, match="every pixel"):
        append_frames(small, point)
