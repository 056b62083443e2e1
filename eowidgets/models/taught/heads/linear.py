"""Logistic regression for classes, ridge regression for numbers."""

from __future__ import annotations

from typing import Self

import numpy as np
import torch
from torch import Tensor

from eowidgets.models.taught.heads.base import Array, Head, sklearn

#: Inverse strength of the penalty per example, for standardised features.
STRENGTH = 1.0
RIDGE = 1.0
#: Tolerance of the gradient: with a loose one the result depends on the number of threads.
TOLERANCE = 1e-6


class Linear(Head):
    """One weight per feature and class."""

    kind, label = "linear", "linear"

    def __init__(self, sizes: dict[str, int]) -> None:
        super().__init__(sizes)
        self.register_buffer("weight", torch.zeros(sizes["outputs"], sizes["features"]))
        self.register_buffer("bias", torch.zeros(sizes["outputs"]))

    weight: Tensor
    bias: Tensor

    @classmethod
    def fit(cls, x: Array, y: Array, sizes: dict[str, int], seed: int) -> Self:
        """Fit with scikit-learn."""
        models, made = sklearn("linear_model"), cls(sizes)
        if sizes["numeric"]:
            fitted = models.Ridge(alpha=RIDGE).fit(x, y)
            made.weight[0], made.bias[0] = torch.from_numpy(fitted.coef_), float(fitted.intercept_)
            return made
        fitted = models.LogisticRegression(C=STRENGTH, tol=TOLERANCE, max_iter=2000, random_state=seed).fit(x, y)
        made.bias.fill_(-1e4)  # a class without examples has probability 0
        weight, bias = torch.from_numpy(fitted.coef_), torch.from_numpy(fitted.intercept_)
        if len(fitted.classes_) == 2:  # the difference of both
            weight, bias = torch.cat([-weight, weight]) / 2, torch.cat([-bias, bias]) / 2
        made.weight[fitted.classes_], made.bias[fitted.classes_] = weight.float(), bias.float()
        return made

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits, or the number."""
        return torch.nn.functional.linear(x, self.weight, self.bias)

    def importance(self) -> Array:
        """Return the norm of the weights of each feature."""
        return np.asarray(self.weight.norm(dim=0).cpu(), "float64")
