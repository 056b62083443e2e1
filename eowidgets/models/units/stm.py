"""STM: an additive attention bias from positions or dates, and from a second sensor."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from eowidgets.models.blocks.embed import DAYS_PER_YEAR

AUX_DIM = 8


def date_features(days: Tensor) -> Tensor:
    """Describe every pair of dates: signed and absolute distance, and distance within the year.

    Parameters
    ----------
    days : Tensor, shape (b, t)

    Returns
    -------
    Tensor, shape (b, t, t, 6)
    """
    gap = (days[:, :, None] - days[:, None, :]).float()
    near = torch.log1p(gap.abs()) / 4
    season = gap * (2 * math.pi / DAYS_PER_YEAR)
    parts = [near, near * gap.sign(), torch.exp(-gap.abs() / 15), torch.exp(-gap.abs() / 60)]
    return torch.stack([*parts, season.cos(), season.sin()], dim=-1)


def place_features(grid: tuple[int, int], device: torch.device | None = None) -> Tensor:
    """Describe every pair of places on the token grid, shape (n, n, 4)."""
    rows, columns = torch.meshgrid(*(torch.arange(s, device=device) for s in grid), indexing="ij")
    places = torch.stack([rows.flatten(), columns.flatten()], dim=-1).float()
    step = places[:, None] - places[None]
    distance = step.norm(dim=-1, keepdim=True)
    return torch.cat([step.sign() * torch.log1p(step.abs()), torch.log1p(distance), torch.exp(-distance)], dim=-1)


class Bias(nn.Module):
    """``w1 · M_pos + w2 · M_aux`` for one half of one block, one w1 and one w2 per head.

    M_pos is an MLP of the relative position (spatial half) or of the distance in days and in season (temporal half).
    M_aux compares the tokens of the auxiliary sensor with each other; it is zero without that sensor.
    """

    def __init__(self, features: int, width: int, heads: int, aux: bool = True) -> None:
        super().__init__()
        self.heads = heads
        self.position = nn.Sequential(nn.Linear(features, 32), nn.GELU(), nn.Linear(32, heads))
        self.compare = nn.Linear(width, 2 * heads * AUX_DIM) if aux else None
        self.weights = nn.Parameter(torch.ones(2, heads, 1, 1))

    def forward(self, features: Tensor, aux: Tensor | None) -> Tensor:
        """Compute the bias.

        Parameters
        ----------
        features : Tensor, shape (..., n, n, features)
        aux : Tensor, optional, shape (..., n, width)
            Tokens of the second sensor (zero where it is missing).

        Returns
        -------
        Tensor, shape (..., heads, n, n)
        """
        bias: Tensor = self.weights[0] * self.position(features).movedim(-1, -3)
        if aux is not None and self.compare is not None:
            # ... n (2 h d) -> 2 of ... h n d
            q, k = self.compare(aux).unflatten(-1, (2, self.heads, AUX_DIM)).movedim(-3, 0).transpose(-3, -2).unbind(0)
            bias = bias + self.weights[1] * (q @ k.transpose(-1, -2)) * AUX_DIM**-0.5
        return bias
