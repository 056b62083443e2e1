"""U-Net (Ronneberger et al., 2015), with batch normalisation and padding."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class UNetConfig:
    """Sizes of the network.

    Attributes
    ----------
    channels : int
        Of the input, for example dates times bands.
    outputs : int
        Classes.
    widths : tuple of int
        Of the levels, from the finest to the coarsest.
    """

    channels: int
    outputs: int
    widths: tuple[int, ...] = (16, 32, 64, 128)


def double(inside: int, outside: int) -> nn.Sequential:
    """Return two 3 x 3 convolutions, each with batch norm and ReLU."""
    layers: list[nn.Module] = []
    for a, b in ((inside, outside), (outside, outside)):
        layers += [nn.Conv2d(a, b, 3, padding=1, bias=False), nn.BatchNorm2d(b), nn.ReLU()]
    return nn.Sequential(*layers)


class UNet(nn.Module):
    """A U-Net that predicts class scores, or numbers, for every pixel."""

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = config
        widths = config.widths
        self.down = nn.ModuleList(double(a, b) for a, b in pairwise((config.channels, *widths)))
        self.grow = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, 2) for a, b in pairwise(widths))
        self.up = nn.ModuleList(double(2 * a, a) for a in widths[:-1])
        self.head = nn.Conv2d(widths[0], config.outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return scores (n, outputs, h, w); h and w must be multiples of 2 ** (levels - 1)."""
        skips: list[Tensor] = []
        for i, down in enumerate(self.down):
            x = down(functional.max_pool2d(x, 2) if i else x)
            skips.append(x)
        skips.pop()
        for i in reversed(range(len(self.up))):
            x = self.up[i](torch.cat([skips[i], self.grow[i](x)], dim=1))
        found: Tensor = self.head(x)
        return found
