"""Random forests and boosted trees: fitted by scikit-learn, stored as arrays of nodes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor

from eowidgets.models.taught.heads.base import Array, Head, sklearn

FOREST_TREES, BOOSTING_ROUNDS = 200, 100
#: Smallest probability of a class in a forest, so that its logarithm is finite.
FLOOR = 1e-3


@dataclass(frozen=True, slots=True)
class _Tree:
    """Nodes of one tree; both children of a leaf are the leaf itself."""

    feature: Array
    threshold: Array
    left: Array
    right: Array
    value: Array
    depth: int


class Trees(Head):
    """A sum of trees.

    ``sizes`` also has ``nodes``, ``trees`` and ``depth``.
    """

    name: ClassVar[str]

    def __init__(self, sizes: dict[str, int]) -> None:
        super().__init__(sizes)
        n = sizes["nodes"]
        for field in ("feature", "left", "right"):
            self.register_buffer(field, torch.zeros(n, dtype=torch.int32))
        self.register_buffer("threshold", torch.zeros(n))
        self.register_buffer("value", torch.zeros(n, sizes["outputs"]))
        self.register_buffer("roots", torch.zeros(sizes["trees"], dtype=torch.int32))
        self.register_buffer("base", torch.zeros(sizes["outputs"]))
        self.register_buffer("gain", torch.zeros(sizes["features"]))

    feature: Tensor
    left: Tensor
    right: Tensor
    threshold: Tensor
    value: Tensor
    roots: Tensor
    base: Tensor
    gain: Tensor

    @classmethod
    def of(cls, trees: list[_Tree], sizes: dict[str, int], base: Array, gain: Array) -> Self:
        """Concatenate trees."""
        lengths = [len(tree.feature) for tree in trees]
        starts = np.cumsum([0, *lengths[:-1]])
        more = {"nodes": sum(lengths), "trees": len(trees), "depth": max(tree.depth for tree in trees)}
        made = cls({**sizes, **more})
        for name in ("feature", "threshold", "value"):
            getattr(made, name).copy_(torch.from_numpy(np.concatenate([getattr(tree, name) for tree in trees])))
        for name in ("left", "right"):
            moved = [getattr(tree, name) + start for tree, start in zip(trees, starts, strict=True)]
            getattr(made, name).copy_(torch.from_numpy(np.concatenate(moved)))
        made.roots.copy_(torch.from_numpy(starts))
        made.base.copy_(torch.from_numpy(base))
        made.gain.copy_(torch.from_numpy(gain))
        return made

    def total(self, x: Tensor) -> Tensor:
        """Sum the leaves of all trees, (n, outputs)."""
        at = self.roots.long().expand(len(x), -1)
        for _ in range(self.sizes["depth"]):
            value = x.gather(1, self.feature[at].long())
            at = torch.where(value <= self.threshold[at], self.left[at], self.right[at]).long()
        return self.value[at].sum(dim=1)

    def importance(self) -> Array:
        """Return the share of each feature in the gain of the trees."""
        return np.asarray(self.gain.cpu(), "float64")


def _below(threshold: Array) -> Array:
    """Round thresholds down to float32, so that ``x <= threshold`` holds for the same float32 values."""
    rounded = threshold.astype("float32")
    return np.where(rounded > threshold, np.nextafter(rounded, np.float32(-np.inf)), rounded).astype("float32")


class Forest(Trees):
    """A random forest."""

    kind, label = "forest", "random forest"

    @classmethod
    def fit(cls, x: Array, y: Array, sizes: dict[str, int], seed: int) -> Self:
        """Grow the trees with scikit-learn."""
        ensemble = sklearn("ensemble")
        kind = ensemble.RandomForestRegressor if sizes["numeric"] else ensemble.RandomForestClassifier
        share = 1 / 3 if sizes["numeric"] else "sqrt"
        fitted = kind(FOREST_TREES, max_features=share, min_samples_leaf=2, random_state=seed).fit(x, y)
        found = np.array([0]) if sizes["numeric"] else fitted.classes_
        trees = [_grown(one.tree_, found, sizes["outputs"], len(fitted.estimators_)) for one in fitted.estimators_]
        return cls.of(trees, sizes, np.zeros(sizes["outputs"]), fitted.feature_importances_)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logarithm of the mean probability, or the mean number."""
        found = self.total(x)
        return found if self.sizes["numeric"] else found.clamp_min(FLOOR).log()


def _grown(tree: Any, classes: Array, outputs: int, trees: int) -> _Tree:
    nodes = np.arange(tree.node_count)
    leaf = tree.children_left < 0
    value = np.zeros((tree.node_count, outputs), "float32")
    counts = tree.value[:, 0, :]
    if len(classes) > 1 or outputs > 1:
        counts = counts / counts.sum(axis=1, keepdims=True)
    value[:, classes] = counts / trees
    return _Tree(
        np.where(leaf, 0, tree.feature).astype("int32"),
        _below(np.where(leaf, 0.0, tree.threshold)),
        np.where(leaf, nodes, tree.children_left).astype("int32"),
        np.where(leaf, nodes, tree.children_right).astype("int32"),
        value,
        int(tree.max_depth),
    )


class Boosting(Trees):
    """Gradient boosting over histograms."""

    kind, label, least = "boosting", "gradient boosting", 300

    @classmethod
    def fit(cls, x: Array, y: Array, sizes: dict[str, int], seed: int) -> Self:
        """Grow the trees with scikit-learn."""
        ensemble = sklearn("ensemble")
        numeric = bool(sizes["numeric"])
        kind = ensemble.HistGradientBoostingRegressor if numeric else ensemble.HistGradientBoostingClassifier
        fitted = kind(max_iter=BOOSTING_ROUNDS, early_stopping=False, random_state=seed).fit(x, y)
        # scikit-learn has no public access to these nodes; tests compare our predictions with its own.
        found = np.array([0]) if numeric else fitted.classes_
        base = np.zeros(sizes["outputs"])
        raw = np.asarray(fitted._baseline_prediction).ravel()
        two = not numeric and len(found) == 2
        base[found[1:] if two else found] = raw
        if not numeric:
            base[np.setdiff1d(np.arange(sizes["outputs"]), found)] = -1e4
        trees = list(_boosted(fitted._predictors, found[1:] if two else found, sizes["outputs"]))
        gain = np.zeros(sizes["features"])
        for rounds in fitted._predictors:
            for one in rounds:
                split = one.nodes[~one.nodes["is_leaf"].astype(bool)]
                np.add.at(gain, split["feature_idx"], split["gain"])
        return cls.of(trees, sizes, base, gain / max(gain.sum(), 1e-12))

    def forward(self, x: Tensor) -> Tensor:
        """Return the sum of all trees."""
        return self.total(x) + self.base


def _boosted(rounds: Any, classes: Array, outputs: int) -> Iterator[_Tree]:
    for one_round in rounds:
        for k, one in zip(classes, one_round, strict=True):
            nodes, leaf = one.nodes, one.nodes["is_leaf"].astype(bool)
            own = np.arange(len(nodes))
            value = np.zeros((len(nodes), outputs), "float32")
            value[:, k] = nodes["value"]
            yield _Tree(
                np.where(leaf, 0, nodes["feature_idx"]).astype("int32"),
                _below(np.where(leaf, 0.0, nodes["num_threshold"])),
                np.where(leaf, own, nodes["left"]).astype("int32"),
                np.where(leaf, own, nodes["right"]).astype("int32"),
                value,
                int(nodes["depth"].max()),
            )
