"""PSE-TAE: sets have no order, hidden pixels and dates do not count, the authors' layout loads, and what is trained runs."""

import numpy as np
import pytest
import torch
from support.labelled import CLASSES, labelled

import eowidgets as eow
from eowidgets.errors import ModelError
from eowidgets.models.crops.psetae import PAPER, PseTae, PseTaeAround, PseTaeConfig, PseTaeModel, read_published
from eowidgets.models.crops.tempcnn import OwnTempCNN
from eowidgets.testing import check_model, tiny_cube

SMALL = PseTaeConfig(bands=3, outputs=4, pixel=(8, 8), embedding=16, heads=2, keys=4, mixed=(16,), decoder=(8,))


@pytest.fixture
def network():
    torch.manual_seed(0)
    made = PseTae(SMALL)
    made.train()
    with torch.no_grad():  # batch norms that do something
        made(torch.randn(64, 5, 6, 3), torch.ones(64, 5, 6, dtype=torch.bool), torch.arange(5.0))
    return made.eval().requires_grad_(False)


@pytest.fixture
def sets():
    g = torch.Generator().manual_seed(1)
    return torch.randn(4, 5, 6, 3, generator=g), torch.rand(4, 5, 6, generator=g) > 0.3, torch.arange(5.0) * 20


def test_the_paper_has_164_thousand_parameters():
    assert sum(p.numel() for p in PseTae(PAPER).parameters()) == 164_116


def test_pixels_of_a_set_have_no_order(network, sets):
    x, seen, days = sets
    order = torch.randperm(6, generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(network(x[:, :, order], seen[:, :, order], days), network(x, seen, days))


def test_hidden_pixels_and_dates_do_not_count(network, sets):
    x, seen, days = sets
    seen[:, 2] = False
    other = torch.where(seen[..., None], x, x + 100)
    torch.testing.assert_close(network(other, seen, days), network(x, seen, days))
    keep = torch.tensor([0, 1, 3, 4])
    torch.testing.assert_close(network(x[:, keep], seen[:, keep], days[keep]), network(x, seen, days))


def test_dates_have_an_order(network, sets):
    x, seen, days = sets
    assert not torch.allclose(network(x, seen, days.flip(0)), network(x, seen, days))


def test_the_set_around_a_pixel_is_what_lies_around_it(network):
    g = torch.Generator().manual_seed(3)
    x, seen = torch.randn(1, 5, 7, 7, 3, generator=g), torch.rand(1, 5, 7, 7, generator=g) > 0.2
    days = torch.arange(5.0) * 20
    found = network.around(x, seen, days, 1)
    by_hand = network(x[:, :, 2:5, 3:6].flatten(2, 3), seen[:, :, 2:5, 3:6].flatten(2, 3), days)
    torch.testing.assert_close(found[:, :, 3, 4], by_hand, atol=1e-4, rtol=1e-4)
    corner = network(x[:, :, :2, :2].flatten(2, 3), seen[:, :, :2, :2].flatten(2, 3), days)
    torch.testing.assert_close(found[:, :, 0, 0], corner, atol=1e-4, rtol=1e-4)


def published_state(network):
    """Weights by the names of the authors' code: ``PseTae`` with ``PixelSetEncoder`` and ``TemporalAttentionEncoder``."""
    parts = (
        ("sets.pooled.", "spatial_encoder.mlp2."),
        ("dates.norm_in.", "temporal_encoder.inlayernorm."),
        ("dates.norm_out.", "temporal_encoder.outlayernorm."),
        ("dates.query.", "temporal_encoder.attention_heads.fc1_q."),
        ("dates.key.", "temporal_encoder.attention_heads.fc1_k."),
        ("dates.master.", "temporal_encoder.attention_heads.fc2."),
        ("dates.mix.", "temporal_encoder.mlp."),
        ("decoder.", "decoder."),
    )
    state = {"temporal_encoder.position_enc.weight": torch.zeros(25, 128)}
    for name, value in network.state_dict().items():
        if name.startswith("sets.pixel."):
            name = name.replace("sets.pixel.", "spatial_encoder.mlp1.").replace("linear", "lin").replace("norm", "bn")
        else:
            ours, theirs = next((o, t) for o, t in parts if name.startswith(o))
            name = theirs + name.removeprefix(ours)
        state[name] = value
    return state


#: A few names and shapes that the public code states for the configuration of the paper.
THEIRS = {
    "spatial_encoder.mlp1.0.lin.weight": (32, 10),
    "spatial_encoder.mlp1.1.bn.running_var": (64,),
    "spatial_encoder.mlp2.0.weight": (128, 132),
    "spatial_encoder.mlp2.1.bias": (128,),
    "temporal_encoder.inlayernorm.weight": (128,),
    "temporal_encoder.attention_heads.fc1_k.weight": (128, 128),
    "temporal_encoder.attention_heads.fc2.0.running_mean": (128,),
    "temporal_encoder.attention_heads.fc2.1.weight": (128, 128),
    "temporal_encoder.mlp.0.weight": (128, 512),
    "temporal_encoder.mlp.4.bias": (128,),
    "decoder.0.weight": (64, 128),
    "decoder.3.weight": (32, 64),
    "decoder.6.weight": (20, 32),
}


def test_the_layout_of_the_authors_is_loaded_strictly(tmp_path):
    torch.manual_seed(0)
    made = PseTae(PAPER).eval()
    state = published_state(made)
    assert {name: tuple(state[name].shape) for name in THEIRS} == THEIRS
    torch.save({"epoch": 3, "state_dict": state}, tmp_path / "model.pth")
    loaded = read_published(tmp_path / "model.pth")
    x, seen, days = torch.randn(2, 4, 5, 10), torch.ones(2, 4, 5, dtype=torch.bool), torch.arange(4.0)
    extra = torch.randn(2, 4, 4)
    assert torch.equal(loaded(x, seen, days, extra), made(x, seen, days, extra))
    del state["decoder.6.bias"]
    state["decoder.9.bias"] = torch.zeros(20)
    torch.save({"state_dict": state}, tmp_path / "other.pth")
    with pytest.raises(ModelError, match=r"decoder\.6\.bias.*decoder\.9\.bias"):
        read_published(tmp_path / "other.pth")


@pytest.mark.parametrize("kind", [PseTaeModel, OwnTempCNN], ids=lambda k: k.name)
def test_series_are_learnt_saved_and_run(kind, tmp_path):
    model = kind(steps=60).fit(labelled((120, 10)), CLASSES, seed=3)
    test = labelled((60, 10), seed=9)
    chances = model.predict(test.batch)["kind"]
    assert float((chances.argmax(1) == test.target).float().mean()) > 0.9
    assert "FAILED" not in str(check_model(model))
    copy = eow.load(model.save(tmp_path / "model.safetensors"))
    assert torch.equal(copy.predict(test.batch)["kind"], chances)
    assert copy.target == model.target
    found = eow.run(copy, tiny_cube(("red", "nir"), dates=12, height=20, width=20))
    assert bool((found["kind"] < 255).any())


def test_sets_around_pixels_are_learnt_and_run():
    model = PseTaeAround(steps=30).fit(labelled((24, 6, 8, 8)), CLASSES)
    test = labelled((12, 6, 8, 8), seed=9)
    right = model.predict(test.batch)["kind"].argmax(1) == test.target
    assert float(right[test.batch.usable.any(1)].float().mean()) > 0.85
    cube = tiny_cube(("red", "nir"), dates=5, height=64, width=80)
    assert "FAILED" not in str(check_model(model, cube))


@pytest.mark.parametrize("kind", [PseTaeModel, PseTaeAround], ids=lambda k: k.name)
def test_it_is_taught_from_a_cube_with_labels(kind):
    cube = tiny_cube(("red", "nir"), dates=8, height=32, width=32)
    cube["nir"][:, :, 16:] += 0.3
    x, y = cube["x"].values, cube["y"].values
    rows, columns = np.meshgrid(range(2, 32, 4), range(2, 32, 4), indexing="ij")
    import geopandas

    kinds = np.where(columns.ravel() < 16, "bare", "crop")
    points = geopandas.points_from_xy(x[columns.ravel()], y[rows.ravel()])
    labels = geopandas.GeoDataFrame({"class": kinds}, geometry=points, crs=cube.rio.crs)
    model = eow.teach(cube, labels, model=kind(steps=8))
    assert model.evaluation["scores"]
    assert eow.run(model, cube)["class"].shape == (32, 32)


def test_a_model_that_waits_for_labels_says_how_it_is_trained():
    with pytest.raises(ModelError, match="eow.teach"):
        eow.run("psetae", tiny_cube(("red", "nir"), height=16, width=16))
