"""The modules of UniTS against plain references, and the network as a whole."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import nn
from torch.nn import functional

from eowidgets.errors import InputError
from eowidgets.models.blocks.attention import Attention
from eowidgets.models.blocks.embed import DAYS_PER_YEAR, harmonics
from eowidgets.models.units.acor import GROUPS, ACor, group_norm
from eowidgets.models.units.condition import condition
from eowidgets.models.units.config import CONFIGS, UniTSConfig
from eowidgets.models.units.network import UniTS, count_parameters, patchify, unpatchify
from eowidgets.models.units.stm import Bias, date_features, place_features

SMALL = UniTSConfig(width=32, depth=2, heads=2, acor_hidden=8, refine=4)
NAMES = ("blue", "red", "nir")


def given(b=2, t=5, side=8, aux=False, seed=0):
    g = torch.Generator().manual_seed(seed)
    x = torch.rand((b, t, 3, side, side), generator=g)
    usable = torch.rand((b, t, side, side), generator=g) > 0.4
    days = 17000 + torch.cumsum(torch.randint(3, 30, (b, t), generator=g), 1).double()
    radar = torch.randn((b, t, 2, side, side), generator=g) if aux else None
    return condition(x, usable, days, NAMES, aux=radar)


def awake(config=SMALL, seed=0):
    """A network whose zero-started layers are not zero."""
    torch.manual_seed(seed)
    network = UniTS(config)
    with torch.no_grad():
        for p in network.parameters():
            if not p.any():
                p.normal_(0, 0.05)
    return network.eval()


def plain_group_norm(h):
    """Statistics of each group over tokens and channels, written out."""
    grouped = h.reshape(*h.shape[:-1], GROUPS, -1)
    mean = grouped.mean((-3, -1), keepdim=True)
    variance = grouped.var((-3, -1), keepdim=True, correction=0)
    return ((grouped - mean) / (variance + 1e-5).sqrt()).flatten(-2)


@pytest.mark.parametrize("contiguous", [True, False])
def test_group_norm_takes_tokens_and_channels_of_a_group_together(contiguous):
    h = torch.randn(2, 3, 5, 7, 16)
    h = h if contiguous else h.transpose(-3, -2)
    torch.testing.assert_close(group_norm(h), plain_group_norm(h))


@pytest.mark.parametrize("axis", ["space", "time"])
def test_acor_is_its_formula(axis):
    torch.manual_seed(0)
    b, t, grid, d = 2, 5, (3, 4), 16
    acor = ACor(d, 8, axis)
    tokens = (b, t, 12, d) if axis == "space" else (b, 12, t, d)
    h, q = torch.randn(1, *tokens), torch.randn(*tokens)
    if axis == "space":
        mixed = acor.mix(q.reshape(b * t, 3, 4, d).permute(0, 3, 1, 2)).permute(0, 2, 3, 1).reshape(b, t, 12, -1)
    else:  # a Conv1D along the dates of each place
        series = q.flatten(0, 1).transpose(1, 2)
        mixed = functional.conv1d(series, acor.mix.weight[..., 0], acor.mix.bias, padding=1)
        mixed = mixed.transpose(1, 2).reshape(b, 12, t, -1)
    gamma, beta = acor.affine(functional.gelu(mixed)).chunk(2, -1)
    torch.testing.assert_close(acor(h, acor.parameters_of(q, grid)), h + gamma * plain_group_norm(h) + beta)


@pytest.mark.parametrize("train", [True, False])
def test_attention_is_torchs(train):
    torch.manual_seed(0)
    mine, torchs = Attention(32, 4).train(train), nn.MultiheadAttention(32, 4, batch_first=True)
    with torch.no_grad():
        torchs.in_proj_weight.copy_(mine.qkv.weight)
        torchs.in_proj_bias.copy_(mine.qkv.bias)
        torchs.out_proj.weight.copy_(mine.out.weight)
        torchs.out_proj.bias.copy_(mine.out.bias)
    x, bias = torch.randn(3, 40, 32), torch.randn(4, 40, 40)
    expected, _ = torchs(x, x, x, attn_mask=bias.repeat(3, 1, 1))
    torch.testing.assert_close(mine(x, bias), expected, rtol=1e-4, atol=1e-5)


def test_stm_bias_is_its_formula():
    torch.manual_seed(0)
    bias = Bias(6, 16, 2)
    with torch.no_grad():
        bias.weights.copy_(torch.tensor([[0.5, 2.0], [3.0, -1.0]])[..., None, None])
    days, aux = torch.tensor([[0.0, 10.0, 365.25]]), torch.randn(1, 3, 16)
    features = date_features(days)
    q, k = bias.compare(aux).reshape(1, 3, 2, 2, 8).permute(2, 0, 3, 1, 4)
    position = bias.position(features).permute(0, 3, 1, 2)
    scale = bias.weights
    expected = scale[0] * position + scale[1] * torch.einsum("bhid,bhjd->bhij", q, k) / 8**0.5
    torch.testing.assert_close(bias(features, aux), expected)
    torch.testing.assert_close(bias(features, None), scale[0] * position)


def test_stm_features_know_distance_and_season():
    features = date_features(torch.tensor([[0.0, 10.0, DAYS_PER_YEAR]]))
    torch.testing.assert_close(features[0, 0, 1, 0], features[0, 1, 0, 0])  # distance is symmetric
    torch.testing.assert_close(features[0, 0, 1, 1], -features[0, 1, 0, 1])  # direction is not
    torch.testing.assert_close(features[0, 0, 2, 4:], torch.tensor([1.0, 0.0]), atol=1e-5, rtol=0)
    places = place_features((2, 3))
    assert places.shape == (6, 6, 4)
    torch.testing.assert_close(places[0, 1], places[4, 5])  # only the step counts


def test_harmonics_repeat_after_a_year():
    days = torch.tensor([18000.0, 18000 + 3 * DAYS_PER_YEAR], dtype=torch.float64)
    first, later = harmonics(days, 16)
    torch.testing.assert_close(first, later, atol=1e-4, rtol=0)


def test_patchify_and_back():
    x = torch.randn(2, 3, 5, 8, 12)
    tokens = patchify(x, 4)
    assert tokens.shape == (2, 3, 6, 80)
    torch.testing.assert_close(tokens[1, 2, 4], x[1, 2, :, 4:8, 4:8].flatten())
    assert torch.equal(unpatchify(tokens, 4, (2, 3)), x)


@pytest.mark.parametrize(
    "change", [{}, {"acor": False}, {"stm": False}, {"mlp": 0.0}, {"refine": 0}, {"shared_modulation": False}]
)
def test_every_parameter_learns_and_shapes_hold(change):
    network = awake(dataclasses.replace(SMALL, **change)).train()
    c = given(aux=True)
    c.lonlat = torch.tensor([[20.0, 45.0], [1.0, 43.0]])
    x, t = torch.randn(3, 2, 5, 10, 8, 8), torch.rand(3, 2)
    out = network(x, t, network.encode(c))
    assert out.shape == x.shape
    out.square().mean().backward()
    idle = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    # A bias common to all keys can't change a softmax; without ACor the condition has no way in.
    idle = [n for n in idle if not n.endswith("position.2.bias")]
    if change.get("acor") is False:
        idle = [
            n for n in idle if not n.startswith(("condition", "space_view", "time_view", "day_embed", "place_embed"))
        ]
    if change.get("stm") is False:
        idle = [n for n in idle if not n.startswith("aux")]
    assert idle == []


def test_samples_share_one_condition():
    network, c = awake(), given()
    x, t = torch.randn(3, 2, 5, 10, 8, 8), torch.rand(3, 2)
    context = network.encode(c)
    together = network(x, t, context)
    alone = torch.cat([network(x[i : i + 1], t[i : i + 1], context) for i in range(3)])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


def test_windows_of_a_batch_do_not_mix():
    network, c, other = awake(), given(seed=0), given(seed=1)
    x, t = torch.randn(1, 2, 5, 10, 8, 8), torch.rand(1, 2)
    before = network(x, t, network.encode(c))
    for field in ("pixels", "base", "days"):
        getattr(c, field)[1] = getattr(other, field)[1]
    after = network(x, t, network.encode(c))
    torch.testing.assert_close(after[:, 0], before[:, 0], rtol=1e-4, atol=1e-5)
    assert not torch.allclose(after[:, 1], before[:, 1])


def test_sizes():
    with torch.device("meta"):
        sizes = {name: count_parameters(UniTS(config)) for name, config in CONFIGS.items()}
    assert sizes["tiny"] <= 3_000_000
    assert abs(sizes["base"] - 54.7e6) <= 0.3e6
    assert sizes["tiny"] < sizes["small"] < sizes["base"]


def test_config_travels_as_text_and_refuses_nonsense():
    assert UniTSConfig.from_json(SMALL.to_json()) == SMALL
    with pytest.raises(InputError, match="widht"):
        UniTSConfig.from_json('{"widht": 3}')
    with pytest.raises(InputError, match="classes"):
        UniTSConfig(target="classes")
    with pytest.raises(InputError, match="width"):
        UniTSConfig(width=100)
