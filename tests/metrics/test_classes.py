import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eowidgets.errors import InputError
from eowidgets.metrics import accuracy, change_scores, confusion, f1, iou, kappa

# Rows: truth. Cohen's own kind of example, worked on paper.
COUNTS = np.array([[20, 5], [10, 15]])


def test_by_hand():
    assert accuracy(COUNTS) == 0.7
    assert kappa(COUNTS) == pytest.approx((0.7 - 0.5) / 0.5)  # chance: (30·25 + 20·25) / 50² = 0.5
    np.testing.assert_allclose(iou(COUNTS), [20 / 35, 15 / 30])
    np.testing.assert_allclose(f1(COUNTS), [40 / 55, 30 / 45])


def test_confusion_counts_pairs_and_leaves_unlabelled_out():
    truth = np.array([[0, 1, 2], [255, -1, 2]])
    made = np.array([[0, 2, 2], [7, 7, 1]])
    counts = confusion(made, truth, 3)
    assert counts.tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 1]]
    assert confusion(made, truth, 3, where=truth == 2).sum() == 2
    assert confusion(np.array([True, False]), np.array([True, True]), 2).tolist() == [[0, 0], [1, 1]]


def test_what_is_not_defined_is_nan_without_a_warning(recwarn):
    counts = confusion([0, 0], [0, 0], 3)
    assert iou(counts)[0] == 1
    assert np.isnan(iou(counts)[1:]).all()
    assert np.isnan(f1(counts)[1:]).all()
    assert np.isnan(kappa(counts))
    assert np.isnan(accuracy(0 * counts))
    assert not recwarn.list


@given(st.integers(0, 50), st.integers(2, 5))
def test_perfect_maps_score_one(seed, classes):
    truth = np.random.default_rng(seed).integers(0, classes, (3, 9, 9))
    counts = confusion(truth, truth, classes)
    assert counts.sum() == truth.size
    assert kappa(counts) == pytest.approx(1)
    assert np.nanmin(iou(counts)) == np.nanmin(f1(counts)) == 1
    scores = change_scores(truth, truth, classes)
    assert (scores.bc, scores.sc, scores.scs, scores.miou) == (1, 1, 1, 1)


def test_change_scores_by_hand():
    truth = np.array([[0, 0, 0, 0, 1], [1, 2, 0, 0, 1]])
    made = np.array([[0, 0, 0, 0, 1], [1, 1, 2, 0, 0]])
    scores = change_scores(made, truth, 3)
    assert scores.bc == 2 / 4  # both changes found, two invented
    # Where the truth changed: 1 was mapped as 1, 2 as 1. IoU of 1: 1/2, of 2: 0/1; 0 does not occur.
    assert scores.sc == 1 / 4
    assert scores.scs == 3 / 8
    # Over all: class 0: 5 of 7, class 1: 2 of 4, class 2: 0 of 2.
    assert scores.miou == pytest.approx((5 / 7 + 2 / 4 + 0) / 3)


def test_change_needs_both_dates_labelled():
    truth = np.array([[0, 255, 0], [1, 1, 255], [1, 0, 0]])
    made = np.array([[0, 0, 0], [1, 1, 1], [0, 0, 0]])
    # Pairs that count: (0→1: found), (1→1: a change invented), (1→0: found).
    scores = change_scores(made, truth, 2)
    assert scores.bc == pytest.approx(2 / 3)
    assert scores.sc == 1
    assert change_scores(made, truth, 2, where=[[True, False, False]]).bc == 1 / 2


def test_no_change_anywhere_is_not_defined():
    scores = change_scores(np.zeros((2, 3)), np.zeros((2, 3)), 2)
    assert np.isnan(scores.bc)
    assert np.isnan(scores.sc)
    assert np.isnan(scores.scs)
    assert scores.miou == 1


def test_refusals():
    with pytest.raises(InputError, match="give the same shape"):
        confusion([0], [0, 1], 2)
    with pytest.raises(InputError, match="classes from 0 to 5: give classes from 0 to 1"):
        confusion([0, 5], [0, 1], 2)
    with pytest.raises(InputError, match="at least two dates"):
        change_scores([[0, 1]], [[0, 1]], 2)


def test_a_change_that_is_said_is_one_within_the_map():
    """The map was wrong on the first date already: it says no change where it stays as it was."""
    truth, made = [[0, 0, 1], [0, 1, 1]], [[1, 0, 1], [1, 1, 1]]
    assert change_scores(made, truth, classes=2).bc == 1.0
    assert change_scores([[1, 0, 1], [0, 1, 1]], truth, classes=2).bc == 0.5
