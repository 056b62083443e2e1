"""A vision transformer (Dosovitskiy et al., 2021, arXiv:2010.11929): the encoder of DeltaVLM at the size of its paper."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from eowidgets.models.blocks.attention import Attention
from eowidgets.models.vqa.deltavlm.config import VisionSize


class VisionBlock(nn.Module):
    """Pre-norm attention and MLP with residual connections."""

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.mlp = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))

    def forward(self, x: Tensor) -> Tensor:
        """Transform tokens (b, n, width)."""
        x = x + self.attention(self.norm1(x))
        out: Tensor = x + self.mlp(self.norm2(x))
        return out


class VisionTransformer(nn.Module):
    """Patches and a class token with learned positions, and a norm after the last block.

    Parameters
    ----------
    channels, side : int
        Number of bands, and side of the image in pixels.
    width : int
        Of a token.
    size : VisionSize
    """

    def __init__(self, channels: int, side: int, width: int, size: VisionSize) -> None:
        super().__init__()
        self.embed = nn.Conv2d(channels, width, size.patch, size.patch)
        self.first = nn.Parameter(torch.zeros(1, 1, width))
        self.position = nn.Parameter(0.02 * torch.randn(1, (side // size.patch) ** 2 + 1, width))
        self.blocks = nn.Sequential(*(VisionBlock(width, size.heads, size.hidden) for _ in range(size.depth)))
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        """Return tokens (b, 1 + (side / patch)², width) of images (b, channels, side, side), the class token first."""
        tokens = self.embed(x).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.first.expand(len(x), -1, -1), tokens], dim=1) + self.position
        out: Tensor = self.norm(self.blocks(tokens))
        return out
