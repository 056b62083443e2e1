"""CROMA: one transformer for radar, one for optical images, and one in which radar attends to the optical image."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

#: Bands of Sentinel-1 and of Sentinel-2 without cirrus.
RADAR_BANDS, OPTICAL_BANDS = 2, 12


class Attention(nn.Module):
    """Attention with an internal pre-norm and a bias by the distance of patches; to another image if one is given."""

    def __init__(self, width: int, heads: int, *, across: bool) -> None:
        super().__init__()
        self.heads, self.across = heads, across
        if across:
            self.to_q, self.to_k, self.to_v = (nn.Linear(width, width, bias=False) for _ in range(3))
        else:
            self.to_qkv = nn.Linear(width, 3 * width, bias=False)
        self.to_out = nn.Linear(width, width)
        self.input_norm = nn.LayerNorm(width)

    def forward(self, x: Tensor, bias: Tensor, other: Tensor | None = None) -> Tensor:
        """Mix tokens (b, n, width) with ``bias`` (heads, n, n); ``other`` (b, n, width) for cross-attention."""
        normed = self.input_norm(x)
        if self.across:
            context = self.input_norm(other)
            parts = (self.to_q(normed), self.to_k(context), self.to_v(context))
        else:
            parts = self.to_qkv(normed).chunk(3, dim=-1)
        # b n (h d) -> b h n d
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in parts)
        mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=bias.to(q.dtype))
        # b h n d -> b n (h d)
        out: Tensor = self.to_out(mixed.transpose(1, 2).flatten(2))
        return out


class FeedForward(nn.Module):
    """Two layers with an internal pre-norm."""

    def __init__(self, width: int) -> None:
        super().__init__()
        # The third position is the authors' dropout, which has no weights.
        self.net = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Identity(), nn.Linear(4 * width, width))
        self.input_norm = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        """Return tokens of the same shape."""
        out: Tensor = self.net(self.input_norm(x))
        return out


class Transformer(nn.Module):
    """Pre-norm blocks over one image."""

    def __init__(self, width: int, depth: int, heads: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.ModuleList([Attention(width, heads, across=False), FeedForward(width)]) for _ in range(depth)
        )
        self.norm_out = nn.LayerNorm(width)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """Return tokens of the same shape."""
        for attention, feed in self.layers:  # type: ignore[misc]
            x = x + attention(x, bias)  # type: ignore[has-type]
            x = x + feed(x)  # type: ignore[has-type]
        out: Tensor = self.norm_out(x)
        return out


class JointTransformer(nn.Module):
    """Pre-norm blocks over the radar image, each of which also attends to the optical image."""

    def __init__(self, width: int, depth: int, heads: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.ModuleList(
                [Attention(width, heads, across=False), Attention(width, heads, across=True), FeedForward(width)]
            )
            for _ in range(depth)
        )
        self.norm_out = nn.LayerNorm(width)

    def forward(self, x: Tensor, other: Tensor, bias: Tensor) -> Tensor:
        """Return tokens of the same shape."""
        for own, across, feed in self.layers:  # type: ignore[misc]
            x = x + own(x, bias)  # type: ignore[has-type]
            x = x + across(x, bias, other)  # type: ignore[has-type]
            x = x + feed(x)  # type: ignore[has-type]
        out: Tensor = self.norm_out(x)
        return out


class Tower(nn.Module):
    """Patches of one sensor, and their transformer."""

    def __init__(self, bands: int, width: int, depth: int, heads: int, patch: int) -> None:
        super().__init__()
        self.patch = patch
        self.linear_input = nn.Linear(bands * patch**2, width)
        self.transformer = Transformer(width, depth, heads)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """Turn images (b, bands, h patch, w patch) into tokens (b, h * w, width)."""
        # b c (h p) (w p) -> b (h w) (c p p)
        patches = functional.unfold(x, self.patch, stride=self.patch).transpose(1, 2)
        out: Tensor = self.transformer(self.linear_input(patches), bias)
        return out


class Croma(nn.Module):
    """Embed the patches of radar images, optical images, or both.

    Parameters
    ----------
    width, depth, heads, patch : int
        ``depth`` is that of the optical tower; the two others have half of it. The defaults are those of CROMA base.
    """

    def __init__(self, width: int = 768, depth: int = 12, heads: int = 16, patch: int = 8) -> None:
        super().__init__()
        self.width, self.heads, self.patch = width, heads, patch
        self.s1_encoder = Tower(RADAR_BANDS, width, depth // 2, heads, patch)
        self.s1_GAP_FFN = _pooled(width)
        self.s2_encoder = Tower(OPTICAL_BANDS, width, depth, heads, patch)
        self.s2_GAP_FFN = _pooled(width)
        self.joint_encoder = JointTransformer(width, depth // 2, heads)

    def forward(self, radar: Tensor | None, optical: Tensor | None) -> Tensor:
        """Return the encoded patches; those of radar attend to the optical image where both are given.

        Parameters
        ----------
        radar : Tensor, optional, shape (b, 2, h patch, w patch)
        optical : Tensor, optional, shape (b, 12, h patch, w patch)
            Values from 0 to 1.

        Returns
        -------
        Tensor, shape (b, width, h, w)
        """
        shape = next(x.shape for x in (radar, optical) if x is not None)
        h, w = (n // self.patch for n in shape[-2:])
        bias = distances(h, w, self.heads).to(self.s1_encoder.linear_input.weight)
        first: Tensor | None = None if radar is None else self.s1_encoder(radar, bias)
        second: Tensor | None = None if optical is None else self.s2_encoder(optical, bias)
        tokens = second if first is None else first if second is None else self.joint_encoder(first, second, bias)
        # b (h w) d -> b d h w
        out: Tensor = tokens.transpose(1, 2).reshape(shape[0], -1, h, w)  # type: ignore[union-attr]
        return out


def _pooled(width: int) -> nn.Sequential:
    """Return the layers that the authors apply to the mean of a tower's patches; kept so that the file loads strictly."""
    return nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))


def distances(h: int, w: int, heads: int) -> Tensor:
    """Return minus the distance of every pair of patches times the slope of each head (ALiBi in two dimensions).

    Returns
    -------
    Tensor, shape (heads, h * w, h * w), float32
    """
    rows, columns = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
    places = torch.stack([rows.flatten(), columns.flatten()], dim=1).double()
    apart = torch.linalg.vector_norm(places[:, None] - places[None], dim=-1)
    first = 2.0 ** -(8.0 / heads)
    slopes = torch.tensor([math.pow(first, i + 1) for i in range(heads)], dtype=torch.float64)
    out: Tensor = (-slopes[:, None, None] * apart).float()
    return out
