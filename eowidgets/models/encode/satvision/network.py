"""SatVision-TOA: a Swin V2 encoder, and SimMIM, which trains it to reconstruct masked patches (Xie et al., 2022)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.models.blocks.swin import PatchEmbed, PatchMerging, SwinV2Block
from eowidgets.models.encode.satvision.config import SwinConfig

#: The stage, from 0, whose blocks have additional norms.
NORMED = 2


class SwinV2(nn.Module):
    """Encode images (b, channels, h, w) as features (b, width, h / stride, w / stride).

    Parameters
    ----------
    config : SwinConfig
    """

    def __init__(self, config: SwinConfig) -> None:
        super().__init__()
        self.config = config
        self.patch_embed = PatchEmbed(config.channels, config.widths[0], config.patch)
        self.mask_token = nn.Parameter(torch.zeros(config.widths[0], 1, 1))
        nn.init.trunc_normal_(self.mask_token, std=0.02)
        self.stages = nn.ModuleList(self._stage(level) for level in range(len(config.widths)))
        self.norm = nn.LayerNorm(config.width)

    def _stage(self, level: int) -> nn.Sequential:
        config, width = self.config, self.config.widths[level]
        tokens = config.side // config.patch // 2**level
        window, shifts = min(config.window, tokens), tokens > config.window
        parts: list[nn.Module] = [PatchMerging(config.widths[level - 1], width)] if level else []
        for i in range(config.depths[level]):
            extra = level == NORMED and bool(config.norm_period) and (i + 1) % config.norm_period == 0
            parts.append(
                SwinV2Block(
                    width,
                    config.heads[level],
                    window,
                    shifted=shifts and i % 2 == 1,
                    hidden=config.hidden,
                    extra_norm=extra,
                )
            )
        return nn.Sequential(*parts)

    def forward(self, x: Tensor, masked: Tensor | None = None) -> Tensor:
        """Encode images.

        Parameters
        ----------
        x : Tensor, shape (b, channels, h, w)
            h and w are multiples of the stride.
        masked : Tensor, optional, shape (b, h / patch, w / patch), bool
            Tokens that are replaced by the mask token.

        Returns
        -------
        Tensor, shape (b, width, h / stride, w / stride)
        """
        y = self.patch_embed(x)
        if masked is not None:
            y = torch.where(masked.unsqueeze(1), self.mask_token.to(y.dtype), y)
        for stage in self.stages:
            y = stage(y)
        found: Tensor = self.norm(y.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return found


class SimMIM(nn.Module):
    """Reconstruct masked squares by one linear layer on the features.

    Parameters
    ----------
    encoder : SwinV2
    """

    def __init__(self, encoder: SwinV2) -> None:
        super().__init__()
        self.encoder = encoder
        config = encoder.config
        self.decoder = nn.Sequential(
            nn.Conv2d(config.width, config.channels * config.stride**2, 1), nn.PixelShuffle(config.stride)
        )

    def forward(self, x: Tensor, masked: Tensor, measured: Tensor) -> Tensor:
        """Return the mean absolute error over masked pixels of measured bands.

        Parameters
        ----------
        x : Tensor, shape (b, channels, h, w)
        masked : Tensor, shape (b, h / mask, w / mask), bool
        measured : Tensor, shape (b, channels), bool
        """
        config = self.encoder.config
        tokens = masked.repeat_interleave(config.mask // config.patch, 1).repeat_interleave(
            config.mask // config.patch, 2
        )
        pixels = masked.repeat_interleave(config.mask, 1).repeat_interleave(config.mask, 2)
        restored = self.decoder(self.encoder(x, tokens))
        weight = (pixels[:, None] & measured[:, :, None, None]).to(x.dtype)
        error: Tensor = functional.l1_loss(restored, x, reduction="none")
        return (error * weight).sum() / weight.sum().clamp_min(1.0)


def random_masks(count: int, config: SwinConfig, share: float, generator: torch.Generator) -> Tensor:
    """Draw masked squares, the same number in every image, shape (count, side / mask, side / mask)."""
    n = config.side // config.mask
    rank = torch.rand(count, n * n, generator=generator).argsort(1).argsort(1)
    return (rank < round(share * n * n)).view(count, n, n)
