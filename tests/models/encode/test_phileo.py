"""PhilEO: the U-Net, its pretext tasks, and the model."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import eowidgets as eow
from eowidgets.contract.registry import get_model
from eowidgets.models.encode.phileo import GeoUNet, PhilEO
from eowidgets.models.encode.phileo.card import SMALL_WEIGHTS
from eowidgets.models.encode.phileo.config import PAPER, SMALL, GeoUNetConfig
from eowidgets.models.encode.phileo.network import on_the_sphere

TINY = GeoUNetConfig(3, (4, 6), (1, 1), expansion=1, reduction=2)


def conv(inside, outside, size, groups=1):
    return inside // groups * outside * size * size + outside


def block(inside, width):
    """Weights of a core block, worked out from its description."""
    three = conv(inside, width, 1) + conv(width, width, 3, width) + conv(width, width, 3) + 3 * 2 * width
    hidden = width // 16
    squeeze = conv(width, hidden, 1) + conv(hidden, width, 1)
    return three + squeeze + (inside * width + 2 * width if inside != width else 0)


def test_the_network_of_the_authors_configuration():
    with torch.device("meta"):
        network = GeoUNet(PAPER)
    widths, depths = PAPER.widths, PAPER.depths
    before = (widths[0], *widths[:-1])
    total = block(10, widths[0]) + block(widths[-1], widths[-1]) + block(widths[0], widths[0]) + conv(widths[0], 10, 1)
    total += 3 * widths[-1] + 3
    for a, b, n in zip(before, widths, depths, strict=True):
        total += block(a, b) + (n - 1) * block(b, b)
        total += block(2 * b, a) + n * block(a, a)
        total += conv(b, 1, 1) + (16 * b + 1) * 4 * b + (4 * b + 1) * b
    assert sum(p.numel() for p in network.parameters()) == total


def test_the_pretext_restores_the_shape_and_points_to_a_place():
    torch.manual_seed(0)
    restored, place, _ = GeoUNet(TINY).pretext(torch.rand(2, 3, 16, 16))
    assert restored.shape == (2, 3, 16, 16)
    assert place.detach().norm(dim=1) == pytest.approx(1.0)


def test_the_location_depends_on_the_bridge_alone():
    network = GeoUNet(TINY)
    _, place, _ = network.pretext(torch.rand(2, 3, 16, 16))
    place.sum().backward()
    assert network.bridge[0].conv3.weight.grad is not None
    assert all(p.grad is None for p in network.decoder_blocks.parameters())


def test_an_image_is_restored_from_the_bridge_alone_or_with_skips():
    torch.manual_seed(0)
    network, x = GeoUNet(TINY).eval(), torch.rand(2, 3, 16, 16)
    with torch.inference_mode():
        whole, _, deep = network.pretext(x)
        mixed, _, same = network.pretext(x, torch.tensor([True, False]))
    assert torch.equal(deep, same)
    assert torch.allclose(mixed[1], whole[1], atol=1e-6)
    assert (mixed[0] - whole[0]).abs().max() > 1e-4


def test_the_edge_of_an_image_leaves_no_mark_in_the_small_network_and_does_in_that_of_the_paper():
    torch.manual_seed(0)
    even = torch.rand(1, 5, 1, 1).expand(1, 5, 64, 64)
    for config, marked in ((SMALL, False), (replace(SMALL, padding=PAPER.padding), True)):
        with torch.inference_mode():
            found = GeoUNet(config).eval()(even)
        spread = found.std((2, 3)).max() / found.abs().max()
        assert bool(spread > 1e-3) is marked


def test_points_on_the_sphere():
    found = on_the_sphere(torch.tensor([[0.0, 0.0], [90.0, 0.0], [45.0, 90.0]]))
    assert found == pytest.approx(torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 0, 1]]), abs=1e-6)


def test_a_cube_is_encoded_also_without_near_infrared():
    torch.manual_seed(0)
    cube = eow.open("romania").isel(time=slice(60, 63), y=slice(0, 64), x=slice(0, 64))
    model = PhilEO(GeoUNet(SMALL).eval())
    for bands in (("blue", "green", "red", "nir", "nir08"), ("blue", "green", "red")):
        found = eow.run(model, cube[[*bands, "valid", "clouds"]])
        assert found.embedding.shape == (SMALL.width, 4, 4)
        assert np.isfinite(found.embedding).all()


def test_missing_bands_and_bands_at_their_mean_are_the_same():
    model = get_model("phileo")
    colours = torch.rand(2, 3, 32, 32) * 0.2
    mean = torch.tensor(SMALL_WEIGHTS.mean[3:]).view(1, 2, 1, 1).expand(2, 2, 32, 32)
    with_mean = model.embed_images(torch.cat([colours, mean], 1), SMALL_WEIGHTS.bands)
    assert model.embed_images(colours, SMALL_WEIGHTS.bands[:3]) == pytest.approx(with_mean, abs=1e-5)
