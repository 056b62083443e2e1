import numpy as np
import pytest
import torch
from support.encoders import OPTICAL, RADAR, series_cube
from support.formula import check_strict, fill, numbers, state_of

import eowidgets as eow
from eowidgets.contract.registry import get_model
from eowidgets.contract.weights import stored
from eowidgets.errors import ModelError
from eowidgets.models.encode.croma import Croma, CromaModel
from eowidgets.models.encode.croma.model import SIZES
from eowidgets.models.encode.croma.network import distances

#: torchgeo's CROMA with the weights of support/formula.py: the patch in row 1 and column 2.
REFERENCE = {
    "both": (1.39330, -0.56900, -1.46247, -0.57074, 1.33928, 0.61364),
    "radar": (0.70919, -1.10318, -0.92823, 0.28209, 1.43843, -0.28426),
    "optical": (0.49770, 1.45518, 0.53537, -1.53495, -0.94069, 0.44258),
}


def small(**params):
    torch.manual_seed(0)
    return CromaModel(Croma(32, 2).eval(), **params)


def attention(width, across):
    names = ("to_q", "to_k", "to_v") if across else ("to_qkv",)
    shapes = {f"{name}.weight": ((1 if across else 3) * width, width) for name in names}
    shapes |= {"to_out.weight": (width, width), "to_out.bias": (width,)}
    return shapes | {"input_norm.weight": (width,), "input_norm.bias": (width,)}


def blocks(width, depth, across):
    feed = {"net.0.weight": (4 * width, width), "net.0.bias": (4 * width,), "net.3.weight": (width, 4 * width)}
    feed |= {"net.3.bias": (width,), "input_norm.weight": (width,), "input_norm.bias": (width,)}
    parts = [attention(width, across=False), *([attention(width, across=True)] if across else []), feed]
    shapes = {f"layers.{i}.{j}.{k}": v for i in range(depth) for j, part in enumerate(parts) for k, v in part.items()}
    return shapes | {"norm_out.weight": (width,), "norm_out.bias": (width,)}


def nested(width, depth):
    """Five state dicts by name, as in the published file."""
    pooled = {"0.weight": (width,), "0.bias": (width,), "1.weight": (4 * width, width), "1.bias": (4 * width,)}
    pooled |= {"3.weight": (width, 4 * width), "3.bias": (width,)}
    found = {"joint_encoder": blocks(width, depth // 2, across=True)}
    for name, bands, deep in (("s1", 2, depth // 2), ("s2", 12, depth)):
        tower = {"linear_input.weight": (width, 64 * bands), "linear_input.bias": (width,)}
        tower |= {f"transformer.{k}": v for k, v in blocks(width, deep, across=False).items()}
        found |= {f"{name}_encoder": tower, f"{name}_GAP_FFN": pooled}
    return found


@pytest.mark.parametrize("size", SIZES)
def test_the_published_names_and_shapes_load_strictly(size):
    shapes = {f"{name}.{k}": v for name, part in nested(*SIZES[size]).items() for k, v in part.items()}
    key = "joint_encoder.layers.2.1.to_k.weight"
    check_strict(CromaModel(checkpoint=size), shapes, key=key, own=key)
    assert len(shapes) == {"base": 328, "large": 634}[size]


def test_a_file_of_nested_state_dicts_is_read_as_one(tmp_path):
    parts = {name: {k: torch.zeros(2) for k in state_of(part)} for name, part in nested(8, 2).items()}
    torch.save(parts, tmp_path / "CROMA_small.pt")
    found = stored(tmp_path / "CROMA_small.pt").state
    assert len(found) == sum(len(part) for part in parts.values())
    assert "s2_encoder.transformer.layers.1.0.to_qkv.weight" in found
    torch.save({**parts, "epoch": 3}, tmp_path / "other.pt")
    with pytest.raises(ModelError, match="holds no state dict"):
        stored(tmp_path / "other.pt")


@pytest.mark.parametrize("images", REFERENCE)
def test_the_network_gives_what_the_authors_code_gives(images):
    network = fill(Croma(64, 4))
    radar, optical = numbers(1, 2, 32, 32).abs(), numbers(1, 12, 32, 32, phase=1.0).abs()
    with torch.inference_mode():
        found = network(None if images == "optical" else radar, None if images == "radar" else optical)
    np.testing.assert_allclose(found[0, :6, 1, 2], REFERENCE[images], atol=2e-5)


def test_attention_falls_with_the_distance_of_patches():
    found = distances(2, 3, 16)
    assert found.shape == (16, 6, 6)
    # Row 0, column 0 and row 1, column 2; the slope of the first head is the square root of a half.
    assert found[0, 0, 5].item() == pytest.approx(-(5**0.5) * 2**-0.5)
    assert found[15, 0, 1].item() == pytest.approx(-(2**-8))


def test_the_towers_follow_from_the_bands_of_the_cube():
    cube = series_cube(32, 24)
    masks = ["valid", "clouds"]
    runs = {name: eow.run(small(), cube[[*names, *masks]]) for name, names in (("radar", RADAR), ("optical", OPTICAL))}
    runs["both"] = eow.run(small(), cube)
    for found in runs.values():
        assert found.embedding.shape == (32, 4, 3)
        assert np.isfinite(found.embedding).all()
    assert np.abs(runs["both"].embedding - runs["radar"].embedding).max() > 1e-3
    with pytest.raises(ModelError, match="give vv and vh, or blue, green, red, nir"):
        eow.run(small(), cube[["vv", "red", *masks]])


def test_the_stretch_is_that_of_the_cube_or_of_the_training():
    cube = series_cube(16, 16, bands=OPTICAL)
    brighter = cube.assign({b: cube[b] * 1.5 + 0.1 for b in OPTICAL})
    own = [eow.run(small(), one).embedding for one in (cube, brighter)]
    np.testing.assert_allclose(*own, atol=1e-3)
    fixed = [eow.run(small(statistics="training"), one).embedding for one in (cube, brighter)]
    assert np.abs(fixed[0] - fixed[1]).max() > 0.01


def test_values_lie_between_0_and_1():
    model = small(statistics="training")
    values = torch.tensor([[[-0.5]], [[0.136352445545]], [[2.0]]])
    found = model.imagery.normalise(values, ("red", "red", "red"))
    torch.testing.assert_close(found.flatten(), torch.tensor([0.0, 0.5, 1.0]))


def test_the_sample_and_images_are_embedded():
    found = eow.run(small(), eow.open("romania").isel(time=slice(60, 64)))
    assert found.embedding.shape == (32, 13, 13)
    vectors = small().embed_images(0.3 * numbers(3, 4, 24, 24).abs(), ("blue", "green", "red", "nir"))
    assert vectors.shape == (3, 32)
    assert torch.isfinite(vectors).all()
    assert get_model("croma.large").width == 1024


def test_a_band_that_is_the_same_everywhere_becomes_the_middle():
    flat = torch.full((2, 4, 16, 16), 0.2)
    vectors = small().embed_images(flat, ("blue", "green", "red", "nir"))
    assert torch.isfinite(vectors).all()
