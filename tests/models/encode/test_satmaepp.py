import argparse
import pathlib

import numpy as np
import pytest
import torch
from models.encode.strict import fabricated, refuses_other_states
from support.arithmetic import fill, wave
from support.encoders import hash_of_keys, series_cube

import eowidgets as eow
from eowidgets.contract.registry import get_model
from eowidgets.errors import ModelError
from eowidgets.models.encode.satmaepp import Encoder, SatMAEpp
from eowidgets.models.encode.satmaepp.network import positions, waves

DECODER = {
    "decoder_embed.bias": (512,),
    "mask_token": (1, 1, 512),
    "proj_up_conv.bias": (40,),
    "up_block2.res_norm.bias": (40,),
}


def empty():
    with torch.device("meta"):
        return Encoder()


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return Encoder(depth=1).eval()


def test_the_network_has_the_published_names_and_shapes():
    assert hash_of_keys(empty()) == (299, "0e0b5a5725e9b5f72d26299bb21976d85b626bbb7e5023d8ff5709a730d1659b")
    assert sum(p.numel() for p in empty().parameters()) == 302_970_880


def test_a_file_with_the_decoder_loads_and_others_are_refused(tmp_path):
    state = {k: tuple(v.shape) for k, v in empty().state_dict().items()}
    refuses_other_states("satmaepp", state | DECODER, tmp_path)


def test_the_options_of_the_training_may_be_in_the_file_and_nothing_that_runs(tmp_path):
    state = fabricated({k: tuple(v.shape) for k, v in empty().state_dict().items()})
    path = tmp_path / "checkpoint.pth"
    torch.save({"model": state, "epoch": 49, "args": argparse.Namespace(blr=1e-4, grouped_bands=[[0, 1]])}, path)
    with torch.device("meta"):
        assert get_model("satmaepp", weights=str(path)).module().channel_embed.shape == (1, 3, 256)
    torch.save({"model": state, "args": argparse.Namespace(output=pathlib.PurePosixPath("out"))}, path)
    with pytest.raises(ModelError, match="holds objects other than tensors"):
        get_model("satmaepp", weights=str(path)).module()


def test_the_network_gives_what_the_authors_forward_pass_gives():
    small = fill(Encoder(320, 2, 4))
    with torch.inference_mode():
        found = small(wave(2, 10, 96, 96) * 0.5 + 0.5)
    assert found.shape == (2, 320, 12, 12)
    assert found[0, :4, 0, 0].tolist() == pytest.approx([0.53431, -1.62673, 1.36599, -0.86042], abs=1e-4)
    assert found[1, :4, 7, 11].tolist() == pytest.approx([0.41818, -1.73406, 1.1324, -0.53017], abs=1e-4)


def test_positions_are_columns_then_rows_and_are_interpolated():
    grid = positions(12, 768)[0]
    assert not grid[0].any()
    torch.testing.assert_close(grid[1 + 12 * 7 + 5], torch.cat([waves(torch.tensor([n]), 384)[0] for n in (5, 7)]))
    network = Encoder(320, 1, 4)
    places = network._places(6, 24)
    assert places.shape == (64, 6, 24)
    assert network(torch.zeros(1, 10, 16, 24)).shape == (1, 320, 2, 3)


def test_it_runs_over_a_cube_without_some_bands(network):
    cube = series_cube(24, 16, gap=8)
    found = eow.run(SatMAEpp(network), cube)["embedding"]
    assert found.sizes == {"feature": 1024, "y": 3, "x": 2}
    assert np.isfinite(found).all()
    few = eow.run(SatMAEpp(network), cube.drop_vars(["swir16", "swir22", "nir08"]))["embedding"]
    assert np.abs(few - found).max() > 1e-3
    with pytest.raises(eow.EowidgetsError, match="nir"):
        eow.run(SatMAEpp(network), cube.drop_vars("nir"))


def test_what_is_missing_has_the_mean_of_the_training_data():
    seen = []

    class Spy(torch.nn.Module):
        def forward(self, x):
            seen.append(x)
            return x.new_zeros(len(x), 1024, x.shape[-2] // 8, x.shape[-1] // 8)

    model = SatMAEpp(Spy())
    known = model.checkpoint
    values = torch.tensor(known.mean[:3] + known.mean[6:7]).view(1, 4, 1, 1).expand(-1, -1, 8, 8).clone() / 10_000
    values[0, 0, 0, 0] = (known.mean[0] + 2 * known.std[0]) / 10_000
    values[0, 0, 0, 1] = 1.0
    observed = torch.ones(1, 8, 8, dtype=torch.bool)
    observed[0, 3] = False
    values[0, :, 3] = 0.9
    model.embed_images(values, ("blue", "green", "red", "nir"), seen=observed)
    x = seen[0].clone()
    assert x[0, 0, 0, :2].tolist() == pytest.approx([1, 1])
    x[0, 0, 0, :2] = 0.5
    torch.testing.assert_close(x, torch.full_like(x, 0.5), atol=1e-5, rtol=0)
