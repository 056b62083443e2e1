"""Clay's encoder: patches projected by weights computed from the wavelengths, in one transformer."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.models.blocks.spectral import WAVE_WIDTH, WeightGenerator, waves

#: Channels of a token that encode time and place rather than the position in the image.
METADATA = 8
#: Factor of the generated weights.
SCALE = 0.02


class Residual(nn.Module):
    """Two layers with GELU, added to their input."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.l1 = nn.Linear(width, width)
        self.l2 = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Return values of the same shape."""
        out: Tensor = x + functional.gelu(self.l2(functional.gelu(self.l1(x))))
        return out


class PatchEmbedding(nn.Module):
    """Project patches of any bands."""

    def __init__(self, width: int, patch: int) -> None:
        super().__init__()
        self.width, self.patch = width, patch
        self.weight_generator = WeightGenerator(width * patch**2, width, "encoder")
        self.fclayer = Residual(WAVE_WIDTH)

    def forward(self, x: Tensor, wavelengths: Tensor) -> Tensor:
        """Turn images (b, c, h patch, w patch) and wavelengths (c,) in micrometres into patches (b, width, h, w)."""
        encoded = self.fclayer(waves(wavelengths, through_end=True))
        weights, bias = self.weight_generator(encoded)
        # c (d p p) -> d c p p
        kernel = SCALE * weights.unflatten(1, (self.width, self.patch, self.patch)).transpose(0, 1)
        return functional.conv2d(x, kernel, bias, stride=self.patch)


class Attention(nn.Module):
    """Self-attention with an internal pre-norm, and without biases in its projections."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.to_qkv = nn.Linear(width, 3 * width, bias=False)
        self.to_out = nn.Linear(width, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return tokens of the same shape, (b, n, width)."""
        # b n (3 h d) -> 3 of b h n d
        parts = self.to_qkv(self.norm(x)).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(*parts)
        # b h n d -> b n (h d)
        out: Tensor = self.to_out(mixed.transpose(1, 2).flatten(2))
        return out


class FeedForward(nn.Module):
    """Two layers with an internal pre-norm."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))

    def forward(self, x: Tensor) -> Tensor:
        """Return tokens of the same shape."""
        out: Tensor = self.net(x)
        return out


class Transformer(nn.Module):
    """Pre-norm blocks and a final normalisation."""

    def __init__(self, width: int, depth: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.layers = nn.ModuleList(
            nn.ModuleList([Attention(width, heads), FeedForward(width, hidden)]) for _ in range(depth)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return tokens of the same shape."""
        for block in self.layers:
            for part in block:  # type: ignore[attr-defined]
                x = x + part(x)
        out: Tensor = self.norm(x)
        return out


class Encoder(nn.Module):
    """Embed the patches of images.

    Parameters
    ----------
    width, depth, heads, hidden, patch : int
        The defaults are those of Clay v1.5.
    """

    def __init__(self, width: int = 1024, depth: int = 24, heads: int = 16, hidden: int = 4096, patch: int = 8) -> None:
        super().__init__()
        self.width, self.patch = width, patch
        self.cls_token = nn.Parameter(0.02 * torch.randn(1, 1, width))
        self.patch_embedding = PatchEmbedding(width, patch)
        self.transformer = Transformer(width, depth, heads, hidden)

    def forward(self, x: Tensor, wavelengths: Tensor, resolution: float, metadata: Tensor) -> Tensor:
        """Return the encoded patches.

        Parameters
        ----------
        x : Tensor, shape (b, c, h patch, w patch)
            Normalised values.
        wavelengths : Tensor, shape (c,)
            Micrometres.
        resolution : float
            Pixel size in metres.
        metadata : Tensor, shape (b, 8)
            Sine and cosine of the week, the hour, the latitude and the longitude; zeros if unknown.

        Returns
        -------
        Tensor, shape (b, width, h, w)
        """
        grid = self.patch_embedding(x, wavelengths)
        b, _, h, w = grid.shape
        places = positions(h, w, self.width - METADATA, resolution).to(grid)
        # b d h w -> b (h w) d
        tokens = grid.flatten(2).transpose(1, 2)
        extra = torch.cat([places.expand(b, -1, -1), metadata.to(grid)[:, None].expand(-1, h * w, -1)], dim=2)
        encoded = self.transformer(torch.cat([self.cls_token.expand(b, -1, -1), tokens + extra], dim=1))
        # b (h w) d -> b d h w
        out: Tensor = encoded[:, 1:].transpose(1, 2).reshape(b, -1, h, w)
        return out


def positions(h: int, w: int, dim: int, resolution: float) -> Tensor:
    """Encode the positions of patches by waves whose rates grow with the pixel size.

    The rates hardly fall: the authors divide the exponent by ``dim`` once more, and the weights were trained with this.

    Returns
    -------
    Tensor, shape (h * w, dim), float32
    """
    quarter = dim // 4
    step = torch.arange(quarter, dtype=torch.float32) / (quarter - 1)
    rates = resolution / 10_000.0 ** (2 * step / dim)
    rows, columns = (torch.arange(n, dtype=torch.float32)[:, None] * rates for n in (h, w))
    x, y = columns.expand(h, -1, -1), rows[:, None].expand(-1, w, -1)
    return torch.cat([x.sin(), x.cos(), y.sin(), y.cos()], dim=-1).flatten(0, 1)
