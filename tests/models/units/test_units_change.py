"""Class maps as a flow."""

from __future__ import annotations

import dataclasses
import itertools
import math

import pytest
import torch
from test_units_adapters import make_batch
from test_units_network import SMALL, awake

from eowidgets.errors import ModelError
from eowidgets.models.units.change import COVER, UniTSChange, in_time, one_hot, probabilities

MAPPER = dataclasses.replace(SMALL, target="classes", classes=len(COVER))


def test_one_hot_and_back():
    classes = torch.randint(0, 5, (2, 3, 4, 4), generator=torch.Generator().manual_seed(0))
    x1 = one_hot(classes, 5)
    assert x1.shape == (2, 3, 5, 4, 4)
    assert set(x1.unique().tolist()) == {-1.0, 1.0}
    assert torch.equal(probabilities(x1[None]).argmax(2), classes)


def test_probabilities_are_the_share_of_samples():
    a, b = one_hot(torch.zeros(1, 1, 1, 1), 2), one_hot(torch.ones(1, 1, 1, 1), 2)
    share = probabilities(torch.stack([a, a, a, b]))
    torch.testing.assert_close(share.flatten(), torch.tensor([0.75, 0.25]), atol=1e-5, rtol=0)


@pytest.mark.parametrize("samples", [1, 3])
def test_outputs_are_what_is_declared(samples):
    batch = make_batch(bands=("blue", "red", "nir", "vv"))
    model = UniTSChange(awake(MAPPER), samples=samples)
    out = model.predict(batch)
    assert set(out) == {o.name for o in model.outputs(batch.bands)}
    cover = out["land_cover"]
    assert cover.shape == (2, 6, 5, 8, 8)
    torch.testing.assert_close(cover.sum(2), torch.ones(2, 6, 8, 8))
    expected = 1 - (cover[:, 0] * cover[:, -1]).sum(1)
    torch.testing.assert_close(out["change"], expected)


def test_permuted_dates_give_permuted_maps_and_the_same_change():
    batch, order = make_batch(), torch.tensor([3, 0, 5, 1, 4, 2])
    turned = {f: getattr(batch, f)[:, order] for f in ("x", "usable", "measured", "raw")}
    shuffled = dataclasses.replace(batch, **turned, days=batch.days[order])
    straight, out = (UniTSChange(awake(MAPPER)).predict(b) for b in (batch, shuffled))
    torch.testing.assert_close(out["land_cover"], straight["land_cover"][:, order])
    torch.testing.assert_close(out["change"], straight["change"])


def test_weights_for_another_target_are_refused():
    with pytest.raises(ModelError, match="units-change"):
        UniTSChange(awake()).predict(make_batch())


def test_dates_are_weighed_as_enumeration_does():
    share = torch.rand((1, 3, 2, 1, 1), generator=torch.Generator().manual_seed(0)) + 0.1
    share = share / share.sum(2, keepdim=True)
    stay, total = 0.8, torch.zeros(3, 2)
    for path in itertools.product(range(2), repeat=3):
        weight = math.prod(float(share[0, t, c]) for t, c in enumerate(path))
        weight *= math.prod(stay if a == b else 1 - stay for a, b in itertools.pairwise(path))
        for t, c in enumerate(path):
            total[t, c] += weight
    torch.testing.assert_close(in_time(share, stay)[0, :, :, 0, 0], total / total.sum(1, keepdim=True))


def test_one_odd_date_is_outvoted():
    share = torch.tensor([0.9, 0.9, 0.4, 0.9, 0.9])[None, :, None, None, None]
    share = torch.cat([share, 1 - share], dim=2)
    assert (share.argmax(2) == 1).any()
    assert (in_time(share, 0.95).argmax(2) == 0).all()
