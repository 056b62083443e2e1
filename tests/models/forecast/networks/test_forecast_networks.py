"""The networks and their parts, against the same thing written out plainly."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from eowidgets.errors import InputError
from eowidgets.models.forecast.ltsf_linear.network import DLinear, NLinear, absolute_map, ridge_map
from eowidgets.models.forecast.networks.network import NETWORKS, instance_norm, make_network, moving_average
from eowidgets.models.forecast.spacetime.companion import (
    closed_loop,
    companion,
    convolve,
    final_state,
    kernel_fast,
    kernel_naive,
    stable,
)
from eowidgets.models.forecast.spacetime.network import Companion, SpaceTime, preprocessing
from eowidgets.models.forecast.timesnet.network import Inception

ALL = ("dlinear", "itransformer", "nlinear", "patchtst", "spacetime", "timemixer", "timesnet")


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("lookback, horizon, channels", [(96, 24, 3), (7, 1, 1), (5, 30, 2)])
def test_shapes_and_gradients(name, lookback, horizon, channels):
    torch.manual_seed(0)
    network = make_network(name, lookback, horizon, channels)
    out = network(torch.randn(4, lookback, channels))
    assert out.shape == (4, horizon, channels)
    out.square().mean().backward()
    without = {n for n, p in network.named_parameters() if p.grad is None}
    # What SpaceTime predicts of its own input counts from the second step on.
    assert without <= ({"decoder.feedback"} if horizon == 1 else set())
    assert set(NETWORKS) == set(ALL)


@pytest.mark.parametrize("name", [n for n in ALL if n != "spacetime"])
def test_networks_reconstruct_with_a_horizon_of_zero(name):
    network = make_network(name, 24, 0, 2)
    assert network(torch.randn(3, 24, 2)).shape == (3, 24, 2)


@pytest.mark.parametrize("name", ALL)
def test_level_and_scale_of_a_series_come_back(name):
    """Shifting the look-back shifts the forecast; DLinear alone must learn that."""
    torch.manual_seed(0)
    network = make_network(name, 32, 8, 2).eval()
    x = torch.randn(4, 32, 2)
    if name != "dlinear":
        torch.testing.assert_close(network(x + 5), network(x) + 5, rtol=0, atol=1e-3)


@pytest.mark.parametrize("name", ALL)
def test_a_gap_is_not_looked_at(name):
    torch.manual_seed(0)
    network = make_network(name, 32, 8, 2).eval()
    x, seen = torch.randn(4, 32, 2), torch.rand(4, 32, 2) > 0.3
    assert torch.equal(network(x, seen), network(torch.where(seen, x, torch.nan), seen))


def test_unknown_networks_and_sizes_are_refused():
    with pytest.raises(InputError, match="Did you mean 'patchtst'"):
        make_network("patchts", 10, 5, 1)
    with pytest.raises(InputError, match="give 1 or more"):
        make_network("nlinear", 0, 5, 1)
    with pytest.raises(InputError, match="only runs forwards"):
        make_network("spacetime", 10, 0, 1)
    with pytest.raises(InputError, match="odd window"):
        moving_average(torch.zeros(1, 5, 1), 4)


def test_instance_norm_of_what_is_seen():
    x, seen = torch.randn(3, 20, 2), torch.rand(3, 20, 2) > 0.4
    normal, mean, deviation = instance_norm(x, seen)
    for i in range(3):
        for c in range(2):
            there = x[i, seen[i, :, c], c]
            assert torch.isclose(mean[i, 0, c], there.mean(), atol=1e-6)
            assert torch.isclose(deviation[i, 0, c], (there.var(unbiased=False) + 1e-5).sqrt(), atol=1e-5)
    assert (normal[~seen] == 0).all()


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


def test_moving_average_is_that_of_a_loop():
    x = torch.randn(2, 12, 3)
    made = moving_average(x, 5)
    padded = torch.cat([x[:, :1].repeat(1, 2, 1), x, x[:, -1:].repeat(1, 2, 1)], dim=1)
    for t in range(12):
        torch.testing.assert_close(made[:, t], padded[:, t : t + 5].mean(1))


def test_inception_is_the_mean_of_its_convolutions():
    torch.manual_seed(0)
    block = Inception(3, 4, 4)
    x = torch.randn(2, 3, 9, 11)
    each = [functional.conv2d(x, w, padding=i) for i, w in enumerate(block.weights)]
    torch.testing.assert_close(block(x), torch.stack(each).mean(0), atol=1e-5, rtol=1e-4)


def test_companion_matrix():
    a = torch.tensor([0.1, 0.2, 0.3])
    assert companion(a).tolist() == torch.tensor([[0, 0, 0.1], [1, 0, 0.2], [0, 1, 0.3]]).tolist()
    assert companion(torch.tensor([0.5])).tolist() == [[0.5]]


@pytest.mark.parametrize("d, length", [(1, 16), (4, 3), (4, 50), (16, 336), (64, 1000)])
def test_fast_kernel_equals_the_naive_one_and_the_recursion(d, length):
    torch.manual_seed(d + length)
    a, b, c = stable(3 * torch.randn(5, d)), torch.randn(5, d) / d, torch.randn(5, d)
    fast, naive = kernel_fast(a, b, c, length), kernel_naive(a, b, c, length)
    assert (fast - naive).abs().max() < 1e-5
    matrix, state = companion(a.double()), b.double()
    for k in range(length):
        assert ((c * state).sum(-1) - fast[:, k]).abs().max() < 1e-5
        state = (matrix @ state.unsqueeze(-1)).squeeze(-1)


def test_fast_kernel_has_the_gradient_of_the_naive_one():
    torch.manual_seed(0)
    parts = [torch.randn(3, 8, requires_grad=True) for _ in range(3)]
    grads = []
    for kernel in (kernel_fast, kernel_naive):
        value = (kernel(stable(parts[0]), parts[1], parts[2], 60) * torch.linspace(0, 1, 60)).sum()
        grads.append(torch.autograd.grad(value, parts))
    for fast, naive in zip(*grads, strict=True):
        torch.testing.assert_close(fast, naive, atol=1e-4, rtol=1e-4)


def test_convolution_state_and_closed_loop_are_those_of_the_recursion():
    torch.manual_seed(0)
    a, b, c, k = stable(torch.randn(2, 5)), torch.randn(2, 5), torch.randn(2, 5), 0.1 * torch.randn(2, 5)
    u = torch.randn(3, 2, 12)
    outputs, state = [], torch.zeros(3, 2, 5)
    for t in range(12):
        state = torch.einsum("nij,bnj->bni", companion(a), state) + b * u[:, :, t : t + 1]
        outputs.append((c * state).sum(-1))
    torch.testing.assert_close(convolve(kernel_naive(a, b, c, 12), u), torch.stack(outputs, -1), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(final_state(a, b, u), state, atol=1e-4, rtol=1e-4)
    future, moving = [], state
    for _ in range(6):
        future.append((c * moving).sum(-1))
        own = (k * moving).sum(-1, keepdim=True)
        moving = torch.einsum("nij,bnj->bni", companion(a), moving) + b * own
    torch.testing.assert_close(closed_loop(a, b, c, k, state, 6), torch.stack(future, -1), atol=1e-4, rtol=1e-4)


def test_a_stable_companion_has_no_eigenvalue_outside_the_unit_circle():
    a = stable(10 * torch.randn(20, 6, generator=torch.Generator().manual_seed(0)).double())
    assert torch.linalg.eigvals(companion(a)).abs().max() <= 1 + 1e-9
    small = torch.full((1, 4), 0.01)
    assert torch.equal(stable(small), small)


@pytest.mark.parametrize("order", [2, 4])
def test_a_companion_holds_an_autoregressive_process_exactly(order):
    """With a = 0, b = e₁ and c the coefficients, the next value is c · state: AR(p) to the last digit."""
    phi = torch.tensor([0.9, -0.5, 0.3, -0.2])[:order]
    layer = Companion(1, order)
    with torch.no_grad():
        layer.a.zero_()
        layer.b.zero_()
        layer.b[:, 0] = 1
        layer.c.copy_(phi)
    x = torch.randn(1, 1, 50)
    made = layer(x)[0, 0]
    for t in range(order, 50):
        asked = sum(phi[i] * x[0, 0, t - i] for i in range(order))
        assert torch.isclose(made[t], asked, atol=1e-5)


def test_spacetime_preprocessing_kernels():
    kernels = preprocessing(9)
    constant = torch.ones(1, 80)
    ends = convolve(functional.pad(kernels, (0, 16)), constant.expand(9, -1))[:, -1]
    # All but the copy vanish on a constant.
    assert torch.allclose(ends, torch.tensor([1.0] + [0.0] * 8), atol=1e-5)


def test_spacetime_learns_a_wave():
    """A few steps on one sine, and the closed loop goes on with it."""
    torch.manual_seed(0)
    wave = torch.sin(torch.arange(400) * 2 * torch.pi / 20)
    cut = wave.unfold(0, 60, 1).unsqueeze(-1)
    network = SpaceTime(40, 20, 1, kernels=8, states=16, dropout=0.0)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-2)
    for _ in range(80):
        loss = network.loss(cut[:, :40], cut[:, 40:])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    error = (network(cut[:, :40]) - cut[:, 40:]).square().mean()
    assert error < 0.05 * cut.var()
