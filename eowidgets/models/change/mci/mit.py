"""Mix Transformer (SegFormer; Xie et al., 2021, arXiv:2105.15203): the siamese encoder of the MCI model."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn


class EfficientAttention(nn.Module):
    """Self-attention whose keys and values are pooled over squares of ``reduction`` pixels."""

    def __init__(self, width: int, heads: int, reduction: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.both = nn.Linear(width, width), nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)
        self.gather = nn.Conv2d(width, width, reduction, reduction) if reduction > 1 else None
        self.norm = nn.LayerNorm(width) if reduction > 1 else nn.Identity()

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        """Mix tokens (b, h w, c)."""
        q: Tensor = self.query(x)
        q = q.reshape(*q.shape[:2], self.heads, -1).transpose(1, 2)
        if self.gather is not None:
            x = self.gather(x.transpose(1, 2).reshape(*x.shape[::2], *size)).flatten(2).transpose(1, 2)
        k, v = self.both(self.norm(x)).reshape(*x.shape[:2], 2, self.heads, -1).permute(2, 0, 3, 1, 4)
        # Written out: on a CPU, training in bfloat16 is twice as fast as with the fused kernel.
        logits = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
        mixed = logits.softmax(-1).to(v.dtype) @ v
        out: Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return out


class MixFFN(nn.Module):
    """MLP with an inner 3 x 3 depthwise convolution, which provides position information."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.depthwise = nn.Conv2d(4 * width, 4 * width, 3, padding=1, groups=4 * width)

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        """Transform tokens (b, h w, c)."""
        y = self.first(x).transpose(1, 2).unflatten(2, size)
        out: Tensor = self.second(nn.functional.gelu(self.depthwise(y)).flatten(2).transpose(1, 2))
        return out


class MixBlock(nn.Module):
    """Pre-norm attention and MLP."""

    def __init__(self, width: int, heads: int, reduction: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention, self.mlp = EfficientAttention(width, heads, reduction), MixFFN(width)

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        """Transform tokens (b, h w, c)."""
        x = x + self.attention(self.norm1(x), size)
        out: Tensor = x + self.mlp(self.norm2(x), size)
        return out


class MixTransformer(nn.Module):
    """Four stages of overlapping patches (7 x 7 by 4, then 3 x 3 by 2), finest first."""

    def __init__(
        self,
        channels: int,
        widths: tuple[int, ...],
        depths: tuple[int, ...],
        reductions: tuple[int, ...],
        heads: tuple[int, ...],
    ) -> None:
        super().__init__()
        ins = (channels, *widths[:-1])
        self.embed = nn.ModuleList(
            nn.Conv2d(a, w, 7, 4, 3) if i == 0 else nn.Conv2d(a, w, 3, 2, 1)
            for i, (a, w) in enumerate(zip(ins, widths, strict=True))
        )
        self.embed_norm = nn.ModuleList(nn.LayerNorm(w) for w in widths)
        self.blocks = nn.ModuleList(
            nn.ModuleList(MixBlock(w, h, r) for _ in range(d))
            for w, d, r, h in zip(widths, depths, reductions, heads, strict=True)
        )
        self.norm = nn.ModuleList(nn.LayerNorm(w) for w in widths)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return the features (b, c, h, w) of every stage."""
        levels = []
        for embed, embed_norm, blocks, norm in zip(self.embed, self.embed_norm, self.blocks, self.norm, strict=True):
            x = embed(x)
            size = (x.shape[-2], x.shape[-1])
            tokens = embed_norm(x.flatten(2).transpose(1, 2))  # b (h w) c
            for block in cast(nn.ModuleList, blocks):
                tokens = block(tokens, size)
            x = norm(tokens).transpose(1, 2).unflatten(2, size)
            levels.append(x)
        return levels
