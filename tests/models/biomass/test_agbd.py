"""Networks for biomass: sizes, reach, land cover and spread, and what is trained runs."""

from itertools import pairwise

import pytest
import torch
from support.labelled import CLASSES, NUMBER, labelled

import eowidgets as eow
from eowidgets.contract.trainable import Examples
from eowidgets.errors import InputError
from eowidgets.models.biomass.agbd import (
    FCN,
    PAPER,
    BiomassFCN,
    BiomassUNet,
    BiomassXception,
    FCNConfig,
    ResidualUNet,
    XceptionConfig,
    XceptionS2,
)
from eowidgets.models.biomass.agbd.model import likelihood
from eowidgets.testing import check_model

KINDS = (BiomassFCN, BiomassUNet, BiomassXception)


def count(module):
    return sum(p.numel() for p in module.parameters())


def conv(a, b, side, bias=True):
    return side * side * a * b + bias * b


def test_sizes_of_the_authors():
    with torch.device("meta"):
        widths = (12, 16, 32, 64, 128)
        layers = sum(conv(a, b, 3) + 2 * b for a, b in pairwise(widths))
        assert count(FCN(PAPER["fcn"])) == layers + conv(128, 1, 1)
        blocks = 8 * 2 * (9 * 728 + 728 * 728 + 2 * 728)
        entry = sum(conv(a, b, 1) + 2 * b for a, b in ((12, 128), (128, 256), (256, 728), (12, 728)))
        assert count(XceptionS2(PAPER["xceptions2"])) == blocks + entry + conv(728, 1, 1)

        def pair(a, b, strided):
            shortcut = conv(a, b, 1, False) + 2 * b if strided or a != b else 0
            return conv(a, b, 3) + conv(b, b, 3) + 4 * b + shortcut

        down = pair(12, 64, False) + pair(64, 128, True) + pair(128, 256, True) + pair(256, 512, True)
        up = sum(conv(2 * a, a, 4) + pair(2 * a, a, False) for a in (64, 128, 256))
        assert count(ResidualUNet(PAPER["unet"])) == down + up + conv(64, 1, 1)


@pytest.mark.parametrize(
    ("network", "reach"), [(FCN(FCNConfig(2)), 4), (XceptionS2(XceptionConfig(2)), 8)], ids=["fcn", "xceptions2"]
)
def test_nothing_beyond_the_halo_counts(network, reach):
    network.eval()
    x = torch.randn(1, 2, 33, 33, generator=torch.Generator().manual_seed(0))
    far, near = x.clone(), x.clone()
    far[..., 16 + reach + 1] += 5
    near[..., 16 + reach] += 5
    with torch.no_grad():
        middle, beyond, within = (network(v)[0, 0, 16, 16] for v in (x, far, near))
    assert middle == beyond
    assert middle != within


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.name)
def test_numbers_are_learnt_saved_and_run(kind, tmp_path):
    examples = labelled((40, 1, 16, 16), numbers=True)
    model = kind(steps=40).fit(examples, NUMBER, seed=1)
    found = model.predict(examples.batch)["mass"]
    error = (found - examples.target)[examples.batch.usable[:, 0]].square().mean().sqrt()
    assert float(error) < 0.7 * float(examples.target.std())
    assert "FAILED" not in str(check_model(model))
    copy = eow.load(model.save(tmp_path / "model.safetensors"))
    assert torch.equal(copy.predict(examples.batch)["mass"].nan_to_num(), found.nan_to_num())


def test_a_spread_and_land_cover_are_learnt():
    whole = labelled((40, 1, 16, 16), ("red", "landcover"), numbers=True)
    codes = (whole.target / 100).round()
    g = torch.Generator().manual_seed(0)
    whole.batch.x[:, 0, 0] = torch.randn(codes.shape, generator=g)
    whole.batch.x[:, 0, 1] = 2 - codes  # the code is the only thing that tells the number
    model = BiomassFCN(loss="likelihood", steps=80).fit(whole, NUMBER)
    assert dict(model.sizes)["codes"] == 3
    found = model.predict(whole.batch)
    assert [one.name for one in model.outputs(())] == ["mass", "mass_spread"]
    assert float(found["mass_spread"].nan_to_num(1).min()) > 0
    there = whole.batch.usable[:, 0]
    assert float((found["mass"] - whole.target)[there].square().mean().sqrt()) < 0.8 * float(whole.target.std())
    # The spread belongs to the network, and another parameter does not change it.
    assert set(model.with_params(loss="squared error").predict(whole.batch)) == {"mass", "mass_spread"}


def test_the_likelihood_is_that_of_a_normal_distribution():
    found = torch.tensor([[1.0, 2.0], [4.0, 1.0], [0.0, 1.0]])
    truth = torch.tensor([2.0, 4.5, torch.nan])
    expected = -torch.distributions.Normal(found[:2, 0], found[:2, 1]).log_prob(truth[:2]).mean()
    constant = 0.5 * torch.log(torch.tensor(2 * torch.pi))
    torch.testing.assert_close(likelihood(found[..., None], truth[:, None]), expected - constant)


def test_classes_are_refused():
    examples = labelled((8, 1, 16, 16))
    with pytest.raises(InputError, match="numbers, and the labels are classes"):
        BiomassFCN().fit(Examples(examples.batch, examples.target, examples.group), CLASSES)
