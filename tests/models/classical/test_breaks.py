import numpy as np
import pytest
import torch
from support.batches import batch_of

import eowidgets as eow
from eowidgets.models.classical.stats import chi2_quantile, mosum_constant
from eowidgets.models.registry import get_model

BANDS = ("red", "nir")
DAYS = 17_000 + np.sort(np.random.default_rng(5).choice(2000, 160, replace=False)).astype(float)
CUT = 18_200.0  # two years of history end at about 17 730


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
    out = get_model(name, **params).predict(batch_of(x, DAYS, usable, BANDS))
    return {k: v[0, ..., 0, :].numpy() for k, v in out.items()}


@pytest.mark.parametrize(
    ("name", "params"),
    [("break-ccdc", {}), ("break-bfast", {}), ("break-bfast", {"sums": "mosum"}), ("break-bfast", {"robust": False})],
)
def test_logging_is_found_and_dated(name, params):
    x, half = logged()
    seen = np.random.default_rng(1).random((len(DAYS), x.shape[2])) < 0.8
    out = run(name, x, seen, **params)
    changed = out["change"][1] > 0.5
    assert changed[:half].mean() > 0.95
    assert changed[half:].mean() < 0.15
    found = out["break_date"][:half][changed[:half]]
    assert ((found >= CUT) & (found < CUT + 200)).mean() > 0.9
    assert np.isnan(out["break_date"][~changed]).all()
    np.testing.assert_allclose(out["change"].sum(0), 1, atol=1e-6)
    if name == "break-ccdc":
        confirmed = out["confirmed_date"][:half][changed[:half]]
        assert (confirmed > found).all()
        np.testing.assert_allclose(np.nanmedian(out["magnitude"][:half]), np.hypot(0.10, 0.12), atol=0.02)
    else:
        assert np.nanmedian(out["magnitude"][:half]) < -0.3


def test_ccdc_is_equal_to_a_plain_loop_over_observations():
    x, _ = logged(pixels=8, seed=3)
    seen = np.random.default_rng(2).random((len(DAYS), 8)) < 0.6
    model = get_model("break-ccdc", consecutive=4)
    batch = batch_of(x, DAYS, seen, BANDS)
    out = run("break-ccdc", x, seen, consecutive=4)
    watched = model.watch(batch.x, batch.usable, batch.days, rounds=5, ridge=0.1)
    limit = chi2_quantile(0.99, 2)
    for i in range(8):
        residual, past = watched.residual[i].numpy().T, watched.past.numpy()
        size = np.abs(residual[seen[:, i] & past])
        size = np.minimum(size, 3 * np.maximum(1.4826 * np.median(size, axis=0), 0.005))
        spread = np.maximum(np.sqrt((size**2).sum(0) / (len(size) - 3)), 0.005)
        streak, date = [], np.nan
        for t in np.flatnonzero(seen[:, i] & ~past):
            streak = [*streak, t] if ((residual[t] / spread) ** 2).sum() > limit else []
            if len(streak) == 4:
                date = DAYS[streak[0]]
                break
        np.testing.assert_allclose(out["break_date"][i], date)


@pytest.mark.parametrize("sums", ["mosum", "cusum"])
def test_bfast_is_equal_to_a_plain_loop_over_observations(sums):
    x, _ = logged(pixels=8, seed=4)
    seen = np.random.default_rng(3).random((len(DAYS), 8)) < 0.6
    out = run("break-bfast", x, seen, sums=sums, robust=False, smallest=0.0)
    ndvi = (x[:, 1] - x[:, 0]) / (x[:, 1] + x[:, 0])
    past = DAYS[0] + 2 * 365.2425 > DAYS
    phase = 2 * np.pi * DAYS / 365.2425
    design = np.stack([np.ones_like(phase), np.cos(phase), np.sin(phase)], 1)
    for i in range(8):
        h = seen[:, i] & past
        fit = design @ np.linalg.lstsq(design[h], ndvi[h, i], rcond=None)[0]
        e = (ndvi[:, i] - fit)[seen[:, i]]
        n = int(h.sum())
        sigma = np.sqrt((e[:n] ** 2).sum() / (n - 3))
        date = np.nan
        for k in range(n + 1, len(e) + 1):
            ratio = k / n
            if sums == "mosum":
                width = int(np.floor(0.25 * n))
                total = e[k - width : k].sum()
                border = mosum_constant(0.05, 0.25, 10.0) * np.sqrt(np.log(ratio) if ratio > np.e else 1)
            else:
                total = e[n:k].sum()
                border = np.sqrt(ratio * (ratio - 1) * (7.814728 + np.log(ratio / (ratio - 1))))
            if abs(total) / (sigma * np.sqrt(n)) > border:
                date = DAYS[seen[:, i]][k - 1]
                break
        np.testing.assert_allclose(out["break_date"][i], date)


@pytest.mark.parametrize("sums", ["mosum", "cusum"])
def test_false_alarms_are_as_rare_as_promised(sums):
    """White noise, and sums over whole years: the errors of the fitted waves cancel, and alpha is nearly exact."""
    rng = np.random.default_rng(0)
    days = 17_000 + np.arange(500) * 4.0
    ndvi = 0.5 + 0.05 * rng.standard_normal((500, 1500))
    x = np.stack([(1 - ndvi) / 2, (1 + ndvi) / 2], axis=1)
    model = get_model("break-bfast", sums=sums, robust=False, smallest=0.0, alpha=0.1, bandwidth=1.0)
    changed = model.predict(batch_of(x, days, bands=BANDS))["change"][0, 1] > 0.5
    assert 0.01 < float(changed.float().mean()) < 0.13


@pytest.mark.parametrize("name", ["break-ccdc", "break-bfast"])
def test_short_histories_never_seen_pixels_and_constants(name):
    x = forest(pixels=4)
    x[..., 3] = 0.3
    seen = np.ones((len(DAYS), 4), bool)
    seen[:, 0] = False
    seen[:-11, 1] = False  # nothing in the history
    seen[DAYS > 17_700, 2] = False  # nothing after it
    out = run(name, x, seen)
    assert np.isnan(out["change"][:, :3]).all()
    assert out["change"][1, 3] < 0.5
    assert np.isnan(out["break_date"]).all()


@pytest.mark.parametrize("name", ["break-ccdc", "break-bfast"])
def test_no_date_after_the_history(name):
    x = forest(pixels=2)[:30]
    out = get_model(name, history=30.0).predict(batch_of(x, DAYS[:30], bands=BANDS))
    assert torch.isnan(out["change"]).all()


def test_clear_cuts_in_romania():
    """Three parcels that the pictures show as cut between two summers, and one stand that stays."""
    out = eow.run("break-ccdc", eow.open("romania", clouds="robust"))
    year = 1970 + out.break_date / 365.2425
    for rows, columns, earliest, latest in [
        (slice(61, 65), slice(6, 10), 2017.4, 2018.6),
        (slice(46, 49), slice(66, 69), 2018.5, 2019.5),
        (slice(68, 73), slice(46, 51), 2018.5, 2019.5),
    ]:
        found = year[rows, columns].values
        assert np.isfinite(found).mean() > 0.7
        assert earliest < np.nanmedian(found) < latest
    assert float((out.change[88:96, 0:32] == 1).mean()) < 0.1
