"""DOFA's encoder: patches projected by weights computed from the wavelengths, in a vision transformer."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.models.blocks.spectral import WAVE_WIDTH, WeightGenerator, resized, waves
from eowidgets.models.blocks.vit import Block

#: Factor of the generated weights.
SCALE = 0.01
NANOMETRES = 1000.0
EPS = 1e-6


class Residual(nn.Module):
    """Two layers with ReLU, added to their input."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.w1 = nn.Linear(width, width)
        self.w2 = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Return values of the same shape."""
        out: Tensor = x + functional.relu(self.w2(functional.relu(self.w1(x))))
        return out


class PatchEmbedding(nn.Module):
    """Project patches of any bands."""

    def __init__(self, width: int, patch: int) -> None:
        super().__init__()
        self.width, self.patch = width, patch
        self.weight_generator = WeightGenerator(width * patch**2, width, "transformer_encoder")
        self.fclayer = Residual(WAVE_WIDTH)

    def forward(self, x: Tensor, wavelengths: Tensor) -> Tensor:
        """Turn images (b, c, h patch, w patch) and wavelengths (c,) in micrometres into patches (b, width, h, w)."""
        encoded = self.fclayer(waves(NANOMETRES * wavelengths, through_end=False))
        weights, bias = self.weight_generator(encoded)
        # c (p p d) -> d c p p
        kernel = SCALE * weights.unflatten(1, (self.patch, self.patch, self.width)).permute(3, 0, 1, 2)
        # The authors pad by one pixel, which shifts every patch by one.
        return functional.conv2d(x, kernel, SCALE * bias, stride=self.patch, padding=1)


class Encoder(nn.Module):
    """Embed the patches of images.

    Parameters
    ----------
    width, depth, heads, hidden, patch, side : int
        ``side`` is that of the images whose position embeddings are stored; the defaults are those of DOFA base.
    """

    def __init__(
        self,
        width: int = 768,
        depth: int = 12,
        heads: int = 12,
        hidden: int | None = None,
        patch: int = 16,
        side: int = 224,
    ) -> None:
        super().__init__()
        self.width = width
        self.patch_embed = PatchEmbedding(width, patch)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, (side // patch) ** 2 + 1, width), requires_grad=False)
        self.blocks = nn.ModuleList(Block(width, heads, hidden or 4 * width, fused=True, eps=EPS) for _ in range(depth))

    def forward(self, x: Tensor, wavelengths: Tensor) -> Tensor:
        """Return the encoded patches, without a final normalisation: its weights are not published.

        Parameters
        ----------
        x : Tensor, shape (b, c, h patch, w patch)
            Normalised values.
        wavelengths : Tensor, shape (c,)
            Micrometres.

        Returns
        -------
        Tensor, shape (b, width, h, w)
        """
        grid = self.patch_embed(x, wavelengths)
        h, w = grid.shape[-2:]
        # b d h w -> b (h w) d
        tokens = grid.flatten(2).transpose(1, 2) + resized(self.pos_embed[:, 1:], h, w)
        first = (self.cls_token + self.pos_embed[:, :1]).expand(len(x), -1, -1)
        encoded = torch.cat([first, tokens], dim=1)
        for block in self.blocks:
            encoded = block(encoded)
        # b (h w) d -> b d h w
        out: Tensor = encoded[:, 1:].transpose(1, 2).reshape(len(x), -1, h, w)
        return out
