import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from models.encode.strict import refuses_other_states
from support.arithmetic import fill, wave
from support.encoders import OPTICAL, hash_of_keys, series_cube

import eowidgets as eow
from eowidgets.contract.registry import get_model
from eowidgets.errors import ModelError
from eowidgets.models.encode.prithvi import Encoder, Prithvi
from eowidgets.models.encode.prithvi.config import SIZES, TRIAL
from eowidgets.models.encode.prithvi.model import years_and_days
from eowidgets.models.encode.prithvi.network import Scaled, positions

KEYS = os.environ.get("EOW_PRITHVI_KEYS")
#: Numbers of parameters, and a hash of names and shapes, compared with the lists of the authors' network.
PUBLISHED = {
    "v1-100m": (86_237_184, "1683d5a84854b8a7f63ed1fc7520b789a7aeced57a26d9522fa6bb6b9422231d"),
    "v2-tiny-tl": (5_634_050, "477411ab6a21cff3209eda040ff9094f6bb1f315fb82a24ecf0c1ef533034414"),
    "v2-100m-tl": (86_237_186, "de514bde0de89cce5c7f5ea596e4d3653ab4fad76d4057c92dcff1d4a49a0230"),
    "v2-300m": (303_886_336, "8a92e7d5998291607791da79c7302fae53753875884efaf03e9356df94ae967d"),
    "v2-300m-tl": (303_886_338, "34d6810630c669237db296285a210021b3e1a65613ea737fe5e99d3703ea6aaf"),
    "v2-600m": (631_188_480, "481c461fc270e5e911093abdae9ce14324eb369fef4dfde4988be0de751c477d"),
    "v2-600m-tl": (631_188_482, "815033ea8d2fc406cb57a56f065d7425cbfc5004f520744c40c0530c83e22851"),
}
#: The file of keys of each size.
FILES = {
    "v1-100m": "prithvi_eo_v1_100",
    "v2-tiny-tl": "prithvi_eo_v2_tiny_tl",
    "v2-100m-tl": "prithvi_eo_v2_100_tl",
    "v2-300m-tl": "prithvi_eo_v2_300_tl",
    "v2-600m-tl": "prithvi_eo_v2_600_tl",
}
SMALL = replace(SIZES["v2-tiny-tl"], width=32, depth=2, heads=4, frames=2)


def keys_of(name):
    return json.loads(Path(KEYS, f"{name}.json").read_text())


def empty(size):
    with torch.device("meta"):
        return Encoder(size)


@pytest.mark.parametrize("tag", PUBLISHED)
def test_the_network_has_the_published_names_and_shapes(tag):
    network = empty(SIZES[tag])
    count, published = PUBLISHED[tag]
    assert hash_of_keys(network)[1] == published
    assert sum(p.numel() for p in network.parameters()) == count


@pytest.mark.parametrize("tag", PUBLISHED)
def test_the_keys_of_a_file_with_a_decoder_load_and_others_are_refused(tag, tmp_path):
    state = {f"encoder.{k}": tuple(v.shape) for k, v in empty(SIZES[tag]).state_dict().items()}
    decoder = {"decoder.mask_token": (1, 1, 512), "decoder.decoder_blocks.0.norm1.weight": (512,)}
    refuses_other_states("prithvi", state | decoder, tmp_path, checkpoint=tag)


def test_a_file_of_version_1_without_prefixes_loads(tmp_path):
    state = {k: tuple(v.shape) for k, v in empty(SIZES["v1-100m"]).state_dict().items()}
    refuses_other_states("prithvi.v1-100m", state | {"mask_token": (1, 1, 512), "decoder_embed.bias": (512,)}, tmp_path)


@pytest.mark.skipif(KEYS is None, reason="needs the folder with the keys of the authors' network")
@pytest.mark.parametrize("tag", FILES)
def test_all_keys_of_the_authors_network_load(tag, tmp_path):
    known = keys_of(FILES[tag])
    assert sum(p.numel() for p in empty(SIZES[tag]).parameters()) == known["encoder_params"]
    refuses_other_states("prithvi", {k: tuple(v) for k, v in known["keys"].items()}, tmp_path, checkpoint=tag)


@pytest.mark.skipif(KEYS is None, reason="needs the folder with the keys of the authors' network")
def test_the_smallest_network_has_the_keys_of_the_authors():
    known = keys_of("prithvi_eo_tiny")["keys"]
    own = {f"encoder.{k}": list(v.shape) for k, v in empty(TRIAL).state_dict().items()}
    assert own == {k: v for k, v in known.items() if k.startswith("encoder.")}


@pytest.mark.skipif(KEYS is None, reason="needs the folder with the embeddings of the authors' network")
def test_all_embeddings_are_those_of_the_authors():
    known = np.load(Path(KEYS, "reference_embeddings.npz"))
    np.testing.assert_allclose(positions(2, 3, 4, 64)[0], known["pos_embed_64_2x3x4"], atol=1e-6)
    one = Scaled()
    one.scale.data.fill_(1.0)
    with torch.no_grad():
        for name, shape in (("temporal", (1, 2, 32)), ("location", (1, 32))):
            found = one(torch.as_tensor(known[f"{name}_in"]), 32)
            np.testing.assert_allclose(found, known[f"{name}_32"].reshape(shape), atol=1e-4)


def test_embeddings_of_dates_places_and_positions():
    one = Scaled()
    one.scale.data.fill_(1.0)
    with torch.no_grad():
        dates = one(torch.tensor([2019.0, 45.0]), 32)
        places = one(torch.tensor([46.1, 14.5]), 32)
    assert dates[:4].tolist() == pytest.approx([0.8644605, -0.65980446, 0.74335974, 0.849236], abs=1e-4)
    assert places[:4].tolist() == pytest.approx([0.85413814, 0.90435416, -0.99476284, 0.99362385], abs=1e-4)
    grid = positions(2, 3, 4, 64)[0]
    assert grid.shape == (25, 64)
    assert not grid[0].any()
    # The last patch: column 3, row 2, date 1.
    assert grid[24, [0, 12, 24, 36, 48, 56]].tolist() == pytest.approx(
        [np.sin(3), np.cos(3), np.sin(2), np.cos(2), np.sin(1), np.cos(1)], abs=1e-6
    )


def test_the_network_gives_what_the_authors_network_gives():
    network = fill(Encoder(SMALL))
    dates = torch.tensor([[[2019.0, 45], [2020, 200]], [[2021.0, 1], [2021, 365]]])
    with torch.inference_mode():
        found = network(wave(2, 2, 6, 32, 48), dates, torch.tensor([[46.1, 14.5], [-30.0, 170.0]]))
        bare = network(wave(2, 2, 6, 32, 48))
    assert found.shape == (2, 2, 32, 2, 3)
    assert found[0, 0, :4, 0, 0].tolist() == pytest.approx([-1.33886, 1.89754, -1.06185, -0.65037], abs=1e-4)
    assert found[1, 1, :4, 1, 2].tolist() == pytest.approx([-0.28562, 0.98363, -1.23838, 1.33605], abs=1e-4)
    assert (found - bare).abs().max() > 0.01


def test_another_number_of_dates_has_positions_of_its_own():
    network = fill(Encoder(SMALL))
    x = wave(1, 3, 6, 224, 224)
    with torch.inference_mode():
        assert network(x[:, :1]).shape == (1, 1, 32, 14, 14)
        assert network(x).shape == (1, 3, 32, 14, 14)
        torch.testing.assert_close(network._positions(1, 14, 14), positions(1, 14, 14, 32))
        assert network._positions(2, 14, 14) is network.pos_embed


def test_days_of_the_year_count_from_one():
    days = torch.tensor([np.datetime64(d, "D").astype(int) for d in ("2020-01-01", "2020-12-31", "1969-12-31")]) + 0.6
    assert years_and_days(days.double()).tolist() == [[2020, 1], [2020, 366], [1970, 1]]


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return Encoder(replace(SIZES["v2-100m-tl"], depth=1)).eval()


def test_it_runs_over_a_cube(network):
    model = Prithvi(network, checkpoint="v2-100m-tl", zoom=2, side=32)
    found = eow.run(model, series_cube(24, 16, gap=8))["embedding"]
    assert found.sizes == {"feature": 768, "y": 3, "x": 2}
    assert np.isfinite(found).all()
    assert (model.feed.bands, model.imagery.frames) == (("blue", "green", "red", "nir08", "swir16", "swir22"), 4)


def test_a_date_on_which_a_patch_was_hidden_does_not_count(network):
    model = Prithvi(network, checkpoint="v2-100m-tl")
    bands = model.imagery.needed
    x, seen = torch.rand(1, 4, 6, 16, 16), torch.ones(1, 4, 16, 16, dtype=torch.bool)
    seen[0, 2] = False
    found = model.embed_images(x, bands, seen=seen)
    tokens = network(*_inputs(model, x, seen))
    assert found[0] == pytest.approx(tokens[0, [0, 1, 3], :, 0, 0].mean(0).detach(), abs=1e-5)


def _inputs(model, x, seen):
    days = torch.tensor([np.datetime64("2020-07-01", "D").astype(int) + 30 * i for i in range(4)])
    values = torch.where(seen.unsqueeze(2), model.imagery.normalise(x, model.imagery.bands), 0.0)
    return values, years_and_days(days.double())[None], torch.zeros(1, 2)


def test_values_are_scaled_by_the_statistics_of_the_version():
    for tag, mean, std in (("v1-100m", 775.2290211, 1281.526140), ("v2-600m-tl", 1087.0, 2248.0)):
        imagery = get_model(f"prithvi.{tag}").imagery
        x = torch.full((1, 1, 1, 1, 1), (mean + std) / 10_000)
        assert imagery.normalise(x, ("blue",)).item() == pytest.approx(1, abs=1e-5)
        assert imagery.patch == SIZES[tag].patch


def test_a_cube_without_a_band_is_refused(network):
    with pytest.raises(ModelError, match="needs nir08"):
        Prithvi(network, checkpoint="v2-100m-tl").embed_images(
            torch.rand(1, 5, 16, 16), ("blue", "green", "red", "swir16", "swir22")
        )
    with pytest.raises(eow.EowidgetsError, match="nir08"):
        eow.run(Prithvi(network, checkpoint="v2-100m-tl"), series_cube(16, 16, bands=OPTICAL[:7]))
