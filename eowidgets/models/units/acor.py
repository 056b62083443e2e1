"""ACor: the condition modulates the hidden state by an affine map that varies over space or time."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

GROUPS = 8


def group_norm(h: Tensor, groups: int = GROUPS, eps: float = 1e-5) -> Tensor:
    """Apply GroupNorm without its affine map, channels last; the statistics of a group include the token axis.

    Parameters
    ----------
    h : Tensor, shape (..., n, width)
    """
    # ... n d -> N d n 1, which is a channels-last image in memory: torch's kernel accepts it without a copy.
    picture = h.reshape(-1, h.shape[-2], 1, h.shape[-1]).permute(0, 3, 1, 2)
    normal = functional.group_norm(picture, groups, eps=eps)
    return normal.permute(0, 2, 3, 1).reshape(h.shape)


class ACor(nn.Module):
    """Adaptive condition injection (the paper's ACor).

    ``h + γ(q) · GroupNorm(h) + β(q)``, where γ and β come from a convolution of the condition tokens q: over the
    grid in the spatial half (Conv2D), over the dates in the temporal half (Conv1D, written as a 2-D convolution that
    processes all places at once). The figure shows one convolution; here a narrow hidden layer with GELU lies between a
    3-kernel and a 1-kernel, as in SPADE, which is cheaper and more expressive.
    """

    def __init__(self, width: int, hidden: int, axis: Literal["space", "time"]) -> None:
        super().__init__()
        self.axis = axis
        kernel, padding = ((3, 3), (1, 1)) if axis == "space" else ((3, 1), (1, 0))
        self.mix = nn.Conv2d(width, hidden, kernel, padding=padding)
        self.affine = nn.Linear(hidden, 2 * width)
        # γ starts small; β at full size, because it is the only path from the condition to the stream.
        with torch.no_grad():
            self.affine.weight[:width] *= 0.1

    def parameters_of(self, q: Tensor, grid: tuple[int, int]) -> Tensor:
        """Compute γ and β, which do not depend on the flow time.

        Parameters
        ----------
        q : Tensor, shape (b, t, n, width) in the spatial half, (b, n, t, width) in the temporal half
        grid : (int, int)
            Rows and columns of tokens, ``n = rows * columns``.

        Returns
        -------
        Tensor, shape of ``q`` with 2 * width channels
        """
        # b t (gh gw) d -> (b t) gh gw d, or b n t d unchanged: dates are the columns of the image
        image = q.reshape(-1, *grid, q.shape[-1]) if self.axis == "space" else q
        weight = self.mix.weight if self.axis == "space" else self.mix.weight.transpose(2, 3)
        padding = (1, 1) if self.axis == "space" else (0, 1)
        mixed = functional.conv2d(image.permute(0, 3, 1, 2), weight, self.mix.bias, padding=padding)
        affine: Tensor = self.affine(functional.gelu(mixed.permute(0, 2, 3, 1)))
        return affine.reshape(*q.shape[:-1], -1)

    def forward(self, h: Tensor, affine: Tensor) -> Tensor:
        """Apply γ and β; statistics are computed over the places of a date, or over the dates of a place.

        Parameters
        ----------
        h : Tensor, shape (k, b, t, n, width) in the spatial half, (k, b, n, t, width) in the temporal half
            k samples that share one condition.
        affine : Tensor, shape of one sample with 2 * width channels
        """
        gamma, beta = affine.to(h.dtype).chunk(2, dim=-1)
        return torch.addcmul(h + beta, gamma, group_norm(h))
