"""Blocks of vision transformers; the parameter names match published weights."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional


class SelfAttention(nn.Module):
    """Multi-head self-attention over the valid tokens.

    Parameters
    ----------
    width, heads : int
    fused : bool
        Use one projection ``qkv`` for queries, keys and values, instead of three named ``q``, ``k`` and ``v``.
    bias : bool
        Whether the projections have a bias.
    causal : bool
        Whether a token attends only to itself and to earlier tokens.
    """

    def __init__(self, width: int, heads: int, *, fused: bool, bias: bool = True, causal: bool = False) -> None:
        super().__init__()
        self.heads, self.fused, self.causal = heads, fused, causal
        if fused:
            self.qkv = nn.Linear(width, 3 * width, bias=bias)
        else:
            self.q, self.k, self.v = (nn.Linear(width, width, bias=bias) for _ in range(3))
        self.proj = nn.Linear(width, width, bias=bias)

    def forward(self, x: Tensor, seen: Tensor | None = None) -> Tensor:
        """Mix tokens, shape (b, n, width); tokens where ``seen``, shape (b, n), is False are not attended to."""
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


class GatedMlp(nn.Module):
    """SwiGLU (Shazeer, 2020) with two thirds of the hidden width, so that its size equals that of :class:`Mlp`."""

    def __init__(self, width: int, hidden: int, *, bias: bool = True) -> None:
        super().__init__()
        kept = 2 * hidden // 3
        self.fc1 = nn.Linear(width, kept, bias=bias)
        self.fc2 = nn.Linear(kept, width, bias=bias)
        self.fc3 = nn.Linear(width, kept, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return tokens of the same shape."""
        out: Tensor = self.fc2(functional.silu(self.fc1(x)) * self.fc3(x))
        return out


class Block(nn.Module):
    """Pre-norm transformer block (Dosovitskiy et al., 2021).

    Parameters
    ----------
    width, heads, hidden : int
    fused, bias : bool
        See :class:`SelfAttention`; without ``bias`` the layers of the gated MLP have no bias either.
    eps : float
        Added to the variance in the normalisations.
    gated : bool
        Use :class:`GatedMlp`.
    causal : bool
        See :class:`SelfAttention`.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        hidden: int,
        *,
        fused: bool,
        eps: float = 1e-5,
        bias: bool = True,
        gated: bool = False,
        causal: bool = False,
    ) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=eps)
        self.attn = SelfAttention(width, heads, fused=fused, bias=bias, causal=causal)
        self.norm2 = nn.LayerNorm(width, eps=eps)
        self.mlp = GatedMlp(width, hidden, bias=bias) if gated else Mlp(width, hidden)

    def forward(self, x: Tensor, seen: Tensor | None = None) -> Tensor:
        """Return tokens of the same shape, (b, n, width)."""
        x = x + self.attn(self.norm1(x), seen)
        out: Tensor = x + self.mlp(self.norm2(x))
        return out
