"""DynamicVis: the scan against its recurrence, the choice of tokens, the head, and runs."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

import eowidgets as eow
from eowidgets.errors import ModelError
from eowidgets.models.encode.dynamicvis import PAPER, DynamicVis, DynamicVisConfig, DynamicVisModel
from eowidgets.models.encode.dynamicvis.card import WEIGHTS
from eowidgets.models.encode.dynamicvis.network import BothWays, KeptMixer, RegionHead
from eowidgets.models.encode.dynamicvis.scan import SHORT, Selective, selective_scan

TINY = DynamicVisConfig(side=32, widths=(8, 8, 16, 16), depths=(1, 1, 1, 1), state=4)


def naive(x, step, decay, into, out):
    """The recurrence, one token after the other."""
    state, found = x.new_zeros(x.shape[0], *decay.shape), []
    for i in range(x.shape[1]):
        kept = (step[:, i, :, None] * decay).exp()
        state = kept * state + step[:, i, :, None] * into[:, i, None] * x[:, i, :, None]
        found.append((state * out[:, i, None]).sum(-1))
    return torch.stack(found, 1)


def drawn(n, dtype=torch.float64):
    torch.manual_seed(n)
    b, d, s = 2, 3, 4
    step = functional.softplus(3 * torch.randn(b, n, d, dtype=dtype))
    decay = -torch.rand(d, s, dtype=dtype) * 10
    return [torch.randn(b, n, d, dtype=dtype), step, decay, *(torch.randn(b, n, s, dtype=dtype) for _ in range(2))]


@pytest.mark.parametrize("n", [1, 2, SHORT, SHORT + 1, 100, 131])
def test_the_scan_is_the_recurrence(n):
    values = drawn(n)
    torch.testing.assert_close(selective_scan(*values), naive(*values), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("n", [20, 90])
def test_gradients_of_the_scan_are_those_of_the_recurrence(n):
    values = [v.requires_grad_() for v in drawn(n)]
    weights = torch.randn(2, n, 3, dtype=torch.float64)
    found, true = (torch.autograd.grad((f(*values) * weights).sum(), values) for f in (selective_scan, naive))
    for one, other in zip(found, true, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)


def test_the_scan_stays_finite_where_products_of_decays_vanish():
    values = drawn(400, torch.float32)
    values[1] = values[1] + 50
    found = selective_scan(*values)
    assert found.isfinite().all()
    torch.testing.assert_close(found, naive(*values), rtol=1e-4, atol=1e-3)


def test_the_layer_looks_back_only_and_both_ways_look_everywhere():
    torch.manual_seed(0)
    x = torch.randn(1, 12, 8)
    other = x.clone()
    other[0, 6] += 1
    layer, both = Selective(8, 4), BothWays(8, 4)
    moved = (layer(x) - layer(other)).abs().amax(-1)[0] > 1e-7
    assert not moved[:6].any()
    assert moved[6:].all()
    assert ((both(x) - both(other)).abs().amax(-1)[0] > 1e-7).all()


def test_the_stem_sees_the_edge_repeated_or_zeros_in_the_paper():
    torch.manual_seed(0)
    even = torch.rand(1, 3, 1, 1).expand(1, 3, 32, 32)
    for config, marked in ((TINY, False), (replace(TINY, padding=PAPER["base"].padding), True)):
        with torch.inference_mode():
            tokens, _ = DynamicVis(config).layers[0].stem(even)
        assert bool(tokens.std(1).max() > 1e-3) is marked


def test_only_kept_tokens_are_mixed():
    torch.manual_seed(0)
    mixer = KeptMixer(replace(TINY, noise=0.0), 8, keep=4).eval()
    x = torch.randn(1, 16, 8)
    rated = mixer.spatial_gate(x).squeeze(-1)
    weights = 16 * rated.softmax(1)
    found = mixer(x, rows=4)
    kept = rated.topk(4).indices[0]
    rest = [i for i in range(16) if i not in kept.tolist()]
    torch.testing.assert_close(found[0, rest], (x * (1 + weights.unsqueeze(-1)))[0, rest])
    assert ((found - x * (1 + weights.unsqueeze(-1)))[0, kept].abs().amax(-1) > 1e-4).all()


def test_the_choice_is_noisy_in_training_only():
    torch.manual_seed(0)
    mixer = KeptMixer(replace(TINY, noise=5.0), 8, keep=4)
    x = torch.randn(1, 64, 8)
    assert not torch.equal(mixer(x, 8), mixer(x, 8))
    mixer.eval()
    assert torch.equal(mixer(x, 8), mixer(x, 8))


def test_the_loss_of_regions_is_least_where_regions_resemble_their_class():
    head = RegionHead(4, 3)
    classes = torch.tensor([0, 1, 1])
    with torch.no_grad():
        head.category_embedding.weight.copy_(torch.eye(3, 4))
    good, bad = torch.eye(4)[[0, 1, 1]], torch.eye(4)[[1, 2, 0]]
    assert head.loss(good, classes) < head.loss(bad, classes) - 1
    assert head.loss(good.requires_grad_(), classes).isfinite()


@pytest.mark.parametrize(("size", "low", "high"), [("base", 36e6, 55e6), ("large", 90e6, 140e6)])
def test_sizes_of_the_paper(size, low, high):
    with torch.device("meta"):
        network = DynamicVis(PAPER[size])
    assert network.config.patch == 32
    assert low < sum(p.numel() for p in network.parameters()) < high


def test_other_sizes_of_images_are_taken():
    network = DynamicVis(TINY).eval()
    assert [tuple(x.shape[-2:]) for x in network.stages(torch.rand(1, 3, 64, 96))] == [
        (16, 24),
        (8, 12),
        (4, 6),
        (2, 3),
    ]


def test_the_shipped_weights_embed_a_cube():
    cube = eow.open("romania").isel(time=slice(60, 63), x=slice(0, 64), y=slice(0, 64))
    found = eow.run("dynamicvis", cube)
    assert found.sizes == {"feature": 160, "y": 2, "x": 2}
    assert np.isfinite(found.embedding).all()
    assert WEIGHTS.size < 2_000_000
    model = DynamicVisModel()
    alone = model.embed_images(torch.rand(2, 3, 64, 64) * 0.2, ("blue", "green", "red"))
    assert alone.shape == (2, 160)
    with pytest.raises(ModelError, match="needs green"):
        model.embed_images(torch.rand(1, 2, 64, 64), ("red", "blue"))
