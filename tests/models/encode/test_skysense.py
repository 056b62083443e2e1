"""SkySense: sources that are missing or unseen, the context of a region, the contrast, and runs."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from support.encoders import OPTICAL as BANDS
from support.encoders import RADAR as RADAR_BANDS
from support.encoders import series_cube

import eowidgets as eow
from eowidgets.models.encode.skysense import PAPER, BranchConfig, Series, SkySense, SkySenseConfig, SkySenseModel
from eowidgets.models.encode.skysense.card import WEIGHTS
from eowidgets.models.encode.skysense.config import FINE, OPTICAL, RADAR
from eowidgets.models.encode.skysense.context import GeoContext, sinkhorn
from eowidgets.models.encode.skysense.contrast import aligned, apart, granular, groups

BRANCH = BranchConfig(10, 8, 2, 1)
TINY = SkySenseConfig(
    BRANCH, replace(BRANCH, channels=2), grid=2, width=16, heads=2, depth=1, regions=(2, 2), prototypes=3
)
HERE = torch.tensor([[10.0, 45.0], [100.0, 45.0]])


def series(channels, dates=3, side=8, patch=4):
    seen = torch.ones(2, dates, side // patch, side // patch, dtype=torch.bool)
    return Series(torch.randn(2, dates, channels, side, side), seen, torch.linspace(0.1, 0.9, dates))


@pytest.fixture
def network():
    torch.manual_seed(0)
    return SkySense(TINY).eval()


def test_each_source_alone_and_both_together(network):
    both = {OPTICAL: series(10), RADAR: series(2, dates=5)}
    found = [network(part, HERE) for part in (both, {OPTICAL: both[OPTICAL]}, {RADAR: both[RADAR]})]
    assert all(x.shape == (2, 32, 2, 2) for x in found)
    assert not any(torch.allclose(found[i], found[j], atol=1e-4) for i, j in ((0, 1), (0, 2), (1, 2)))


def test_what_was_not_seen_takes_no_part(network):
    one = series(10)
    one.seen[0, 1] = False
    other = replace(one, values=one.values.clone())
    other.values[0, 1] += 5
    torch.testing.assert_close(network({OPTICAL: one}, HERE), network({OPTICAL: other}, HERE))
    shorter = Series(one.values[:1, [0, 2]], one.seen[:1, [0, 2]], one.year[[0, 2]])
    torch.testing.assert_close(
        network({OPTICAL: shorter}, HERE[:1])[0], network({OPTICAL: one}, HERE)[0], rtol=1e-4, atol=1e-5
    )


def test_the_day_of_the_year_matters_and_the_year_does_not(network):
    one = series(10)
    later = replace(one, year=one.year + 0.4)
    assert not torch.allclose(network({OPTICAL: one}, HERE), network({OPTICAL: later}, HERE), atol=1e-4)
    next_year = replace(one, year=one.year + 1)
    torch.testing.assert_close(network({OPTICAL: one}, HERE), network({OPTICAL: next_year}, HERE))


def test_places_of_the_grid_meet_in_the_branch_and_not_in_the_fusion(network):
    one = series(10)
    tokens = network.spatial({OPTICAL: one})
    moved = {OPTICAL: tokens[OPTICAL].clone()}
    moved[OPTICAL][0, :, 0, 0] += 1
    changed = (network.fuse(tokens, {OPTICAL: one}) - network.fuse(moved, {OPTICAL: one})).abs().amax(-1) > 1e-5
    assert changed.tolist() == [[True, False, False, False], [False] * 4]


def test_sinkhorn_gives_each_cluster_an_equal_share():
    torch.manual_seed(0)
    shares = sinkhorn(torch.rand(40, 4) * 2 - 1, rounds=50)
    torch.testing.assert_close(shares.sum(1), torch.ones(40))
    torch.testing.assert_close(shares.sum(0), torch.full((4,), 10.0), rtol=0.02, atol=0.02)


def test_prototypes_follow_the_tokens_of_their_region():
    torch.manual_seed(0)
    context = GeoContext((2, 2), 2, 3)
    assert context.region(torch.tensor([[-179.0, 80.0], [179.0, 80.0], [0.1, -80.0], [181.0, 10.0]])).tolist() == [
        1,
        2,
        4,
        1,
    ]
    tokens = torch.tensor([[[1.0, 0, 0], [0, 1, 0]]]).repeat(2, 4, 1)
    where = torch.tensor([[-90.0, 45.0], [-90.0, 45.0]])
    context.update(tokens, where)
    assert context.updates.tolist() == [1, 1, 0, 0, 0]
    learned = context.prototypes[1]
    assert sorted(learned.argmax(-1).tolist()) == [0, 1]
    # A region without any update takes the prototypes of the world.
    far = context(tokens[:1], torch.tensor([[90.0, -45.0]]))
    torch.testing.assert_close(far, context(tokens[:1], torch.tensor([[-90.0, 45.0]])), rtol=1e-3, atol=1e-3)


def test_the_contrast_is_least_for_equal_views():
    torch.manual_seed(0)
    x = torch.randn(4, 9, 16)
    other = torch.randn(4, 9, 16)
    assert granular(x, x) < 0.1 < granular(x, other)
    assert aligned(x.unsqueeze(1), x.unsqueeze(1)) < 0.1 < aligned(x.unsqueeze(1), other.unsqueeze(1))
    assert apart(x[0], x[0].roll(1, 0)) > 2
    one, two = groups(x, x, 3)
    assert one.shape == (4, 3, 16)
    torch.testing.assert_close(one, two)


def test_the_size_of_the_paper():
    with torch.device("meta"):
        network = SkySense(PAPER)
    assert set(network.branches) == {OPTICAL, RADAR, FINE}
    assert network.context.prototypes.shape == (4097, 100, 1024)
    assert sum(p.numel() for p in network.branches[OPTICAL].parameters()) > 300e6


def test_the_shipped_weights_embed_a_cube_with_and_without_radar():
    cube = series_cube(16, 24, gap=4, bands=BANDS + RADAR_BANDS)
    found, plain = eow.run("skysense", cube), eow.run("skysense", cube.drop_vars(list(RADAR_BANDS)))
    assert found.sizes == plain.sizes == {"feature": 192, "y": 4, "x": 6}
    assert np.isfinite(found.embedding).all()
    assert not np.allclose(found.embedding, plain.embedding, atol=1e-3)
    assert WEIGHTS.size < 2_000_000
    assert SkySenseModel().embed_images(torch.rand(2, 4, 16, 16), BANDS[:4]).shape == (2, 192)


def test_a_branch_of_high_resolution_is_a_source_of_the_model():
    torch.manual_seed(0)
    fine = BranchConfig(3, 8, 2, 1, patch=16)
    model = SkySenseModel(SkySense(replace(TINY, fine=fine)).eval())
    (source,) = model.feed.sources
    assert (source.name, source.resolution) == (FINE, 2.5)
    cube = series_cube(16, 16, gap=4)
    sharp = cube.isel(time=[0]).interp(
        x=np.arange(cube.x[0] - 3.75, cube.x[-1] + 5, 2.5), y=np.arange(cube.y[0] + 3.75, cube.y[-1] - 5, -2.5),
        method="nearest", kwargs={"fill_value": "extrapolate"},
    )[["red", "green", "blue"]]  # fmt: skip
    found = eow.run(model, {"main": cube, FINE: sharp})
    assert found.sizes == {"feature": 32, "y": 4, "x": 4}
    assert np.isfinite(found.embedding).all()
