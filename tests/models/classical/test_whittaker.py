import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.batches import batch_of

from eowidgets.contract.registry import get_model
from eowidgets.models.classical.whittaker import SLOPE_PENALTY


def by_loop(y, days, seen, length):
    """The definition with dense matrices, one pixel."""
    t = len(y)
    h = np.maximum(np.diff(days), 1.0)
    p = np.zeros((t, t))
    for i in range(t - 1):
        d = np.zeros(t)
        d[i], d[i + 1] = -1, 1
        p += SLOPE_PENALTY / h[i] * np.outer(d, d)
    for i in range(1, t - 1):
        d = np.zeros(t)
        span = h[i - 1] + h[i]
        d[i + 1] += 2 / (h[i] * span)
        d[i] -= 2 / (h[i] * span) + 2 / (h[i - 1] * span)
        d[i - 1] += 2 / (h[i - 1] * span)
        p += length**3 * span / 2 * np.outer(d, d)
    return np.linalg.solve(np.diag(seen.astype(float)) + p, seen * y)


@given(seed=st.integers(0, 10_000), t=st.integers(1, 25), length=st.sampled_from([2.0, 20.0, 100.0]))
@settings(max_examples=30, deadline=None)
def test_equal_to_dense_matrices(seed, t, length):
    rng = np.random.default_rng(seed)
    days = 18_000 + np.cumsum(rng.choice([0.0, 0.4, 2.0, 5.0, 40.0], t))
    y, seen = rng.uniform(0, 1, (t, 2, 3)).astype("float32"), rng.random((t, 3)) < 0.6
    found = get_model("whittaker", length=length, robust=False).predict(batch_of(y, days, seen, ("red", "nir")))
    bands = found["bands"][0, :, :, 0].numpy()
    for c, i in np.ndindex(2, 3):
        if seen[:, i].any():
            np.testing.assert_allclose(bands[:, c, i], by_loop(y[:, c, i], days, seen[:, i], length), atol=2e-4)
        else:
            assert np.isnan(bands[:, c, i]).all()
            assert torch.isnan(found["residual_spread"][0, 0, i])


def test_a_straight_line_is_as_smooth_as_can_be():
    days = 18_000 + np.array([0.0, 3, 4, 30, 31, 90])
    line = 0.1 + 0.002 * (days - days[0])
    found = get_model("whittaker", length=300.0).predict(batch_of(line, days))["bands"]
    np.testing.assert_allclose(found.ravel(), line, atol=1e-4)


@pytest.mark.parametrize("seen", [[0], [2], [0, 4]])
def test_constants_and_few_observations(seen):
    usable = np.zeros(5, bool)
    usable[seen] = True
    days = 18_000 + np.arange(5) * 9.0
    found = get_model("whittaker").predict(batch_of(np.full(5, 0.3), days, usable))["bands"]
    np.testing.assert_allclose(found.ravel(), 0.3, atol=1e-4)


def test_robust_curve_passes_below_missed_clouds():
    days = 18_000 + np.arange(60) * 5.0
    truth = 0.3 + 0.1 * np.sin(days / 40)
    spoilt = truth.copy()
    spoilt[[7, 21, 40]] += 0.5
    plain, robust = (
        get_model("whittaker", robust=r).predict(batch_of(spoilt, days))["bands"].numpy().ravel() for r in (False, True)
    )
    assert np.abs(robust - truth).max() < 0.4 * np.abs(plain - truth).max()
