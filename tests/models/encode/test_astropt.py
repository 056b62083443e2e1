"""AstroPT: the spiral, causality, the stretch, and runs over files and tensors."""

import numpy as np
import pytest
import torch

import eowidgets as eow
from eowidgets.errors import ModelError
from eowidgets.models.encode.astropt import PAPER, AstroPT, AstroPTConfig, AstroPTModel
from eowidgets.models.encode.astropt.card import WEIGHTS
from eowidgets.models.encode.astropt.network import spiral
from eowidgets.models.encode.astropt.stamps import stretched

TINY = AstroPTConfig(channels=2, side=12, patch=4, width=16, heads=2, depth=2)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return AstroPT(TINY).eval()


@pytest.mark.parametrize("side", [1, 2, 3, 6, 7])
def test_the_spiral_starts_in_the_middle_and_goes_to_neighbours(side):
    order = spiral(side)
    assert sorted(order.tolist()) == list(range(side**2))
    rows, columns = order // side, order % side
    steps = rows.diff().abs() + columns.diff().abs()
    # On an even grid the last turn leads around a corner that is not there.
    assert (steps == 1).all()
    assert max(rows[0], columns[0]) == (side - 1) // 2


def test_patches_are_those_of_the_image(network):
    image = torch.arange(2 * 12 * 12.0).view(1, 2, 12, 12)
    cut = network.patches(image)
    assert cut.shape == (1, 9, 2 * 16)
    assert torch.equal(cut[0, 0].view(2, 4, 4), image[0, :, 4:8, 4:8])
    assert torch.equal(cut[0, 1].view(2, 4, 4), image[0, :, 4:8, 8:])


def test_a_token_depends_on_the_patches_before_it_alone(network):
    patches = torch.randn(1, 9, 32)
    other = patches.clone()
    other[0, 5] += 1
    changed = (network.hidden(patches) - network.hidden(other)).abs().amax(-1)[0] > 1e-6
    assert changed.tolist() == [False] * 5 + [True] * 4


def test_the_loss_falls_in_training(network):
    images = torch.randn(4, 2, 1, 1).expand(-1, -1, 12, 12)
    optimiser = torch.optim.Adam(network.parameters(), 1e-2)
    losses = []
    for _ in range(20):
        optimiser.zero_grad()
        loss = network.loss(images)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


def test_the_stretch_removes_sky_and_noise():
    torch.manual_seed(0)
    images = 500 + 20 * torch.randn(2, 1, 40, 40)
    seen = torch.ones(2, 40, 40, dtype=torch.bool)
    seen[1, :4] = False
    images[1, :, :4] = 1e9
    found = stretched(images, seen)
    assert found.flatten(2).median(dim=2).values.abs().max() < 0.05
    assert found[0].sinh().std().item() == pytest.approx(1, abs=0.1)
    assert (found[1, :, :4] == 0).all()
    assert (stretched(torch.full((1, 1, 4, 4), 7.0), seen[:1, :4, :4]) == 0).all()


def test_sizes_of_the_paper():
    with torch.device("meta"):
        small = sum(p.numel() for p in AstroPT(PAPER["1M"]).blocks.parameters())
        large = sum(p.numel() for p in AstroPT(PAPER["70M"]).blocks.parameters())
    # Twelve matrices of the width squared in each block, biases and norms.
    assert small == 4 * (12 * 128**2 + 13 * 128)
    assert large == 12 * (12 * 768**2 + 13 * 768)


def test_the_shipped_weights_embed_stamps_of_files(tmp_path):
    import rasterio

    rng = np.random.default_rng(0)
    for i in range(2):
        with rasterio.open(
            tmp_path / f"{i}.tif", "w", driver="GTiff", width=63, height=63, count=3, dtype="float32"
        ) as file:
            file.write(rng.normal(100, 5, (3, 63, 63)).astype("float32"))
    found = eow.run("astropt", str(tmp_path))
    assert found.filter(like="embedding").shape == (2, 96)
    assert np.isfinite(found.filter(like="embedding").to_numpy(float)).all()
    assert WEIGHTS.size < 2_000_000


def test_bands_are_taken_by_name_and_empty_stamps_have_no_vector():
    model, x = AstroPTModel(), 100 * torch.rand(2, 3, 63, 63)
    names = ("science", "template", "difference")
    one = model.embed_images(x, names)
    other = model.embed_images(x.flip(1), names[::-1])
    torch.testing.assert_close(one, other)
    seen = torch.ones(2, 63, 63, dtype=torch.bool)
    seen[1] = False
    part = model.embed_images(x, names, seen=seen)
    assert part[0].isfinite().all()
    assert part[1].isnan().all()


def test_invalid_input_is_refused_in_one_sentence():
    model = AstroPTModel()
    with pytest.raises(ModelError, match="needs difference"):
        model.embed_images(torch.rand(1, 2, 63, 63), ("science", "template"))
    with pytest.raises(ModelError, match="stamps of 63 pixels"):
        model.embed_images(torch.rand(1, 3, 64, 64), ("science", "template", "difference"))
