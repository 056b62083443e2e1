"""Clusters over cubes: stripes are found, kept for other cubes, named, and never given where nothing was seen."""

import json

import numpy as np
import pytest
import torch

import eowidgets as eow
from eowidgets.errors import InputError, ModelError
from eowidgets.models.cluster import ClusterConfident, ClusterKMeans, named
from eowidgets.models.cluster.confident import training
from eowidgets.models.cluster.confident.network import Segmenter, confidence_of, focal_confidence
from eowidgets.testing import tiny_cube

MODELS = [ClusterKMeans, ClusterConfident]


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(training, "STEPS", 25)
    monkeypatch.setattr(training, "ROUNDS", 2)


def stripes(seed=0, noise=0.02, dates=4):
    """Three kinds of ground, 24, 16 and 8 columns wide."""
    cube = tiny_cube(("red", "nir"), height=40, width=48, dates=dates, seed=seed)
    kind = np.repeat([0, 1, 2], [24, 16, 8])
    rng = np.random.default_rng(seed)
    for band, levels in {"red": (0.05, 0.1, 0.3), "nir": (0.1, 0.4, 0.35)}.items():
        cube[band].values[:] = np.array(levels)[kind] + rng.normal(0, noise, cube[band].shape)
    return cube, np.broadcast_to(kind, (40, 48))


@pytest.mark.parametrize("model", MODELS)
def test_stripes_are_found_the_largest_first(model):
    cube, kind = stripes()
    found = eow.run(model, cube, k=3)
    assert (found.cluster.values == kind).mean() > 0.97
    assert found.cluster.attrs["flag_meanings"] == "cluster_1 cluster_2 cluster_3"


@pytest.mark.parametrize("model", MODELS)
def test_what_was_learnt_is_used_on_another_cube_and_recorded(model, tmp_path):
    cube, kind = stripes()
    learnt = model(k=3)
    learnt.learn(cube)
    other = stripes(seed=5)[0].isel(x=slice(20, 48))
    found = eow.run(learnt, other)
    assert (found.cluster.values == kind[:, 20:]).mean() > 0.9
    notes = json.loads(found.attrs["provenance"])
    assert len(notes["settings"]["learnt_sha256"]) == 64
    copy = eow.load(learnt.save(tmp_path / "clusters.safetensors"))
    np.testing.assert_array_equal(eow.run(copy, other).cluster, found.cluster)
    renamed = eow.run(learnt, other, names=("water", "field", "town"))
    np.testing.assert_array_equal(renamed.cluster, found.cluster)
    assert renamed.cluster.attrs["flag_meanings"] == "water field town"


@pytest.mark.parametrize("model", MODELS)
def test_nothing_is_given_where_nothing_was_seen_and_lazy_cubes_agree(model):
    cube, _ = stripes(dates=3)
    cube["clouds"].values[:, 3:9, 30:35] = True
    found = eow.run(model, cube, k=3)
    assert (found.cluster.values[3:9, 30:35] == 255).all() and not found.valid.values[3:9, 30:35].any()
    assert (found.cluster.values[20:, :] != 255).mean() > 0.95
    lazy = eow.run(model, cube.chunk(y=11, x=16), k=3, window=32)
    assert (lazy.cluster.values == found.cluster.values).mean() > 0.999


def test_neighbours_remove_noise():
    cube, kind = stripes(noise=0.15, dates=1)
    alone, together = ((eow.run("cluster-kmeans", cube, k=3, blur=b).cluster.values == kind) for b in (0.0, 1.5))
    assert together.mean() > alone.mean() + 0.05


def test_seeds_differ_and_one_seed_repeats():
    cube = tiny_cube()
    one, two, other = (eow.run("cluster-confident", cube, draw_seed=s).cluster.values for s in (1, 1, 2))
    assert (one == two).all() and (one != other).any()


def test_names_are_given_afterwards():
    found = eow.run("cluster-kmeans", stripes()[0], k=3)
    new = named(found, {"cluster 1": "open water", "cluster_3": "town"})
    assert new.cluster.attrs["flag_meanings"] == "open_water cluster_2 town"
    assert found.cluster.attrs["flag_meanings"].startswith("cluster_1")
    assert named(new, {"open water": "lake"}).cluster.attrs["flag_meanings"].startswith("lake")
    with pytest.raises(InputError, match="no cluster named 'cluster 9'"):
        named(found, {"cluster 9": "x"})
    with pytest.raises(InputError, match="is empty"):
        named(found, {"cluster 1": " "})
    with pytest.raises(InputError, match="has no clusters"):
        named(stripes()[0], {"cluster 1": "x"})


@pytest.mark.parametrize("model", MODELS)
def test_errors_are_one_sentence(model):
    cube, _ = stripes()
    with pytest.raises(InputError, match="give one name for each"):
        model(k=3, names=("a", "b"))
    with pytest.raises(InputError, match="give one name for each"):
        model(k=2, names=("a", "a"))
    with pytest.raises(InputError, match="No pixel of the cube has a clear observation"):
        model().learn(cube.assign(clouds=cube.clouds | True))
    learnt = model(k=3)
    learnt.learn(cube)
    with pytest.raises(ModelError, match="fitted to 8 features"):
        eow.run(learnt, cube[["red", "clouds"]])


def test_another_number_of_clusters_is_learnt_anew():
    cube, _ = stripes()
    learnt = ClusterConfident(k=3)
    learnt.learn(cube)
    assert set(np.unique(eow.run(learnt, cube, k=2).cluster.values)) <= {0, 1, 255}


def test_the_loss_is_that_of_its_formula():
    torch.manual_seed(0)
    logits, labels, sure = torch.randn(2, 3, 4, 5), torch.randint(3, (2, 4, 5)), torch.rand(2, 4, 5)
    p = logits.softmax(dim=1).gather(1, labels[:, None])[:, 0]
    wanted = (-((1 - p) ** 2) * p.log() * sure).sum() / sure.sum()
    torch.testing.assert_close(focal_confidence(logits, labels, sure, 2.0), wanted)
    torch.testing.assert_close(
        focal_confidence(logits, labels, torch.ones_like(sure), 0.0), torch.nn.functional.cross_entropy(logits, labels)
    )


def test_confidence_is_high_inside_and_low_between_clusters():
    away = (
        torch.tensor([[0.1, 2.0], [1.0, 1.0]])
        .repeat_interleave(6, dim=0)[None]
        .movedim(2, 1)[..., None]
        .expand(1, 2, 12, 6)
    )
    posterior = torch.softmax(-away, dim=1)
    seen = torch.ones(1, 12, 6, dtype=torch.bool)
    seen[:, 0] = False
    found = confidence_of(posterior, seen, away)
    assert (found[0, 2:4] > 0.9).all() and (found[0, 6:] == 0).all() and (found[0, 0] == 0).all()


def test_the_network_sees_as_far_as_its_halo():
    torch.manual_seed(0)
    network = Segmenter(2, 3).double()
    x = torch.zeros(1, 2, 31, 31, dtype=torch.float64, requires_grad=True)
    network(x)[0, 0, 15, 15].backward()
    rows = x.grad.abs().sum(dim=(0, 1, 3)).nonzero()[:, 0]
    assert rows.min() == 15 - ClusterConfident.feed.halo and rows.max() == 15 + ClusterConfident.feed.halo


def test_weights_as_a_vector_are_the_network():
    network = Segmenter(4, 3)
    x = torch.randn(1, 4, 9, 8)
    with torch.inference_mode():
        torch.testing.assert_close(training.logits(training.weights_of(network), x, 3), network(x))
