import numpy as np
import pytest
import torch
from support.encoders import series_cube
from support.formula import check_strict, fill, numbers

import eowidgets as eow
from eowidgets.contract.registry import get_model
from eowidgets.models.encode.terramind import Encoder, Terramind
from eowidgets.models.encode.terramind.config import KINDS, SIZES
from eowidgets.models.encode.terramind.network import Config, positions

#: terratorch's encoder with the weights of support/formula.py, three bands of Sentinel-2 L2A, radar and elevation: mean over the
#: kinds of the patch in row 1 and column 2, by gated layers and size.
REFERENCE = {
    (False, 224): (-0.00958, 0.57021, -0.70493, -1.44266, 0.23023, -1.09993),
    (False, 64): (-2.47638, 1.14584, 0.49370, -0.72063, 0.53060, -0.74665),
    (True, 224): (0.10583, -0.71544, -0.87188, -0.55052, -0.27255, -0.75492),
    (True, 64): (-2.78192, 0.39484, 0.69637, 0.35148, 0.05369, -0.51935),
}
IMAGES = {"sen2l2a": 12, "sen2l1c": 13, "sen2rgb": 3, "sen1grd": 2, "sen1rtc": 2, "dem": 1}


def small(**params):
    torch.manual_seed(0)
    return Terramind(Encoder(Config(48, 1, 4, 64, gated=True)).eval(), **params)


def published(config):
    """Names and shapes of the file: the embeddings of images, one of tokens, the encoder, and some of the decoder."""
    width, hidden = config.width, 2 * config.hidden // 3 if config.gated else config.hidden
    shapes = {"mask_token": (1, 1, width), "encoder_norm.weight": (width,), "encoder_norm.bias": (width,)}
    for kind, bands in IMAGES.items():
        start = f"encoder_embeddings.untok_{kind}@224"
        shapes |= {f"{start}.pos_emb": (1, 196, width), f"{start}.mod_emb": (1, 1, width)}
        shapes[f"{start}.proj.weight"] = (width, 256 * bands)
    block = {
        "attn.qkv.weight": (3 * width, width),
        "attn.proj.weight": (width, width),
        "mlp.fc1.weight": (hidden, width),
        "mlp.fc2.weight": (width, hidden),
    }
    if config.gated:
        block["mlp.fc3.weight"] = (hidden, width)
    else:
        block |= {name.replace("weight", "bias"): shape[:1] for name, shape in block.items()}
    block |= {f"norm{i}.{part}": (width,) for i in (1, 2) for part in ("weight", "bias")}
    shapes |= {f"encoder.{i}.{k}": v for i in range(config.depth) for k, v in block.items()}
    shapes |= {"encoder_embeddings.tok_lulc@224.token_emb.weight": (4375, width)}
    shapes |= {"encoder_embeddings.coords.token_emb.weight": (30_000, width)}
    shapes |= {"decoder_embeddings.coords.to_logits.weight": (30_000, width), "decoder_norm.weight": (width,)}
    return shapes | {"decoder_proj_context.weight": (width, width), "decoder.0.norm1.weight": (width,)}


@pytest.mark.parametrize("size", SIZES)
def test_the_published_names_and_shapes_load_strictly(size):
    key = "encoder.3.mlp.fc2.weight"
    check_strict(Terramind(checkpoint=size), published(SIZES[size]), key=key, own=key)


@pytest.mark.parametrize(("gated", "side"), REFERENCE)
def test_the_network_gives_what_the_authors_code_gives(gated, side):
    network = fill(Encoder(Config(48, 2, 4, 192, gated)))
    given = {
        "untok_sen2l2a@224": (numbers(1, 3, side, side), [1, 3, 10]),
        "untok_sen1rtc@224": (numbers(1, 2, side, side, phase=1.0), [0, 1]),
        "untok_dem@224": (numbers(1, 1, side, side, phase=2.0), [0]),
    }
    with torch.inference_mode():
        found = network(given)
    assert found.shape == (1, 48, side // 16, side // 16)
    np.testing.assert_allclose(found[0, :6, 1, 2], REFERENCE[gated, side], atol=2e-5)


def test_bands_that_are_missing_count_as_their_mean():
    network = fill(Encoder(Config(48, 1, 4, 64, gated=False)))
    x = numbers(1, 12, 32, 32)
    x[:, [0, 9]] = 0
    kept = [i for i in range(12) if i not in (0, 9)]
    with torch.inference_mode():
        whole = network({"untok_sen2l2a@224": (x, list(range(12)))})
        part = network({"untok_sen2l2a@224": (x[:, kept], kept)})
    torch.testing.assert_close(whole, part, atol=1e-5, rtol=0)


def test_positions_have_rows_before_columns():
    found = positions(3, 8)[0]
    assert found.shape == (9, 8)
    torch.testing.assert_close(found[5, :2], torch.tensor([1.0, 0.01]).sin())
    torch.testing.assert_close(found[5, 4:6], torch.tensor([2.0, 0.02]).sin())


@pytest.mark.parametrize("optical", ["S2L2A", "S2L1C", "RGB"])
def test_the_mean_of_the_training_data_becomes_zero(optical):
    model = small(optical=optical, radar="S1GRD")
    kinds = [KINDS[optical], KINDS["S1GRD"], KINDS["DEM"]]
    bands = tuple(b for kind in kinds for b in kind.bands)
    mean = torch.tensor([m / kind.scale for kind in kinds for m in kind.mean])
    found = model.imagery.normalise(mean[:, None, None], bands)
    torch.testing.assert_close(found, torch.zeros_like(found), atol=1e-4, rtol=0)


def test_a_cube_with_radar_and_elevation_is_embedded():
    cube = series_cube(32, 48)
    cube["dem"] = (("time", "y", "x"), 500 + 100 * np.ones((5, 32, 48), "float32"))
    model = small()
    both = eow.run(model, cube)
    assert both.embedding.shape == (48, 2, 3)
    assert np.isfinite(both.embedding).all()
    assert "S1RTC" in both.attrs["provenance"] and "DEM" in both.attrs["provenance"]
    optical = eow.run(small(), cube.drop_vars(["vv", "vh", "dem"]))
    assert np.abs(both.embedding - optical.embedding).max() > 1e-3
    twice = eow.run(small(), cube.assign(elevation=cube.dem))
    np.testing.assert_allclose(both.embedding, twice.embedding, atol=1e-5)


def test_the_sample_and_images_are_embedded():
    found = eow.run(small(), eow.open("romania").isel(time=slice(60, 64)))
    assert found.embedding.shape == (48, 7, 7)
    vectors = small().embed_images(-20 * numbers(2, 2, 32, 32).abs(), ("vv", "vh"))
    assert vectors.shape == (2, 48)
    assert torch.isfinite(vectors).all()
    assert get_model("terramind.v1-tiny").width == 192
