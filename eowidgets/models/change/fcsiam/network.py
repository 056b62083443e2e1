"""FC-Siam-diff (Caye Daudt et al., 2018, arXiv:1810.08462): a siamese U-Net whose skips carry absolute differences."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.models.change.fcsiam.config import SiamDiffConfig


def block(*widths: int, dropout: float) -> nn.Sequential:
    """Return 3 x 3 convolutions, each with batch norm, ReLU and dropout of whole channels."""
    layers: list[nn.Module] = []
    for a, b in pairwise(widths):
        layers += [nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b), nn.ReLU(), nn.Dropout2d(dropout)]
    return nn.Sequential(*layers)


class FCSiamDiff(nn.Module):
    """Predict a change map from two images.

    As published: encoder blocks of 2, 2, 3 and 3 convolutions with max pooling after each, a decoder of transposed
    convolutions; every skip is ``|features before - features after|``; the decoder starts from the pooled features of
    the second date.
    """

    COUNTS = (2, 2, 3, 3)

    def __init__(self, config: SiamDiffConfig) -> None:
        super().__init__()
        self.config = config
        widths, drop = config.widths, config.dropout
        ins = (config.channels, *widths[:-1])
        self.down = nn.ModuleList(
            block(a, *([w] * n), dropout=drop) for a, w, n in zip(ins, widths, self.COUNTS, strict=True)
        )
        self.grow = nn.ModuleList(nn.ConvTranspose2d(w, w, 3, 2, 1, output_padding=1) for w in widths)
        # The last convolution of a level has the width of the next finer level.
        self.up = nn.ModuleList(
            block(2 * w, *([w] * (n - 1)), max(w // 2, widths[0]) if i == 0 else widths[i - 1], dropout=drop)
            for i, (w, n) in enumerate(zip(widths, self.COUNTS, strict=True))
        )
        self.head = nn.Conv2d(widths[0], config.classes, 3, padding=1)

    @property
    def multiple(self) -> int:
        """Number that the rows and columns must be multiples of."""
        return int(2 ** len(self.config.widths))

    def forward(self, a: Tensor, b: Tensor) -> list[Tensor]:
        """Compare two images (n, channels, h, w); return a list of one map of logits (n, classes, h, w)."""
        x = torch.cat([a, b])
        skips = []
        for down in self.down:
            x = down(x)
            before, after = x.chunk(2)
            skips.append((before - after).abs())
            x = functional.max_pool2d(x, 2)
        before, after = x.chunk(2)
        if not self.config.symmetric or self.training:
            return [self._decode(after, skips)]
        one, two = self._decode(torch.cat([after, before]), [torch.cat([s, s]) for s in skips]).chunk(2)
        return [(one + two) / 2]

    def _decode(self, x: Tensor, skips: list[Tensor]) -> Tensor:
        """Return logits from the deepest features of one date and the absolute differences of all levels."""
        for i in range(len(skips) - 1, -1, -1):
            x = self.up[i](torch.cat([self.grow[i](x), skips[i]], dim=1))
        logits: Tensor = self.head(x)
        return logits
