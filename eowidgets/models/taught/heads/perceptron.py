"""A small network over the features."""

from __future__ import annotations

from typing import Self

import numpy as np
import torch
from torch import Tensor, nn

from eowidgets.models.blocks.fitting import fit
from eowidgets.models.blocks.plan import Plan, Step, one_cycle
from eowidgets.models.taught.heads.base import Array, Head

WIDTH, DROPOUT, STEPS, BATCH, RATE = 128, 0.3, 500, 128, 3e-3


class Perceptron(Head):
    """Two hidden layers."""

    kind, label, least = "mlp", "multilayer perceptron", 300

    def __init__(self, sizes: dict[str, int]) -> None:
        super().__init__(sizes)
        layers: list[nn.Module] = []
        for given in (sizes["features"], WIDTH):
            layers += [nn.Linear(given, WIDTH), nn.BatchNorm1d(WIDTH), nn.ReLU(), nn.Dropout(DROPOUT)]
        self.layers = nn.Sequential(*layers, nn.Linear(WIDTH, sizes["outputs"]))

    @classmethod
    def fit(cls, x: Array, y: Array, sizes: dict[str, int], seed: int) -> Self:
        """Train with seeded weights and batches."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            made = cls(sizes)
            values, target = torch.from_numpy(x), torch.from_numpy(y)

            def loss(step: Step) -> Tensor:
                some = torch.randint(len(values), (min(BATCH, len(values)),))
                found = made(values[some])
                if sizes["numeric"]:
                    return nn.functional.smooth_l1_loss(found[:, 0], target[some].float())
                return nn.functional.cross_entropy(found, target[some].long())

            fit(made, loss, Plan(steps=STEPS, rate=RATE, schedule=one_cycle, seed=seed, every=STEPS))
        return made.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits, or the number."""
        found: Tensor = self.layers(x)
        return found

    def importance(self) -> Array:
        """Return the norm of the first-layer weights of each feature."""
        first = next(self.layers.parameters())
        return np.asarray(first.detach().cpu().norm(dim=0), "float64")
