"""AgriFM (Li et al., 2025): a Video Swin Transformer that halves dates together with rows and columns."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from eowidgets.models.encode.agrifm.config import SMALL, AgriFMConfig
from eowidgets.models.encode.agrifm.swin import Merging, SwinBlock3D


class PatchEmbed3D(nn.Module):
    """A convolution whose stride equals its kernel size."""

    def __init__(self, config: AgriFMConfig) -> None:
        super().__init__()
        self.proj = nn.Conv3d(config.channels, config.width, config.patch, config.patch)

    def forward(self, x: Tensor) -> Tensor:
        """Turn a series (b, t, c, h, w) into tokens (b, t / 4, h / 2, w / 2, width)."""
        missing = -x.shape[1] % self.proj.kernel_size[0]
        # The last date is repeated to complete a patch.
        x = torch.cat([x, *[x[:, -1:]] * missing], dim=1)
        tokens: Tensor = self.proj(x.transpose(1, 2)).permute(0, 2, 3, 4, 1)
        return tokens


class Stage(nn.Module):
    """Blocks of one resolution, followed by a merging in all stages but the last."""

    def __init__(self, config: AgriFMConfig, level: int) -> None:
        super().__init__()
        width = config.width * 2**level
        self.blocks = nn.ModuleList(
            SwinBlock3D(width, config.heads[level], config.window, shifted=i % 2 == 1)
            for i in range(config.depths[level])
        )
        self.downsample = Merging(width) if level < len(config.depths) - 1 else None

    def forward(self, x: Tensor) -> Tensor:
        """Mix tokens (b, d, h, w, width) and merge them."""
        for block in self.blocks:
            x = block(x)
        return x if self.downsample is None else self.downsample(x)


class AgriFM(nn.Module):
    """The encoder: computes a map of vectors from an image time series.

    Parameters
    ----------
    config : AgriFMConfig
    """

    def __init__(self, config: AgriFMConfig = SMALL) -> None:
        super().__init__()
        self.config = config
        self.patch_emd = PatchEmbed3D(config)
        self.layers = nn.ModuleList(Stage(config, level) for level in range(len(config.depths)))
        self.norm = nn.LayerNorm(config.vector)
        self.apply(_initial)

    def stages(self, x: Tensor) -> list[Tensor]:
        """Return the tokens after the patches and after each stage, (b, d, h, w, width), as input of a neck."""
        x = self.patch_emd(x)
        found = [x]
        for layer in self.layers:
            x = layer(x)
            found.append(x)
        return found

    def forward(self, x: Tensor) -> Tensor:
        """Return the last stage for a series (b, t, c, h, w), averaged over dates: (b, vector, h / stride, w / stride)."""
        tokens: Tensor = self.norm(self.stages(x)[-1]).mean(dim=1)
        return tokens.permute(0, 3, 1, 2)


def _initial(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
