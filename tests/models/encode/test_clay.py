import math

import numpy as np
import pytest
import torch
from support.encoders import RADAR, series_cube
from support.formula import check_strict, fill, numbers

import eowidgets as eow
from eowidgets.errors import ModelError
from eowidgets.models.encode.clay import Clay, Encoder
from eowidgets.models.encode.clay.model import time_and_place
from eowidgets.models.encode.clay.network import positions
from eowidgets.models.encode.clay.platforms import PATCH, PLATFORMS, SIDE
from eowidgets.models.encode.sensors import WAVELENGTHS

#: The authors' encoder with the weights of support/formula.py: first patch, and row 2, column 3 of the second image.
REFERENCE = {
    (0, 0, 0): (-0.19654, -0.93122, -0.92141, -1.54495, -1.24332, -0.71235),
    (1, 2, 3): (-0.28245, -0.67398, 0.85893, -0.18950, -1.99368, -1.21008),
}


def small(**params):
    torch.manual_seed(0)
    return Clay(Encoder(48, 1, 4, 64).eval(), **params)


def published():
    """Names and shapes of the file: the encoder by the sizes of clay_mae_large, and one of each other part."""
    width, hidden, wave = 1024, 4096, 128
    generator = {
        "weight_tokens": (128, wave),
        "bias_token": (1, wave),
        "fc_weight.weight": (width * 64, wave),
        "fc_weight.bias": (width * 64,),
        "fc_bias.weight": (width, wave),
        "fc_bias.bias": (width,),
    }
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
    block = {
        "0.to_qkv.weight": (3 * width, width),
        "0.to_out.weight": (width, width),
        "1.net.1.weight": (hidden, width),
        "1.net.1.bias": (hidden,),
        "1.net.3.weight": (width, hidden),
        "1.net.3.bias": (width,),
    }
    block |= {f"{norm}.{part}": (width,) for norm in ("0.norm", "1.net.0") for part in ("weight", "bias")}
    shapes = {"cls_token": (1, 1, width), "transformer.norm.weight": (width,), "transformer.norm.bias": (width,)}
    start = "patch_embedding"
    shapes |= {f"{start}.fclayer.l{i}.weight": (wave, wave) for i in (1, 2)}
    shapes |= {f"{start}.fclayer.l{i}.bias": (wave,) for i in (1, 2)}
    shapes |= {f"{start}.weight_generator.{k}": v for k, v in generator.items()}
    shapes |= {f"{start}.weight_generator.encoder.layers.0.{k}": v for k, v in layer.items()}
    shapes |= {f"transformer.layers.{i}.{k}": v for i in range(24) for k, v in block.items()}
    others = {"model.decoder.mask_patch": (512,), "model.teacher.cls_token": (1, 1, width)}
    others |= {"model.proj.weight": (width, width), "model.proj.bias": (width,)}
    return {f"model.encoder.{k}": v for k, v in shapes.items()} | others


def test_the_published_names_and_shapes_load_strictly():
    start = "transformer.layers.7.0.to_qkv.weight"
    check_strict(Clay(), published(), key=f"model.encoder.{start}", own=start)
    own = [math.prod(v) for k, v in published().items() if k.startswith("model.encoder.")]
    # The authors state 311 million.
    assert sum(own) == 311_442_944


def test_the_network_gives_what_the_authors_code_gives():
    network = fill(Encoder(48, 2, 4, 96))
    with torch.inference_mode():
        found = network(numbers(2, 3, 32, 32), torch.tensor([0.493, 0.665, 1.61]), 10.0, numbers(2, 8, phase=1.0))
    for (i, row, column), expected in REFERENCE.items():
        np.testing.assert_allclose(found[i, :6, row, column], expected, atol=2e-5)


def test_the_order_of_the_bands_does_not_matter():
    network = fill(Encoder(48, 1, 4, 64))
    x, waves, none = numbers(1, 3, 16, 16), torch.tensor([0.49, 0.665, 0.842]), torch.zeros(1, 8)
    with torch.inference_mode():
        one, other = (network(x[:, order], waves[order], 10.0, none) for order in ([0, 1, 2], [2, 0, 1]))
        elsewhere = network(x, waves + 0.1, 10.0, none)
    torch.testing.assert_close(one, other, atol=1e-5, rtol=0)
    assert (one - elsewhere).abs().max() > 0.01


@pytest.mark.parametrize(
    ("sensor", "band", "value"),
    [
        ("sentinel-2-l2a", "blue", 0.1105),
        ("landsat-c2l2-sr", "nir", 17801 * 2.75e-5 - 0.2),
        ("landsat-c2l1", "green", 10563 * 2e-5 - 0.1),
        ("naip", "red", 110.16 / 255),
        ("sentinel-1-rtc", "vh", -18.673),
        ("modis", "swir22", 0.1051),
    ],
)
def test_the_mean_of_the_training_data_becomes_zero(sensor, band, value):
    imagery = PLATFORMS[sensor].imagery(side=SIDE, patch=PATCH)
    found = imagery.normalise(torch.full((1, 1, 2, 2), value), (band,))
    torch.testing.assert_close(found, torch.zeros(1, 1, 2, 2), atol=1e-3, rtol=0)


def test_all_optical_bands_have_statistics_between_those_of_their_neighbours():
    wide = PLATFORMS["naip"].widened(WAVELENGTHS)
    mean, std = (dict(zip(wide.bands, part, strict=True)) for part in (wide.mean, wide.std))
    assert mean["green05"] == pytest.approx(np.interp(0.531, [0.48, 0.56], [98.15, 115.41]))
    assert std["swir22"] == 49.86
    assert wide.bands[:4] == ("red", "green", "blue", "nir")


def test_time_and_place_are_encoded_as_the_authors_do():
    week, hour = 2 * math.pi * 27 / 52, 2 * math.pi * 9 / 24
    day = float(np.datetime64("2020-07-03", "D").astype(int))
    found = time_and_place(day + 9.4 / 24, torch.tensor([[24.0, -30.0]]))[0]
    lat, lon = math.radians(-30), math.radians(24)
    expected = [f(angle) for angle in (week, hour, lat, lon) for f in (math.sin, math.cos)]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    # Without an hour: 10:30 at 24 degrees east is 8:54 of UTC.
    assert time_and_place(day, torch.tensor([[24.0, -30.0]]))[0, 2].item() == pytest.approx(math.sin(math.pi * 8 / 12))


def test_positions_depend_on_the_pixel_size():
    fine, coarse = positions(3, 2, 40, 10.0), positions(3, 2, 40, 20.0)
    assert fine.shape == (6, 40)
    torch.testing.assert_close(fine[0], coarse[0])
    # Row 2 at 10 m is where row 1 is at 20 m.
    torch.testing.assert_close(fine[4], coarse[2], atol=1e-5, rtol=0)


def test_a_cube_is_embedded_on_the_grid_of_the_patches():
    cube = eow.open("romania").isel(time=slice(60, 64))
    found = eow.run(small(), cube)
    assert found.embedding.shape == (48, 13, 13)
    assert np.isfinite(found.embedding).all()
    other = eow.run(small(metadata="none"), cube)
    assert np.abs(found.embedding - other.embedding).max() > 1e-3


def test_the_sensor_follows_from_the_bands():
    optical = series_cube(16, 16)
    radar = optical[[*RADAR, "valid", "clouds"]]
    for cube, expected in ((optical, "sentinel-2-l2a"), (radar, "sentinel-1-rtc")):
        model = small()
        found = eow.run(model, cube)
        assert np.isfinite(found.embedding).all()
        assert found.attrs["provenance"].count(expected) == 1
    with pytest.raises(ModelError, match="give one or more of red, green, blue, nir"):
        eow.run(small(platform="naip"), radar)


def test_images_of_radar_in_power_and_in_decibel_give_the_same():
    power = 0.01 + numbers(2, 2, 16, 16).abs()
    one = small().embed_images(power, RADAR)
    other = small().embed_images(10 * power.log10(), RADAR)
    torch.testing.assert_close(one, other, atol=1e-4, rtol=0)


def test_one_model_takes_images_of_one_sensor_after_another():
    model, radar, optical = small(), -20 * numbers(1, 2, 16, 16).abs(), numbers(1, 4, 16, 16).abs()
    names = ("blue", "green", "red", "nir", *RADAR)
    both = model.embed_images(torch.cat([optical, radar], 1), names)
    torch.testing.assert_close(model.embed_images(radar, RADAR), small().embed_images(radar, RADAR))
    torch.testing.assert_close(model.embed_images(optical, names[:4]), both)
