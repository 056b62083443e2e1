import math
import os

import numpy as np
import pytest
import torch
from scipy.special import roots_legendre, sph_harm_y
from support.encoders import series_cube
from support.formula import check_strict, fill

import eowidgets as eow
from eowidgets.contract.registry import get_model
from eowidgets.errors import InputError
from eowidgets.models.encode.satclip import LocationEncoder, SatclipModel
from eowidgets.models.encode.satclip.harmonics import harmonics
from eowidgets.models.encode.satclip.world import land

#: torchgeo's SatCLIP in double precision with the weights of support/formula.py, by degrees: Tallinn, Santiago.
REFERENCE = {
    10: ((-0.20043, -0.15683, 0.18921, -0.06922, -0.34282), (0.00908, 0.04317, -0.08795, -0.17546, -0.02972)),
    40: ((-0.22711, -0.20422, 0.23193, -0.03627, -0.39668), (-0.19253, -0.14058, 0.17582, -0.08093, -0.32546)),
}
PLACES = torch.tensor([[24.7, 59.4], [-70.1, -33.4]], dtype=torch.float64)
TAGS = ("vit16-l40", "vit16-l10", "resnet18-l40", "resnet18-l10", "resnet50-l40", "resnet50-l10")


def small(degrees=10):
    torch.manual_seed(0)
    return SatclipModel(LocationEncoder(degrees, 32, 16).eval())


@pytest.mark.parametrize("degrees", [10, 40])
def test_the_harmonics_are_orthonormal(degrees):
    # Gauss-Legendre in the cosine and equal steps in the azimuth integrate products of them exactly.
    nodes, weights = roots_legendre(degrees)
    azimuth = 2 * math.pi * np.arange(2 * degrees) / (2 * degrees)
    polar, around = (torch.from_numpy(part.ravel()) for part in np.meshgrid(np.arccos(nodes), azimuth, indexing="ij"))
    share = torch.from_numpy(np.repeat(weights, 2 * degrees)) * 2 * math.pi / (2 * degrees)
    found = harmonics(polar, around, degrees)
    products = (found * share[:, None]).T @ found
    torch.testing.assert_close(products, torch.eye(degrees**2, dtype=torch.float64), atol=1e-12, rtol=0)


def test_the_harmonics_are_those_of_scipy():
    rng = np.random.default_rng(0)
    polar, azimuth = rng.uniform(0, math.pi, 40), rng.uniform(0, 2 * math.pi, 40)
    found = harmonics(torch.from_numpy(polar), torch.from_numpy(azimuth), 40).numpy()
    for degree in (0, 1, 2, 7, 20, 39):
        for order in range(-degree, degree + 1):
            # Without the sign (-1)^m of the complex ones.
            value = (-1.0) ** order * sph_harm_y(degree, abs(order), polar, azimuth)
            part = value.real if order >= 0 else value.imag
            expected = part * (math.sqrt(2) if order else 1)
            np.testing.assert_allclose(found[:, degree * (degree + 1) + order], expected, atol=1e-12)


@pytest.mark.parametrize("degrees", REFERENCE)
def test_the_network_gives_what_another_implementation_gives(degrees):
    network = fill(LocationEncoder(degrees, 32, 16))
    with torch.inference_mode():
        found = network(PLACES)
    assert found.dtype == torch.float64
    np.testing.assert_allclose(found[:, :5], REFERENCE[degrees], atol=6e-6)


def published(degrees):
    """Names and shapes of the file: the location encoder, which it holds twice, and some of the image encoder."""
    nnet = {"layers.0.weight": (512, degrees**2), "layers.0.bias": (512,), "layers.1.weight": (512, 512)}
    nnet |= {"layers.1.bias": (512,), "last_layer.weight": (256, 512), "last_layer.bias": (256,)}
    shapes = {f"model.{start}.{k}": v for start in ("nnet", "location.nnet") for k, v in nnet.items()}
    return shapes | {"model.visual.conv1.weight": (64, 13, 7, 7), "model.logit_scale": ()}


@pytest.mark.parametrize("tag", TAGS)
def test_the_published_names_and_shapes_load_strictly(tag):
    shapes = published(int(tag[-2:]))
    key = "nnet.layers.1.weight"
    check_strict(SatclipModel(checkpoint=tag), shapes, key=f"model.location.{key}", own=key)


def test_a_lightning_file_in_double_precision_is_read_without_loss(tmp_path):
    torch.manual_seed(1)
    state = {k: torch.rand(v, dtype=torch.float64) for k, v in published(10).items()}
    path = tmp_path / "satclip-vit16-l10.ckpt"
    torch.save({"state_dict": state, "hyper_parameters": {"legendre_polys": 10}, "epoch": 5}, path)
    network = get_model("satclip.vit16-l10", weights=str(path)).module()
    assert torch.equal(network.nnet.last_layer.weight, state["model.location.nnet.last_layer.weight"])


@pytest.mark.parametrize("crs", ["EPSG:32635", "EPSG:4326"])
def test_a_pixel_has_the_vector_of_its_place(crs):
    cube = series_cube(12, 17, bands=("red",))
    if crs == "EPSG:4326":
        cube = cube.drop_vars("spatial_ref").assign_coords(y=60 - 2.0 * np.arange(12), x=10 + 3.0 * np.arange(17))
        cube = cube.rio.write_crs(crs).rio.write_transform()
    model = small()
    found = eow.run(model, cube, precision="fp32")
    assert found.embedding.shape == (16, 12, 17)
    lon, lat = lonlat_of_pixel(cube, 7, 11)
    expected = model.encode(torch.tensor([[lon, lat]], dtype=torch.float64))[0]
    np.testing.assert_allclose(found.embedding[:, 7, 11], expected, atol=1e-4)


def lonlat_of_pixel(cube, row, column):
    from eowidgets.cube.globe import lonlat
    from eowidgets.cube.grid import geobox

    lon, lat = lonlat(geobox(cube), np.array([column + 0.5]), np.array([row + 0.5]))
    return float(lon[0]), float(lat[0])


def test_images_have_the_vectors_of_their_centres():
    model = small()
    found = model.embed_images(torch.rand(2, 1, 8, 8), ("red",), lonlat=PLACES)
    np.testing.assert_allclose(found, model.encode(PLACES), atol=1e-3)


def test_places_like_others_on_a_map_of_the_world():
    model = small()
    found = model.places_like((24.7, 59.4), resolution=3)
    assert found.similarity.shape == (60, 120)
    assert found.rio.crs.to_epsg() == 4326
    # Sea is left out: here the Pacific; the place itself is the most similar of the map.
    assert np.isnan(found.similarity.sel(x=-140, y=0, method="nearest"))
    best = found.similarity.where(found.similarity == found.similarity.max(), drop=True)
    assert abs(float(best.x[0]) - 24.7) <= 4.5 and abs(float(best.y[0]) - 59.4) <= 4.5
    assert float(found.similarity.max()) <= 1.000001
    both = model.places_like([(24.7, 59.4), (-70.1, -33.4)], resolution=3)
    assert (both.similarity >= found.similarity - 1e-6).where(found.similarity.notnull(), True).all()
    assert np.isfinite(model.places_like((0, 0), resolution=6, land=False).similarity).all()


def test_land_is_where_it_is():
    kept = land(1.0)
    share = np.average(kept, weights=np.broadcast_to(np.cos(np.radians(np.arange(89.5, -90, -1)))[:, None], kept.shape))
    assert 0.25 < share < 0.33
    assert kept[90 - 46, 180 + 25] and not kept[90, 180 - 150]


def test_what_cannot_be_is_refused_in_one_sentence():
    model = small()
    with pytest.raises(InputError, match="places is empty"):
        model.places_like([])
    with pytest.raises(InputError, match="0.7 degrees is not supported"):
        model.places_like((0, 0), resolution=0.7)
    with pytest.raises(InputError, match="latitude"):
        model.places_like((0, 100))


@pytest.mark.skipif("EOW_SATCLIP_WEIGHTS" not in os.environ, reason="needs the file of satclip-vit16-l40")
def test_with_the_published_weights_deserts_are_like_deserts():
    model = get_model("satclip", weights=os.environ["EOW_SATCLIP_WEIGHTS"])
    # Sahara; then the Rub al Khali and the Amazon.
    vectors = torch.nn.functional.normalize(
        model.encode(torch.tensor([[5.0, 25.0], [50.0, 20.0], [-62.0, -5.0]])), dim=1
    )
    alike = vectors[1:] @ vectors[0]
    assert alike[0] > alike[1]
