"""Every published system can be built at the size of its paper: counts on torch's meta device, which takes no memory.

A figure that the authors give is compared with it; otherwise the count is worked out from their configuration.
"""

import dataclasses
from itertools import pairwise

import pytest
import torch

from eowidgets.contract.weights import from_json, to_json
from eowidgets.errors import InputError
from eowidgets.models.change.fcsiam.config import SIAMDIFF_PAPER
from eowidgets.models.change.fcsiam.network import FCSiamDiff
from eowidgets.models.change.lenet.config import LENET_PAPER
from eowidgets.models.change.lenet.network import LENet
from eowidgets.models.change.mci.config import MCI_PAPER
from eowidgets.models.change.mci.network import MCI
from eowidgets.models.forecast.networks.network import make_network
from eowidgets.models.forecast.networks.published import PAPER, make_published
from eowidgets.models.units.config import CONFIGS
from eowidgets.models.units.network import UniTS
from eowidgets.models.vqa.deltavlm.config import DELTAVLM_PAPER, DeltaVLMConfig, LanguageSize, VisionSize
from eowidgets.models.vqa.deltavlm.language import LanguageModel, rotate
from eowidgets.models.vqa.deltavlm.network import DeltaVLM
from eowidgets.models.vqa.rsvqa.config import RSVQA_PAPER
from eowidgets.models.vqa.rsvqa.network import RSVQA
from eowidgets.models.vqa.text import START

MILLION = 1_000_000


def count(module):
    return sum(p.numel() for p in module.parameters())


def on_meta(make, *args):
    with torch.device("meta"):
        return make(*args)


def linear(a, b, bias=True):
    return a * b + bias * b


# UniTS: 54.75 M with Sentinel-1 and 2, 54.21 M for class maps (paper, tables); within 1.5 %.


@pytest.mark.parametrize("name", ["base", "paper"])
def test_units(name):
    assert count(on_meta(UniTS, CONFIGS[name])) == pytest.approx(54.75 * MILLION, rel=0.015)


def test_units_of_class_maps():
    config = dataclasses.replace(CONFIGS["paper"], target="classes", classes=7)
    assert count(on_meta(UniTS, config)) == pytest.approx(54.21 * MILLION, rel=0.015)


# LENet: the paper gives no count of the whole; its encoder is Swin-V2-B, 87 930 848 with classifier and last norm.


@pytest.fixture(scope="module")
def lenet():
    return on_meta(LENet, LENET_PAPER)


def test_lenet_encoder_is_swin_v2_b(lenet):
    swin = count(lenet.encoder.stem) + count(lenet.encoder.stages)
    assert swin == 87_930_848 - linear(1024, 1000) - 2 * 1024


def test_lenet_weighs_after_the_patches_and_every_stage(lenet):
    def block(width):  # two 3 x 3 convolutions with batch norm, one block for each date
        return 2 * (2 * (9 * width**2 + 2 * width))

    made = count(lenet.encoder.weigh) + count(lenet.encoder.weigh_patches)
    assert made == sum(map(block, (128, 128, 256, 512, 1024)))
    assert count(lenet.weigh) == 3 * block(256)


def test_lenet_as_a_whole(lenet):
    assert count(lenet) == 168_867_054


def test_a_small_swin_encoder_runs():
    small = dataclasses.replace(
        LENET_PAPER,
        widths=(8, 8, 16, 16),
        depths=(1, 2, 1, 1),
        encoder_heads=(2, 2, 2, 2),
        width=8,
        heads=(1, 2, 2, 4),
        depth=1,
    )
    network = LENet(small).eval()
    a, b = torch.randn(2, 1, 3, 32, 64, generator=torch.Generator().manual_seed(0))
    maps = network(a, b)
    assert [tuple(m.shape) for m in maps] == [(1, 2, 32, 64)] * 3
    assert not torch.equal(network(a, a)[0], maps[0])
    without = LENet(dataclasses.replace(small, csdw_patches=False)).eval()
    without.load_state_dict(network.state_dict(), strict=False)
    assert not torch.equal(without(a, b)[0], maps[0])
    assert from_json(type(small), to_json(small)) == small


# The MCI model: MiT-B1 has 13.1 M without its classifier (SegFormer, table 1); the whole is by the code.


def test_mci():
    network = on_meta(MCI, MCI_PAPER)
    assert count(network.encoder) == pytest.approx(13.1 * MILLION, rel=0.01)
    assert count(network) == 117_677_011


# FC-Siam-diff: 1.35 M, as later comparisons give it.


def test_siamdiff():
    assert count(on_meta(FCSiamDiff, SIAMDIFF_PAPER)) == pytest.approx(1.35 * MILLION, rel=0.005)


# RSVQA: ResNet-152 has 60 192 808 with its classifier; the rest from the paper's widths.


def test_rsvqa():
    network = on_meta(RSVQA, RSVQA_PAPER)
    assert count(network.encoder) == 60_192_808 - linear(2048, 1000)
    fused = linear(2048, 32) + linear(32 * 64, 1200) + linear(2400, 1200) + linear(1200, 256) + linear(256, 9)
    assert count(network) - count(network.encoder) - count(network.question) == fused


def test_a_deep_encoder_runs():
    config = dataclasses.replace(RSVQA_PAPER, side=64, depths=(1, 1, 1, 1), words=9, embed=4, hidden=6, joint=8)
    scores = RSVQA(config).eval()(torch.randn(2, 3, 64, 64), torch.tensor([[4, 5, 0]] * 4))
    assert scores.shape == (4, 9)


# DeltaVLM: EVA-CLIP-g 986 M and Q-Former 188 M (BLIP-2), Vicuna-7B 6 738 415 616; CSRM 7 D² + 3 D.


@pytest.fixture(scope="module")
def deltavlm():
    return on_meta(DeltaVLM, DELTAVLM_PAPER)


def test_deltavlm_by_parts(deltavlm):
    assert count(deltavlm.encoder) == pytest.approx(986 * MILLION, rel=0.001)
    assert count(deltavlm.relate) == 7 * 1408**2 + 3 * 1408
    assert count(deltavlm.qformer) + count(deltavlm.read) == pytest.approx(188 * MILLION, rel=0.02)
    assert count(deltavlm.language) == 6_738_415_616


def test_deltavlm_as_a_whole(deltavlm):
    assert count(deltavlm) == 7_926_699_904
    assert not hasattr(deltavlm, "date") and not hasattr(deltavlm, "seen_norm")


def test_a_small_deltavlm_of_that_kind_answers():
    torch.manual_seed(0)
    config = DeltaVLMConfig(
        side=28,
        widths=(16,),
        vision=VisionSize(depth=1, heads=2, hidden=32),
        language=LanguageSize(width=24, depth=1, heads=2, hidden=32),
        marks=False,
        queries=3,
        heads=2,
        width=8,
        look_every=2,
        read=9,
        write=9,
    )
    network = DeltaVLM(config).eval()
    a, b = torch.randn(2, 2, 3, 28, 28)
    asked, words = torch.tensor([[4, 5, 0]] * 4), torch.tensor([[START, 4, 5]] * 4)
    assert network(a, b, asked, words).shape == (4, 3, 9)
    said, logits, weights = network.answer(a, b, asked)
    assert said.shape == logits.shape[:2] and weights.shape == (4, 2, 3, 2 * 5)
    assert from_json(DeltaVLMConfig, to_json(config)) == config
    again = DeltaVLM(from_json(DeltaVLMConfig, to_json(config))).eval()
    again.load_state_dict(network.state_dict())
    assert torch.equal(again(a, b, asked, words), network(a, b, asked, words))


def test_a_language_model_sees_what_came_before_only():
    torch.manual_seed(0)
    model = LanguageModel(9, LanguageSize(width=8, depth=2, heads=2, hidden=16)).eval()
    before = torch.randn(1, 3, 8)
    one, other = (model(before, torch.tensor([[1, 4, last]])) for last in (5, 6))
    torch.testing.assert_close(one[:, :2], other[:, :2])
    assert not torch.allclose(one[:, 2], other[:, 2])
    assert not torch.allclose(model(before + 1, torch.tensor([[1, 4, 5]])), one)


def test_rotary_positions_depend_on_the_distance_only():
    q, k = torch.randn(2, 1, 8, generator=torch.Generator().manual_seed(0)).double()
    a, b = rotate(q.expand(6, 8)), rotate(k.expand(6, 8))
    products = a @ b.T
    for distance in range(-5, 6):
        along = products.diagonal(distance)
        torch.testing.assert_close(along, along[:1].expand_as(along))
    assert not torch.allclose(products[0, 0], products[0, 3])


# The forecasters: by the authors' configurations.


def encoder_layer(width, hidden):
    return 4 * linear(width, width) + linear(width, hidden) + linear(hidden, width) + 2 * 2 * width


def timesnet_block(width, hidden, kernels):
    sizes = sum((2 * i + 1) ** 2 for i in range(kernels))
    return 2 * width * hidden * sizes + hidden + width  # one bias in place of one for each kernel


def timemixer_block(lengths, width, hidden):
    up = sum(linear(a, b) + linear(b, b) for a, b in pairwise(lengths))
    down = sum(linear(b, a) + linear(a, a) for a, b in pairwise(lengths))
    return up + down + linear(width, hidden) + linear(hidden, width)


SCALES = (96, 48, 24, 12)
COUNTS = {
    "nlinear": linear(336, 96),
    "dlinear": linear(2 * 336, 96),
    "patchtst": linear(16, 128) + 42 * 128 + 3 * encoder_layer(128, 256) + linear(42 * 128, 96),
    "itransformer": linear(96, 256) + 2 * encoder_layer(256, 256) + 2 * 256 + linear(256, 96),
    "timesnet": 3 * 7 * 16 + 4 * 16 + linear(96, 192) + 2 * timesnet_block(16, 32, 6) + 2 * 16 + linear(16, 7),
    "timemixer": 3 * 16 + 2 * timemixer_block(SCALES, 16, 32) + sum(linear(n, 96) for n in SCALES) + linear(16, 1),
    # A layer with a, b and c; a feed-forward layer; the decoder with a, b, c and its feedback; the output.
    "spacetime": 3 * 128 * 64 + linear(128, 128) + 4 * 128 * 64 + linear(128, 1),
}


@pytest.mark.parametrize("name", PAPER)
def test_forecasters(name):
    assert count(make_published(name)) == COUNTS[name]


def test_every_network_has_a_published_size():
    make_network("nlinear", 4, 1, 1)  # all modules are loaded
    from eowidgets.models.forecast.networks.network import NETWORKS

    assert set(PAPER) == set(NETWORKS) == set(COUNTS)


def test_an_unknown_network_is_refused():
    with pytest.raises(InputError, match="patchts"):
        make_published("patchts")
