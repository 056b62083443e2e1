"""SpectralEarth: convolutions along the spectrum, then a vision transformer; and the masked autoencoder that trains it."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.models.blocks.vit import Block
from eowidgets.models.encode.spectralearth.config import SpectralConfig

#: Epsilon of all layer norms, as in the reference.
EPSILON = 1e-6


class SpectralAdapter(nn.Sequential):
    """Encode spectra as channels, pixel by pixel: three convolutions along the wavelengths and a mean over the rest."""

    def __init__(self, config: SpectralConfig) -> None:
        parts: list[nn.Module] = []
        inside = 1
        for width, kernel, stride in zip(config.adapter, config.kernels, config.strides, strict=True):
            parts.append(nn.Conv3d(inside, width, (kernel, 1, 1), (stride, 1, 1), (1, 0, 0)))
            parts += [nn.BatchNorm3d(width), nn.ReLU()]
            inside = width
        super().__init__(OrderedDict((str(i), part) for i, part in enumerate(parts)))

    def forward(self, x: Tensor) -> Tensor:
        """Turn (b, wavelengths, h, w) into (b, channels, h, w)."""
        y = x.unsqueeze(1)
        for part in self:
            y = part(y)
        return y.mean(dim=2)


class VisionTransformer(nn.Module):
    """A vision transformer (Dosovitskiy et al., 2021) without a classifier, with the parameter names of timm."""

    def __init__(self, config: SpectralConfig) -> None:
        super().__init__()
        side = config.side // config.patch
        self.cls_token = nn.Parameter(torch.zeros(1, 1, config.width))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + side * side, config.width))
        projection = nn.Conv2d(config.adapter[-1], config.width, config.patch, config.patch)
        self.patch_embed = nn.ModuleDict({"proj": projection})
        self.blocks = nn.ModuleList(
            Block(config.width, config.heads, 4 * config.width, fused=True) for _ in range(config.depth)
        )
        self.norm = nn.LayerNorm(config.width)
        for part in self.modules():
            if isinstance(part, nn.LayerNorm):
                part.eps = EPSILON
        nn.init.trunc_normal_(self.cls_token, std=0.02)
        nn.init.trunc_normal_(self.pos_embed, std=0.02)

    def positions(self, rows: int, columns: int) -> Tensor:
        """Return position embeddings for a grid, shape (1, rows * columns, width), interpolated for another size."""
        table = self.pos_embed[:, 1:]
        side = round(table.shape[1] ** 0.5)
        if (rows, columns) == (side, side):
            return table
        # 1 (h w) d -> 1 d h w
        grid = table.reshape(1, side, side, -1).permute(0, 3, 1, 2)
        grid = functional.interpolate(grid, (rows, columns), mode="bicubic", align_corners=False)
        return grid.flatten(2).transpose(1, 2)

    def forward(self, y: Tensor) -> Tensor:
        """Encode tokens with their positions (b, n, width), and return them after the class token, (b, 1 + n, width)."""
        first = (self.cls_token + self.pos_embed[:, :1]).expand(len(y), -1, -1)
        y = torch.cat([first, y], dim=1)
        for block in self.blocks:
            y = block(y)
        found: Tensor = self.norm(y)
        return found


class SpectralViT(nn.Module):
    """Encode spectra (b, wavelengths, h, w) as features (b, width, h / patch, w / patch).

    Spectra are on the grid of wavelengths, and standardised by ``mean`` and ``std``, one number per wavelength.

    Parameters
    ----------
    config : SpectralConfig
    """

    mean: Tensor
    std: Tensor

    def __init__(self, config: SpectralConfig) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("mean", torch.zeros(config.bands))
        self.register_buffer("std", torch.ones(config.bands))
        self.spectral_adapter = SpectralAdapter(config)
        self.vit_core = VisionTransformer(config)

    def standardised(self, x: Tensor) -> Tensor:
        """Subtract the mean and divide by the standard deviation, per wavelength."""
        return (x - self.mean.view(-1, 1, 1)) / self.std.view(-1, 1, 1)

    def tokens(self, x: Tensor, kept: Tensor | None = None) -> Tensor:
        """Return the class token and those of the patches.

        Parameters
        ----------
        x : Tensor, shape (b, wavelengths, h, w)
            Standardised spectra.
        kept : Tensor, optional, shape (b, k)
            Patches to encode; nothing is computed for the others.

        Returns
        -------
        Tensor, shape (b, 1 + k, width)
        """
        patch, core = self.config.patch, self.vit_core
        rows, columns = (n // patch for n in x.shape[-2:])
        where = core.positions(rows, columns)
        project = core.patch_embed["proj"]
        if kept is None:
            y = project(self.spectral_adapter(x)).flatten(2).transpose(1, 2) + where
        else:
            # b c (h p) (w q) -> b (h w) c p q, of which k are selected
            cut = x.reshape(*x.shape[:2], rows, patch, columns, patch).permute(0, 2, 4, 1, 3, 5).flatten(1, 2)
            some = cut[torch.arange(len(x))[:, None], kept]
            y = project(self.spectral_adapter(some.flatten(0, 1))).view(*kept.shape, -1)
            y = y + where[0][kept]
        found: Tensor = core(y)
        return found

    def forward(self, x: Tensor) -> Tensor:
        """Return the features of the patches for spectra that are not standardised."""
        rows, columns = (n // self.config.patch for n in x.shape[-2:])
        tokens = self.tokens(self.standardised(x))[:, 1:]
        return tokens.transpose(1, 2).reshape(len(x), -1, rows, columns)


class MaskedAutoencoder(nn.Module):
    """Reconstruct all patches from a few visible ones (He et al., 2022).

    Parameters
    ----------
    encoder : SpectralViT
    width, heads : int
        Of the decoder, one block (512 and 16 in the reference).
    share : float
        Share of the patches that is masked.
    whole : bool
        Whether to reconstruct all patches, and not only the masked ones, each standardised by itself. The tokens must then
        also encode the brightness of their own patch, which is otherwise hard to learn from few images.
    """

    def __init__(
        self, encoder: SpectralViT, width: int = 512, heads: int = 16, share: float = 0.75, *, whole: bool = False
    ) -> None:
        super().__init__()
        config = encoder.config
        self.encoder, self.share, self.whole = encoder, share, whole
        self.embed = nn.Linear(config.width, width)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, width))
        self.positions = nn.Parameter(torch.zeros(1, (config.side // config.patch) ** 2, width))
        nn.init.trunc_normal_(self.positions, std=0.02)
        self.block, self.norm = Block(width, heads, 4 * width, fused=True), nn.LayerNorm(width)
        self.predict = nn.Linear(width, config.bands * config.patch**2)

    def forward(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Return the mean squared error of reconstructed patches of images (b, wavelengths, side, side)."""
        config, b = self.encoder.config, len(x)
        n = (config.side // config.patch) ** 2
        order = torch.rand(b, n, generator=generator).argsort(1)
        few = n - round(self.share * n)
        kept, hidden = order[:, :few], order[:, few:]
        seen = self.embed(self.encoder.tokens(x, kept)[:, 1:])
        y = self.mask_token.expand(b, n, -1).scatter(1, _wide(kept, seen.shape[-1]), seen) + self.positions
        y = self.norm(self.block(y))
        target = functional.unfold(x, config.patch, stride=config.patch).transpose(1, 2)
        if self.whole:
            return functional.mse_loss(self.predict(y), target)
        y = y.gather(1, _wide(hidden, y.shape[-1]))
        target = target.gather(1, _wide(hidden, target.shape[-1]))
        spread, mean = torch.std_mean(target, dim=-1, keepdim=True)
        return functional.mse_loss(self.predict(y), (target - mean) / (spread + 1e-3))


def _wide(index: Tensor, width: int) -> Tensor:
    return index.unsqueeze(-1).expand(-1, -1, width)
