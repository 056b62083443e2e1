"""FUSU-Net: sizes of its branches, what the series adds, and what is trained runs with its source and without."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from support.labelled import CLASSES, labelled

import eowidgets as eow
from eowidgets.contract.trainable import Examples
from eowidgets.models.landuse.fusunet import (
    PAPER,
    UTAE,
    FusuConfig,
    FusuModel,
    FusuNet,
    HRNet,
    HRNetConfig,
    UTAEConfig,
)
from eowidgets.testing import check_model

SMALL = FusuConfig(HRNetConfig(2, stem=4, widths=(4, 8), blocks=1), UTAEConfig(2, (8, 8), (8, 8), 2, 2, 8), 3)


def count(module):
    return sum(p.numel() for p in module.parameters())


def pairs(n=10, both=False, series=True, side=32):
    """Windows whose last date tells the class, and series of the same ground."""
    whole = labelled((n, 2, side, side), ("red", "green", "nir"))
    sources = {"series": labelled((n, 6, 8, 8), seed=1).batch} if series else {}
    target = torch.stack([whole.target.flip(-1), whole.target], dim=1) if both else whole.target
    x = whole.batch.x.clone()
    x[:, 0] = x[:, 0].flip(-1)
    return Examples(replace(whole.batch, x=x, raw=x, sources=sources), target, np.arange(n))


def test_branches_have_the_published_sizes():
    with torch.device("meta"):
        # HRNetV2-W18 without head: 9.6 M. U-TAE for ten bands and 20 classes: 1 087 k, the last convolutions included.
        assert count(HRNet(PAPER.sharp)) == pytest.approx(9.6e6, rel=0.01)
        last = (9 * 32 * 32 + 32 + 2 * 32) + (9 * 32 * 20 + 20 + 2 * 20)
        assert count(UTAE(replace(PAPER.series, channels=10))) + last == pytest.approx(1.087e6, rel=0.001)
        assert HRNet(PAPER.sharp).width == 270
        assert count(FusuNet(PAPER)) == WHOLE


#: The branches, the layers that fuse them, and two heads.
WHOLE = 11_284_371


def test_hrnet_keeps_a_quarter_of_the_resolution():
    network = HRNet(HRNetConfig(3, stem=4, bottlenecks=2, widths=(4, 8, 16, 32), modules=(1, 2, 1), blocks=1)).eval()
    assert network(torch.randn(2, 3, 64, 32)).shape == (2, 60, 16, 8)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return FusuNet(SMALL).eval().requires_grad_(False)


def test_dates_that_were_not_seen_do_not_count(network):
    g = torch.Generator().manual_seed(0)
    before, after = torch.randn(2, 2, 2, 32, 32, generator=g)
    series, days = torch.randn(2, 5, 2, 8, 8, generator=g), torch.arange(5.0) * 30
    seen = torch.tensor([[True, True, False, True, True]] * 2)
    other = series.clone()
    other[:, 2] += 10
    one, two = (network(before, after, s, days, seen) for s in (series, other))
    for a, b in zip(one, two, strict=True):
        torch.testing.assert_close(a, b)
    assert not torch.allclose(network(before, after, series + 1, days, seen)[1], one[1])


def test_change_does_not_depend_on_the_order_of_the_pictures(network):
    before, after = torch.randn(2, 1, 2, 32, 32, generator=torch.Generator().manual_seed(0))
    one, two = network(before, after), network(after, before)
    torch.testing.assert_close(one[2], two[2])
    torch.testing.assert_close(one[0], two[1])


@pytest.mark.parametrize(("both", "series"), [(True, True), (False, True), (False, False)])
def test_it_is_trained_and_run(both, series, tmp_path):
    examples = pairs(both=both, series=series)
    model = FusuModel(steps=4).fit(examples, CLASSES)
    expected = {"kind", "kind_before", "change"} if both else {"kind"}
    found = model.predict(examples.batch)
    assert set(found) == expected
    assert "FAILED" not in str(check_model(model))
    copy = eow.load(model.save(tmp_path / "model.safetensors"))
    assert all(torch.equal(copy.predict(examples.batch)[k].nan_to_num(), found[k].nan_to_num()) for k in found)
    assert [one.bands for one in copy.feed.sources] == ([("red", "nir")] if series else [])


def test_both_dates_are_learnt():
    examples = pairs(12, both=True)
    model = FusuModel(steps=60).fit(examples, CLASSES)
    found = model.predict(examples.batch)
    there = examples.batch.usable[:, -1] & examples.batch.usable[:, 0]
    for name, truth in (("kind_before", examples.target[:, 0]), ("kind", examples.target[:, 1])):
        assert float((found[name].argmax(1) == truth)[there].float().mean()) > 0.7
