"""Galileo's encoder: patches of a window, dates and groups of channels are the tokens of one transformer."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.models.blocks.embed import months, sinusoid
from eowidgets.models.blocks.packed import packed
from eowidgets.models.blocks.vit import Block

#: Groups of channels that share a token, and their numbers of channels, by the axes that they depend on.
SPACE_TIME = {
    "S1": 2,
    "S2_RGB": 3,
    "S2_Red_Edge": 3,
    "S2_NIR_10m": 1,
    "S2_NIR_20m": 1,
    "S2_SWIR": 2,
    "NDVI": 1,
}
SPACE = {"SRTM": 2, "DW": 9, "WC": 5}
TIME = {"ERA5": 2, "TC": 3, "VIIRS": 1}
STATIC = {"LS": 1, "location": 3, "DW_static": 9, "WC_static": 5}

#: Pixel size, in metres, that corresponds to one step of the positions across a window.
BASE_RESOLUTION = 10.0
#: Longest wavelength divided by 2π, and divided by the shortest one.
SLOWEST = 10.0


class FlexiPatch(nn.Module):
    """Patch projection whose kernel is resized to the patch size (FlexiViT, Beyer et al., 2023)."""

    def __init__(self, channels: int, width: int, size: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(channels, width, size, stride=size)

    def forward(self, x: Tensor, patch: int) -> Tensor:
        """Turn images (n, c, h patch, w patch) into patches (n, width, h, w)."""
        kernel = self.proj.weight
        if patch != kernel.shape[-1]:
            # width c (size size) -> width c patch patch
            resized = kernel.flatten(2) @ kernel_resize(kernel.shape[-1], patch).to(kernel).T
            kernel = resized.view(*resized.shape[:2], patch, patch)
        return functional.conv2d(x, kernel, self.proj.bias, stride=patch)


def kernel_resize(size: int, patch: int) -> Tensor:
    """Return the matrix that resizes kernels, so that a resized image has nearly the same response.

    It is the pseudo-inverse of the matrix that resizes images of ``size`` pixels to ``patch`` pixels.

    Returns
    -------
    Tensor, shape (patch * patch, size * size)
    """
    images = torch.eye(size * size).view(-1, 1, size, size)
    resized = functional.interpolate(images, (patch, patch), mode="bicubic", antialias=True)
    inverse: Tensor = torch.linalg.pinv(resized.flatten(1))
    return inverse


class Encoder(nn.Module):
    """Embed windows.

    The weights of inputs other than ``SPACE_TIME`` are kept, so that published weights load strictly; they are not used.

    Parameters
    ----------
    width, depth, heads, hidden : int
        Of the transformer; the defaults are those of Galileo nano.
    dates : int
        Maximum number of dates of a window.
    patch : int
        Pixels along one side of the stored kernels, the largest patch.
    """

    def __init__(
        self, width: int = 128, depth: int = 4, heads: int = 8, hidden: int = 512, dates: int = 24, patch: int = 8
    ) -> None:
        super().__init__()
        # A token's encoding has four quarters: group of channels, position in the series, month, position in the window.
        quarter = width // 4
        self.blocks = nn.ModuleList(Block(width, heads, hidden, fused=False) for _ in range(depth))
        self.pos_embed = nn.Parameter(sinusoid(torch.arange(dates), quarter, SLOWEST), requires_grad=False)
        self.month_embed = months(quarter)
        self.s_t_channel_embed = nn.Parameter(torch.zeros(len(SPACE_TIME), quarter))
        self.sp_channel_embed = nn.Parameter(torch.zeros(len(SPACE), quarter))
        self.t_channel_embed = nn.Parameter(torch.zeros(len(TIME), quarter))
        self.st_channel_embed = nn.Parameter(torch.zeros(len(STATIC), quarter))
        self.space_time_embed = nn.ModuleDict({k: FlexiPatch(n, width, patch) for k, n in SPACE_TIME.items()})
        self.space_embed = nn.ModuleDict({k: FlexiPatch(n, width, patch) for k, n in SPACE.items()})
        self.time_embed = nn.ModuleDict({k: nn.Linear(n, width) for k, n in TIME.items()})
        self.static_embed = nn.ModuleDict({k: nn.Linear(n, width) for k, n in STATIC.items()})
        self.norm = nn.LayerNorm(width)

    def forward(
        self,
        groups: Mapping[str, Tensor],
        seen: Mapping[str, Tensor],
        months: Tensor,
        patch: int,
        resolution: float = BASE_RESOLUTION,
    ) -> Tensor:
        """Return the mean of the valid encoded tokens of every patch; NaN where there is none.

        Parameters
        ----------
        groups : mapping of str to Tensor, shape (b, t, channels, h patch, w patch)
            Normalised values of ``SPACE_TIME``, those that are available.
        seen : mapping of str to Tensor, shape (b, t, h, w), bool
        months : Tensor, shape (t,), int64
            0 is January.
        patch : int
            Pixels along one side of a patch.
        resolution : float
            Pixel size in metres.

        Returns
        -------
        Tensor, shape (b, width, h, w)
        """
        ratio = patch * resolution / BASE_RESOLUTION
        grid = torch.stack([self._tokens(k, x, months, patch, ratio) for k, x in groups.items()], dim=-2)
        kept = torch.stack([seen[name] for name in groups], dim=-1)
        # b t h w g d -> b (t h w g) d
        whole = self._encoded(grid.flatten(1, 4), kept.flatten(1))
        # b (t h w g) d -> b d h w
        total = whole.view(grid.shape).sum(dim=(1, 4)).movedim(-1, 1)
        out: Tensor = total / kept.sum(dim=(1, 4)).unsqueeze(1)
        return out

    def _encoded(self, x: Tensor, seen: Tensor) -> Tensor:
        """Encode the tokens, shape (b, n, width), where ``seen``, shape (b, n); 0 for the others."""

        def encode(tokens: Tensor, mask: Tensor | None, _: Tensor) -> Tensor:
            for block in self.blocks:
                tokens = block(tokens, mask)
            out: Tensor = self.norm(tokens)
            return out

        return packed(x, seen, encode)

    def _tokens(self, name: str, x: Tensor, months: Tensor, patch: int, ratio: float) -> Tensor:
        """Return the tokens of a group, shape (b, t, h, w, width)."""
        # (b t) width h w -> b t h w width
        tokens = self.space_time_embed[name](x.flatten(0, 1), patch).unflatten(0, x.shape[:2]).movedim(2, -1)
        t, h, w = tokens.shape[1:4]
        group = self.s_t_channel_embed[list(SPACE_TIME).index(name)]
        time = torch.cat([group.expand(t, -1), self.pos_embed[:t], self.month_embed(months)], dim=-1)
        space = _places(h, w, ratio, len(group), x.device)
        both = [time[:, None, None].expand(-1, h, w, -1), space.expand(t, -1, -1, -1)]
        out: Tensor = tokens + torch.cat(both, dim=-1)
        return out


def _places(h: int, w: int, ratio: float, dim: int, device: torch.device) -> Tensor:
    """Embed the patches of a window, half of the channels for columns and half for rows, shape (h, w, dim)."""
    rows, columns = (sinusoid(torch.arange(n, device=device) * ratio, dim // 2, SLOWEST) for n in (h, w))
    return torch.cat([columns.expand(h, -1, -1), rows[:, None].expand(-1, w, -1)], dim=-1)
