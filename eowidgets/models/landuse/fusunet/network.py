"""FUSU-Net (Yuan et al., 2024, arXiv:2405.19055): land use at two dates, and change, from two images and a coarser series."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.models.landuse.fusunet.config import FusuConfig
from eowidgets.models.landuse.fusunet.hrnet import HRNet, convolved
from eowidgets.models.landuse.fusunet.utae import UTAE

#: Grid sizes of the pyramid pooling; dropout of the heads and of the fusion layers.
PYRAMID, HEAD_DROPOUT, FUSE_DROPOUT = (1, 2, 3, 6), 0.1, 0.3


def head(width: int, inside: int, outputs: int) -> nn.Sequential:
    """Return a 3 x 3 convolution to a quarter of the width, and a 1 x 1 convolution to scores."""
    return nn.Sequential(convolved(inside, width), nn.Dropout(HEAD_DROPOUT), nn.Conv2d(width, outputs, 1))


class Pyramid(nn.Module):
    """Concatenate maps with their means over grids of several sizes (Zhao et al., 2017)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.levels = nn.ModuleList(
            nn.Sequential(nn.AdaptiveAvgPool2d(side), convolved(width, width // 4, side=1)) for side in PYRAMID
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, 2 width, h, w) for ``x`` (n, width, h, w)."""
        size = x.shape[-2:]
        means = (functional.interpolate(level(x), size, mode="bilinear", align_corners=False) for level in self.levels)
        return torch.cat([x, *means], dim=1)


class Fusion(nn.Module):
    """Project the features of the series to those of the images: per position, and as a global mean."""

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        third = (outside - inside) // 3
        widths = (inside, inside + third, inside + 2 * third, outside)
        self.local = nn.Conv2d(inside, outside, 1)
        self.whole = nn.Sequential(
            *(nn.Linear(widths[0], widths[1]), nn.Dropout(FUSE_DROPOUT), nn.ReLU()),
            *(nn.Linear(widths[1], widths[2]), nn.Dropout(FUSE_DROPOUT), nn.ReLU()),
            nn.Linear(widths[2], widths[3]),
        )

    def forward(self, x: Tensor, size: torch.Size) -> Tensor:
        """Return (n, outside, *size) for ``x`` (n, inside, h, w)."""
        local = functional.interpolate(self.local(x), size, mode="bilinear", align_corners=False)
        found: Tensor = local + self.whole(x.mean((-2, -1)))[..., None, None]
        return found


class FusuNet(nn.Module):
    """Predict scores of land use at two dates, and of change."""

    def __init__(self, config: FusuConfig) -> None:
        super().__init__()
        self.config = config
        self.sharp = HRNet(config.sharp)
        width = self.sharp.width
        self.series = None if config.series is None else UTAE(config.series)
        self.fusion = None if config.series is None else Fusion(config.series.decoder[0], width)
        self.use = head(width // 4, width, config.classes)
        self.pyramid = Pyramid(width)
        self.change = head(width // 4, width + len(PYRAMID) * (width // 4), 1)

    def forward(
        self,
        before: Tensor,
        after: Tensor,
        series: Tensor | None = None,
        days: Tensor | None = None,
        seen: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Compare two images.

        Parameters
        ----------
        before, after : Tensor, shape (n, channels, h, w)
            h and w are multiples of 8.
        series : Tensor, shape (n, t, bands, h', w')
            The same area, coarser; with its days (t,), and the valid dates (n, t).

        Returns
        -------
        before, after : Tensor, shape (n, classes, h, w)
        change : Tensor, shape (n, 1, h, w)
            Scores; the sigmoid gives a probability.
        """
        size = before.shape[-2:]
        one, two = self.sharp(torch.cat([before, after])).chunk(2)
        if self.series is not None and self.fusion is not None and series is not None:
            more = self.fusion(self.series(series, days, seen), one.shape[-2:])
            one, two = one + more, two + more
        scores = (self.use(one), self.use(two), self.change(self.pyramid((one - two).abs())))
        a, b, c = (functional.interpolate(s, size, mode="bilinear", align_corners=False) for s in scores)
        return a, b, c
