"""The nearest labelled examples, and the nearest mean of a class."""

from __future__ import annotations

from typing import Self

import numpy as np
import torch
from torch import Tensor

from eowidgets.models.taught.heads.base import Array, Head

#: Number of neighbours that vote, and of stored examples.
NEIGHBOURS, MOST = 5, 4000
#: Added to the votes of every class.
PRIOR = 0.1


class Neighbours(Head):
    """Majority vote of the nearest examples."""

    kind, label = "neighbours", "nearest neighbours"

    def __init__(self, sizes: dict[str, int]) -> None:
        super().__init__(sizes)
        self.register_buffer("examples", torch.zeros(sizes["examples"], sizes["features"]))
        self.register_buffer("votes", torch.zeros(sizes["examples"], sizes["outputs"]))

    examples: Tensor
    votes: Tensor

    @classmethod
    def fit(cls, x: Array, y: Array, sizes: dict[str, int], seed: int) -> Self:
        """Store the examples, or a random subset of them if there are many."""
        kept = np.sort(np.random.default_rng(seed).permutation(len(x))[:MOST])
        made = cls({**sizes, "examples": len(kept)})
        made.examples.copy_(torch.from_numpy(x[kept]))
        if sizes["numeric"]:
            made.votes[:, 0] = torch.from_numpy(y[kept])
        else:
            made.votes[torch.arange(len(kept)), torch.from_numpy(y[kept]).long()] = 1
        return made

    def forward(self, x: Tensor) -> Tensor:
        """Return the logarithm of the share of votes, or the mean number."""
        k = min(NEIGHBOURS, len(self.examples))
        near = torch.cdist(x, self.examples).topk(k, largest=False).indices
        found = self.votes[near].mean(dim=1)
        if self.sizes["numeric"]:
            return found
        return ((found * k + PRIOR) / (k + PRIOR * found.shape[1])).log()

    def importance(self) -> Array:
        """Return equal weights."""
        return np.ones(self.sizes["features"])


class Centroids(Head):
    """The nearest class mean, or the mean of a numeric target: a simple baseline."""

    kind, label = "centroids", "nearest class mean"

    def __init__(self, sizes: dict[str, int]) -> None:
        super().__init__(sizes)
        self.register_buffer("means", torch.full((sizes["outputs"], sizes["features"]), torch.inf))
        self.register_buffer("constant", torch.zeros(1))

    means: Tensor
    constant: Tensor

    @classmethod
    def fit(cls, x: Array, y: Array, sizes: dict[str, int], seed: int) -> Self:
        """Average the features of each class."""
        made = cls(sizes)
        if sizes["numeric"]:
            made.constant.fill_(float(y.mean()))
            return made
        for k in np.unique(y):
            made.means[int(k)] = torch.from_numpy(x[y == k].mean(axis=0))
        return made

    def forward(self, x: Tensor) -> Tensor:
        """Return minus half of the squared distance per feature, or the mean."""
        if self.sizes["numeric"]:
            return self.constant.expand(len(x), 1)
        known = self.means.isfinite().all(dim=1)
        distance = torch.cdist(x, self.means.nan_to_num(posinf=0.0)).square() / x.shape[1]
        return torch.where(known, -distance / 2, -1e4)

    def importance(self) -> Array:
        """Return equal weights."""
        return np.ones(self.sizes["features"])
