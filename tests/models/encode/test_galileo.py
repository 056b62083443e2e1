import os

import numpy as np
import pytest
import torch
from models.encode.strict import refuses_other_states
from support.encoders import OPTICAL, RADAR, hash_of_keys, series_cube

import eowidgets as eow
from eowidgets.contract.registry import get_model, model_class
from eowidgets.models.encode.galileo import Encoder, Galileo
from eowidgets.models.encode.galileo.network import kernel_resize
from eowidgets.models.encode.galileo.statistics import normalised
from eowidgets.models.encode.inputs import per_patch

#: Computed with the authors' code and weights, by patch and radar; README.md beside the model describes how.
REFERENCE = {
    (1, True): (0.03331, 0.02907, -0.13008, 0.03896, -0.00718, -0.02556),
    (1, False): (0.03726, 0.04694, -0.14091, 0.03043, -0.02074, -0.05446),
    (4, True): (-0.00233, 0.00615, -0.11931, 0.03108, 0.00450, -0.06289),
    (4, False): (-0.00653, 0.01286, -0.14644, 0.02667, 0.00992, -0.06267),
    (8, True): (-0.02392, 0.00597, -0.07892, 0.05102, -0.03529, -0.03726),
    (8, False): (-0.03727, 0.00521, -0.12433, 0.04816, -0.02841, -0.03133),
}


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return Encoder(depth=1, hidden=32).eval()


def test_the_network_has_the_published_names_and_shapes():
    published = "1aa550615fde2b045b9ebda7aba0f392ca9aa40f7f20ee2f822449f5d08ce131"
    assert hash_of_keys(Encoder()) == (106, published)
    assert sum(p.numel() for p in Encoder().parameters()) == 1_037_856


@pytest.mark.parametrize(
    ("tag", "width", "depth", "heads"), [("nano", 128, 4, 8), ("tiny", 192, 12, 3), ("base", 768, 12, 12)]
)
def test_every_size_loads_its_own_keys_and_refuses_others(tag, width, depth, heads, tmp_path):
    with torch.device("meta"):
        network = Encoder(width, depth, heads, 4 * width)
    model = get_model(f"galileo.{tag}")
    assert (model.width, model.checkpoint.tag, model.checkpoint.file) == (width, tag, f"models/{tag}/encoder.pt")
    assert len(network.state_dict()) == 42 + 16 * depth
    refuses_other_states("galileo", network.state_dict(), tmp_path, checkpoint=tag)


def test_tokens_that_were_not_seen_change_nothing():
    torch.manual_seed(0)
    network = Encoder(depth=2, hidden=32).eval()
    x, seen = torch.randn(9, 5, 1, 2, 3), torch.rand(9, 5, 2, 3) < 0.6
    seen[4] = False
    seen[5] = True
    with torch.inference_mode():
        found = network({"NDVI": x}, {"NDVI": seen}, torch.arange(5), 1)
        for i in range(len(x)):
            alone = network({"NDVI": x[i : i + 1]}, {"NDVI": seen[i : i + 1]}, torch.arange(5), 1)
            torch.testing.assert_close(alone[0], found[i], atol=1e-5, rtol=0, equal_nan=True)
        other = network({"NDVI": torch.where(seen.unsqueeze(2), x, 7.0)}, {"NDVI": seen}, torch.arange(5), 1)
    torch.testing.assert_close(other, found, equal_nan=True)
    assert (found.isnan().all(1) == ~seen.any(1)).all()


def test_the_name_of_the_first_release_still_works(network):
    with pytest.warns(
        DeprecationWarning, match="'galileo-nano' is deprecated and ends with release 0.3: use 'galileo.nano'"
    ):
        model = get_model("galileo-nano", patch=2)
    assert (type(model), model.params.checkpoint, model.stride) == (Galileo, "nano", 2)
    with pytest.warns(DeprecationWarning):
        assert get_model("galileo-nano.official").params.checkpoint == "nano"
    with pytest.warns(DeprecationWarning):
        assert model_class("galileo-nano") is Galileo


@pytest.mark.skipif("EOW_GALILEO_WEIGHTS" not in os.environ, reason="needs the file of the published weights")
@pytest.mark.parametrize(("patch", "radar"), REFERENCE)
def test_the_published_weights_give_what_the_authors_code_gives(patch, radar):
    cube = series_cube(2 * patch, 2 * patch, gap=patch, bands=OPTICAL + (RADAR if radar else ()))
    model = Galileo(weights=os.environ["EOW_GALILEO_WEIGHTS"], patch=patch, side=2)
    found = eow.run(model, cube)
    np.testing.assert_allclose(found["embedding"].values[:6, 0, 0], REFERENCE[patch, radar], atol=1e-4)


@pytest.mark.parametrize(("patch", "window"), [(1, 8), (3, 4), (4, 4), (8, 1)])
def test_windows_and_grid_follow_the_parameters(network, patch, window):
    model = Galileo(network, patch=patch, side=window)
    assert (model.feed.size, model.feed.multiple) == (patch * window, patch)
    found = eow.run(model, series_cube(24, 24, gap=4))
    assert found.sizes == {"feature": 128, "y": 24 // patch, "x": 24 // patch}
    assert np.isfinite(found["embedding"]).all()
    assert Galileo.feed.size == 16


def test_another_window_is_refused_and_batches_do_not_matter(network):
    cube, model = series_cube(40, 24, gap=4), Galileo(network)
    with pytest.raises(eow.EowidgetsError, match="windows of 16 pixels"):
        eow.run(model, cube, window=32)
    one, other = (eow.run(model, cube, batch=batch, precision="fp32")["embedding"] for batch in (1, 4))
    np.testing.assert_allclose(one, other, atol=1e-5)


def test_a_patch_of_which_less_than_half_was_seen_counts_only_where_it_was(network):
    cube = series_cube(16, 16, bands=OPTICAL)
    cube["clouds"][:] = False
    cube["clouds"][1:, :4, :4] = True
    cube["clouds"][0, 0, :4] = True
    changed = cube.copy(deep=True)
    changed["red"].values[cube["clouds"].values] = 0.9
    run = [eow.run(Galileo(network), c)["embedding"] for c in (cube, changed)]
    np.testing.assert_array_equal(*run)
    cube["clouds"][0, :3, :4] = True
    found = eow.run(Galileo(network), cube)["embedding"]
    assert np.isnan(found[:, 0, 0]).all()
    assert np.isfinite(found.values.reshape(128, -1)[:, 1:]).all()


def test_gaps_of_a_patch_are_filled_by_its_mean():
    values = torch.tensor([[1.0, 3.0, 5.0, 7.0], [9.0, 2.0, 5.0, 7.0]]).view(1, 1, 1, 2, 4)
    seen = torch.tensor([[True, True, False, False], [False, True, False, True]]).view(1, 1, 2, 4)
    filled, known = per_patch(values, seen, 2)
    expected = torch.tensor([[1.0, 3.0, 7.0, 7.0], [2.0, 2.0, 7.0, 7.0]])
    torch.testing.assert_close(filled[0, 0, 0], expected)
    assert known.flatten().tolist() == [True, False]


def test_values_are_scaled_by_the_statistics_and_the_index_is_left_as_it_is():
    middle = torch.tensor([-11.7287, -18.8556]).view(1, 1, 2, 1, 1)
    torch.testing.assert_close(normalised("S1", middle), torch.full_like(middle, 0.5))
    assert normalised("S2_NIR_10m", torch.full((1, 1, 1, 1, 1), 2410.3377 + 2 * 1098.9792)).item() == pytest.approx(1)
    assert normalised("NDVI", torch.full((1, 1, 1, 1, 1), 0.7)).item() == pytest.approx(0.7)


@pytest.mark.parametrize("patch", [1, 2, 5, 8])
def test_a_kernel_spread_over_the_stored_size_is_found_again(patch):
    kernel = torch.rand(patch**2, generator=torch.Generator().manual_seed(0))
    images = torch.eye(64).view(64, 1, 8, 8)
    resized = torch.nn.functional.interpolate(images, (patch, patch), mode="bicubic", antialias=True)
    torch.testing.assert_close(kernel_resize(8, patch) @ (resized.flatten(1) @ kernel), kernel, atol=1e-4, rtol=0)
