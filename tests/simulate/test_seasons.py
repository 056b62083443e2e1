"""The true seasons of a simulated scene."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from eowidgets.cube.indices import index
from eowidgets.errors import InputError
from eowidgets.simulate.land import FOREST, WATER
from eowidgets.simulate.scene import simulate


@pytest.fixture(scope="module")
def scene():
    return simulate(height=48, width=48, start="2018-01-01", end="2019-12-31", radar=False, event_count=2, seed=3)


def test_ndvi_of_the_parcels_is_that_of_the_clear_surface(scene):
    days = scene.clear.time.values.astype("datetime64[D]").astype(int)
    parcels = scene.growth.ndvi(days)
    true = index(scene.clear, "NDVI").values
    untouched = ~np.logical_or.reduce([e.mask for e in scene.events])
    shown = parcels[:, np.minimum(scene.growth.land.parcel, parcels.shape[1] - 1)]
    np.testing.assert_allclose(shown[:, untouched], true[:, untouched], atol=1e-4)


def test_seasons_are_ordered_and_follow_the_cover(scene):
    truth = scene.seasons()
    assert truth.sizes["year"] == 2
    known = np.isfinite(truth.start.values)
    assert known.any()
    assert (truth.start.values <= truth.peak.values)[known].all() and (truth.peak.values <= truth.end.values)[
        known
    ].all()
    cover = np.broadcast_to(scene.classes.values[0], known.shape)
    assert not known[cover == WATER].any()
    forest = truth.start.values[known & (cover == FOREST)]
    assert 90 < np.median(forest) < 135
    early = scene.seasons(threshold=0.2)
    assert (early.start.values <= truth.start.values)[known].all()


def test_a_scene_without_growth_says_so(scene):
    with pytest.raises(InputError, match="no growth model"):
        dataclasses.replace(scene, growth=None).seasons()
