from dataclasses import replace

import numpy as np
import pytest
import torch
from models.encode.strict import refuses_other_states
from support.arithmetic import fill, wave
from support.encoders import OPTICAL as TEN
from support.encoders import RADAR, hash_of_keys, series_cube

import eowidgets as eow
from eowidgets.contract.registry import get_model
from eowidgets.errors import ModelError
from eowidgets.models.encode.olmoearth import Encoder, OlmoEarth
from eowidgets.models.encode.olmoearth.config import OPTICAL, S1, S2, SIZES
from eowidgets.models.encode.olmoearth.model import times_of
from eowidgets.models.encode.olmoearth.statistics import STATISTICS, normalised, optical

#: Numbers of parameters, and a hash of names and shapes, which are a part of those of the authors' network.
PUBLISHED = {
    "v1-nano": (909_056, "7d1ff9fb5fbf869c805f3a8660937ee09e0bb5c255c97ed362a0a59af39749ea"),
    "v1-tiny": (5_512_320, "92890b9ff55b86eee2e96ad8a57e2e8e994502c95fcfcf595a6c94e2f336a1a8"),
    "v1-base": (85_750_272, "01f5e71e4f6fe2203d0a9f6f49b74bc8bcfb370cec0d8676076531106eee2783"),
    "v1-large": (303_237_120, "8b0e5695658e7fd5cbf9d05846fea98e5c1c3264b64f7ada44dbf8d7579765f7"),
    "v1.1-nano": (990_848, "a22ddac42a6211179f01e2bfb00d68e16994ad082ba7c194de86703fae40eb6d"),
    "v1.1-tiny": (6_913_696, "5e96f28a8518477d38da9184decdcc02f7d059bacd46c57d839edb4552779d5e"),
    "v1.1-base": (91_352_704, "5a0c6e3cacaf089039ae536f2a79e2a6443f74065c8ce2a6034ba8c67932e327"),
    "v1.2-nano": (991_616, "9e779d48a03d7e29fe94b8bd8c48a29c4acc6664664233f87a74b5f52afceff6"),
    "v1.2-tiny": (6_917_152, "2999a0009793758015de6b51df7603440bc8d98c2147e3d40f11caf15f4ada0d"),
    "v1.2-small": (24_450_112, "a87643dd536c99b30a625663f395751c65d695fb5c388a84127cfed3a6111e68"),
    "v1.2-base": (91_366_528, "5b64b268d5fed59650a95356eb510b64232715a95bb3cd09b60ec47437ed6ec6"),
}
#: Of the authors' network with the weights of ``fill`` on the images below, patches of 4 pixels; README.md describes how.
REFERENCE = {
    "v1-nano": ([0.9041, -0.06636, -0.2544, 0.94116], [0.90351, -0.05299, -0.29257, 0.86574]),
    "v1.1-nano": ([0.95288, -0.18444, -0.21176, 0.74874], [0.49697, 0.23093, -0.48497, 0.89021]),
    "v1.2-nano": ([0.2134, -0.10094, -0.15954, 0.47608], [-0.81946, 0.79455, 0.0509, -0.41563]),
    "v1.2-tiny": ([1.05839, 0.7173, -0.84837, -0.79499], [1.04037, 0.81323, -0.80895, -0.83424]),
}
DATES = ("2021-01-15", "2021-03-02", "2021-06-20")
MONTHS = torch.tensor([0, 2, 5])
TIMES = times_of(torch.tensor([float(np.datetime64(d, "D").astype(int)) for d in DATES]))
#: What a file holds beside the weights that are used.
REST = {
    "encoder.composite_encodings.per_modality_channel_embeddings.landsat": (1, 32),
    "encoder.patch_embeddings.per_modality_embeddings.worldcover.worldcover__0.proj.bias": (128,),
    "encoder.project_and_aggregate.projection.0.bias": (128,),
    "target_encoder.norm.bias": (128,),
    "decoder.blocks.0.norm1.bias": (128,),
}


def empty(size):
    with torch.device("meta"):
        return Encoder(size)


@pytest.mark.parametrize("tag", SIZES)
def test_the_network_has_the_published_names_and_shapes(tag):
    network = empty(SIZES[tag])
    assert (sum(p.numel() for p in network.parameters()), hash_of_keys(network)[1]) == PUBLISHED[tag]


@pytest.mark.parametrize("tag", ["v1-nano", "v1-large", "v1.1-tiny", "v1.2-small"])
def test_a_file_with_the_other_networks_loads_and_others_are_refused(tag, tmp_path):
    state = {f"encoder.{k}": tuple(v.shape) for k, v in empty(SIZES[tag]).state_dict().items()}
    refuses_other_states("olmoearth", state | REST, tmp_path, checkpoint=tag)


def images(patch=4, side=3):
    n = patch * side
    seen = torch.ones(2, 3, side, side, dtype=torch.bool)
    return {S2: wave(2, 3, 12, n, n) * 0.5 + 0.5, S1: wave(2, 3, 2, n, n) * 0.4 + 0.5}, {S2: seen, S1: seen.clone()}


@pytest.mark.parametrize("tag", REFERENCE)
def test_the_network_gives_what_the_authors_network_gives(tag):
    values, seen = images(side=4)
    with torch.inference_mode():
        found = fill(Encoder(SIZES[tag]))(values, seen, MONTHS, TIMES, 4)
    for at, numbers in zip(((0, 0, 0), (1, 1, 3)), REFERENCE[tag], strict=True):
        assert found[at[0], :4, at[1], at[2]].tolist() == pytest.approx(numbers, abs=2e-5)


@pytest.mark.parametrize("tag", ["v1-nano", "v1.1-nano", "v1.2-nano"])
def test_tokens_that_were_not_seen_change_nothing(tag):
    network = fill(Encoder(replace(SIZES[tag], depth=2)))
    values, seen = images()
    seen[S2][0, 1] = seen[S1][1, :, 0, 0] = False
    seen[S1][0, :, 2, 2] = seen[S2][0, :, 2, 2] = False
    with torch.inference_mode():
        found = network(values, seen, MONTHS, TIMES, 4)
        alone = network({k: v[:1] for k, v in values.items()}, {k: v[:1] for k, v in seen.items()}, MONTHS, TIMES, 4)
        # Other values of one date that was hidden as a whole.
        values[S2][0, 1] = 7.0
        other = network(values, seen, MONTHS, TIMES, 4)
    torch.testing.assert_close(other, found, equal_nan=True)
    torch.testing.assert_close(alone[0], found[0], atol=1e-5, rtol=0, equal_nan=True)
    assert found[0, :, 2, 2].isnan().all()
    assert found.isnan().sum() == found.shape[1]


def test_times_follow_the_authors_calendar():
    days = torch.tensor([float(np.datetime64(d, "D").astype(int)) for d in ("2000-01-01", "2001-03-02", "1999-12-31")])
    assert (times_of(days) * 30).tolist() == pytest.approx([0, 365.25 + 60, -365.25 + 364], abs=1e-3)


def test_bands_that_are_missing_are_copied_or_zero():
    given = ("blue", "red", "nir", "swir16")
    x = torch.tensor([300.0, 600.0, 3000.0, 2000.0]).view(4, 1, 1)
    copied = optical(given, x, copied=True)[:, 0, 0]
    source = dict(
        zip(
            OPTICAL,
            ("blue", "blue", "red", "nir", *["red"] * 2, *["nir"] * 2, *["swir16"] * 2, "blue", "nir"),
            strict=True,
        )
    )
    for i, (band, taken) in enumerate(source.items()):
        mean, std = STATISTICS[band]
        raw = x[given.index(taken)].item()
        assert copied[i].item() == pytest.approx((raw - mean + 2 * std) / (4 * std), abs=1e-5), band
    zero = optical(given, x, copied=False)[:, 0, 0]
    assert [b for b, v in zip(OPTICAL, zero.tolist(), strict=True) if v] == [b for b in OPTICAL if b in given]
    assert normalised(("vv",), torch.full((1, 1, 1), -11.649)).item() == pytest.approx(0.5, abs=1e-5)


@pytest.mark.parametrize(("tag", "patch"), [("v1-nano", 4), ("v1.1-nano", 8), ("v1.2-nano", 3)])
def test_it_runs_over_a_cube_with_and_without_radar(tag, patch):
    torch.manual_seed(0)
    network = Encoder(replace(SIZES[tag], depth=1)).eval()
    model = OlmoEarth(network, checkpoint=tag, patch=patch, side=2)
    cube = series_cube(24, 24, gap=6)
    found = eow.run(model, cube)["embedding"]
    assert found.sizes == {"feature": 128, "y": 24 // patch, "x": 24 // patch}
    assert np.isfinite(found).all()
    less = eow.run(model, cube.drop_vars([*RADAR, "swir22"]))["embedding"]
    assert np.abs(less - found).max() > 1e-3


def test_images_are_embedded():
    torch.manual_seed(0)
    model = OlmoEarth(Encoder(replace(SIZES["v1.2-nano"], depth=1)).eval())
    assert model.embed_images(torch.rand(2, 3, 10, 16, 16), TEN).shape == (2, 128)
    assert OlmoEarth.feed.max_dates == 12


def test_the_licence_must_be_read_before_the_download():
    with pytest.raises(ModelError, match=r"OlmoEarth Artifact License: read https://github.com/allenai/.*licence read"):
        get_model("olmoearth.v1.1-base", weights="hub").module()
