"""Swin Transformer V2 (Liu et al., 2022, arXiv:2111.09883): cosine attention in windows, post-norm blocks and stages."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

LARGEST_SCALE = math.log(100.0)


class SwinV2Block(nn.Module):
    """Attention within windows, then an MLP; the output of each is normalised before it is added.

    Parameters
    ----------
    width, heads : int
    window : int
        Side of the windows; images are padded to whole windows.
    shifted : bool
        Shift the windows by half their side, so that neighbouring windows exchange information.
    hidden : int
        Width of the small network that computes the position bias (512 in the paper).
    extra_norm : bool
        An additional norm at the end, which the largest networks of the paper have in some blocks.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        window: int,
        *,
        shifted: bool = False,
        hidden: int = 64,
        extra_norm: bool = False,
    ) -> None:
        super().__init__()
        self.heads, self.window, self.shift = heads, window, window // 2 if shifted else 0
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.scale = nn.Parameter(torch.full((heads, 1, 1), math.log(10.0)))
        # Continuous position bias: a small network applied to the log-spaced offset between two tokens.
        self.position = nn.Sequential(nn.Linear(2, hidden), nn.ReLU(), nn.Linear(hidden, heads, bias=False))
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.norm3 = nn.LayerNorm(width) if extra_norm else None
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.register_buffer("offsets", _offsets(window), persistent=False)
        self.offsets: Tensor

    def forward(self, x: Tensor) -> Tensor:
        """Mix the pixels of ``x`` (b, c, h, w)."""
        y = x.permute(0, 2, 3, 1)  # b h w c
        y = y + self.norm1(self._attend(y))
        y = y + self.norm2(self.mlp(y))
        if self.norm3 is not None:
            y = self.norm3(y)
        mixed: Tensor = y.permute(0, 3, 1, 2)
        return mixed

    def _attend(self, x: Tensor) -> Tensor:
        b, h, w, c = x.shape
        n = self.window
        rows, columns = -h % n, -w % n
        padded = functional.pad(x, (0, 0, 0, columns, 0, rows))
        hidden = self._hidden(h, w, rows, columns, x.device)
        if self.shift:
            padded = padded.roll((-self.shift, -self.shift), (1, 2))
        gh, gw = padded.shape[1] // n, padded.shape[2] // n
        # b (gh n) (gw m) c -> (b gh gw) (n m) c
        tokens = padded.reshape(b, gh, n, gw, n, c).transpose(2, 3).reshape(b * gh * gw, n * n, c)
        q, k, v = self.qkv(tokens).reshape(*tokens.shape[:2], 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        logits = functional.normalize(q, dim=-1) @ functional.normalize(k, dim=-1).transpose(-1, -2)
        logits = logits * self.scale.clamp(max=LARGEST_SCALE).exp() + self._bias()
        if hidden is not None:
            logits = (logits.reshape(b, gh * gw, *logits.shape[1:]) + hidden[:, None]).flatten(0, 1)
        mixed = (logits.softmax(-1).to(v.dtype) @ v).transpose(1, 2).flatten(-2)
        out: Tensor = self.out(mixed).reshape(b, gh, gw, n, n, c).transpose(2, 3).reshape(b, gh * n, gw * n, c)
        if self.shift:
            out = out.roll((self.shift, self.shift), (1, 2))
        return out[:, :h, :w]

    def _bias(self) -> Tensor:
        n = self.window
        table = 16 * torch.sigmoid(self.position(self.offsets))  # (2n-1)² heads
        index = torch.arange(n, device=table.device)
        apart = index[:, None] - index + n - 1
        # n m n m: the offset of every pair of tokens
        at = apart[:, None, :, None] * (2 * n - 1) + apart[None, :, None, :]
        return table[at.reshape(n * n, n * n)].permute(2, 0, 1)

    def _hidden(self, h: int, w: int, rows: int, columns: int, device: torch.device) -> Tensor | None:
        """Return a large negative bias between tokens that are not true neighbours (padding, wrapped-around edges)."""
        if not (rows or columns or self.shift):
            return None
        n = self.window
        region = torch.zeros(h + rows, w + columns, device=device)
        region[h:], region[:, w:] = -1, -1
        if self.shift:
            region = region.roll((-self.shift, -self.shift), (0, 1))
            wrapped = torch.zeros_like(region)
            wrapped[-self.shift :] += 1
            wrapped[:, -self.shift :] += 2
            region = torch.where(region < 0, region, wrapped)
        tokens = region.reshape(region.shape[0] // n, n, -1, n).transpose(1, 2).reshape(-1, n * n)
        return torch.where(tokens[:, None] == tokens[:, :, None], 0.0, -100.0)


class PatchEmbed(nn.Module):
    """Split an image into non-overlapping patches as tokens: a strided convolution and a norm."""

    def __init__(self, channels: int, width: int, size: int) -> None:
        super().__init__()
        self.convolve, self.norm = nn.Conv2d(channels, width, size, size), nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        """Turn (b, channels, h, w) into (b, width, h / size, w / size)."""
        tokens: Tensor = self.norm(self.convolve(x).permute(0, 2, 3, 1))
        return tokens.permute(0, 3, 1, 2)


class PatchMerging(nn.Module):
    """Merge 2 x 2 neighbours: half the rows and columns, another width, a norm."""

    def __init__(self, before: int, width: int) -> None:
        super().__init__()
        self.reduce, self.norm = nn.Linear(4 * before, width, bias=False), nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        """Turn (b, before, h, w), h and w even, into (b, width, h / 2, w / 2)."""
        # b c (h 2) (w 2) -> b h w (4 c), columns before rows as in the reference
        y = x.permute(0, 2, 3, 1)
        y = torch.cat([y[:, row::2, column::2] for column in (0, 1) for row in (0, 1)], dim=-1)
        merged: Tensor = self.norm(self.reduce(y))
        return merged.permute(0, 3, 1, 2)


def swin_stages(
    widths: tuple[int, ...], depths: tuple[int, ...], heads: tuple[int, ...], window: int, hidden: int
) -> list[nn.Sequential]:
    """Build the stages after the patch embedding; every stage but the first begins with a :class:`PatchMerging`."""
    stages, before = [], widths[0]
    for level, (width, depth, many) in enumerate(zip(widths, depths, heads, strict=True)):
        merge: list[nn.Module] = [PatchMerging(before, width)] if level else []
        blocks = (SwinV2Block(width, many, window, shifted=i % 2 == 1, hidden=hidden) for i in range(depth))
        stages.append(nn.Sequential(*merge, *blocks))
        before = width
    return stages


def _offsets(window: int) -> Tensor:
    """Return log-spaced offsets of all pairs, shape ((2 n - 1)², 2): ± log2(1 + 8 |d| / (n - 1)) / 3, as in the paper."""
    d = torch.arange(-(window - 1), window, dtype=torch.float32) / max(window - 1, 1) * 8
    grid = torch.stack(torch.meshgrid(d, d, indexing="ij"), dim=-1).reshape(-1, 2)
    return grid.sign() * torch.log2(1 + grid.abs()) / 3
