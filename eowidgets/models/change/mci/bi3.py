"""Bi-temporal iterative interaction (BI3): each date attends to its difference from the other date.

After Liu et al. (2024), "Change-Agent: Towards Interactive Comprehensive Remote Sensing Change Interpretation and
Analysis" (arXiv:2403.19646), and its reference code.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class LocalPerception(nn.Module):
    """``x + conv1(GELU(BN[3 x 3 | 1 x 5 | 5 x 1]))``, the three convolutions depth-wise."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.square = nn.Conv2d(width, width, 3, padding=1, groups=width)
        self.row = nn.Conv2d(width, width, (1, 5), padding=(0, 2), groups=width)
        self.column = nn.Conv2d(width, width, (5, 1), padding=(2, 0), groups=width)
        self.norm, self.mix = nn.BatchNorm2d(3 * width), nn.Conv2d(3 * width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Mix the neighbourhood of every position of ``x`` (b, c, h, w)."""
        seen = torch.cat([self.square(x), self.row(x), self.column(x)], dim=1)
        mixed: Tensor = self.mix(functional.gelu(self.norm(seen)))
        return x + mixed


class DifferenceAttention(nn.Module):
    """Attention of one date over keys and values ``ReLU(BN(conv1(own · (other - own))))``."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.aware = nn.Sequential(nn.Conv2d(width, width, 1), nn.BatchNorm2d(width), nn.ReLU())
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.out, self.dropout = nn.Linear(width, width), nn.Dropout(dropout)

    def forward(self, own: Tensor, other: Tensor) -> Tensor:
        """Return tokens (b, h w, c) for the features of both dates, (b, c, h, w) each."""
        different = self.aware(own * (other - own)).flatten(2).transpose(1, 2)
        q = self.query(own.flatten(2).transpose(1, 2))
        k, v = self.key(different), self.value(different)
        q, k, v = (t.unflatten(-1, (self.heads, -1)).transpose(1, 2) for t in (q, k, v))
        logits = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
        mixed = self.dropout(logits.softmax(-1).to(v.dtype)) @ v
        out: Tensor = self.dropout(self.out(mixed.transpose(1, 2).flatten(2)))
        return out


class BI3Side(nn.Module):
    """One date's half of a BI3 layer: local perception, difference-aware attention, MLP; post-norm."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.look_own, self.look_other = LocalPerception(width), LocalPerception(width)
        self.attention = DifferenceAttention(width, heads, dropout)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4 * width, width),
            nn.Dropout(dropout),
        )

    def forward(self, own: Tensor, other: Tensor) -> Tensor:
        """Update the features of one date, (b, c, h, w), from those of both."""
        size = (own.shape[-2], own.shape[-1])
        own, other = self.look_own(own), self.look_other(other)
        x = self.norm1(self.attention(own, other) + own.flatten(2).transpose(1, 2))
        x = self.norm2(self.mlp(x) + x)
        out: Tensor = x.transpose(1, 2).unflatten(2, size)
        return out


class BI3(nn.Module):
    """Several BI3 layers.

    Parameters
    ----------
    in_turn : bool
        Update the second date from the updated features of the first one and add the input, as the detection branch of
        the reference code does; otherwise update both dates from the old features, as its caption branch does.
    """

    def __init__(self, width: int, heads: int, layers: int, dropout: float, *, in_turn: bool) -> None:
        super().__init__()
        self.in_turn = in_turn
        self.before = nn.ModuleList(BI3Side(width, heads, dropout) for _ in range(layers))
        self.after = nn.ModuleList(BI3Side(width, heads, dropout) for _ in range(layers))

    def forward(self, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        """Let both dates (b, c, h, w) interact."""
        for before, after in zip(self.before, self.after, strict=True):
            if self.in_turn:
                a = before(a, b) + a
                b = after(b, a) + b
            else:
                a, b = before(a, b), after(b, a)
        return a, b
