import numpy as np
import pytest
import torch

from eowidgets.contract.feeds import Batch
from eowidgets.contract.registry import get_model
from eowidgets.models.classical.harmonic import design, evaluate


def waves(days, level=0.4, first=(0.1, 0.05), second=(0.02, -0.03), slope=0.0):
    phase = 2 * np.pi * days / 365.2425
    year = (days - days.mean()) / 365.2425
    first_wave = first[0] * np.cos(phase) + first[1] * np.sin(phase)
    return level + slope * year + first_wave + second[0] * np.cos(2 * phase) + second[1] * np.sin(2 * phase)


def batch_of(series, days, usable=None):
    x = torch.as_tensor(series, dtype=torch.float32)[None, :, None, None, None]
    days = torch.as_tensor(days, dtype=torch.float64)
    usable = (
        torch.ones(1, len(days), 1, 1, dtype=torch.bool)
        if usable is None
        else torch.as_tensor(usable)[None, :, None, None]
    )
    every = torch.ones_like(usable)
    masked = torch.where(usable[:, :, None], x, 0.0)
    return Batch(masked, usable, every, x, days, days, ("red",), torch.zeros(1, 2), 10.0)


DAYS = 17_000 + np.sort(np.random.default_rng(0).choice(1500, 80, replace=False)).astype(float)


def test_exact_waves_come_back():
    truth = waves(DAYS)
    out = get_model("harmonic", terms=2, ridge=1e-6, robust=False).predict(batch_of(truth, DAYS))
    np.testing.assert_allclose(out["bands"].numpy().ravel(), truth, atol=1e-5)
    assert float(out["residual_spread"]) < 1e-5


def test_trend():
    truth = waves(DAYS, slope=0.05)
    fit = get_model("harmonic", trend=True, ridge=1e-6, robust=False).predict(batch_of(truth, DAYS))["bands"]
    np.testing.assert_allclose(fit.numpy().ravel(), truth, atol=1e-5)


def test_equal_to_least_squares():
    rng = np.random.default_rng(1)
    series = waves(DAYS) + 0.02 * rng.standard_normal(len(DAYS))
    seen = rng.random(len(DAYS)) < 0.6
    columns = design(torch.as_tensor(DAYS), 2, False, 0.0).numpy()
    expected = columns @ np.linalg.lstsq(columns[seen], series[seen].astype("float32"), rcond=None)[0]
    fit = get_model("harmonic", ridge=1e-6, robust=False).predict(batch_of(series, DAYS, seen))["bands"]
    np.testing.assert_allclose(fit.numpy().ravel(), expected, atol=1e-4)


def test_robust_fit_shrugs_at_clouds_that_were_missed():
    truth = waves(DAYS)
    spoilt = truth.copy()
    spoilt[[5, 22, 47, 60]] += 0.5
    plain = get_model("harmonic", robust=False).predict(batch_of(spoilt, DAYS))["bands"].numpy().ravel()
    robust = get_model("harmonic", robust=True).predict(batch_of(spoilt, DAYS))["bands"].numpy().ravel()
    assert np.abs(robust - truth).max() < 0.3 * np.abs(plain - truth).max()


def test_order_of_dates_does_not_matter():
    rng = np.random.default_rng(2)
    series = waves(DAYS) + 0.02 * rng.standard_normal(len(DAYS))
    order = rng.permutation(len(DAYS))
    a = get_model("harmonic").predict(batch_of(series, DAYS))["bands"].numpy().ravel()
    b = get_model("harmonic").predict(batch_of(series[order], DAYS[order]))["bands"].numpy().ravel()
    np.testing.assert_allclose(b, a[order], atol=1e-5)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_observations_give_no_nonsense(count):
    seen = np.zeros(len(DAYS), bool)
    seen[:count] = True
    fit = get_model("harmonic").predict(batch_of(waves(DAYS), DAYS, seen))["bands"].numpy()
    assert np.isnan(fit).all() if count == 0 else (np.isfinite(fit).all() and np.abs(fit).max() < 1)


def test_autocast_does_not_touch_the_fit():
    batch = batch_of(waves(DAYS), DAYS)
    plain = get_model("harmonic").predict(batch)["bands"]
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(get_model("harmonic").predict(batch)["bands"], plain)


def test_a_pixel_has_the_same_bits_whatever_pixels_are_beside_it():
    """Statistics that follow are held against thresholds: a matrix product would round differently with each window."""
    g = torch.Generator().manual_seed(0)
    columns = design(torch.arange(17_000, 18_000, 11).double(), 3, trend=True, origin=17_500)
    coefficients = torch.randn((997, 2, columns.shape[1]), generator=g, dtype=torch.float64)
    whole = evaluate(columns, coefficients, torch.float32)
    exact = coefficients @ columns.T
    torch.testing.assert_close(whole, exact.float(), atol=2e-5, rtol=0)
    for start, stop in ((0, 1), (3, 20), (500, 997)):
        assert torch.equal(evaluate(columns, coefficients[start:stop], torch.float32), whole[start:stop])
