"""SatMAE++'s encoder: a vision transformer whose tokens are the patches of three groups of bands."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.models.blocks.vit import Block

#: Channels of each group of tokens.
GROUPS = ((0, 1, 2, 6), (3, 4, 5, 7), (8, 9))
#: Channels of a token that encode its group of bands; the others encode its position.
GROUP_WIDTH = 256
SIDE, PATCH = 96, 8
#: Added to the variance by the normalisations.
EPS = 1e-6


def waves(x: Tensor, width: int) -> Tensor:
    """Embed numbers, shape (n,), by sines, then cosines of geometrically spaced wavelengths; shape (n, width)."""
    half = width // 2
    angle = x.double()[:, None] / 10_000 ** (torch.arange(half, dtype=torch.float64, device=x.device) / half)
    return torch.cat([angle.sin(), angle.cos()], dim=-1).float()


def positions(side: int, width: int) -> Tensor:
    """Embed the columns of a grid in half of the width, rows in the other half; zeros for the class token before them.

    Returns
    -------
    Tensor, shape (1, 1 + side * side, width)
    """
    line = waves(torch.arange(side), width // 2)
    grid = torch.cat([line.expand(side, -1, -1), line[:, None].expand(-1, side, -1)], dim=-1)
    return functional.pad(grid.flatten(0, 1), (0, 0, 1, 0)).unsqueeze(0)


class Patches(nn.Module):
    """Projection of the patches of one group of bands."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(channels, width, PATCH, stride=PATCH)

    def forward(self, x: Tensor) -> Tensor:
        """Turn (b, c, h 8, w 8) into (b, width, h, w)."""
        out: Tensor = self.proj(x)
        return out


class Encoder(nn.Module):
    """Embed images of ten bands.

    Parameters
    ----------
    width, depth, heads : int
        The defaults are those of the published weights, a ViT-L.

    Examples
    --------
    >>> Encoder(width=320, depth=1, heads=4)(torch.zeros(1, 10, 96, 96)).shape
    torch.Size([1, 320, 12, 12])
    """

    pos_embed: Tensor
    channel_embed: Tensor

    def __init__(self, width: int = 1024, depth: int = 24, heads: int = 16) -> None:
        super().__init__()
        self.patch_embed = nn.ModuleList(Patches(len(group), width) for group in GROUPS)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.register_buffer("pos_embed", positions(SIDE // PATCH, width - GROUP_WIDTH))
        self.register_buffer("channel_embed", waves(torch.arange(len(GROUPS)), GROUP_WIDTH).unsqueeze(0))
        self.blocks = nn.ModuleList(Block(width, heads, 4 * width, fused=True, eps=EPS) for _ in range(depth))
        self.norm = nn.LayerNorm(width, eps=EPS)

    def forward(self, x: Tensor) -> Tensor:
        """Return the mean of the normalised tokens of the three groups of every patch.

        Parameters
        ----------
        x : Tensor, shape (b, 10, h 8, w 8)
            Values from 0 to 1; 96 pixels along a side in training.

        Returns
        -------
        Tensor, shape (b, width, h, w)
        """
        # b g d h w
        grid = torch.stack([embed(x[:, group]) for embed, group in zip(self.patch_embed, GROUPS, strict=True)], 1)
        h, w = grid.shape[-2:]
        place = self._places(h, w)
        group = self.channel_embed[0, :, :, None, None].expand(-1, -1, h, w)
        both = torch.cat([place.expand(len(GROUPS), -1, -1, -1), group], dim=1)
        # b g d h w -> b (g h w) d
        tokens = (grid + both).movedim(2, -1).flatten(1, 3)
        # The position of the class token is 0, also in the published file.
        tokens = torch.cat([self.cls_token.expand(len(x), -1, -1), tokens], dim=1)
        for block in self.blocks:
            tokens = block(tokens)
        out: Tensor = self.norm(tokens[:, 1:]).unflatten(1, (len(GROUPS), h, w)).mean(1).movedim(-1, 1)
        return out

    def _places(self, h: int, w: int) -> Tensor:
        """Return the position encodings of a grid, shape (d, h, w), interpolated for another size."""
        side = SIDE // PATCH
        grid = self.pos_embed[0, 1:].view(side, side, -1).movedim(-1, 0)
        if (h, w) == (side, side):
            return grid
        return functional.interpolate(grid.unsqueeze(0), (h, w), mode="bicubic", align_corners=False)[0]
