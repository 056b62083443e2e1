import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eowidgets.errors import InputError
from eowidgets.metrics import mae, psnr, rmse, sam, ssim


def test_by_hand():
    made, truth = np.array([0.1, 0.5, 0.3]), np.array([0.1, 0.2, 0.7])
    assert rmse(made, truth) == pytest.approx(math.sqrt((0.09 + 0.16) / 3))
    assert mae(made, truth) == pytest.approx(0.7 / 3)
    assert psnr(made, truth) == pytest.approx(10 * math.log10(3 / 0.25))
    assert psnr(made * 255, truth * 255, span=255) == pytest.approx(psnr(made, truth))
    assert psnr(truth, truth) == math.inf


@pytest.mark.parametrize("score", [rmse, mae, psnr])
def test_masks_and_unknown_truth(score):
    made, truth = np.array([0.1, 0.5, 0.3, 0.0]), np.array([0.2, 0.2, 0.7, np.nan])
    assert score(made, truth) == score(made[:3], truth[:3])
    assert score(made, truth, where=[True, False, True, True]) == score(made[[0, 2]], truth[[0, 2]])
    # An answer that was not given is not a good answer.
    assert math.isnan(score([np.nan, 0.2], [0.1, 0.2]))
    assert math.isfinite(score([np.nan, 0.3], [0.1, 0.2], where=[False, True]))


def test_refusals():
    with pytest.raises(InputError, match=r"\(2,\), but the target has \(3,\)"):
        rmse([1, 2], [1, 2, 3])
    with pytest.raises(InputError, match="nothing to compare"):
        mae([1.0], [np.nan])
    with pytest.raises(InputError, match=r"where has shape \(3,\)"):
        mae([1.0, 2], [1, 2], where=[True, True, False])
    with pytest.raises(InputError, match="compares images"):
        ssim([1.0], [1.0])


def ssim_by_definition(a, b, where):
    """Loops over every window, straight from the paper."""
    k = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    kernel = np.outer(k, k)
    values = []
    for r, c in np.argwhere(where):
        w = np.zeros(a.shape)
        for i in range(max(r - 5, 0), min(r + 6, a.shape[0])):
            for j in range(max(c - 5, 0), min(c + 6, a.shape[1])):
                w[i, j] = kernel[i - r + 5, j - c + 5] * where[i, j]
        w /= w.sum()
        ma, mb = (w * a).sum(), (w * b).sum()
        va, vb, cov = (w * (a - ma) ** 2).sum(), (w * (b - mb) ** 2).sum(), (w * (a - ma) * (b - mb)).sum()
        values.append((2 * ma * mb + 1e-4) * (2 * cov + 9e-4) / ((ma**2 + mb**2 + 1e-4) * (va + vb + 9e-4)))
    return np.mean(values)


def test_ssim_against_its_definition():
    rng = np.random.default_rng(0)
    truth = rng.random((13, 17))
    made = np.clip(truth + 0.2 * rng.standard_normal(truth.shape), 0, 1)
    where = rng.random(truth.shape) < 0.7
    assert ssim(made, truth) == pytest.approx(ssim_by_definition(made, truth, np.ones(truth.shape, bool)), abs=1e-10)
    assert ssim(made, truth, where) == pytest.approx(ssim_by_definition(made, truth, where), abs=1e-10)
    # Whatever stands outside the mask says nothing.
    assert ssim(np.where(where, made, 9.0), np.where(where, truth, np.nan), where) == pytest.approx(
        ssim(made, truth, where), abs=1e-10
    )


def test_ssim_of_constants_and_of_planes():
    a, b = np.full((12, 12), 0.2), np.full((12, 12), 0.4)
    assert ssim(a, b) == pytest.approx((2 * 0.08 + 1e-4) / (0.04 + 0.16 + 1e-4))
    rng = np.random.default_rng(1)
    x, y = rng.random((2, 3, 12, 12)), rng.random((2, 3, 12, 12))
    assert ssim(x, x) == pytest.approx(1)
    assert ssim(x, y) == pytest.approx(np.mean([ssim(x[i, j], y[i, j]) for i in range(2) for j in range(3)]))


def test_angles_by_hand():
    truth = np.array([[1.0, 1.0, 0.0, 0.0]]).T.reshape(4, 1, 1)
    turned = np.array([[1.0, 0.0, 1.0, 0.0]]).T.reshape(4, 1, 1)
    assert sam(turned, truth) == pytest.approx(60)
    assert sam(0 * truth, truth) == pytest.approx(90)
    tiny = truth + np.array([1e-9, -1e-9, 0, 0]).reshape(4, 1, 1)
    assert sam(tiny, truth) == pytest.approx(math.degrees(1e-9), rel=1e-6)
    with pytest.raises(InputError, match="nothing to compare"):
        sam(truth, 0 * truth)


@given(st.floats(0.01, 100), st.integers(0, 5))
def test_angle_does_not_see_brightness(factor, seed):
    truth = np.random.default_rng(seed).uniform(0.01, 1, (2, 4, 3, 3))
    assert sam(truth * factor, truth) == pytest.approx(0, abs=1e-5)


def test_angle_masks_and_axis():
    rng = np.random.default_rng(0)
    made, truth = rng.random((2, 4, 3, 3)), rng.random((2, 4, 3, 3))
    where = rng.random((2, 3, 3)) < 0.5
    truth[0, 1, 2, 2] = np.nan
    where[0, 2, 2] = True
    expected = []
    for t, r, c in np.argwhere(where & np.isfinite(truth).all(1)):
        u, v = made[t, :, r, c], truth[t, :, r, c]
        expected.append(np.degrees(np.arccos(u @ v / np.linalg.norm(u) / np.linalg.norm(v))))
    assert sam(made, truth, where) == pytest.approx(np.mean(expected))
    assert sam(np.moveaxis(made, 1, -1), np.moveaxis(truth, 1, -1), where, axis=-1) == pytest.approx(np.mean(expected))
