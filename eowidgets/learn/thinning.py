"""Select labelled pixels if there are many, and compute how many pixels each represents."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from eowidgets.contract.target import Target

Array = npt.NDArray[Any]
#: Maximum number of used pixels per label, and of all labels.
MOST_PER_LABEL, MOST = 400, 20_000


def thinned(label: Array | None, target: Array, seed: int) -> Array:
    """Select at most :data:`MOST_PER_LABEL` pixels of a label, and :data:`MOST` of all.

    The number of pixels per class is proportional to the square root of its size, so rare classes have a larger share.
    """
    order = np.random.default_rng(seed).permutation(len(target))
    kept = order if label is None else order[_turn(label[order]) < MOST_PER_LABEL]
    if len(kept) <= MOST:
        return np.sort(kept)
    if target.dtype.kind == "f":
        return np.sort(kept[:MOST])
    count = np.bincount(target[kept])
    share = np.sqrt(count) / np.sqrt(count).sum()
    return np.sort(kept[_turn(target[kept]) < np.ceil(MOST * share)[target[kept]]])


def ones(target: Target) -> Array:
    """Return 1 for each class: every labelled pixel is used."""
    return np.ones(max(1, len(target.classes)))


def stands_for(target: Array, kept: Array, classes: int) -> Array:
    """Return the number of labelled pixels that each used one represents, by class."""
    counts = [np.bincount(values, minlength=classes) for values in (target, target[kept])]
    return np.asarray(np.maximum(counts[0], 1) / np.maximum(counts[1], 1))


def _turn(values: Array) -> Array:
    """Return the number of previous equal values of each value."""
    order = np.argsort(values, kind="stable")
    ranked = values[order]
    first = np.searchsorted(ranked, ranked)
    found = np.empty(len(values), "int64")
    found[order] = np.arange(len(values)) - first
    return found
