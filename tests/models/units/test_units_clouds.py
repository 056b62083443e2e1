"""UniTS without a mask: clouds found, filled, and as a mask for ``open``."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from test_units_adapters import made
from test_units_network import SMALL, awake

import eowidgets as eow
from eowidgets.contract.feeds import Batch
from eowidgets.errors import InputError, ModelError
from eowidgets.models.units.clouds import FindAndFill, UniTSClouds, cloud_mask
from eowidgets.models.units.condition import restore
from eowidgets.models.units.config import BANDS
from eowidgets.models.units.network import UniTS


class Differs(torch.nn.Module):
    """A judge that needs no training: what differs from the clear series is cloud."""

    def forward(self, given, through):
        apart = (restore(given.pixels[:, :, : len(BANDS)]) - through) * given.present[:, None, None]
        return torch.where(apart.abs().amax(dim=2) > 0.02, 9.0, -9.0)


def cloudy_batch():
    """Cloud on one date, shadow on another; the cube knows of neither."""
    g = torch.Generator().manual_seed(0)
    ground = torch.tensor([0.04, 0.05, 0.30])[:, None, None]
    cloudy = ground + 0.002 * torch.randn((1, 8, 3, 16, 16), generator=g)
    cloudy[0, 3, :, :4] += 0.4
    cloudy[0, 4, :, 12:] *= 0.3
    measured = torch.ones(1, 8, 16, 16, dtype=torch.bool)
    days = 18000 + 10 * torch.arange(8).double()
    nothing, zero = torch.zeros_like(measured), torch.zeros_like(cloudy)
    batch = Batch(zero, nothing, measured, cloudy, days, days, ("blue", "red", "nir"), torch.zeros(1, 2), 10.0)
    clear = measured.clone()
    clear[0, 3, :4] = clear[0, 4, 12:] = False
    return batch, ground, clear


def test_clouds_are_found_and_filled_and_the_rest_is_left():
    # Untrained networks: the first one gives linear interpolation over the first guess, the second one fills so too.
    batch, ground, expected = cloudy_batch()
    find = UniTS(SMALL).eval()
    find.judge = Differs()
    model = UniTSClouds(FindAndFill(find, UniTS(SMALL).eval()))
    out, clear = model.predict(batch)["reflectance"], model.clear(batch, model.cloudiness(batch))
    assert torch.equal(clear, expected)
    assert torch.equal(out.movedim(2, -1)[clear], batch.raw.movedim(2, -1)[clear])
    assert float((out - ground).abs().max()) < 0.02


def test_a_pixel_that_is_always_cloudy_keeps_its_clearest_date():
    batch, _, _ = cloudy_batch()
    model = made(UniTSClouds)
    cloudy = torch.full(batch.measured.shape, 0.9)
    cloudy[:, 2] = 0.8
    assert torch.equal(model.clear(batch, cloudy), cloudy < 0.9)


def test_weights_that_can_not_judge_are_refused():
    batch, _, _ = cloudy_batch()
    with pytest.raises(ModelError, match="units-clouds"):
        UniTSClouds(FindAndFill(awake(), awake())).predict(batch)


def test_probability_of_cloud_is_an_output():
    batch, _, clear = cloudy_batch()
    find = UniTS(SMALL).eval()
    find.judge = Differs()
    pair = FindAndFill(find, UniTS(SMALL).eval())
    for model in (UniTSClouds(pair), UniTSClouds(pair, fill=False)):
        out = model.predict(batch)
        assert set(out) == {o.name for o in model.outputs(batch.bands)}
        assert torch.equal(out["cloud_probability"] < UniTSClouds.CLOUD, clear)
    assert set(out) == {"cloud_probability"}


def short_cube(dates=4):
    """Part of the French sample without a mask, with a bright square on one date."""
    cube = eow.open("bouconne", clouds=None).isel(x=slice(0, 48), y=slice(0, 48), time=slice(0, dates)).copy(deep=True)
    for name in ("blue", "green", "red", "nir", "nir08", "swir16"):
        cube[name][1, 8:24, 8:24] += 0.3
    return cube


def test_a_mask_for_short_series():
    cube = short_cube()
    cube["clouds"][0, :4] = True
    mask = cloud_mask(cube, eow.run)
    assert mask.dtype == bool and mask.dims == ("time", "y", "x")
    assert float(mask[1, 10:22, 10:22].mean()) > 0.9
    assert float(mask[1, 30:, 30:].mean()) < 0.1
    assert bool(mask[0, :4].all())
    assert mask.attrs["added"] == int(mask.sum()) - 4 * 48


def test_open_with_the_clouds_of_the_network():
    cube = short_cube()
    opened = eow.open(cube, clouds="units")
    np.testing.assert_array_equal(opened.clouds, cloud_mask(cube, eow.run))


@pytest.mark.parametrize("kind", ["one date", "no band"])
def test_what_it_cannot_mask_is_refused(kind):
    cube = short_cube().isel(time=[0]) if kind == "one date" else short_cube()[["valid", "clouds"]]
    with pytest.raises(InputError, match="clouds='units' does not work on"):
        cloud_mask(cube, eow.run)
