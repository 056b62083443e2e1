"""The base of the encoders of images, with a network that returns the mean of every patch."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import eowidgets as eow
from eowidgets.contract.registry import get_model
from eowidgets.errors import InputError, ModelError
from eowidgets.models.encode.images import ImageEncoder, ImageParams, Imagery, composites

BANDS = ("red", "nir")


class Means(nn.Module):
    def __init__(self, patch):
        super().__init__()
        self.patch = patch

    def forward(self, x):
        return functional.avg_pool2d(x, self.patch)


@dataclass(frozen=True, slots=True)
class ToyParams(ImageParams):
    checkpoint: Literal["a", "b"] = eow.param("a", help="Which weights.")


class Toy(ImageEncoder):
    name = "toy-encoder"
    card = eow.Card(title="Means of patches", licence="Apache-2.0")
    Params = ToyParams
    folder = Path(__file__).parent
    width = 2
    imagery = Imagery(BANDS, scale=10.0, mean=(1.0, 2.0), std=(0.5, 1.0), side=32, patch=8)

    def build(self):
        return Means(8)

    def encode(self, images):
        assert images.values.shape[-1] % 8 == 0
        return self.module()(images.values[:, 0])


def toy(**params):
    return Toy(Means(8), **params)


@pytest.fixture(scope="module")
def cube():
    return eow.open("romania")[["red", "nir", "valid", "clouds"]].isel(time=slice(60, 66))


def test_a_vector_is_the_mean_of_the_normalised_composite(cube):
    found = eow.run(toy(), cube)
    assert found.embedding.shape == (2, 13, 13)
    clear = cube.red.where(cube.valid & ~cube.clouds)[:, :8, :8].median("time")
    assert found.embedding[0, 0, 0].item() == pytest.approx(float((clear * 10 - 1).mean() / 0.5), rel=1e-4)


def test_zoom_makes_vectors_denser(cube):
    found = eow.run(toy(zoom=4), cube)
    assert found.embedding.shape[-2:] == (-(-cube.sizes["y"] // 2), -(-cube.sizes["x"] // 2))
    coarse = eow.run(toy(), cube).embedding[:, :12, :12].values
    fine = found.embedding[:, :48, :48].values.reshape(2, 12, 4, 12, 4).mean((2, 4))
    np.testing.assert_allclose(fine, coarse, atol=0.05)


def test_each_date_alone_gives_the_mean_of_the_vectors():
    x = torch.rand(3, 4, 2, 16, 16)
    seen = torch.ones(3, 4, 16, 16, dtype=torch.bool)
    seen[:, 2, :8] = False
    found = toy(dates="each").embed_images(x, BANDS, seen=seen)
    alone = torch.stack([toy().embed_images(x[:, i], BANDS, seen=seen[:, i]) for i in range(4)])
    assert found.shape == (3, 2)
    below = toy().embed_images(x[:, 2, :, 8:], BANDS)
    assert alone[2] == pytest.approx(below)


def test_patches_that_were_not_observed_have_no_vector(cube):
    hidden = cube.copy()
    hidden["valid"] = hidden.valid & (hidden.x > hidden.x[8])
    found = eow.run(toy(), hidden).embedding
    assert np.isnan(found[:, :, 0]).all()
    assert np.isfinite(found[:, :, 1:12]).all()


def test_medians_of_parts_of_the_series():
    x = torch.arange(5.0).view(1, 5, 1, 1, 1).expand(1, 5, 1, 2, 2).clone()
    seen = torch.ones(1, 5, 2, 2, dtype=torch.bool)
    seen[0, :3, 0, 0] = False
    values, known, days = composites(x, seen, torch.arange(5.0) * 10, 2)
    assert values.shape == (1, 2, 1, 2, 2)
    assert values[0, :, 0, 1, 1].tolist() == [1, 3.5]
    assert known[0, :, 0, 0].tolist() == [False, True]
    assert values[0, 0, 0, 0, 0] == 0
    assert days.tolist() == [10, 35]


def test_invalid_input_is_refused_in_one_sentence(cube):
    with pytest.raises(InputError, match="does not divide the patch of 8"):
        toy(zoom=3)
    with pytest.raises(InputError, match="for 2 bands"):
        toy().embed_images(torch.rand(2, 3, 8, 8), BANDS)
    with pytest.raises(ModelError, match="needs nir"):
        toy().embed_images(torch.rand(2, 1, 8, 8), ("red",))
    with pytest.raises(InputError, match="mean has 1 numbers, but there are 2 bands"):
        Imagery(BANDS, mean=(1.0,))


def test_a_checkpoint_is_chosen_by_its_tag():
    eow.register(Toy)
    try:
        assert get_model("toy-encoder.b").params.checkpoint == "b"
        with pytest.raises(InputError, match="'c'"):
            get_model("toy-encoder.c")
    finally:
        from eowidgets.contract import registry

        registry._registered.pop("toy-encoder")
