"""Standardise features, apply the head, and compare with the training examples."""

from __future__ import annotations

from typing import Self

import numpy as np
import torch
from torch import Tensor, nn

from eowidgets.models.taught.heads import HEADS, Head
from eowidgets.models.taught.heads.base import Array

#: Number of examples stored for the area of applicability.
REFERENCE = 600
#: Features whose standard deviation is below this share of the largest one are constant.
CONSTANT = 1e-6


class TaughtNetwork(nn.Module):
    """A head with the standardisation of its features and the examples that it was fitted to.

    Attributes
    ----------
    mean, scale : Tensor, shape (features,)
    centre, spread : Tensor, shape (1,)
        Mean and standard deviation of a numeric target; 0 and 1 for classes.
    reference : Tensor, shape (r, features)
        Standardised examples times the importance of each feature.
    threshold : Tensor, shape (1,)
        Distance to the nearest example beyond which a place is outside the area of applicability.
    prior : Tensor, shape (outputs,)
        Added to logits, because examples of a rare class may exceed its share of the area.
    """

    def __init__(self, kind: str, sizes: dict[str, int]) -> None:
        super().__init__()
        n = sizes["features"]
        self.head: Head = HEADS[kind](sizes)
        self.register_buffer("mean", torch.zeros(n))
        self.register_buffer("scale", torch.ones(n))
        self.register_buffer("centre", torch.zeros(1))
        self.register_buffer("spread", torch.ones(1))
        self.register_buffer("reference", torch.zeros(sizes["reference"], n))
        self.register_buffer("weight", torch.ones(n))
        self.register_buffer("threshold", torch.ones(1))
        self.register_buffer("prior", torch.zeros(sizes["outputs"]))

    mean: Tensor
    scale: Tensor
    centre: Tensor
    spread: Tensor
    reference: Tensor
    weight: Tensor
    threshold: Tensor
    prior: Tensor

    @classmethod
    def fit(
        cls, kind: str, x: Array, y: Array, sizes: dict[str, int], group: Array, seed: int, around: Array | None = None
    ) -> Self:
        """Fit the head and the area of applicability.

        Parameters
        ----------
        kind : str
            Of :data:`HEADS`.
        x : array, shape (n, features), float32
        y : array, shape (n,)
            Index of the class, or the number.
        sizes : dict of str to int
            ``features``, ``outputs`` and ``numeric``.
        group : array, shape (n,)
            Spatial blocks: the distance of an example is measured to those of other blocks.
        seed : int
        around : array, shape (m, features), optional
            Features of unlabelled places, by which features are standardised, because labels may be few.
        """
        every = x if around is None else np.concatenate([x, around])
        mean, scale = every.mean(axis=0), every.std(axis=0)
        scale = np.where(scale > CONSTANT * max(1.0, float(scale.max(initial=0))), scale, 1.0)
        centre, spread = (float(y.mean()), max(float(y.std()), 1e-12)) if sizes["numeric"] else (0.0, 1.0)
        z = ((x - mean) / scale).astype("float32")
        target = ((y - centre) / spread).astype("float32") if sizes["numeric"] else y
        head = HEADS[kind].fit(z, target, sizes, seed)
        kept = _spread_out(group, seed)
        weight = head.importance()
        weight = np.sqrt(weight / max(weight.mean(), 1e-12)).astype("float32")
        reference = z[kept] * weight
        made = cls(kind, {**head.sizes, "reference": len(kept)})
        made.head = head
        for name, value in {"mean": mean, "scale": scale, "reference": reference, "weight": weight}.items():
            getattr(made, name).copy_(torch.from_numpy(np.asarray(value, "float32")))
        made.centre.fill_(centre), made.spread.fill_(spread)
        made.threshold.fill_(_threshold(torch.from_numpy(reference), group[kept]))
        return made.eval()

    @property
    def sizes(self) -> dict[str, int]:
        """Sizes that the network is built from."""
        return {**self.head.sizes, "reference": len(self.reference)}

    def standardised(self, x: Tensor) -> Tensor:
        """Standardise features."""
        return (x - self.mean) / self.scale

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (n, classes), or numbers (n, 1)."""
        found: Tensor = self.head(self.standardised(x))
        return found * self.spread + self.centre + self.prior

    def unlike(self, x: Tensor) -> Tensor:
        """Return the distance to the nearest example over the threshold, (n,): above 1 outside the area of applicability."""
        z = self.standardised(x) * self.weight
        return torch.cdist(z, self.reference).amin(dim=1) / self.threshold


def _spread_out(group: Array, seed: int) -> Array:
    """Choose the examples to store, from as many blocks as possible."""
    order = np.random.default_rng(seed).permutation(len(group))
    turn = np.zeros(len(group), int)
    for one in np.unique(group):
        here = order[group[order] == one]
        turn[here] = np.arange(len(here))
    return np.sort(order[np.argsort(turn[order], kind="stable")][:REFERENCE])


def _threshold(reference: Tensor, group: Array) -> float:
    """Return the distance that almost all examples have to those of other blocks (Meyer and Pebesma, 2021)."""
    distance = torch.cdist(reference, reference)
    same = torch.from_numpy(group[:, None] == group[None, :])
    if bool(same.all()):
        same = torch.eye(len(group), dtype=torch.bool)
    nearest = distance.masked_fill(same, torch.inf).amin(dim=1)
    nearest = nearest[nearest.isfinite()]
    if not len(nearest):
        return 1.0
    low, high = torch.quantile(nearest, torch.tensor([0.25, 0.75]))
    inner = nearest[nearest <= high + 1.5 * (high - low)]
    return max(float(inner.max()), 1e-6)
