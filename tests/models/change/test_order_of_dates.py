"""Swapped dates give the same map."""

from dataclasses import replace

import pytest
import torch

from eowidgets.models.change import cards, weights
from eowidgets.models.change.fcsiam import SIAMDIFF_SIZES, FCSiamDiff
from eowidgets.models.change.lenet import LENET_SIZES, LENet, LENetConfig
from eowidgets.models.change.mci import MCI, MCI_SIZES
from eowidgets.models.change.mci.config import MCIConfig

TINY = {
    "lenet": (LENet, LENetConfig(widths=(8, 8, 8, 8), width=8, heads=2)),
    "fcsiam": (FCSiamDiff, replace(SIAMDIFF_SIZES["small"], widths=(4, 6, 8, 8), symmetric=False)),
    "mci": (MCI, MCIConfig(widths=(8, 8, 8, 16), heads=(1, 1, 1, 2), layers=1, text_width=16, text_heads=2, words=12)),
}


@pytest.mark.parametrize("name", TINY)
def test_symmetric_networks_give_the_same_map_for_swapped_dates(name):
    kind, config = TINY[name]
    a, b = torch.randn(2, 2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    made = {}
    for symmetric in (False, True):
        torch.manual_seed(0)
        network = kind(replace(config, symmetric=symmetric, **({} if name == "lenet" else {"dropout": 0.0})))
        for norm in (m for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)):
            norm.momentum = 1.0
        with torch.no_grad():  # without statistics of its batch norms it gives nearly the same for all pictures
            network(a, b)
        network.eval()
        with torch.no_grad():
            made[symmetric] = network(a, b)[0], network(b, a)[0]
    torch.testing.assert_close(*made[True], atol=1e-5, rtol=1e-4)
    assert not torch.allclose(*made[False], atol=1e-5, rtol=1e-4)
    if name != "lenet":  # its heads alone see the order
        torch.testing.assert_close(made[True][0], (made[False][0] + made[False][1]) / 2, atol=1e-5, rtol=1e-4)


def test_lenet_with_separate_decoders_is_not_symmetric():
    with pytest.raises(ValueError, match="separate"):
        LENet(LENetConfig(widths=(8, 8, 8, 8), width=8, heads=2, separate=True, symmetric=True))


@pytest.mark.parametrize("name", ["lenet", "fcsiam", "mci"])
def test_shipped_networks_do_not_depend_on_the_order_of_the_dates(name):
    network, _ = weights.load(next(c for key, c in cards.WEIGHTS.items() if key.startswith(f"change-{name}.")))
    a, b = torch.randn(2, 1, 3, 64, 64, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        torch.testing.assert_close(network(a, b)[0], network(b, a)[0], atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize(
    ("kind", "config", "millions"),
    [
        (LENet, LENET_SIZES["paper"], 168.87),
        (MCI, MCI_SIZES["paper"], 117.68),
        (FCSiamDiff, SIAMDIFF_SIZES["paper"], 1.35),
        (LENet, LENET_SIZES["small"], 0.82),
        (FCSiamDiff, SIAMDIFF_SIZES["small"], 0.80),
    ],
)
def test_named_sizes_have_their_parameters(kind, config, millions):
    with torch.device("meta"):
        network = kind(config)
    assert sum(p.numel() for p in network.parameters()) / 1e6 == pytest.approx(millions, abs=0.006)


def test_lenet_of_the_paper_weighs_differences_at_five_places_of_its_encoder():
    with torch.device("meta"):
        encoder = LENet(LENET_SIZES["paper"]).encoder
    assert encoder.weigh_patches is not None and len(encoder.weigh) == 4
