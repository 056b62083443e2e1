"""The test of gap fillers on a cube."""

from __future__ import annotations

import numpy as np
import pytest

import eowidgets as eow
from eowidgets.errors import InputError
from eowidgets.models.filling.hide import blob, hide
from eowidgets.models.filling.trial import MEMBERS, choose_fill
from eowidgets.testing import tiny_cube


@pytest.fixture(scope="module")
def part():
    return eow.open("romania", clouds="robust").isel(time=slice(40, 90), y=slice(0, 48), x=slice(0, 48)).load()


@pytest.fixture(scope="module")
def choice(part):
    return choose_fill(part, networks=False)


def test_every_filler_is_scored_and_the_winner_is_among_the_best(choice):
    by_name = {s.method: s for s in choice.scores}
    assert set(by_name) == {*MEMBERS, "fill-blend"}
    least = min(s.error for s in choice.scores)
    assert by_name[choice.winner].error <= 1.01 * least
    assert all(s.low <= s.error <= s.high for s in choice.scores)


def test_the_same_seed_gives_the_same_table_and_another_another(part, choice):
    assert choose_fill(part, networks=False).to_json() == choice.to_json()
    assert choose_fill(part, networks=False, seed=1).to_json() != choice.to_json()


def test_only_clear_values_are_hidden_and_of_both_kinds():
    rng = np.random.default_rng(0)
    seen = rng.random((40, 16, 16)) > 0.3
    seen[::4] = False
    found = hide(seen, np.arange(40), rng, 8)
    assert not (found.mask & ~seen).any()
    assert len(found.whole) and len(found.partly)
    assert (found.mask[found.whole] == seen[found.whole]).all()
    assert not set(found.whole) & set(found.partly)


def test_a_shape_covers_the_share_that_it_states():
    for seed in range(10):
        share = blob(np.random.default_rng(seed), (32, 20)).mean()
        assert 0.18 < share < 0.82


def test_a_method_that_is_much_better_wins():
    """A straight line through time: the harmonic fit cannot follow it, all others do but at its ends."""
    cube = tiny_cube(("red", "nir"), height=32, width=32, dates=30)
    level = np.linspace(0.1, 0.6, 30, dtype="float32")[:, None, None]
    for name in ("red", "nir"):
        cube[name] = cube[name].copy(data=np.broadcast_to(level, cube[name].shape).copy())
    days = np.datetime64("2020-01-01", "ns") + np.arange(30) * np.timedelta64(12, "D")
    found = choose_fill(cube[["red", "nir", "valid", "clouds"]].assign_coords(time=days), networks=False)
    assert found.winner != "fill-harmonic"
    assert 3 * found[found.winner].error < found["fill-harmonic"].error


def test_bands_of_several_units_are_compared_by_their_spread(part):
    warm = part[["valid", "clouds"]].assign(
        ndvi=(part["nir"] * 2 - 0.5).assign_attrs(quantity="index", units="1"),
        temperature=(part["red"] * 200 + 280).assign_attrs(quantity="temperature", units="K"),
    )
    assert choose_fill(warm, networks=False).unit == "standard deviations"


def test_an_index_may_be_negative_after_filling():
    cube = tiny_cube(("red", "nir"), height=24, width=24, dates=10)
    ndvi = (cube["red"] * 0 - 0.4).assign_attrs(quantity="index", units="1")
    cube = cube[["valid"]].assign(ndvi=ndvi, clouds=cube["clouds"].copy(data=cube["clouds"].values | False))
    cube["clouds"].values[4, :12] = True
    for model in ("auto", "regression"):
        filled = eow.fill(cube, model)
        assert float(filled["ndvi"].max()) < -0.39, model


def test_a_cube_that_shows_nothing_is_refused_in_one_sentence(part):
    dark = part.isel(time=slice(0, 6)).assign(clouds=part["clouds"].isel(time=slice(0, 6)) | True)
    with pytest.raises(InputError, match="name a model"):
        choose_fill(dark)


def test_networks_state_why_they_are_not_run(part):
    ndvi = eow.fill(part, "linear").eow.index("NDVI").astype("float32").assign_attrs(quantity="index")
    cube = part[["valid", "clouds"]].assign(ndvi=ndvi)
    note = choose_fill(cube)["units-reconstruct"].note
    assert "ndvi" in note
