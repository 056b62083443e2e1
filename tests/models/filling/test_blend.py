"""The weighted average of gap fillers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import eowidgets as eow
from eowidgets.contract.registry import get_model
from eowidgets.errors import EowidgetsError
from eowidgets.models.filling.blend import PLAIN, VISIBLE, basis, lead
from eowidgets.testing import tiny_cube


def mask(rows):
    return torch.tensor(rows, dtype=torch.bool).T.reshape(1, -1, 1, len(rows))


def test_the_lead_lies_between_the_clear_dates_and_is_the_distance_beyond_them():
    usable = mask([[0, 1, 0, 0, 1, 0], [0] * 6])
    days = torch.tensor([0.0, 10, 20, 30, 40, 50]).double()
    found = lead(usable, days, torch.zeros(1))
    assert found[0, :, 0, 0].tolist() == pytest.approx([10, 0, 20 / 3, 20 / 3, 0, 10])
    assert found[0, :, 0, 1].isinf().all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.lists(st.floats(0.1, 300), min_size=1, max_size=4, unique=True))
def test_the_shares_of_all_groups_add_up_to_one(seed, leads):
    g = torch.Generator().manual_seed(seed)
    usable = torch.rand((2, 7, 3, 4), generator=g) > 0.5
    days = torch.rand(7, generator=g).double().cumsum(0) * 40
    shares = basis(usable, days, tuple(sorted(leads)), torch.zeros(1))
    assert shares.shape[2] == len(VISIBLE) * len(leads)
    torch.testing.assert_close(shares.sum(dim=2), torch.ones(2, 7, 3, 4))
    assert float(shares.min()) >= 0


def gappy():
    cube = tiny_cube(("red", "nir"), height=24, width=24, dates=8)
    rng = np.random.default_rng(0)
    cube["clouds"] = cube["clouds"].copy(data=rng.random(cube["clouds"].shape) > 0.6)
    return cube


def test_a_blend_of_one_member_is_that_member():
    cube = gappy()
    for name in ("fill-linear", "fill-harmonic", "fill-regression"):
        blend = eow.run("fill-blend", cube, members=(name,))
        alone = eow.run(name, cube)
        np.testing.assert_allclose(blend["red"], alone["red"], atol=1e-6)


def test_equal_weights_give_the_mean_and_clear_values_stay():
    cube = gappy()
    made, one, other = (
        eow.run(n, cube, **p)["nir"].values
        for n, p in (
            ("fill-blend", {"members": ("fill-linear", "fill-closest")}),
            ("fill-linear", {}),
            ("fill-closest", {}),
        )
    )
    np.testing.assert_allclose(made, (one + other) / 2, atol=1e-6)
    clear = ~cube["clouds"].values & cube["valid"].values
    assert (made[clear] == cube["nir"].values[clear]).all()


def test_weights_rounded_to_four_digits_still_add_up_to_one():
    groups = len(VISIBLE)
    blend = get_model(
        "fill-blend", members=("fill-linear", "fill-closest", "fill-last"), weights=(0.3333,) * 3 * groups
    )
    assert torch.equal(blend.weight(torch.zeros(1)).sum(dim=1), torch.ones(groups))


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"weights": (0.5, 0.5)}, "needs 6 weights"),
        ({"members": ()}, "at least one member"),
        ({"members": ("break-ccdc",)}, "cannot be a member"),
        ({"members": ("fill-blend",)}, "cannot be a member"),
        ({"members": ("fill-nothing",)}, "fill-nothing"),
        ({"weights": (0.0,) * 6}, "positive"),
        ({"weights": (-1.0,) * 6}, "weights"),
    ],
)
def test_blends_that_cannot_be_are_refused(params, words):
    with pytest.raises(EowidgetsError, match=words):
        get_model("fill-blend", **params)


def test_the_regression_may_be_a_member_without_its_robust_fit():
    assert get_model("fill-blend", members=(PLAIN,)).parts[0].params.robust is False


def test_one_sentence_for_a_model_that_has_not_seen_the_cube():
    from eowidgets.errors import ModelError

    with pytest.raises(ModelError, match="selects its method on a cube"):
        get_model("fill-auto").predict(None)
