"""A language model like LLaMA (Touvron et al., 2023, arXiv:2302.13971), which continues from given vectors.

It is the decoder of DeltaVLM at the size of its paper, where it is Vicuna-7B.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.models.vqa.deltavlm.config import LanguageSize

EPSILON = 1e-6


def rotate(x: Tensor, longest: float = 10_000.0) -> Tensor:
    """Rotate pairs of channels by angles that grow with the position (rotary embeddings; Su et al., 2021).

    Parameters
    ----------
    x : Tensor, shape (..., n, d)
    """
    half = x.shape[-1] // 2
    rate = longest ** (-torch.arange(half, device=x.device) / half)
    angle = torch.arange(x.shape[-2], device=x.device)[:, None] * rate
    sine, cosine = angle.sin().to(x.dtype), angle.cos().to(x.dtype)
    a, b = x.chunk(2, dim=-1)
    return torch.cat([a * cosine - b * sine, b * cosine + a * sine], dim=-1)


class LanguageBlock(nn.Module):
    """Pre-norm causal attention with rotary positions, and a gated MLP; no biases."""

    def __init__(self, size: LanguageSize) -> None:
        super().__init__()
        width, self.heads = size.width, size.heads
        self.norm1, self.norm2 = nn.RMSNorm(width, EPSILON), nn.RMSNorm(width, EPSILON)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.gate, self.up = (nn.Linear(width, size.hidden, bias=False) for _ in range(2))
        self.down = nn.Linear(size.hidden, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Transform (b, n, width)."""
        # b n (3 h d) -> 3 of b h n d
        q, k, v = self.qkv(self.norm1(x)).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)
        mixed = functional.scaled_dot_product_attention(rotate(q), rotate(k), v, is_causal=True)
        x = x + self.out(mixed.transpose(1, 2).flatten(-2))
        y = self.norm2(x)
        out: Tensor = x + self.down(functional.silu(self.gate(y)) * self.up(y))
        return out


class LanguageModel(nn.Module):
    """Predict the next word after vectors and words.

    Parameters
    ----------
    words : int
        Size of the vocabulary.
    size : LanguageSize
    """

    def __init__(self, words: int, size: LanguageSize) -> None:
        super().__init__()
        self.embed = nn.Embedding(words, size.width)
        self.blocks = nn.Sequential(*(LanguageBlock(size) for _ in range(size.depth)))
        self.norm = nn.RMSNorm(size.width, EPSILON)
        self.head = nn.Linear(size.width, words, bias=False)

    def forward(self, before: Tensor, words: Tensor) -> Tensor:
        """Return logits (n, m, vocabulary) of the word after each of ``words`` (n, m), which follow ``before`` (n, k, width)."""
        x = torch.cat([before, self.embed(words)], dim=1)
        logits: Tensor = self.head(self.norm(self.blocks(x)[:, before.shape[1] :]))
        return logits
