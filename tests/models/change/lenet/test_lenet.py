import dataclasses

import numpy as np
import pytest
import torch

from eowidgets.contract.weights import from_json, to_json
from eowidgets.models.change.fcsiam.config import SiamDiffConfig
from eowidgets.models.change.fcsiam.network import FCSiamDiff
from eowidgets.models.change.lenet.config import LENetConfig
from eowidgets.models.change.lenet.network import (
    CSDW,
    LENet,
    difference_weights,
    exchange,
    maps_loss,
    overlap_loss,
    start_rare,
)

TINY = LENetConfig(widths=(8, 8, 16, 16), width=8, heads=2, attention_window=4)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_difference_weights_are_those_of_a_plain_loop():
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal((2, 3, 4, 5)) for _ in range(2))
    made = difference_weights(torch.tensor(a), torch.tensor(b)).numpy()

    def cosine(u, v):
        return (u * v).sum() / (np.linalg.norm(u) * np.linalg.norm(v))

    for n in range(2):
        for c in range(3):
            for y in range(4):
                for x in range(5):
                    place = 1 - sigmoid(cosine(a[n, :, y, x], b[n, :, y, x]))
                    channel = 1 - sigmoid(cosine(a[n, c].ravel(), b[n, c].ravel()))
                    assert made[n, c, y, x] == pytest.approx(place * channel, abs=1e-7)


def test_what_differs_weighs_more_than_what_is_the_same():
    a = torch.ones(1, 4, 2, 2)
    b = a.clone()
    b[..., 1] = -1.0
    weights = difference_weights(a, b)
    assert (weights[..., 1] > 2 * weights[..., 0]).all()


def test_csdw_adds_the_weighted_block_to_both_dates():
    torch.manual_seed(0)
    layer = CSDW(4).eval()
    a, b = torch.randn(1, 4, 6, 6), torch.randn(1, 4, 6, 6)
    weights = difference_weights(a, b)
    made_a, made_b = layer(a, b)
    torch.testing.assert_close(made_a, a + layer.block_a(a * weights))
    torch.testing.assert_close(made_b, b + layer.block_a(b * weights))
    assert CSDW(4, separate=True).block_b is not CSDW(4, separate=True).block_a


def test_exchange_swaps_even_levels_and_twice_gives_back():
    a, b = [f"a{i}" for i in range(4)], [f"b{i}" for i in range(4)]
    x, y = exchange(a, b)
    assert x == ["b0", "a1", "b2", "a3"]
    assert y == ["a0", "b1", "a2", "b3"]
    assert exchange(x, y) == (a, b)


def test_exchange_is_felt_only_where_the_pyramid_is_shared():
    """The exchange takes place before and after the pyramid: it mixes both dates' levels there."""
    torch.manual_seed(0)
    net = LENet(TINY).eval()
    plain = LENet(dataclasses.replace(TINY, exchange=False)).eval()
    plain.load_state_dict(net.state_dict())
    a, b = torch.randn(1, 3, 32, 32), torch.randn(1, 3, 32, 32)
    assert not torch.allclose(net(a, b)[0], plain(a, b)[0])
    # Without a difference between the dates there is nothing to exchange.
    torch.testing.assert_close(net(a, a)[0], plain(a, a)[0])


@pytest.mark.parametrize("decoder", ["swin", "conv"])
@pytest.mark.parametrize("separate", [False, True])
def test_lenet_gives_three_maps_of_the_size_of_the_pictures(decoder, separate):
    net = LENet(dataclasses.replace(TINY, decoder=decoder, separate=separate)).eval()
    maps = net(torch.randn(2, 3, 64, 32), torch.randn(2, 3, 64, 32))
    assert [tuple(m.shape) for m in maps] == [(2, 3, 64, 32)] * 3
    assert net.multiple == 32


@pytest.mark.parametrize(
    "make", [lambda: LENet(TINY), lambda: FCSiamDiff(SiamDiffConfig(widths=(4, 6, 8, 8), dropout=0.0))]
)
def test_gradient_reaches_every_weight_and_one_batch_is_learned_by_heart(make):
    torch.manual_seed(0)
    net = make()
    a, b = torch.randn(2, 3, 32, 32), torch.randn(2, 3, 32, 32)
    truth = torch.zeros(2, 32, 32, dtype=torch.long)
    truth[:, 8:20, 10:26] = 2
    b[:, :, 8:20, 10:26] += 3.0
    loss = maps_loss(net(a, b), truth)
    loss.backward()
    assert not [n for n, p in net.named_parameters() if p.grad is None or not torch.isfinite(p.grad).all()]
    optimiser = torch.optim.Adam(net.parameters(), 1e-2)
    for _ in range(40):
        optimiser.zero_grad()
        maps_loss(net(a, b), truth).backward()
        optimiser.step()
    found = net(a, b)[0].argmax(1) == 2
    hit, real = (found & (truth == 2)).sum(), (truth == 2).sum()
    assert 2 * hit / (found.sum() + real) > 0.9


def test_loss_weighs_coarser_maps_by_three_tenths_and_overlap_by_a_half():
    truth = torch.zeros(1, 4, 4, dtype=torch.long)
    even = torch.zeros(1, 3, 4, 4)
    # Two thirds of 16 pixels said changed, none is; one is added above and below.
    overlap = 1 - 1 / (1 + 16 * 2 / 3)
    expected = (1 + 0.3 + 0.3) * np.log(3) + 0.5 * overlap
    assert float(maps_loss([even, even, even], truth)) == pytest.approx(expected, rel=1e-5)


def test_overlap_is_that_of_the_sets():
    truth = torch.zeros(1, 4, 4, dtype=torch.long)
    truth[0, 0], truth[0, 1] = 1, 2
    sure = torch.full((1, 3, 4, 4), -50.0)
    sure[:, 0, 2:], sure[:, 2, 0], sure[:, 2, 1, :2], sure[:, 0, 1, 2:] = 50, 50, 50, 50
    # 6 of 8 changed pixels found, none invented; which kind does not matter here.
    assert float(overlap_loss(sure, truth)) == pytest.approx(1 - (2 * 6 + 1) / (6 + 8 + 1), rel=1e-5)


def test_a_head_starts_from_nothing_changed():
    head = torch.nn.Conv2d(4, 3, 1)
    start_rare(head)
    share = head(torch.zeros(1, 4, 1, 1)).softmax(1).flatten()
    torch.testing.assert_close(share, torch.tensor([0.94, 0.03, 0.03]))


def test_equal_and_empty_features_have_a_slope():
    """After a ReLU a place may be 0 in all channels: its cosine must not give NaN."""
    a = torch.zeros(1, 2, 2, 2, requires_grad=True)
    difference_weights(a, torch.ones(1, 2, 2, 2)).sum().backward()
    assert torch.isfinite(a.grad).all()


def test_configurations_survive_the_header():
    config = LENetConfig(widths=(1, 2, 3, 4), csdw=False)
    assert from_json(LENetConfig, to_json(config)) == config
