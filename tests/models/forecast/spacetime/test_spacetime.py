"""The layers of SpaceTime, and what it learns."""

import pytest
import torch
from torch.nn import functional

from eowidgets.models.forecast.spacetime.companion import convolve
from eowidgets.models.forecast.spacetime.network import Companion, SpaceTime, preprocessing


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
