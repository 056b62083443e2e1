"""The linear maps in closed form, against least squares and against squares that odd values draw away."""

import numpy as np
import pytest
import torch

from eowidgets.models.forecast.ltsf_linear.network import DLinear, NLinear, absolute_map, ridge_map


def test_ridge_map_is_least_squares():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((200, 6)), rng.standard_normal((200, 3))
    weight, bias = ridge_map(torch.from_numpy(x), torch.from_numpy(y), 1e-9)
    fit, *_ = np.linalg.lstsq(np.column_stack([x, np.ones(200)]), y, rcond=None)
    np.testing.assert_allclose(weight.numpy(), fit[:-1], atol=1e-8)
    np.testing.assert_allclose(bias.numpy(), fit[-1], atol=1e-8)


@pytest.mark.parametrize("kind", [NLinear, DLinear])
def test_closed_form_is_the_best_of_its_kind(kind):
    """Gradient descent from the solution gains nothing: its gradient is that of the ridge alone, next to zero."""
    torch.manual_seed(0)
    walk = torch.randn(3, 400).cumsum(1) * 0.1
    cut = walk.unfold(1, 20, 1).flatten(0, 1).unsqueeze(-1)
    network = kind(16, 4, 1).solve(cut[:, :16], cut[:, 16:], ridge=1e-6)
    (network(cut[:, :16]) - cut[:, 16:]).square().mean().backward()
    assert network.head.weight.grad.abs().max() < 1e-4
    assert network.head.bias.grad.abs().max() < 1e-5


def test_absolute_errors_shrug_off_what_squares_do_not():
    rng = np.random.default_rng(2)
    x = torch.from_numpy(rng.standard_normal((400, 5)))
    truth = torch.from_numpy(rng.standard_normal((5, 2)))
    y = x @ truth + 0.5
    y[::7, 0] -= 5.0  # missed clouds: downwards only, and of one output only
    least, bias = absolute_map(x, y, 1e-6, rounds=10)
    torch.testing.assert_close(least, truth, rtol=0, atol=0.05)
    torch.testing.assert_close(bias, torch.full_like(bias, 0.5), rtol=0, atol=0.1)
    assert abs(float(ridge_map(x, y, 1e-6)[1][0]) - 0.5) > 0.5
    for plain, none in zip(ridge_map(x, y, 3.0), absolute_map(x, y, 3.0, rounds=0), strict=True):
        torch.testing.assert_close(plain, none)
    shrunk, middle = absolute_map(x, y, 1e9, rounds=10)
    assert shrunk.abs().max() < 1e-3
    assert abs(float(middle[1] - y[:, 1].median())) < 0.2
