"""The same counts, scored by scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eowidgets.metrics import accuracy, change_scores, confusion, f1, iou, kappa

sklearn = pytest.importorskip("sklearn.metrics")


@given(st.integers(0, 10_000), st.integers(2, 5))
@settings(max_examples=30, deadline=None)
def test_scores_of_a_map_are_those_of_scikit_learn(seed, classes):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, 200)
    made = np.where(rng.random(200) < 0.6, truth, rng.integers(0, classes, 200))
    counts, labels = confusion(made, truth, classes), list(range(classes))
    np.testing.assert_array_equal(counts, sklearn.confusion_matrix(truth, made, labels=labels))
    assert accuracy(counts) == pytest.approx(sklearn.accuracy_score(truth, made))
    assert kappa(counts) == pytest.approx(sklearn.cohen_kappa_score(truth, made))
    there = np.flatnonzero(counts.sum(0) + counts.sum(1))
    np.testing.assert_allclose(
        f1(counts)[there], sklearn.f1_score(truth, made, labels=there, average=None, zero_division=0)
    )
    np.testing.assert_allclose(
        iou(counts)[there], sklearn.jaccard_score(truth, made, labels=there, average=None, zero_division=0)
    )


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_change_scores_are_made_of_scikit_learns(seed):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, (4, 6, 6))
    made = np.where(rng.random(truth.shape) < 0.7, truth, rng.integers(0, 3, truth.shape))
    scores = change_scores(made, truth, 3)
    truly, said = (a[1:] != a[:-1] for a in (truth, made))
    assert scores.bc == pytest.approx(sklearn.jaccard_score(truly.ravel(), said.ravel()))
    new, guess = truth[1:][truly], made[1:][truly]
    there = np.union1d(new, guess)
    semantic = sklearn.jaccard_score(new, guess, labels=there, average="macro", zero_division=0)
    assert scores.sc == pytest.approx(semantic)
    assert scores.scs == pytest.approx((scores.bc + semantic) / 2)
