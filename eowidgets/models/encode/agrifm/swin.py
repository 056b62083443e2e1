"""Blocks of the Video Swin Transformer (Liu et al., 2022, arXiv:2106.13230), and a merging that also merges dates."""

from __future__ import annotations

from math import prod

import torch
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.models.blocks.vit import Mlp

#: Dates, rows and columns.
Size = tuple[int, int, int]
#: Added to the attention logits between tokens that are not neighbours.
FAR = -100.0


class WindowAttention(nn.Module):
    """Self-attention among the tokens of a window, with a learned bias for every offset in date, row and column."""

    def __init__(self, width: int, heads: int, window: Size) -> None:
        super().__init__()
        self.heads, self.window = heads, window
        self.relative_position_bias_table = nn.Parameter(torch.zeros(prod(2 * n - 1 for n in window), heads))
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        nn.init.trunc_normal_(self.relative_position_bias_table, std=0.02)

    def forward(self, x: Tensor, size: Size, mask: Tensor | None) -> Tensor:
        """Mix windows (b windows, n, width) of ``size``; ``mask`` (windows, n, n) is added to the logits."""
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)
        bias = self._bias(size)
        if mask is not None:
            # (windows, heads, n, n), repeated for the images of the batch
            bias = (bias + mask.unsqueeze(1)).repeat(x.shape[0] // mask.shape[0], 1, 1, 1)
        mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=bias.to(q.dtype))
        out: Tensor = self.proj(mixed.transpose(1, 2).flatten(2))
        return out

    def _bias(self, size: Size) -> Tensor:
        """Return the bias of all pairs of tokens, (heads, n, n), for windows that may be smaller than the full window."""
        at = torch.stack(torch.meshgrid(*(torch.arange(n) for n in size), indexing="ij")).flatten(1)
        apart = at[:, :, None] - at[:, None, :] + torch.tensor(self.window)[:, None, None] - 1
        _, rows, columns = (2 * n - 1 for n in self.window)
        index = (apart[0] * rows + apart[1]) * columns + apart[2]
        return self.relative_position_bias_table[index.to(self.relative_position_bias_table.device)].permute(2, 0, 1)


class SwinBlock3D(nn.Module):
    """Attention within windows, then an MLP, each after a norm.

    Parameters
    ----------
    width, heads : int
    window : (int, int, int)
        Dates, rows and columns; an axis that is not longer than this has one window and no shift.
    shifted : bool
        Shift the windows by half their size, so that neighbouring windows exchange information.
    """

    def __init__(self, width: int, heads: int, window: Size, *, shifted: bool) -> None:
        super().__init__()
        self.window, self.shifted = window, shifted
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = WindowAttention(width, heads, window)
        self.mlp = Mlp(width, 4 * width)

    def forward(self, x: Tensor) -> Tensor:
        """Mix tokens (b, d, h, w, width)."""
        x = x + self._attend(self.norm1(x))
        out: Tensor = x + self.mlp(self.norm2(x))
        return out

    def _attend(self, x: Tensor) -> Tensor:
        whole = (x.shape[1], x.shape[2], x.shape[3])
        (d, h, w), (wd, wh, ww) = whole, self.window
        size = (min(d, wd), min(h, wh), min(w, ww))
        # An axis with one window is not shifted.
        moves = [self.shifted and n > m for n, m in zip(whole, self.window, strict=True)]
        shift = (wd // 2 * moves[0], wh // 2 * moves[1], ww // 2 * moves[2])
        missing = [-n % w for n, w in zip(whole, size, strict=True)]
        x = functional.pad(x, (0, 0, 0, missing[2], 0, missing[1], 0, missing[0]))
        padded = (x.shape[1], x.shape[2], x.shape[3])
        if any(shift):
            x = x.roll(tuple(-s for s in shift), (1, 2, 3))
        mask = _mask(whole, padded, size, shift, x.device) if any(shift) or any(missing) else None
        x = joined(self.attn(windows(x, size), size, mask), padded, size)
        if any(shift):
            x = x.roll(shift, (1, 2, 3))
        return x[:, : whole[0], : whole[1], : whole[2]]


class Merging(nn.Module):
    """Merge two rows, two columns and ``dates`` dates: neighbours concatenated, dates averaged, then a linear layer."""

    def __init__(self, width: int, dates: int = 2) -> None:
        super().__init__()
        self.dates = dates
        self.norm = nn.LayerNorm(4 * width)
        self.reduction = nn.Linear(4 * width, 2 * width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Turn (b, d, h, w, width) into (b, d / 2, h / 2, w / 2, 2 width), each rounded up."""
        # The last row, column or date is repeated where one is missing.
        for axis, parts in ((1, self.dates), (2, 2), (3, 2)):
            short = -x.shape[axis] % parts
            last = x.narrow(axis, x.shape[axis] - 1, 1)
            x = torch.cat([x, *[last] * short], axis)
        x = x.reshape(x.shape[0], -1, self.dates, *x.shape[2:]).mean(dim=2)
        x = torch.cat([x[:, :, row::2, column::2] for column in (0, 1) for row in (0, 1)], dim=-1)
        out: Tensor = self.reduction(self.norm(x))
        return out


def windows(x: Tensor, size: Size) -> Tensor:
    """Cut tokens (b, d, h, w, c) into windows, (b windows, n, c)."""
    b, d, h, w, c = x.shape
    cut = x.reshape(b, d // size[0], size[0], h // size[1], size[1], w // size[2], size[2], c)
    return cut.permute(0, 1, 3, 5, 2, 4, 6, 7).reshape(-1, prod(size), c)


def joined(x: Tensor, whole: Size, size: Size) -> Tensor:
    """Assemble windows (b windows, n, c) to (b, d, h, w, c)."""
    counts = tuple(n // s for n, s in zip(whole, size, strict=True))
    parts = x.reshape(-1, *counts, *size, x.shape[-1])
    return parts.permute(0, 1, 4, 2, 5, 3, 6, 7).reshape(-1, *whole, x.shape[-1])


def _mask(whole: Size, padded: Size, size: Size, shift: Size, device: torch.device) -> Tensor:
    """Return the additive mask of the logits, (windows, n, n): :data:`FAR` between tokens that are not neighbours."""
    region = torch.zeros(1, *padded, 1, device=device)
    for axis, (true, n, moved) in enumerate(zip(whole, padded, shift, strict=True)):
        place = torch.arange(n, device=device)
        # Padding, and tokens that the shift wraps around, are separate regions.
        kind = (place >= true).roll(-moved).float() + (3.0 if moved else 0.0) * (place >= n - moved).float()
        view = [1] * 5
        view[axis + 1] = n
        region = region * 7 + kind.view(view)
    tokens = windows(region, size).squeeze(-1)
    return torch.where(tokens[:, None] == tokens[:, :, None], 0.0, FAR)
