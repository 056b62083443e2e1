"""FCN, U-Net and Xception-S2 (Lang et al., 2019), as Sialelli et al. (2024) use them for biomass at the centre of a patch.

Written from the description in the papers; the public code of AGBD (CC BY-NC) was used to check sizes only.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.models.biomass.agbd.config import FCNConfig, UNetConfig, XceptionConfig


class FCN(nn.Module):
    """3 x 3 convolutions without pooling, each with batch norm and ReLU, and a linear map."""

    def __init__(self, config: FCNConfig) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for a, b in pairwise((config.channels, *config.widths)):
            layers += [nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Conv2d(config.widths[-1], config.outputs, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, outputs, h, w) for ``x`` (n, channels, h, w)."""
        found: Tensor = self.layers(x)
        return found


class ResidualPair(nn.Module):
    """Two 3 x 3 convolutions with batch norm and ReLU and a shortcut; the first one may halve the size."""

    def __init__(self, inside: int, outside: int, stride: int = 1) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *(nn.Conv2d(inside, outside, 3, padding=1), nn.BatchNorm2d(outside), nn.ReLU()),
            *(nn.Conv2d(outside, outside, 3, stride, 1), nn.BatchNorm2d(outside), nn.ReLU()),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride > 1 or inside != outside:
            self.shortcut = nn.Sequential(nn.Conv2d(inside, outside, 1, stride, bias=False), nn.BatchNorm2d(outside))

    def forward(self, x: Tensor) -> Tensor:
        """Transform (n, inside, h, w)."""
        return functional.relu(self.body(x) + self.shortcut(x))


class ResidualUNet(nn.Module):
    """U-Net of residual pairs: strided on the way down, transposed convolutions on the way up."""

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        widths = config.widths
        self.enter = ResidualPair(config.channels, widths[0])
        self.down = nn.ModuleList(ResidualPair(a, b, stride=2) for a, b in pairwise(widths))
        # Widths double from level to level, so both inputs of a concatenation have the same width.
        self.grow = nn.ModuleList(nn.ConvTranspose2d(b, a, 4, 2, 1) for a, b in pairwise(widths))
        self.up = nn.ModuleList(ResidualPair(2 * a, a) for a in widths[:-1])
        self.head = nn.Conv2d(widths[0], config.outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, outputs, h, w) for ``x`` (n, channels, h, w); h and w are multiples of 2 ** (levels - 1)."""
        skips = [self.enter(x)]
        for down in self.down:
            skips.append(down(skips[-1]))
        x = skips.pop()
        for i in reversed(range(len(self.up))):
            x = self.up[i](torch.cat([skips[i], self.grow[i](x)], dim=1))
        found: Tensor = self.head(x)
        return found


class Separable(nn.Sequential):
    """A depthwise 3 x 3 convolution and a pointwise 1 x 1 convolution with batch norm."""

    def __init__(self, width: int) -> None:
        super().__init__(
            nn.Conv2d(width, width, 3, padding=1, groups=width, bias=False),
            nn.Conv2d(width, width, 1, bias=False),
            nn.BatchNorm2d(width),
        )


class SeparableBlock(nn.Module):
    """Two separable convolutions, each after a ReLU, with a shortcut."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.ReLU(), Separable(width), nn.ReLU(), Separable(width))

    def forward(self, x: Tensor) -> Tensor:
        """Transform (n, width, h, w)."""
        found: Tensor = x + self.body(x)
        return found


class XceptionS2(nn.Module):
    """Xception-S2: 1 x 1 convolutions over the bands, then blocks of separable convolutions at full resolution."""

    def __init__(self, config: XceptionConfig) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        widths = (config.channels, *config.entry, config.width)
        for a, b in pairwise(widths):
            layers += [nn.Conv2d(a, b, 1), nn.BatchNorm2d(b), nn.ReLU()]
        self.entry = nn.Sequential(*layers[:-1])
        self.shortcut = nn.Sequential(nn.Conv2d(config.channels, config.width, 1), nn.BatchNorm2d(config.width))
        self.blocks = nn.Sequential(*(SeparableBlock(config.width) for _ in range(config.blocks)))
        self.head = nn.Conv2d(config.width, config.outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, outputs, h, w) for ``x`` (n, channels, h, w)."""
        entered = functional.relu(self.entry(x) + self.shortcut(x))
        found: Tensor = self.head(self.blocks(entered))
        return found
