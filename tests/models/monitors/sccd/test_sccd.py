"""S-CCD: state, filter, and breaks."""

import numpy as np
import pytest
import torch
from support.batches import asked, batch_of

import eowidgets as eow
from eowidgets.contract.registry import get_model
from eowidgets.models.classical.stats import chi2_quantile
from eowidgets.models.monitors.sccd.state import Noise, State, errors, forecast, start, update, waves
from eowidgets.testing import check_model, tiny_cube

BANDS = ("red", "nir")
YEAR = 365.2425
DAYS = 17_000 + np.sort(np.random.default_rng(5).choice(2400, 190, replace=False)).astype(float)
CUT = 18_500.0


def forest(pixels=40, seed=0, noise=0.01):
    """Red and nir of a stable forest, (t, c, w)."""
    rng = np.random.default_rng(seed)
    wave = np.cos(2 * np.pi * DAYS / YEAR)[:, None]
    clean = np.stack([0.04 + 0.005 * wave, 0.30 - 0.05 * wave], axis=1)
    return clean + noise * rng.standard_normal((len(DAYS), 2, pixels)) * np.array([0.3, 1.0])[:, None]


def changed(sign=1.0, **options):
    """The first half of the pixels is cleared (1) or grows dense (-1) at :data:`CUT`."""
    x = forest(**options)
    half = x.shape[2] // 2
    x[DAYS >= CUT, 0, :half] += 0.025 * sign if sign < 0 else 0.10
    x[DAYS >= CUT, 1, :half] -= 0.12 * sign
    return x, half


def run(x, usable=None, days=DAYS, **params):
    out = asked(get_model("break-sccd", **params), batch_of(x, days, usable, BANDS))
    return {k: v[0, ..., 0, :].numpy() for k, v in out.items()}


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize(
    "params", [{}, {"watch": "NDVI", "smallest": 0.05}, {"trend": False}, {"terms": 1, "robust": False}]
)
def test_changes_of_both_signs_are_found_and_dated(sign, params):
    x, half = changed(sign)
    seen = np.random.default_rng(1).random((len(DAYS), x.shape[2])) < 0.7
    out = run(x, seen, **params)
    hit = out["change"][1] > 0.5
    assert hit[:half].mean() > 0.95
    assert hit[half:].mean() < 0.06
    found, confirmed = (out[k][:half][hit[:half]] for k in ("break_date", "confirmed_date"))
    assert ((found >= CUT - 10) & (found < CUT + 60)).mean() > 0.9
    assert (confirmed > found).all()
    assert np.isnan(out["break_date"][~hit]).all()
    if "watch" in params:
        assert (np.sign(out["magnitude"][:half][hit[:half]]) == -sign).all()
    elif sign > 0:
        np.testing.assert_allclose(np.nanmedian(out["magnitude"][:half]), np.hypot(0.10, 0.12), atol=0.02)


def test_a_slow_drift_is_followed_and_a_season_that_grows_too():
    x = forest()
    x[:, 1] += 0.012 * (DAYS - DAYS[0])[:, None] / YEAR
    x[:, 1] += 0.004 * ((DAYS - DAYS[0]) / YEAR * np.cos(2 * np.pi * DAYS / YEAR))[:, None]
    out = run(x)
    assert (out["change"][1] > 0.5).mean() < 0.05


def test_single_outliers_are_no_break():
    rng = np.random.default_rng(3)
    x = forest()
    x[(rng.random(x.shape) < 0.06) & (DAYS[:, None, None] > CUT - 500)] += 0.3
    assert (run(x)["change"][1] > 0.5).mean() < 0.05


def test_a_break_that_too_few_dates_show_is_pending():
    x = forest(pixels=12)
    x[-4:, 1, :6] -= 0.15
    out = run(x)
    assert out["pending"].tolist() == [4.0] * 6 + [0.0] * 6
    assert (out["change"][1] <= 0.5).all()
    assert np.isnan(out["break_date"]).all()
    # Two more dates confirm it.
    x[-6:, 1, :6] = x[-6:, 1, 6:] - 0.15
    out = run(x)
    assert (out["break_date"][:6] == DAYS[-6]).all()
    assert (out["confirmed_date"][:6] == DAYS[-1]).all()


def test_errors_that_point_every_way_are_no_break():
    x = forest()
    turns = np.resize([1.0, -1.0], len(DAYS))
    x[DAYS >= CUT, 1] += 0.1 * turns[DAYS >= CUT, None]
    assert (run(x, smallest=0.0)["change"][1] > 0.5).mean() < 0.1
    assert (run(x, smallest=0.0, angle=180.0)["change"][1] > 0.5).mean() > 0.5


def test_few_dates_gaps_and_never_seen_pixels():
    x, _ = changed(pixels=10)
    seen = np.ones((len(DAYS), 10), bool)
    seen[:, 0] = False
    seen[15:, 1] = False  # too few for a history
    seen[:70, 2] = False  # a history that begins late
    seen[(DAYS > CUT - 300) & (DAYS < CUT + 100), 3] = False
    out = run(x, seen)
    assert np.isnan(out["change"][:, :2]).all()
    assert np.isnan(out["pending"][:2]).all()
    for i in (3, 4):
        assert 0 <= out["break_date"][i] - CUT < 160
    assert np.isfinite(out["change"][:, 2]).all()


def test_time_may_be_shifted_and_values_scaled():
    x, _ = changed()
    cycle = 4 * YEAR
    one, later = run(x), run(x, days=DAYS + cycle)
    np.testing.assert_allclose(later["break_date"], one["break_date"] + cycle, atol=0.01)
    np.testing.assert_allclose(one["magnitude"], later["magnitude"], atol=1e-5)
    # The share of an index does not depend on brightness, and without least sizes neither does the test of bands.
    plain = {"robust": False, "smallest": 0.0}
    np.testing.assert_allclose(run(x, **plain)["break_date"], run(3 * x, **plain)["break_date"])
    np.testing.assert_allclose(3 * run(x, **plain)["magnitude"], run(3 * x, **plain)["magnitude"], rtol=1e-4)
    ndvi = {"watch": "NDVI"}
    np.testing.assert_allclose(run(x, **ndvi)["break_date"], run(3 * x, **ndvi)["break_date"])


def test_without_noise_the_filter_is_least_squares_of_all_that_it_has_seen():
    """A Kalman filter of a constant state is recursive least squares."""
    rng = np.random.default_rng(0)
    days = torch.as_tensor(DAYS)
    y = torch.as_tensor(forest(pixels=3).transpose(2, 1, 0))
    known = torch.zeros(3, len(DAYS), dtype=torch.bool)
    known[:, :60] = True
    noise, last = Noise(0.0, 0.0, 0.0), days[59].expand(3)
    state = start(y, known, days, last, terms=2, trend=True, ridge=0.5, robust=False)
    season = waves(days, 2)
    skipped = set(rng.choice(np.arange(60, 150), 20, replace=False).tolist())
    for t in range(60, 150):
        state = forecast(state, days[t].expand(3), True, noise)
        if t not in skipped:
            e = errors(state, y[:, :, t : t + 1], days[t].expand(3, 1), season[t].expand(3, 1, -1), True)[..., 0]
            state = update(state, e, season[t].expand(3, -1), True, 1e-9)
    known[:, 60:150] = torch.as_tensor([t not in skipped for t in range(60, 150)])
    whole = start(y, known, days, days[149].expand(3), terms=2, trend=True, ridge=0.5, robust=False)
    torch.testing.assert_close(state.mean, whole.mean, rtol=1e-6, atol=1e-8)
    torch.testing.assert_close(state.cov, whole.cov, rtol=1e-6, atol=1e-8)


def test_the_filter_is_that_of_a_plain_loop():
    """One band of one pixel, with a level that moves, against matrices written out."""
    rng = np.random.default_rng(1)
    noise = Noise(0.3, 0.02, 0.05)
    mean, cov = rng.normal(size=4), np.diag([1.0, 0.5, 0.3, 0.3])
    state = State(
        *(
            torch.as_tensor(v)
            for v in (mean[None, None], cov[None], np.array([[0.04]]), np.array([20.0]), np.array([0.0]))
        )
    )
    variance, weight, day = 0.04, 20.0, 0.0
    for when in (30.0, 75.0, 400.0):
        y = rng.normal()
        years = (when - day) / YEAR
        move = np.eye(4)
        move[0, 1] = years
        mean, cov = move @ mean, move @ cov @ move.T + np.diag([0.3, 0.02, 0.05, 0.05]) * years
        phase = 2 * np.pi * when / YEAR
        z = np.array([1, 0, np.cos(phase), np.sin(phase)])
        error, spread = y - z @ mean, 1 + z @ cov @ z
        mean, cov = mean + cov @ z / spread * error, cov - np.outer(cov @ z, cov @ z) / spread
        variance, weight, day = (weight * variance + error**2 / spread) / (weight + 1), weight + 1, when
        at = torch.tensor([when], dtype=torch.float64)
        state = forecast(state, at, True, noise)
        wave = waves(at, 1)
        e = errors(state, torch.tensor([[[y]]]).double(), at[:, None], wave[:, None], True)[..., 0]
        state = update(state, e, wave, True, 1e-9)
        np.testing.assert_allclose(state.mean[0, 0], mean)
        np.testing.assert_allclose(state.cov[0], cov, atol=1e-12)
        np.testing.assert_allclose(state.variance[0, 0], variance)


def test_breaks_are_those_of_a_plain_loop_over_observations():
    """The test of the next six observations at every step, pixel by pixel."""
    x, _ = changed(pixels=6, seed=2)
    seen = np.random.default_rng(4).random((len(DAYS), 6)) < 0.75
    out = run(x, seen, smallest=0.0, robust=False)
    noise = get_model("break-sccd").params
    noise = Noise(noise.level_noise, noise.slope_noise, noise.season_noise)
    limit, outlier = chi2_quantile(0.99, 2), chi2_quantile(0.99999, 2)
    days = torch.as_tensor(DAYS)
    season = waves(days, 2)
    single = torch.as_tensor(x.astype("float32").astype("float64").transpose(2, 1, 0))
    for i in range(6):
        clear = np.flatnonzero(seen[:, i])
        past = clear[DAYS[clear] < DAYS[0] + 2 * YEAR]
        known = torch.zeros(1, len(DAYS), dtype=torch.bool)
        known[0, past] = True
        y = single[i : i + 1] * torch.as_tensor(seen[:, i])
        border = days[DAYS[0] + 2 * YEAR > DAYS][-1:]
        state = start(y, known, days, border, terms=2, trend=True, ridge=noise_ridge(), robust=False)
        date = np.nan
        rest = clear[len(past) :]
        for j, t in enumerate(rest):
            state = forecast(state, days[t : t + 1], True, noise)
            window = torch.as_tensor(rest[j : j + 6])
            e = errors(state, y[..., window], days[window][None], season[window][None], True)[0]
            size = (e**2 / state.variance[0, :, None]).sum(0)
            unit = (e / state.variance[0, :, None].sqrt()).numpy()
            middle = np.median(unit, axis=1)
            cosine = middle @ unit / np.linalg.norm(middle) / np.linalg.norm(unit, axis=0)
            if len(window) == 6 and (size > limit).all() and np.rad2deg(np.arccos(cosine.clip(-1, 1))).mean() < 45:
                date = DAYS[t]
                break
            if size[0] <= outlier:
                state = update(state, e[None, :, 0], season[t][None], True, 1e-9)
        np.testing.assert_allclose(out["break_date"][i], date)


def noise_ridge():
    return get_model("break-sccd").params.ridge


def test_it_keeps_the_contract():
    check_model("break-sccd", tiny_cube(BANDS, dates=90, height=24, width=24, days=16))


def test_change_of_the_romanian_sample(romania):
    cube = romania.isel(y=slice(60, 84), x=slice(36, 60))
    found = eow.change(cube, "break-sccd", watch="NDVI")
    block = found.isel(y=slice(8, 13), x=slice(10, 15))
    assert (block.change == 1).mean() > 0.7
    year = block.date.values.astype("datetime64[Y]")
    assert (year[~np.isnat(year)] == np.datetime64("2019")).mean() > 0.7
    assert "break-sccd" in found.attrs["provenance"]
