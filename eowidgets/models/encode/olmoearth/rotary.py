"""Transformer blocks with rotary position embeddings of places and dates (RoPE-Mixed, Heo et al., 2024)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.models.blocks.vit import Block, SelfAttention


class RotaryAttention(SelfAttention):
    """Self-attention whose queries and keys are rotated by an angle that is linear in time, row and column.

    Parameters
    ----------
    width, heads : int
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__(width, heads, fused=False)
        self.rope_mixed_freqs = nn.Parameter(torch.zeros(3, heads, width // heads // 2))

    def forward(self, x: Tensor, seen: Tensor | None = None, where: Tensor | None = None) -> Tensor:
        """Mix tokens, shape (b, n, width), at ``where``, shape (b, n, 3); see :class:`SelfAttention` for ``seen``."""
        # b n (h d) -> b h n d
        q, k, v = (part(x).unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in (self.q, self.k, self.v))
        if where is not None:
            cos, sin = self._angles(where, q.dtype)
            q, k = _turned(q, cos, sin), _turned(k, cos, sin)
        mask = None if seen is None else seen[:, None, None, :]
        mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        out: Tensor = self.proj(mixed.transpose(1, 2).flatten(2))
        return out

    def _angles(self, where: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Return cosine and sine of the angles, shape (b, heads, n, d / 2)."""
        rates = self.rope_mixed_freqs.float()
        # b n 3 -> three of b 1 n 1; summed in the order of the authors, because times are large relative to the rounding.
        t, y, x = where.float()[:, None, :, None].unbind(-1)
        angle = t * rates[0][:, None] + y * rates[1][:, None] + x * rates[2][:, None]
        return angle.cos().to(dtype), angle.sin().to(dtype)


def _turned(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotate neighbouring pairs of channels, shape (b, h, n, d)."""
    even, odd = x[..., ::2], x[..., 1::2]
    return torch.stack([even * cos - odd * sin, odd * cos + even * sin], dim=-1).flatten(-2)


class RotaryBlock(Block):
    """Pre-norm transformer block with :class:`RotaryAttention`."""

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__(width, heads, hidden, fused=False)
        self.attn: RotaryAttention = RotaryAttention(width, heads)

    def forward(self, x: Tensor, seen: Tensor | None = None, where: Tensor | None = None) -> Tensor:
        """Return tokens of the same shape, (b, n, width)."""
        x = x + self.attn(self.norm1(x), seen, where)
        out: Tensor = x + self.mlp(self.norm2(x))
        return out
