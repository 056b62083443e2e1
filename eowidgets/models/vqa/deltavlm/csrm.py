"""Relate two dates: the cross-semantic relation measuring (CSRM) gate of DeltaVLM, and a baseline without it.

After Deng et al. (2025), "DeltaVLM: Interactive Remote Sensing Image Change Analysis via Instruction-guided
Difference Perception", arXiv:2507.22346.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class CSRM(nn.Module):
    """Gate the difference of two dates by their features, with the same weights for both dates.

    With d = F_B - F_A, and for each date X::

        c_X = tanh(W1 d + W2 F_X)            the change relative to X
        g_X = sigmoid(V1 d + V2 F_X)         its weight
        f_X = dropout(g_X * c_X)
        out = W3 [F_X; d; f_X]

    Parameters
    ----------
    width : int
        Channels D; W1, W2, V1, V2 are D x D and W3 is D x 3D.
    dropout : float
    bias : bool
        Add a bias to W2, V2 and W3, as the reference code does.
    """

    def __init__(self, width: int, dropout: float = 0.5, bias: bool = False) -> None:
        super().__init__()
        self.w1, self.w2 = nn.Linear(width, width, bias=False), nn.Linear(width, width, bias=bias)
        self.v1, self.v2 = nn.Linear(width, width, bias=False), nn.Linear(width, width, bias=bias)
        self.w3 = nn.Linear(3 * width, width, bias=bias)
        self.dropout = nn.Dropout(dropout)

    def forward(self, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        """Relate features (..., D) of the first and the second date; the shapes are unchanged."""
        d = b - a
        moved, weighed = self.w1(d), self.v1(d)
        out = []
        for x in (a, b):
            context = torch.tanh(moved + self.w2(x))
            gate = torch.sigmoid(weighed + self.v2(x))
            out.append(self.w3(torch.cat([x, d, self.dropout(gate * context)], dim=-1)))
        return out[0], out[1]


class SideBySide(nn.Module):
    """The baseline: both dates unchanged, for the Q-former to compare."""

    def forward(self, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        """Return the inputs unchanged."""
        return a, b
