import numpy as np
import pytest
import torch
from support.formula import check_strict, fill, numbers

import eowidgets as eow
from eowidgets.contract.registry import get_model
from eowidgets.errors import ModelError
from eowidgets.models.blocks.spectral import resized
from eowidgets.models.encode.dofa import Dofa, Encoder
from eowidgets.models.encode.dofa.model import SIZES

#: torchgeo's DOFA with the weights of support/formula.py and without its last normalisation: mean over the patches.
REFERENCE = (
    (-0.05926, 0.61394, -0.58510, 0.40525, -0.43701, 0.21795),
    (-0.14954, 0.60813, -0.55700, 0.36920, -0.32524, 0.19370),
)


def small(**params):
    torch.manual_seed(0)
    return Dofa(Encoder(48, 1, 4).eval(), **params)


def published(width, depth):
    wave = 128
    start = "patch_embed.weight_generator"
    shapes = {"cls_token": (1, 1, width), "pos_embed": (1, 197, width)}
    shapes |= {f"patch_embed.fclayer.w{i}.weight": (wave, wave) for i in (1, 2)}
    shapes |= {f"patch_embed.fclayer.w{i}.bias": (wave,) for i in (1, 2)}
    shapes |= {f"{start}.weight_tokens": (128, wave), f"{start}.bias_token": (1, wave)}
    shapes |= {f"{start}.fc_weight.weight": (width * 256, wave), f"{start}.fc_weight.bias": (width * 256,)}
    shapes |= {f"{start}.fc_bias.weight": (width, wave), f"{start}.fc_bias.bias": (width,)}
    layer = {
        "self_attn.in_proj_weight": (3 * wave, wave),
        "self_attn.in_proj_bias": (3 * wave,),
        "self_attn.out_proj.weight": (wave, wave),
        "self_attn.out_proj.bias": (wave,),
        "linear1.weight": (2048, wave),
        "linear1.bias": (2048,),
        "linear2.weight": (wave, 2048),
        "linear2.bias": (wave,),
    }
    layer |= {f"norm{i}.{part}": (wave,) for i in (1, 2) for part in ("weight", "bias")}
    shapes |= {f"{start}.transformer_encoder.layers.0.{k}": v for k, v in layer.items()}
    block = {
        "attn.qkv.weight": (3 * width, width),
        "attn.qkv.bias": (3 * width,),
        "attn.proj.weight": (width, width),
        "attn.proj.bias": (width,),
        "mlp.fc1.weight": (4 * width, width),
        "mlp.fc1.bias": (4 * width,),
        "mlp.fc2.weight": (width, 4 * width),
        "mlp.fc2.bias": (width,),
    }
    block |= {f"norm{i}.{part}": (width,) for i in (1, 2) for part in ("weight", "bias")}
    return shapes | {f"blocks.{i}.{k}": v for i in range(depth) for k, v in block.items()}


@pytest.mark.parametrize("size", SIZES)
def test_the_published_names_and_shapes_load_strictly(size):
    width, depth, _ = SIZES[size]
    key = "blocks.5.attn.qkv.weight"
    check_strict(Dofa(checkpoint=size), published(width, depth), key=key, own=key)


def test_the_network_gives_what_the_authors_code_gives():
    network = fill(Encoder(48, 2, 4, side=64))
    with torch.inference_mode():
        found = network(numbers(2, 3, 64, 64), torch.tensor([0.49, 0.665, 1.61])).flatten(2).mean(-1)
    np.testing.assert_allclose(found[:, :6], REFERENCE, atol=2e-5)


def test_positions_are_resized_for_other_images():
    stored = numbers(1, 16, 5)
    assert resized(stored, 4, 4) is stored
    flat = torch.ones(1, 16, 5)
    torch.testing.assert_close(resized(flat, 7, 3), torch.ones(1, 21, 5))


def test_values_are_those_of_8_bit_images():
    imagery = Dofa().imagery
    bright = imagery.normalise(torch.tensor([[[0.9]], [[0.9]]]), ("red", "swir22"))
    expected = [(255 - 114.1099739) / 77.84352553, (255 - 56.66528851) / 42.55886798]
    np.testing.assert_allclose(bright.flatten(), expected, rtol=1e-5)
    dark = imagery.normalise(torch.tensor([[[-0.1]]]), ("red",))
    assert dark.item() == pytest.approx(-114.1099739 / 77.84352553, rel=1e-5)
    middle = imagery.normalise(torch.tensor([[[0.816 * 101.435633 / 255]]]), ("nir",))
    assert middle.item() == pytest.approx(0, abs=1e-5)


def test_a_cube_is_embedded_on_the_grid_of_the_patches():
    cube = eow.open("romania").isel(time=slice(60, 64))
    found = eow.run(small(), cube)
    assert found.embedding.shape == (48, 7, 7)
    assert np.isfinite(found.embedding).all()
    wide = eow.run(small(more_bands=True), cube)
    # nir08 takes part.
    assert np.abs(found.embedding - wide.embedding).max() > 1e-3


def test_images_are_embedded_and_radar_is_refused():
    vectors = small().embed_images(0.3 * numbers(3, 2, 64, 64).abs(), ("red", "nir"))
    assert vectors.shape == (3, 48)
    assert torch.isfinite(vectors).all()
    with pytest.raises(ModelError, match="got vv, vh"):
        small().embed_images(numbers(1, 2, 32, 32), ("vv", "vh"))
    assert get_model("dofa.large").width == 1024
