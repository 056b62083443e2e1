"""Spatial blocks for cross-validation: neighbouring examples are never split between training and test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
#: Cells along the longer side of the labelled extent, from coarse to fine.
DIVISIONS = (5, 7, 10, 14, 20, 30, 50)
#: Minimum number of blocks per class, and in all.
BLOCKS_OF_CLASS, BLOCKS = 3, 8
FOLDS = 5


@dataclass(frozen=True)
class Blocks:
    """Blocks of examples, and their assignment to folds.

    Attributes
    ----------
    group : array, shape (n,), int64
        Block of each example.
    fold : array, shape (n,), int64
        Fold of each example; all -1 if no test is possible.
    size : float
        Side of a block in metres; 0 if each label is a separate block.
    notes : tuple of str
        Limitations of the test, one sentence each.
    """

    group: Array
    fold: Array
    size: float
    notes: tuple[str, ...] = ()

    @property
    def folds(self) -> int:
        """Number of folds; 0 if no test is possible."""
        return int(self.fold.max(initial=-1)) + 1

    def splits(self) -> list[tuple[Array, Array]]:
        """Return, for each fold, the examples for training and those for the test."""
        return [(np.flatnonzero(self.fold != k), np.flatnonzero(self.fold == k)) for k in range(self.folds)]


def make_blocks(x: Array, y: Array, label: Array, target: Array, seed: int, group: Array | None = None) -> Blocks:
    """Assign examples to square blocks, and blocks to folds.

    The blocks are as large as possible while every class lies in several of them. A label is split only if it is larger
    than the largest blocks, a fifth of the labelled extent.

    Parameters
    ----------
    x, y : array, shape (n,)
        Position in metres; NaN if unknown, and then each label is a block.
    label : array, shape (n,)
        Label that each example comes from.
    target : array, shape (n,)
        Index of the class, or a number.
    seed : int
    group : array, shape (n,), optional
        Blocks given by the user.

    Returns
    -------
    Blocks
    """
    numeric = target.dtype.kind == "f"
    classes = np.zeros(len(target), "int64") if numeric else target
    if group is not None:
        found, size = np.unique(group, return_inverse=True)[1], 0.0
    elif np.isfinite(x).all() and np.isfinite(y).all() and len(x):
        found, size = _cells(x, y, label, classes)
    else:
        found, size = np.unique(label, return_inverse=True)[1], 0.0
    return Blocks(*_folded(found, size, classes, numeric, seed))


def _cells(x: Array, y: Array, label: Array, classes: Array) -> tuple[Array, float]:
    extent = max(float(np.ptp(x)), float(np.ptp(y)))
    if extent <= 0:
        return np.unique(label, return_inverse=True)[1], 0.0
    count = np.bincount(label)
    centre = [np.bincount(label, weights=v)[label] / count[label] for v in (x, y)]
    most = np.array([_spread(v, label) for v in (x, y)]).max(axis=0)[label]
    tried: list[tuple[Array, float]] = []
    for parts in DIVISIONS:
        size = extent / parts
        small = most <= extent / DIVISIONS[0]
        px, py = (np.where(small, c, v) for c, v in zip(centre, (x, y), strict=True))
        cell = np.floor((px - x.min()) / size) * 1_000_003 + np.floor((py - y.min()) / size)
        group = np.unique(cell, return_inverse=True)[1]
        if group.max() + 1 >= BLOCKS:
            tried.append((group, size))
    if tried:
        # A class that even the finest blocks do not split is ignored, so that it does not determine the blocks of the others.
        most_blocks = _blocks_of(tried[-1][0], classes)
        for wanted in (BLOCKS_OF_CLASS, 2):
            reached = most_blocks >= wanted
            if reached.sum() >= min(2, len(reached)):
                return next((g, size) for g, size in tried if (_blocks_of(g, classes)[reached] >= wanted).all())
    places: Array = np.unique(np.round(np.stack(centre), 3), axis=1, return_inverse=True)[1]
    return places.ravel(), 0.0


def _spread(values: Array, label: Array) -> Array:
    """Return the extent of each label, shape (labels,)."""
    n = int(label.max()) + 1
    low, high = np.full(n, np.inf), np.full(n, -np.inf)
    np.minimum.at(low, label, values)
    np.maximum.at(high, label, values)
    return np.asarray(high - low)


def _blocks_of(group: Array, classes: Array) -> Array:
    """Return the number of blocks of each existing class."""
    pairs = np.unique(np.stack([classes, group]), axis=1)
    return np.unique(pairs[0], return_counts=True)[1]


def _folded(
    group: Array, size: float, classes: Array, numeric: bool, seed: int
) -> tuple[Array, Array, float, tuple[str, ...]]:
    none = np.full(len(group), -1, "int64")
    blocks = int(group.max(initial=-1)) + 1
    word = "labels" if size == 0 else "blocks"
    if blocks < 2:
        note = "All labels lie in one place, so the accuracy cannot be measured: label more places."
        return group, none, size, (note,)
    counts = _blocks_of(group, classes)
    tested = counts >= 2
    if tested.sum() < min(2, len(counts)):
        note = (
            f"A class lies in one of the {word} only, so the accuracy cannot be measured: label it in a second place."
        )
        return group, none, size, (note,)
    folds = min(FOLDS, blocks if numeric else int(counts[tested].min()))
    notes = []
    if size == 0:
        notes.append("There are too few labels for spatial blocks: each label was held out as a whole instead.")
    if not tested.all():
        left = int((~tested).sum())
        verb = "es lie" if left > 1 else " lies"
        notes.append(
            f"{left} class{verb} in one of the {word} only and cannot be tested there: label a second place of it."
        )
    return group, _assign(group, classes, folds, seed), size, tuple(notes)


def _assign(group: Array, classes: Array, folds: int, seed: int) -> Array:
    """Assign blocks to folds, the largest first, so that each fold has a similar share of every class."""
    counts = np.zeros((int(group.max()) + 1, int(classes.max()) + 1))
    np.add.at(counts, (group, classes), 1)
    counts /= counts.sum(axis=0, keepdims=True).clip(1)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(counts))
    # Rare classes first: their few blocks must lie in different folds.
    rare = (counts > 0) @ (1 / (counts > 0).sum(axis=0).clip(1))
    order = order[np.argsort(-(counts[order].max(axis=1) + rare[order]), kind="stable")]
    filled, where = np.zeros((folds, counts.shape[1])), np.zeros(len(counts), "int64")
    for block in order:
        cost = [((filled[k] + counts[block]) ** 2).sum() - (filled[k] ** 2).sum() for k in range(folds)]
        where[block] = int(np.argmin(cost))
        filled[where[block]] += counts[block]
    return np.asarray(where[group])
