"""Encoders fail silently on another scale: what a linear probe loses, and that resized images are what `zoom` encodes."""

from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional

import eowidgets as eow
from eowidgets.models.encode.images import ImageEncoder, Imagery

BANDS = ("blue", "green", "red", "nir")
#: Images per class and pixels along a side; the classes differ in the contrast of their texture, and not in their mean.
EACH, SIDE = 60, 16
CONTRASTS = (0.02, 0.06, 0.12, 0.2)


@pytest.fixture(scope="module")
def chips():
    draw = torch.Generator().manual_seed(0)
    labels = torch.arange(len(CONTRASTS)).repeat(EACH)
    spectrum = torch.tensor([0.25, 0.28, 0.3, 0.45])[None, :, None, None]
    brightness = 1 + 0.15 * torch.randn(len(labels), 1, 1, 1, generator=draw)
    texture = torch.randn(len(labels), len(BANDS), SIDE, SIDE, generator=draw)
    texture -= texture.mean((2, 3), keepdim=True)
    contrast = torch.tensor(CONTRASTS)[labels][:, None, None, None]
    return brightness * spectrum + contrast * texture, labels


class RandomFilters(ImageEncoder):
    """The means of what random filters pass (Rolf et al., 2021), on the scale of Sentinel-2 in whole numbers."""

    name = "toy-filters"
    card = eow.Card(title="Random filters", licence="Apache-2.0")
    folder = Path(__file__).parent
    width = 64
    imagery = Imagery(
        BANDS,
        scale=10_000,
        mean=(1105.0, 1355.0, 1552.0, 2743.0),
        std=(1809.0, 1757.0, 1888.0, 1742.0),
        side=32,
        patch=8,
    )

    def build(self):
        return nn.Sequential(nn.Conv2d(len(BANDS), self.width, 3, padding=1), nn.ReLU(), nn.AvgPool2d(8)).eval()

    def encode(self, images):
        return self.module()(images.values[:, 0])


def encoder(**params):
    torch.manual_seed(1)
    return RandomFilters(RandomFilters().build(), **params)


def accuracy(vectors, labels):
    """Score a ridge classifier on standardised vectors, trained on the first half."""
    half = len(labels) // 2
    x = (vectors - vectors[:half].mean(0)) / vectors[:half].std(0).clamp_min(1e-12)
    x = torch.cat([x, torch.ones(len(x), 1)], 1).double()
    target = functional.one_hot(labels, len(CONTRASTS)).double()
    gram = x[:half].T @ x[:half] + 10.0 * torch.eye(x.shape[1], dtype=torch.float64)
    weights = torch.linalg.solve(gram, x[:half].T @ target[:half])
    return float(((x[half:] @ weights).argmax(1) == labels[half:]).double().mean())


def test_a_probe_loses_more_than_half_of_its_score_where_reflectance_is_taken_for_whole_numbers(chips):
    images, labels = chips
    right = accuracy(encoder().embed_images(images, BANDS), labels)
    # 0.3 in place of 3000: all images become nearly the same, and the network is linear around it.
    wrong = accuracy(encoder().embed_images(images / 10_000, BANDS), labels)
    # Four classes: chance is 0.25.
    assert right >= 0.95
    assert wrong <= 0.45


def test_vectors_of_the_wrong_scale_are_nearly_all_the_same(chips):
    images, _ = chips
    right, wrong = (encoder().embed_images(part, BANDS) for part in (images, images / 10_000))
    assert wrong.std(0).mean() < 1e-3 * right.std(0).mean()


@pytest.mark.parametrize("zoom", [2, 4])
def test_a_zoomed_image_is_a_resized_one(chips, zoom):
    images = chips[0][:6]
    larger = functional.interpolate(images, scale_factor=zoom, mode="bilinear", align_corners=False)
    found = encoder(zoom=zoom).embed_images(images, BANDS, resolution=10.0)
    expected = encoder().embed_images(larger, BANDS, resolution=10.0 / zoom)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)
    assert (found - encoder().embed_images(images, BANDS)).abs().max() > 0.01
