"""Prithvi's encoder: a vision transformer over patches of several dates, with optional encodings of dates and place."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.models.blocks.vit import Block
from eowidgets.models.encode.prithvi.config import Size

#: Blue, green, red, narrow near infrared, two of shortwave infrared.
CHANNELS = 6
#: Longest wavelength divided by 2π, and divided by the shortest one.
SLOWEST = 10_000.0


def waves(x: Tensor, width: int) -> Tensor:
    """Embed numbers, shape (...), by sines, then cosines, in the precision of ``x``; shape (..., width).

    Rates are rounded to that precision as in the authors' code: for a year, about 2000, the rounding is noticeable.
    """
    half = width // 2
    rate = 1.0 / SLOWEST ** (torch.arange(half, dtype=x.dtype, device=x.device) / half)
    angle = x.unsqueeze(-1) * rate
    return torch.cat([angle.sin(), angle.cos()], dim=-1)


def positions(frames: int, rows: int, columns: int, width: int) -> Tensor:
    """Embed columns (3/8 of the width), rows (3/8) and dates (1/4); zeros for the class token before them.

    Returns
    -------
    Tensor, shape (1, 1 + frames * rows * columns, width), float32
    """
    part = width // 16
    t, y, x = (waves(torch.arange(n, dtype=torch.float64), k * part) for n, k in ((frames, 4), (rows, 6), (columns, 6)))
    shape = (frames, rows, columns, -1)
    parts = (x.expand(shape), y[:, None].expand(shape), t[:, None, None].expand(shape))
    grid = torch.cat(parts, dim=-1).flatten(0, 2)
    return functional.pad(grid, (0, 0, 1, 0)).float().unsqueeze(0)


class Scaled(nn.Module):
    """Two numbers as waves, half of the width each, times a learned factor."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.full((1,), 0.1))

    def forward(self, pairs: Tensor, width: int) -> Tensor:
        """Embed pairs, shape (..., 2), as (..., width)."""
        out: Tensor = self.scale * waves(pairs.float(), width // 2).flatten(-2)
        return out


class Patches(nn.Module):
    """Projection of the patches of each date."""

    def __init__(self, width: int, patch: int) -> None:
        super().__init__()
        self.proj = nn.Conv3d(CHANNELS, width, (1, patch, patch), stride=(1, patch, patch))

    def forward(self, x: Tensor) -> Tensor:
        """Turn (b, t, c, h patch, w patch) into (b, t, h, w, width)."""
        # A convolution of single images is faster than one over the dates, and has the same result.
        kernel = self.proj.weight.squeeze(2)
        found = functional.conv2d(x.flatten(0, 1), kernel, self.proj.bias, stride=kernel.shape[-1])
        return found.view(*x.shape[:2], *found.shape[1:]).movedim(2, -1)


class Encoder(nn.Module):
    """Embed images of one or more dates.

    Parameters
    ----------
    size : Size

    Examples
    --------
    >>> Encoder(TRIAL)(torch.zeros(1, 1, 6, 224, 224)).shape
    torch.Size([1, 1, 256, 14, 14])
    """

    pos_embed: Tensor

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.size = size
        side = size.side // size.patch
        self.cls_token = nn.Parameter(torch.zeros(1, 1, size.width))
        self.register_buffer("pos_embed", positions(size.frames, side, side, size.width))
        self.patch_embed = Patches(size.width, size.patch)
        if size.place_and_time:
            self.temporal_embed_enc, self.location_embed_enc = Scaled(), Scaled()
        self.blocks = nn.ModuleList(Block(size.width, size.heads, size.hidden, fused=True) for _ in range(size.depth))
        self.norm = nn.LayerNorm(size.width)

    def forward(self, x: Tensor, dates: Tensor | None = None, places: Tensor | None = None) -> Tensor:
        """Return the normalised tokens of the patches.

        Parameters
        ----------
        x : Tensor, shape (b, t, 6, h patch, w patch)
            Normalised values; any number of dates.
        dates : Tensor, optional, shape (b, t, 2)
            Year and day of the year, from 1. Used by the sizes with ``place_and_time``.
        places : Tensor, optional, shape (b, 2)
            Latitude and longitude in degrees.

        Returns
        -------
        Tensor, shape (b, t, width, h, w)
        """
        width = self.size.width
        tokens = self.patch_embed(x)
        shape = tokens.shape[1:4]
        where = self._positions(*shape)
        # b t h w d
        tokens = tokens + where[:, 1:].view(1, *shape, width)
        if self.size.place_and_time and dates is not None:
            tokens = tokens + self.temporal_embed_enc(dates, width)[:, :, None, None]
        if self.size.place_and_time and places is not None:
            tokens = tokens + self.location_embed_enc(places, width)[:, None, None, None]
        first = (self.cls_token + where[:, :1]).expand(len(x), -1, -1)
        tokens = torch.cat([first, tokens.flatten(1, 3)], dim=1)
        for block in self.blocks:
            tokens = block(tokens)
        # b (t h w) d -> b t d h w
        out: Tensor = self.norm(tokens[:, 1:]).unflatten(1, shape).movedim(-1, 2)
        return out

    def _positions(self, frames: int, rows: int, columns: int) -> Tensor:
        """Return the position encodings of a grid: computed for another number of dates, interpolated for another size."""
        side = self.size.side // self.size.patch
        stored = self.pos_embed
        if frames != self.size.frames:
            stored = positions(frames, side, side, self.size.width).to(stored)
        if (rows, columns) == (side, side):
            return stored
        # 1 (t h w) d -> t d h w
        grid = stored[0, 1:].view(frames, side, side, -1).movedim(-1, 1)
        grid = functional.interpolate(grid, (rows, columns), mode="bicubic", align_corners=True)
        return torch.cat([stored[:, :1], grid.movedim(1, -1).reshape(1, frames * rows * columns, -1)], dim=1)
