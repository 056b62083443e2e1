"""Spatial blocks and folds."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from eowidgets.learn.blocks import make_blocks


def some(seed: int, labels: int, classes: int, pixels: int = 1):
    rng = np.random.default_rng(seed)
    label = np.repeat(np.arange(labels), pixels)
    x, y = (np.repeat(rng.uniform(0, 5000, labels), pixels) + rng.uniform(0, 30, labels * pixels) for _ in range(2))
    target = np.repeat(rng.integers(0, classes, labels), pixels)
    return x, y, label, target


@given(seed=st.integers(0, 2**31), labels=st.integers(2, 80), classes=st.integers(1, 5), pixels=st.integers(1, 6))
@settings(max_examples=60, deadline=None)
def test_a_block_is_never_divided_between_training_and_test(seed, labels, classes, pixels):
    x, y, label, target = some(seed, labels, classes, pixels)
    blocks = make_blocks(x, y, label, target, seed)
    seen = []
    for train, test in blocks.splits():
        assert not set(blocks.group[train]) & set(blocks.group[test])
        assert not set(label[train]) & set(label[test])
        assert len(train) + len(test) == len(x)
        seen.append(test)
    if blocks.folds:
        assert sorted(np.concatenate(seen)) == list(range(len(x)))
    else:
        assert blocks.notes


def test_every_class_is_in_training_and_test_of_most_folds():
    x, y, label, target = some(1, 200, 4)
    blocks = make_blocks(x, y, label, target, 0)
    assert blocks.folds == 5 and blocks.size > 0
    for train, test in blocks.splits():
        assert set(target[train]) == set(target[test]) == {0, 1, 2, 3}


def test_a_class_in_one_place_only_cannot_be_tested():
    x, y, label, target = some(0, 10, 1)
    target[0] = 1
    blocks = make_blocks(x, y, label, target, 0)
    assert not blocks.folds
    assert "one of" in blocks.notes[0] and "second place" in blocks.notes[0]


def test_all_labels_in_one_place():
    blocks = make_blocks(np.zeros(6), np.zeros(6), np.zeros(6, int), np.array([0, 0, 0, 1, 1, 1]), 0)
    assert not blocks.folds and "one place" in blocks.notes[0]


def test_a_label_larger_than_a_block_is_divided_and_a_small_one_is_not():
    rng = np.random.default_rng(0)
    label = np.repeat([0, 1], 500)
    x, y = rng.uniform(0, 1000, 1000), rng.uniform(0, 1000, 1000)
    small = np.arange(2, 42)
    x, y = np.concatenate([x, rng.uniform(0, 1000, 40)]), np.concatenate([y, rng.uniform(0, 1000, 40)])
    label, target = np.concatenate([label, small]), np.concatenate([np.repeat([0, 1], 500), small % 2])
    blocks = make_blocks(x, y, label, target, 0)
    assert len(np.unique(blocks.group[label == 0])) > 5
    assert round(blocks.size) == 200


def test_blocks_that_a_user_gives():
    x, y, label, target = some(3, 40, 2)
    given_blocks = np.array([f"farm {i % 7}" for i in range(40)])
    blocks = make_blocks(x, y, label, target, 0, given_blocks)
    assert len(np.unique(blocks.group)) == 7


def test_one_field_is_not_cut_into_blocks_to_test_its_class():
    rng = np.random.default_rng(0)
    corner = rng.uniform(0, 700, (9, 2))
    label = np.repeat(np.arange(9), 36)
    x, y = (np.repeat(corner[:, i], 36) + np.tile(rng.uniform(0, 60, 36), 9) for i in range(2))
    target = (label == 0).astype("int64")
    blocks = make_blocks(x, y, label, target, 0)
    assert not blocks.folds and "second place" in blocks.notes[0]


def test_one_rare_class_does_not_prevent_the_test_of_the_others():
    x, y, label, target = some(1, 200, 3)
    target[5] = 3
    blocks = make_blocks(x, y, label, target, 0)
    assert blocks.folds == 5 and blocks.size > 0
    assert "1 class lies in one of the blocks only" in blocks.notes[0]
