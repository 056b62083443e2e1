"""Weights of a stacked average."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from eowidgets.models.filling.stack import onto_simplex, stack


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-5, 5), min_size=1, max_size=6))
def test_projected_weights_lie_on_the_simplex(values):
    found = onto_simplex(np.array(values))
    assert abs(found.sum() - 1) < 1e-9
    assert (found >= 0).all()


def test_what_lies_on_the_simplex_stays():
    w = np.array([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]])
    np.testing.assert_allclose(onto_simplex(w), w)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31))
def test_the_average_is_never_worse_than_its_best_member(seed):
    rng = np.random.default_rng(seed)
    errors = rng.normal(size=(500, 4)) * rng.uniform(0.1, 2, size=4) + rng.normal(size=(500, 1))
    products = errors.T @ errors
    w = stack(products, 1, 100).ravel()
    assert w @ products @ w <= np.diag(products).min() * (1 + 1e-6)


def test_groups_have_weights_of_their_own():
    rng = np.random.default_rng(0)
    group = rng.integers(0, 2, 4000)
    errors = rng.normal(size=(4000, 2)) * np.where(group[:, None] == [0, 1], 1.0, 0.1)
    features = (np.eye(2)[group][:, :, None] * errors[:, None]).reshape(4000, 4)
    w = stack(features.T @ features, 2, 4000)
    # Each group relies on the member that is precise there.
    assert w[0].argmax() != w[1].argmax()
    assert w.max(axis=1).min() > 0.8


def test_a_group_without_data_has_the_weights_of_all():
    products = np.zeros((4, 4))
    products[:2, :2] = [[1.0, 0.0], [0.0, 3.0]]
    w = stack(products, 2, 100)
    np.testing.assert_allclose(w[1], [0.75, 0.25], atol=1e-6)
