"""SkySense (Guo et al., 2024): a spatial encoder per source, a fusion of dates and sources, and a regional context."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.models.blocks.vit import Block
from eowidgets.models.encode.skysense.config import SMALL, BranchConfig, SkySenseConfig
from eowidgets.models.encode.skysense.context import GeoContext


@dataclass(frozen=True, slots=True)
class Series:
    """The images of one source.

    Attributes
    ----------
    values : Tensor, shape (b, t, c, h, w)
        Scaled as in the training; 0 where nothing was observed.
    seen : Tensor, shape (b, t, g, g), bool
        Valid patches.
    year : Tensor, shape (t,) or (b, t)
        Elapsed share of the year on each date, 0 to 1.
    """

    values: Tensor
    seen: Tensor
    year: Tensor


class Branch(nn.Module):
    """A vision transformer over the patches of one date of one source.

    Parameters
    ----------
    config : BranchConfig
    grid : int
        Patches along one side in the training.
    width : int
        Width of the output.
    """

    def __init__(self, config: BranchConfig, grid: int, width: int) -> None:
        super().__init__()
        self.patches = nn.Conv2d(config.channels, config.width, config.patch, config.patch)
        self.positions = nn.Parameter(torch.zeros(1, config.width, grid, grid))
        self.blocks = nn.ModuleList(
            Block(config.width, config.heads, 4 * config.width, fused=True) for _ in range(config.depth)
        )
        self.norm = nn.LayerNorm(config.width)
        self.project = nn.Linear(config.width, width)
        nn.init.trunc_normal_(self.positions, std=0.02)

    def forward(self, x: Tensor) -> Tensor:
        """Turn images (b, t, c, h, w) into tokens (b, t, n, width)."""
        b, t = x.shape[:2]
        tokens = self.patches(x.flatten(0, 1))
        places: Tensor = self.positions
        if places.shape[-2:] != tokens.shape[-2:]:
            places = functional.interpolate(places, tokens.shape[-2:], mode="bicubic", align_corners=False)
        # (b t) c h w -> (b t) (h w) c
        tokens = (tokens + places).flatten(2).transpose(1, 2)
        for block in self.blocks:
            tokens = block(tokens)
        found: Tensor = self.project(self.norm(tokens))
        return found.reshape(b, t, *found.shape[1:])


class SkySense(nn.Module):
    """The encoder: computes a map of vectors from the series of one to three sources.

    Parameters
    ----------
    config : SkySenseConfig
    """

    def __init__(self, config: SkySenseConfig = SMALL) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.branches = nn.ModuleDict(
            {name: Branch(branch, config.grid, width) for name, branch in config.branches.items()}
        )
        self.sources = nn.ParameterDict({name: nn.Parameter(0.02 * torch.randn(width)) for name in config.branches})
        self.calendar = nn.Parameter(0.02 * torch.randn(config.days, width))
        self.token = nn.Parameter(0.02 * torch.randn(width))
        self.fusion = nn.ModuleList(Block(width, config.heads, 4 * width, fused=True) for _ in range(config.depth))
        self.norm = nn.LayerNorm(width)
        self.context = GeoContext(config.regions, config.prototypes, width) if config.prototypes else None

    def spatial(self, sources: Mapping[str, Series]) -> dict[str, Tensor]:
        """Return the tokens of each source alone, (b, t, n, width)."""
        return {name: self.branches[name](series.values) for name, series in sources.items()}

    def fuse(self, tokens: Mapping[str, Tensor], sources: Mapping[str, Series]) -> Tensor:
        """Fuse dates and sources at each position of the grid: (b, n, width)."""
        parts, seen = [], []
        for name, found in tokens.items():
            series = sources[name]
            part = (series.year * self.config.days).long() % self.config.days
            when = self.calendar[part] if part.dim() == 2 else self.calendar[part].unsqueeze(0)
            # b t n c -> b n t c
            parts.append((found + self.sources[name] + when.unsqueeze(2)).transpose(1, 2))
            seen.append(series.seen.flatten(2).transpose(1, 2))
        x = torch.cat(parts, dim=2)
        b, n = x.shape[:2]
        known = torch.cat(seen, dim=2)
        first = self.token.expand(b * n, 1, -1)
        # Each position of the grid is a separate sequence: one summary token, then dates and sources.
        x = torch.cat([first, x.flatten(0, 1)], dim=1)
        mask = functional.pad(known.flatten(0, 1), (1, 0), value=True)
        for block in self.fusion:
            x = block(x, mask)
        fused: Tensor = self.norm(x[:, 0]).reshape(b, n, -1)
        return fused

    def forward(self, sources: Mapping[str, Series], lonlat: Tensor) -> Tensor:
        """Return the map of a place, (b, vector, g, g).

        Parameters
        ----------
        sources : mapping of str to Series
            By the names of the branches; at least one.
        lonlat : Tensor, shape (b, 2)
            Centres in degrees.
        """
        fused = self.fuse(self.spatial(sources), sources)
        if self.context is not None:
            fused = torch.cat([fused, self.context(fused, lonlat)], dim=-1)
        rows = next(iter(sources.values())).seen.shape[-2]
        return fused.transpose(1, 2).reshape(fused.shape[0], fused.shape[2], rows, -1)
