"""ACor: the condition bends the hidden state by an affine map that varies over space or time."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

GROUPS = 8


def group_norm(h: Tensor, axis: int, groups: int = GROUPS, eps: float = 1e-5) -> Tensor:
    """GroupNorm without its affine map, channels last, with statistics along one more axis.

    Parameters
    ----------
    h : Tensor, shape (..., width)
    axis : int
        The token axis (negative) that is normalised together with the channels of a group.
    """
    grouped = h.reshape(*h.shape[:-1], groups, -1)
    dims = (axis - 1, -1)
    variance, mean = torch.var_mean(grouped, dim=dims, correction=0, keepdim=True)
    normal: Tensor = ((grouped - mean) * torch.rsqrt(variance + eps)).flatten(-2)
    return normal


class ACor(nn.Module):
    """Adaptive condition injection (the paper's ACor).

    ``h + γ(q) · GroupNorm(h) + β(q)``, where γ and β come from a convolution of the condition tokens q: over the
    grid in the spatial half (Conv2D), over the dates in the temporal half (Conv1D, written as a 2-D convolution
    with a 3 × 1 kernel so that all places are done at once). The figure draws one convolution; here a narrow
    hidden layer with GELU lies between a 3-kernel and a 1-kernel, as in SPADE, which is cheaper and bends more.
    """

    def __init__(self, width: int, hidden: int, axis: Literal["space", "time"]) -> None:
        super().__init__()
        self.axis = axis
        kernel, padding = ((3, 3), (1, 1)) if axis == "space" else ((3, 1), (1, 0))
        self.mix = nn.Conv2d(width, hidden, kernel, padding=padding)
        self.affine = nn.Linear(hidden, 2 * width)
        # γ starts small; β at full size, for it is the only way by which the condition enters the stream.
        with torch.no_grad():
            self.affine.weight[:width] *= 0.1

    def parameters_of(self, q: Tensor, grid: tuple[int, int]) -> Tensor:
        """Make γ and β, which do not depend on the flow time.

        Parameters
        ----------
        q : Tensor, shape (b, t, n, width)
        grid : (int, int)
            Rows and columns of tokens, ``n = rows * columns``.

        Returns
        -------
        Tensor, shape (b, t, n, 2 * width)
        """
        b, t, n, _ = q.shape
        # b t (gh gw) d -> (b t) gh gw d, or b t n d: dates are the rows of the picture
        image = q.reshape(b * t, *grid, -1) if self.axis == "space" else q
        mixed = self.mix(image.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        affine: Tensor = self.affine(functional.gelu(mixed))
        return affine.reshape(b, t, n, -1)

    def forward(self, h: Tensor, affine: Tensor) -> Tensor:
        """Apply γ and β.

        Parameters
        ----------
        h : Tensor, shape (k, b, t, n, width)
            k samples that share one condition.
        affine : Tensor, shape (b, t, n, 2 * width)
        """
        gamma, beta = affine.chunk(2, dim=-1)
        # Statistics over the places of one date in the spatial half, over the dates of one place in the temporal.
        normal = group_norm(h, axis=-2 if self.axis == "space" else -3)
        return h + gamma * normal + beta
