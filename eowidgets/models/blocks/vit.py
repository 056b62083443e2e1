"""Blocks of vision transformers, with the names that their published weights have."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional


class SelfAttention(nn.Module):
    """Multi-head self-attention over the tokens that were seen.

    Parameters
    ----------
    width, heads : int
    fused : bool
        One projection ``qkv`` for queries, keys and values, or three named ``q``, ``k`` and ``v``.
    causal : bool
        A token attends to itself and to those before it only.
    """

    def __init__(self, width: int, heads: int, *, fused: bool, causal: bool = False) -> None:
        super().__init__()
        self.heads, self.fused, self.causal = heads, fused, causal
        if fused:
            self.qkv = nn.Linear(width, 3 * width)
        else:
            self.q, self.k, self.v = (nn.Linear(width, width) for _ in range(3))
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor, seen: Tensor | None = None) -> Tensor:
        """Mix tokens, shape (b, n, width); where ``seen``, shape (b, n), is False, no token attends to this one."""
        parts = self.qkv(x).chunk(3, dim=-1) if self.fused else (self.q(x), self.k(x), self.v(x))
        # b n (h d) -> b h n d
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in parts)
        mask = None if seen is None else seen[:, None, None, :]
        mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=self.causal)
        # b h n d -> b n (h d)
        out: Tensor = self.proj(mixed.transpose(1, 2).flatten(2))
        return out


class Mlp(nn.Module):
    """Two layers with a GELU between them, applied to every token."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """Return tokens of the same shape."""
        out: Tensor = self.fc2(functional.gelu(self.fc1(x)))
        return out


class Block(nn.Module):
    """Pre-norm transformer block (Dosovitskiy et al., 2021); the parameters are those of :class:`SelfAttention`."""

    def __init__(self, width: int, heads: int, hidden: int, *, fused: bool, causal: bool = False) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attn = SelfAttention(width, heads, fused=fused, causal=causal)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = Mlp(width, hidden)

    def forward(self, x: Tensor, seen: Tensor | None = None) -> Tensor:
        """Return tokens of the same shape, (b, n, width)."""
        x = x + self.attn(self.norm1(x), seen)
        out: Tensor = x + self.mlp(self.norm2(x))
        return out
