"""SatVision-TOA: sizes, masks, the loss of SimMIM, clouds, and the model."""

import numpy as np
import pytest
import torch

import eowidgets as eow
from eowidgets.contract.registry import get_model
from eowidgets.errors import ModelError
from eowidgets.models.encode.satvision import SatVision, SimMIM, SwinV2
from eowidgets.models.encode.satvision.card import SMALL_WEIGHTS
from eowidgets.models.encode.satvision.config import GIANT, SMALL, SwinConfig
from eowidgets.models.encode.satvision.network import random_masks

TINY = SwinConfig(3, 32, (8, 16), (1, 2), (2, 2), window=4, hidden=8)


def random_model(**params):
    torch.manual_seed(0)
    return SatVision(SwinV2(SMALL).eval(), **params)


def test_the_giant_network_has_billions_of_weights():
    with torch.device("meta"):
        network = SwinV2(GIANT)
    total = sum(p.numel() for p in network.parameters())
    # Worked out from the configuration: 12 d² a block and 8 (d/2)² a merging, within 1 % for biases, norms and position networks.
    blocks = sum(12 * d * d * n for d, n in zip(GIANT.widths, GIANT.depths, strict=True))
    merging = sum(8 * d * d for d in GIANT.widths[:-1])
    assert total == pytest.approx(blocks + merging, rel=0.01)
    assert [b.norm3 is not None for b in list(network.stages[2])[1:]].count(True) == 7
    # The last stage has 4 x 4 tokens, fewer than a window.
    assert [stage[-1].window for stage in network.stages] == [8, 8, 8, 4]


def test_masks_hide_the_same_share_of_every_image():
    masks = random_masks(5, SMALL, 0.6, torch.Generator().manual_seed(0))
    assert masks.shape == (5, 8, 8)
    assert masks.flatten(1).sum(1).tolist() == [38] * 5
    assert not torch.equal(masks[0], masks[1])


def test_what_is_masked_is_not_seen():
    torch.manual_seed(0)
    network = SwinV2(TINY).eval()
    x = torch.rand(1, 3, 32, 32)
    masked = torch.zeros(1, 8, 8, dtype=torch.bool)
    masked[:, 2:4, 2:4] = True
    other = x.clone()
    other[:, :, 8:16, 8:16] += 1
    assert torch.equal(network(x, masked), network(other, masked))
    assert not torch.equal(network(x), network(other))


def test_the_loss_counts_masked_pixels_of_measured_bands():
    torch.manual_seed(0)
    task = SimMIM(SwinV2(TINY))
    torch.nn.init.zeros_(task.decoder[0].weight)
    torch.nn.init.zeros_(task.decoder[0].bias)
    x = torch.zeros(1, 3, 32, 32)
    x[:, 0, :8, :8], x[:, 1] = 2.0, 100.0
    masked = torch.zeros(1, 4, 4, dtype=torch.bool)
    masked[:, 0, :2] = True
    measured = torch.tensor([[True, False, True]])
    # Two squares in two bands are counted, and one square of one band is wrong by 2.
    assert float(task(x, masked, measured).detach()) == pytest.approx(2.0 / 4)


@pytest.fixture(scope="module")
def cube():
    bands = ["blue", "green", "red", "nir", "swir16", "valid", "clouds"]
    return eow.open("romania")[bands].isel(time=slice(60, 63), y=slice(0, 64), x=slice(0, 64))


def test_a_cube_without_the_second_swir_band_is_encoded(cube):
    found = eow.run(random_model(), cube)
    assert found.embedding.shape == (96, 8, 8)


def test_clouds_are_encoded_where_this_is_asked_for(cube):
    covered = cube.copy()
    covered["clouds"] = covered.clouds | (covered.x < covered.x[32])
    without = eow.run(random_model(), covered).embedding
    included = eow.run(random_model(clouds=True), covered).embedding
    assert np.isnan(without[:, :, :4]).all()
    assert np.isfinite(included).all()


def test_bands_that_are_needed_are_named():
    with pytest.raises(ModelError, match="needs swir16"):
        random_model().embed_images(torch.rand(1, 4, 64, 64), ("blue", "green", "red", "nir"))


def test_the_installed_weights_tell_cloud_from_ground():
    model = get_model("satvision")
    ground = torch.tensor([0.09, 0.08, 0.07, 0.3, 0.2, 0.1]).view(1, 6, 1, 1).expand(1, 6, 64, 64).clone()
    cloud = torch.tensor([0.5, 0.5, 0.5, 0.55, 0.4, 0.3]).view(1, 6, 1, 1)
    ground[..., 32:] = cloud
    left, right = (model.embed_images(part, SMALL_WEIGHTS.bands) for part in ground.split(32, dim=-1))
    assert left.shape == (1, 96)
    assert (left - right).abs().mean() > 0.1
