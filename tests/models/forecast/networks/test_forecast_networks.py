"""The networks and their parts, against the same thing written out plainly."""

import pytest
import torch

from eowidgets.errors import InputError
from eowidgets.models.forecast.networks.network import NETWORKS, instance_norm, make_network, moving_average

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
    with pytest.raises(InputError, match="give positive sizes"):
        make_network("nlinear", 0, 5, 1)
    with pytest.raises(InputError, match="only runs forwards"):
        make_network("spacetime", 10, 0, 1)
    with pytest.raises(InputError, match="odd number"):
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


def test_moving_average_is_that_of_a_loop():
    x = torch.randn(2, 12, 3)
    made = moving_average(x, 5)
    padded = torch.cat([x[:, :1].repeat(1, 2, 1), x, x[:, -1:].repeat(1, 2, 1)], dim=1)
    for t in range(12):
        torch.testing.assert_close(made[:, t], padded[:, t : t + 5].mean(1))
