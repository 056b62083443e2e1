import numpy as np
import pytest
import torch
from support.batches import asked, batch_of

import eowidgets as eow
from eowidgets.contract.feeds.series import flattened
from eowidgets.contract.registry import get_model
from eowidgets.errors import EowidgetsError
from eowidgets.models.classical.stats import chi2_quantile, mosum_constant
from eowidgets.models.monitors.ccdc import history_spread, plain_spread
from eowidgets.models.monitors.critical import LEVELS, PUBLISHED, mosum_critical
from eowidgets.models.monitors.iqr import quartiles
from eowidgets.models.monitors.runs import find_runs
from eowidgets.models.monitors.watched import Watched

BANDS = ("red", "nir")
DAYS = 17_000 + np.sort(np.random.default_rng(5).choice(2000, 160, replace=False)).astype(float)
CUT = 18_200.0  # two years of history end at about 17 730
PAST = DAYS[0] + 2 * 365.2425 > DAYS
MONITORS = ("break-ccdc", "break-bfast", "break-cusum", "break-iqr", "break-ewma")
PUBLISHED_FORM = {"robust": False, "smallest": 0.0}


def forest(pixels=40, seed=0, noise=0.01):
    """Red and nir of a stable forest, (t, c, w)."""
    rng = np.random.default_rng(seed)
    wave = np.cos(2 * np.pi * DAYS / 365.2425)[:, None]
    red, nir = 0.04 + 0.005 * wave, 0.30 - 0.05 * wave
    clean = np.stack([red, nir], axis=1)
    return clean + noise * rng.standard_normal((len(DAYS), 2, pixels)) * np.array([0.3, 1.0])[:, None]


def logged(**options):
    x = forest(**options)
    half = x.shape[2] // 2
    x[DAYS >= CUT, 0, :half] += 0.10
    x[DAYS >= CUT, 1, :half] -= 0.12
    return x, half


def run(name, x, usable=None, **params):
    out = asked(get_model(name, **params), batch_of(x, DAYS, usable, BANDS))
    return {k: v[0, ..., 0, :].numpy() for k, v in out.items()}


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("break-ccdc", {}),
        ("break-ccdc", {"watch": "NDVI", "consecutive": 4}),
        ("break-bfast", {}),
        ("break-bfast", {"robust": False}),
        ("break-cusum", {}),
        ("break-cusum", {"robust": False}),
        ("break-iqr", {"consecutive": 4}),
        ("break-ewma", {}),
        ("break-ewma", {"weight": 0.3, "outlier": 100.0, "robust": False}),
    ],
)
def test_logging_is_found_and_dated(name, params):
    x, half = logged()
    seen = np.random.default_rng(1).random((len(DAYS), x.shape[2])) < 0.8
    out = run(name, x, seen, **params)
    changed = out["change"][1] > 0.5
    assert changed[:half].mean() > 0.95
    assert changed[half:].mean() < 0.15
    found, confirmed = out["break_date"][:half][changed[:half]], out["confirmed_date"][:half][changed[:half]]
    assert ((found >= CUT) & (found < CUT + 60)).mean() > 0.7
    assert (confirmed >= found).all()
    assert ((confirmed >= CUT) & (confirmed < CUT + 200)).mean() > 0.9
    assert np.isnan(out["break_date"][~changed]).all()
    np.testing.assert_allclose(out["change"].sum(0), 1, atol=1e-6)
    size = np.nanmedian(out["magnitude"][:half])
    if params.get("watch") or name != "break-ccdc":
        assert abs(size) > 0.3
    else:
        np.testing.assert_allclose(size, np.hypot(0.10, 0.12), atol=0.02)


def ndvi(values):
    """Red and near infrared with this NDVI, (t, 2, w)."""
    return np.stack([(1 - values) / 4, (1 + values) / 4], axis=1)


@pytest.mark.parametrize("name", [*MONITORS, "break-ensemble"])
def test_a_slight_crossing_does_not_end_the_search(name):
    """A loss of 0.06 for good, then a clear-cut: the second is what is found."""
    rng = np.random.default_rng(7)
    v = 0.7 + 0.012 * rng.standard_normal((len(DAYS), 30))
    v[DAYS >= 17_850] -= 0.06
    v[DAYS >= CUT] -= 0.3
    out = run(name, ndvi(v), **({"watch": "NDVI"} if name == "break-ccdc" else {}))
    assert (out["change"][1] > 0.5).all()
    assert (np.abs(out["break_date"] - CUT) < 40).mean() > 0.9
    assert (np.abs(out["magnitude"]) > 0.2).all()


def test_the_gate_against_outliers_opens_after_a_clear_cut():
    """Far beyond the gate for good: found; single observations as far out: not."""
    rng = np.random.default_rng(8)
    v = 0.8 + 0.008 * rng.standard_normal((len(DAYS), 30))
    clouds = v.copy()
    clouds[(rng.random(v.shape) < 0.04) & ~PAST[:, None]] -= 0.5
    v[DAYS >= CUT] -= 0.5
    out, cloudy = run("break-ewma", ndvi(v)), run("break-ewma", ndvi(clouds))
    assert (out["change"][1] > 0.5).all()
    assert (np.abs(out["break_date"] - CUT) < 30).all()
    assert (cloudy["change"][1] > 0.5).mean() < 0.05


@pytest.mark.parametrize("name", ["break-ccdc", "break-bfast", "break-iqr"])
def test_a_late_break_of_a_long_series_with_slow_drift_is_found(name):
    """Thirty years of a dozen dates, a history of two, a drift of 0.15, cleared after 26 years."""
    rng = np.random.default_rng(9)
    days = 6000 + np.sort(rng.choice(30 * 365, 360, replace=False)).astype(float)
    v = 0.6 + 0.15 * (days - days[0])[:, None] / (30 * 365) + 0.03 * rng.standard_normal((360, 40))
    cut = days[0] + 26 * 365.0
    v[days >= cut, :20] -= 0.3
    model = get_model(name, **({"watch": "NDVI"} if name == "break-ccdc" else {}))
    out = {k: t[0, ..., 0, :].numpy() for k, t in asked(model, batch_of(ndvi(v), days, bands=BANDS)).items()}
    assert (np.abs(out["break_date"][:20] - cut) < 200).mean() >= 0.9
    assert (out["change"][1, 20:] > 0.5).mean() <= 0.05


def test_ccdc_is_equal_to_a_plain_loop_over_observations():
    x, _ = logged(pixels=8, seed=3)
    seen = np.random.default_rng(2).random((len(DAYS), 8)) < 0.6
    settings = {"consecutive": 4, "probability": 0.99, "renew": 0.0, "sure": 0.0}
    model = get_model("break-ccdc", **settings)
    given = model.prepared(flattened(batch_of(x, DAYS, seen, BANDS)))
    out = run("break-ccdc", x, seen, **settings)
    watched = model.watch(given.values.transpose(1, 2), given.usable, given.days, int(PAST.sum()))
    limit = chi2_quantile(0.99, 2)
    for i in range(8):
        residual = watched.residual[i].numpy().T
        size = np.abs(residual[seen[:, i] & PAST])
        size = np.minimum(size, 3 * np.maximum(1.4826 * np.median(size, axis=0), 0.005))
        spread = np.maximum(np.sqrt((size**2).sum(0) / (len(size) - 3)), 0.005)
        streak, date, last = [], np.nan, np.nan
        for t in np.flatnonzero(seen[:, i] & ~PAST):
            streak = [*streak, t] if ((residual[t] / spread) ** 2).sum() > limit else []
            if len(streak) == 4:
                date, last = DAYS[streak[0]], DAYS[t]
                break
        np.testing.assert_allclose(out["break_date"][i], date)
        np.testing.assert_allclose(out["confirmed_date"][i], last)


def residuals_of(x, seen, i):
    """NDVI minus the least-squares fit of the history, on clear dates; how many of them are history; their days."""
    ndvi = (x[:, 1] - x[:, 0]) / (x[:, 1] + x[:, 0])
    phase = 2 * np.pi * DAYS / 365.2425
    design = np.stack([np.ones_like(phase), np.cos(phase), np.sin(phase)], 1)
    h = seen[:, i] & PAST
    fit = design @ np.linalg.lstsq(design[h], ndvi[h, i], rcond=None)[0]
    return (ndvi[:, i] - fit)[seen[:, i]], int(h.sum()), DAYS[seen[:, i]]


@pytest.mark.parametrize("name", ["break-bfast", "break-cusum"])
def test_sums_are_equal_to_a_plain_loop_over_observations(name):
    x, _ = logged(pixels=8, seed=4)
    seen = np.random.default_rng(3).random((len(DAYS), 8)) < 0.6
    out = run(name, x, seen, **PUBLISHED_FORM, alpha=0.05)
    for i in range(8):
        e, n, days = residuals_of(x, seen, i)
        sigma = np.sqrt((e[:n] ** 2).sum() / (n - 3))
        date = first = np.nan
        for k in range(n + 1, len(e) + 1):
            ratio = k / n
            if name == "break-bfast":
                total = e[k - int(np.floor(0.25 * n)) : k].sum()
                border = 1.3418 * np.sqrt(2 * (np.log(ratio) if ratio > np.e else 1))
            else:
                total = e[n:k].sum()
                border = np.sqrt(ratio * (ratio - 1) * (7.814728 + np.log(ratio / (ratio - 1))))
            if abs(total) / (sigma * np.sqrt(n)) > border:
                date = first = days[k - 1]
                j = k - 1
                while j >= n and e[j] * np.sign(total) > sigma:
                    first, j = days[j], j - 1
                break
        np.testing.assert_allclose(out["confirmed_date"][i], date)
        np.testing.assert_allclose(out["break_date"][i], first)


def test_quartiles_and_control_chart_are_equal_to_plain_loops():
    x, _ = logged(pixels=8, seed=6)
    seen = np.random.default_rng(4).random((len(DAYS), 8)) < 0.6
    iqr = run("break-iqr", x, seen, **PUBLISHED_FORM, sensitivity=1.5, consecutive=3)
    ewma = run("break-ewma", x, seen, **PUBLISHED_FORM, weight=0.3, limit=2.0)
    for i in range(8):
        e, n, days = residuals_of(x, seen, i)
        low, high = np.percentile(e[:n], [25, 75])
        reach, streak, date = 1.5 * (high - low), 0, np.nan
        for k in range(n, len(e)):
            streak = streak + 1 if e[k] > high + reach or e[k] < low - reach else 0
            if streak == 3:
                date = days[k]
                break
        np.testing.assert_allclose(iqr["confirmed_date"][i], date)
        sigma, z, date = np.sqrt((e[:n] ** 2).mean()), 0.0, np.nan
        assert (np.abs(e[:n]) <= 5 * sigma).all()  # nothing for the Shewhart chart to drop in this series
        for k in range(len(e)):
            if k < n or abs(e[k]) <= 10 * sigma:
                z = 0.7 * z + 0.3 * e[k]
                if k >= n and abs(z) > 2 * sigma * np.sqrt(0.3 / 1.7):
                    date = days[k]
                    break
        np.testing.assert_allclose(ewma["confirmed_date"][i], date)


def test_the_shewhart_chart_drops_a_cloud_from_the_history():
    x = forest(pixels=6, seed=8)
    x[20, 0] += 1.0  # a missed cloud over all pixels, within the history
    out = run("break-ewma", x, **PUBLISHED_FORM, limit=6.0)
    without = run(
        "break-ewma",
        x,
        np.broadcast_to(np.arange(len(DAYS))[:, None] != 20, (len(DAYS), 6)),
        limit=6.0,
        **PUBLISHED_FORM,
    )
    np.testing.assert_allclose(out["change"], without["change"], atol=1e-5)


def test_critical_values_are_the_published_ones_and_what_a_simulation_finds():
    assert mosum_critical(0.05, 0.25) == 1.3418
    assert mosum_critical(0.01, 1.0) == 3.2769
    assert 1.3418 < mosum_critical(0.045, 0.25) < 1.3689
    for width, values in PUBLISHED.items():
        assert (np.diff(values) < 0).all()
        assert len(values) == len(LEVELS)
        # Steps of a hundredth of the history miss some of the path's extremes: a little lower, never much.
        simulated = mosum_constant(0.05, width, 10.0) / np.sqrt(2)
        assert 0.96 < simulated / values[-1] < 1.005
    assert mosum_critical(0.1, 0.25) < 1.3418
    assert mosum_critical(0.05, 0.25) < mosum_critical(0.05, 0.35) < mosum_critical(0.05, 0.5)


@pytest.mark.parametrize("name", ["break-bfast", "break-cusum"])
def test_false_alarms_are_as_rare_as_promised(name):
    """White noise, and sums over whole years: the errors of the fitted waves cancel, and alpha is nearly exact."""
    rng = np.random.default_rng(0)
    days = 17_000 + np.arange(500) * 4.0
    ndvi = 0.5 + 0.05 * rng.standard_normal((500, 1500))
    x = np.stack([(1 - ndvi) / 2, (1 + ndvi) / 2], axis=1)
    wide = {"bandwidth": 1.0} if name == "break-bfast" else {}
    model = get_model(name, **PUBLISHED_FORM, alpha=0.1, **wide)
    changed = asked(model, batch_of(x, days, bands=BANDS))["change"][0, 1] > 0.5
    assert 0.01 < float(changed.float().mean()) < 0.13


@pytest.mark.parametrize("robust", [True, False])
@pytest.mark.parametrize("name", MONITORS)
def test_short_histories_never_seen_pixels_and_constants(name, robust):
    x = forest(pixels=4)
    x[..., 3] = 0.3
    seen = np.ones((len(DAYS), 4), bool)
    seen[:, 0] = False
    seen[:-11, 1] = False  # nothing in the history
    seen[DAYS > 17_700, 2] = False  # nothing after it
    out = run(name, x, seen, robust=robust)
    assert np.isnan(out["change"][:, :3]).all()
    if robust:  # exactly constant pixels have no noise to measure by
        assert out["change"][1, 3] < 0.5
        assert np.isnan(out["break_date"]).all()


@pytest.mark.parametrize("name", MONITORS)
def test_no_date_after_the_history(name):
    x = forest(pixels=2)[:30]
    out = asked(get_model(name, history=30.0), batch_of(x, DAYS[:30], bands=BANDS))
    assert torch.isnan(out["change"]).all()


def test_another_index_needs_its_bands(make_cube):
    cube = make_cube(dates=14, bands=("red", "nir"))
    with pytest.raises(EowidgetsError, match="needs the band swir16"):
        eow.run("break-iqr", cube, index="NDMI")
    assert get_model("break-iqr", index="NDMI").feed.bands == ("nir", "swir16")
    assert get_model("break-iqr").feed.bands == ("nir", "red")


def test_clear_cuts_in_romania():
    """Three parcels that the pictures show as cut between two summers, and one stand that stays."""
    out = eow.run("break-ccdc", eow.open("romania", clouds="robust"))
    year = 1970 + out.break_date / 365.2425
    for rows, columns, earliest, latest in [
        (slice(61, 65), slice(6, 10), 2017.4, 2018.6),
        (
            slice(46, 49),
            slice(66, 69),
            2017.5,
            2019.5,
        ),  # cut from 2018.5 on; over all bands an autumn before it is dated
        (slice(68, 73), slice(46, 51), 2018.5, 2019.5),
    ]:
        found = year[rows, columns].values
        assert np.isfinite(found).mean() > 0.7
        assert earliest < np.nanmedian(found) < latest
    assert float((out.change[88:96, 0:32] == 1).mean()) < 0.1


def test_the_spread_of_a_history_is_by_degrees_of_freedom_or_as_published():
    """Ten clear dates of 0.03 and a model of four coefficients: √(10 · 0.03² / 6), and √(10 · 0.03² / 10)."""
    residual = torch.full((1, 2, 14), 0.03)
    residual[:, 1] = -0.06
    usable = torch.ones((1, 14), dtype=torch.bool)
    usable[:, 10:] = False
    residual[..., 10:] = 0
    seen = Watched(residual, usable, 12, torch.arange(14.0), 4, usable[:, :12].sum(1))
    torch.testing.assert_close(history_spread(seen), torch.tensor([[0.03, 0.06]]) * (10 / 6) ** 0.5)
    torch.testing.assert_close(plain_spread(seen), torch.tensor([[0.03, 0.06]]))


def test_the_spread_is_limited_at_both_ends():
    """An outlier counts as three robust spreads; a perfect fit has the noise of the sensor, and one date no infinity."""
    residual, usable = torch.full((1, 1, 12), 0.02), torch.ones((1, 12), dtype=torch.bool)
    residual[..., 3] = 0.9
    seen = Watched(residual, usable, 12, torch.arange(12.0), 2, torch.tensor([12]))
    expected = ((11 * 0.02**2 + (3 * 1.4826 * 0.02) ** 2) / 10) ** 0.5
    torch.testing.assert_close(history_spread(seen), torch.tensor([[expected]]))
    calm = Watched(torch.zeros(1, 1, 12), usable, 12, torch.arange(12.0), 2, torch.tensor([12]))
    assert history_spread(calm).item() == pytest.approx(0.005)
    few = Watched(torch.full((1, 1, 12), 0.02), usable, 12, torch.arange(12.0), 2, torch.tensor([1]))
    assert np.isfinite(history_spread(few).item())


def test_a_run_needs_every_observation_above_one():
    statistic = torch.tensor([[1.0, 1.0, 3.0, 9.0, 2.0, 2.0, 1.5], [1.0, 1.0, 1.0, 1.0, 0.5, 1.0, 1.0]])
    clear = torch.ones((2, 7), dtype=torch.bool)
    clear[0, 3] = False
    runs = find_runs(statistic, clear, 3)
    assert runs.members[0].tolist() == [2, 4, 5]
    assert runs.score.tolist() == [2.0, 1.0]


def test_quartiles_are_numpys():
    rng = np.random.default_rng(0)
    values, mask = torch.tensor(rng.normal(size=(20, 11))), torch.tensor(rng.random((20, 11)) < 0.7)
    found = quartiles(values, mask)
    for i in range(20):
        expected = np.percentile(values[i][mask[i]].numpy(), (25, 75))
        np.testing.assert_allclose([float(q[i]) for q in found], expected)
