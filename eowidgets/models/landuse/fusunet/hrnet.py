"""HRNet (Wang et al., 2020, arXiv:1908.07919): branches of several resolutions that exchange their features."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.models.blocks.residual import Block, Bottleneck
from eowidgets.models.landuse.fusunet.config import HRNetConfig


def convolved(inside: int, outside: int, *, stride: int = 1, side: int = 3, relu: bool = True) -> nn.Sequential:
    """Return a convolution with batch norm, and optionally ReLU."""
    layers: list[nn.Module] = [
        nn.Conv2d(inside, outside, side, stride, side // 2, bias=False),
        nn.BatchNorm2d(outside),
    ]
    return nn.Sequential(*layers, *([nn.ReLU()] if relu else []))


def lowered(inside: int, outside: int, halvings: int) -> nn.Sequential:
    """Return convolutions that halve the size several times; the last one has the new width and no ReLU."""
    steps = [convolved(inside, inside, stride=2) for _ in range(halvings - 1)]
    return nn.Sequential(*steps, convolved(inside, outside, stride=2, relu=False))


def resized(x: Tensor, like: Tensor) -> Tensor:
    """Resize maps to the size of others."""
    return functional.interpolate(x, like.shape[-2:], mode="bilinear", align_corners=True)


class Exchange(nn.Module):
    """One module: residual blocks in every branch, then a sum of all branches for each."""

    def __init__(self, widths: Sequence[int], blocks: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(nn.Sequential(*(Block(w, w, 1) for _ in range(blocks))) for w in widths)
        self.paths = nn.ModuleList(
            nn.ModuleList(_path(a, b, i, j) for j, a in enumerate(widths)) for i, b in enumerate(widths)
        )

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        """Transform the maps of the branches, finest first."""
        own = [branch(x) for branch, x in zip(self.branches, maps, strict=True)]
        found = []
        for like, paths in zip(own, self.paths, strict=True):
            parts = [path(x) for path, x in zip(paths, own, strict=True)]  # type: ignore[call-overload]
            same = [resized(p, like) if p.shape[-1] < like.shape[-1] else p for p in parts]
            found.append(functional.relu(torch.stack(same).sum(0)))
        return found


def _path(a: int, b: int, to: int, start: int) -> nn.Module:
    """Return the path from branch ``start`` (width a) to ``to`` (width b); coarser branches are enlarged later."""
    if to == start:
        return nn.Identity()
    return convolved(a, b, side=1, relu=False) if start > to else lowered(a, b, to - start)


class HRNet(nn.Module):
    """Compute features at a quarter of the resolution: all branches, enlarged and concatenated."""

    def __init__(self, config: HRNetConfig) -> None:
        super().__init__()
        self.config, widths = config, config.widths
        self.stem = nn.Sequential(
            convolved(config.channels, config.stem, stride=2), convolved(config.stem, config.stem, stride=2)
        )
        wide = 4 * config.stem
        first = (config.stem, *[wide] * (config.bottlenecks - 1))
        self.bottlenecks = nn.Sequential(*(Bottleneck(inside, config.stem, 1) for inside in first))
        self.enter = convolved(wide, widths[0])
        # Each stage adds a branch, computed from the coarsest one.
        self.begin = nn.ModuleList(convolved(a, b, stride=2) for a, b in pairwise((wide, *widths[1:])))
        self.stages = nn.ModuleList(
            nn.Sequential(*(Exchange(widths[: i + 2], config.blocks) for _ in range(count)))
            for i, count in enumerate(config.modules)
        )

    @property
    def width(self) -> int:
        """Channels of the features."""
        return sum(self.config.widths)

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, width, h / 4, w / 4) for ``x`` (n, channels, h, w)."""
        x = self.bottlenecks(self.stem(x))
        maps, coarsest = [self.enter(x)], x
        for begin, stage in zip(self.begin, self.stages, strict=True):
            maps = stage([*maps, begin(coarsest)])
            coarsest = maps[-1]
        return torch.cat([maps[0], *(resized(m, maps[0]) for m in maps[1:])], dim=1)
