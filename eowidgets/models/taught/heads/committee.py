"""Average the predictions of several heads."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
import torch
from torch import Tensor, nn

from eowidgets.models.taught.heads.base import Array, Head
from eowidgets.models.taught.heads.linear import Linear
from eowidgets.models.taught.heads.perceptron import Perceptron
from eowidgets.models.taught.heads.trees import Boosting, Forest

FLOOR = 1e-6


class Committee(Head):
    """The mean of a linear head, a forest, boosted trees and a network.

    ``sizes`` has those of each member under ``member.size``.
    """

    kind, label, least = "committee", "mean of four heads", 300
    members: ClassVar[tuple[type[Head], ...]] = (Linear, Forest, Boosting, Perceptron)

    def __init__(self, sizes: dict[str, int]) -> None:
        super().__init__(sizes)
        self.heads = nn.ModuleList(kind(_own(sizes, kind.kind)) for kind in self.members)

    @classmethod
    def fit(cls, x: Array, y: Array, sizes: dict[str, int], seed: int) -> Self:
        """Fit each member."""
        fitted = [kind.fit(x, y, sizes, seed) for kind in cls.members]
        own = {f"{head.kind}.{name}": value for head in fitted for name, value in head.sizes.items()}
        made = cls({**sizes, **own})
        made.heads = nn.ModuleList(fitted)
        return made

    def forward(self, x: Tensor) -> Tensor:
        """Return the logarithm of the mean probability, or the mean number."""
        return averaged([head(x) for head in self.heads], bool(self.sizes["numeric"]))

    def importance(self) -> Array:
        """Return the mean of the members' normalised importances."""
        found = [head.importance() for head in self.heads if isinstance(head, Head)]
        return np.asarray(np.mean([one / max(one.sum(), 1e-12) for one in found], axis=0))


def averaged(answers: list[Tensor], numeric: bool) -> Tensor:
    """Return the mean of numbers, or the logarithm of the mean of probabilities, of logits (n, classes)."""
    if numeric:
        return torch.stack(answers).mean(dim=0)
    return torch.stack([one.softmax(dim=1) for one in answers]).mean(dim=0).clamp_min(FLOOR).log()


def _own(sizes: dict[str, int], kind: str) -> dict[str, int]:
    return {name.removeprefix(f"{kind}."): value for name, value in sizes.items() if name.startswith(f"{kind}.")}
