"""U-TAE (Garnot and Landrieu, 2021, arXiv:2107.07933): a U-Net over every date, with attention over dates at its bottleneck."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.models.blocks.embed import day_waves
from eowidgets.models.landuse.fusunet.config import UTAEConfig

#: Groups of the norm of the encoder; longest wavelength of the embedding of days divided by 2π.
GROUPS, PERIOD = 4, 1000.0
DROPOUT, ATTENTION_DROPOUT = 0.2, 0.1


def layers(inside: int, outside: int, norm: type[nn.Module] | None = None, **options: int) -> nn.Sequential:
    """Return a convolution with norm and ReLU; the default norm is group norm."""
    options = {"kernel_size": 3, "padding": 1} | options
    return nn.Sequential(
        nn.Conv2d(inside, outside, padding_mode="reflect", **options),  # type: ignore[arg-type]
        nn.GroupNorm(GROUPS, outside) if norm is None else norm(outside),
        nn.ReLU(),
    )


class Down(nn.Module):
    """Halve the size, and increase the width."""

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        self.halve = layers(inside, inside, kernel_size=4, stride=2)
        self.widen, self.refine = layers(inside, outside), layers(outside, outside)

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, outside, h / 2, w / 2) for ``x`` (n, inside, h, w)."""
        x = self.widen(self.halve(x))
        found: Tensor = x + self.refine(x)
        return found


class Up(nn.Module):
    """Double the size, and concatenate the features of the encoder."""

    def __init__(self, inside: int, outside: int, skip: int) -> None:
        super().__init__()
        self.skip = nn.Sequential(nn.Conv2d(skip, skip, 1), nn.BatchNorm2d(skip), nn.ReLU())
        self.grow = nn.Sequential(nn.ConvTranspose2d(inside, outside, 4, 2, 1), nn.BatchNorm2d(outside), nn.ReLU())
        self.join = layers(outside + skip, outside, nn.BatchNorm2d)
        self.refine = layers(outside, outside, nn.BatchNorm2d)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """Merge (n, inside, h, w) and (n, skip, 2 h, 2 w)."""
        x = self.join(torch.cat([self.grow(x), self.skip(skip)], dim=1))
        found: Tensor = x + self.refine(x)
        return found


class LTAE(nn.Module):
    """Lightweight temporal attention (Garnot and Landrieu, 2020): a learned query per head, applied to its own channels."""

    def __init__(self, config: UTAEConfig) -> None:
        super().__init__()
        self.config = c = config
        inside = c.encoder[-1]
        self.norm_in, self.enter = nn.GroupNorm(c.heads, inside), nn.Conv1d(inside, c.width, 1)
        self.query = nn.Parameter(torch.randn(c.heads, c.keys) * math.sqrt(2 / c.keys))
        self.key = nn.Linear(c.width, c.heads * c.keys)
        nn.init.normal_(self.key.weight, std=math.sqrt(2 / c.keys))
        self.mix = nn.Sequential(nn.Linear(c.width, inside), nn.BatchNorm1d(inside), nn.ReLU(), nn.Dropout(DROPOUT))
        self.norm_out = nn.GroupNorm(c.heads, inside)

    def forward(self, x: Tensor, days: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the weighted mean of maps over dates.

        Parameters
        ----------
        x : Tensor, shape (n, t, d, h, w)
        days : Tensor, shape (t,)
        seen : Tensor, shape (n, t), bool

        Returns
        -------
        maps : Tensor, shape (n, d, h, w)
        weights : Tensor, shape (heads, n, t, h, w)
        """
        c = self.config
        n, t, _, h, w = x.shape
        pixels = x.permute(0, 3, 4, 2, 1).reshape(n * h * w, -1, t)
        # (n h w) t width
        values = self.enter(self.norm_in(pixels)).transpose(1, 2)
        values = values + day_waves(days, c.width // c.heads, PERIOD).repeat(1, c.heads).to(values.dtype)
        keys = self.key(values).reshape(-1, t, c.heads, c.keys)
        logits = torch.einsum("hk,pthk->pht", self.query, keys) / math.sqrt(c.keys)
        there = (seen | ~seen.any(1, keepdim=True)).repeat_interleave(h * w, 0)
        weights = logits.masked_fill(~there[:, None], -torch.inf).softmax(-1)
        weights = functional.dropout(weights, ATTENTION_DROPOUT, self.training)
        own = values.reshape(-1, t, c.heads, c.width // c.heads)
        joined = torch.einsum("pht,pthd->phd", weights, own).flatten(1)
        maps = self.norm_out(self.mix(joined)).reshape(n, h, w, -1).movedim(-1, 1)
        return maps, weights.reshape(n, h, w, c.heads, t).permute(3, 0, 4, 1, 2)


class UTAE(nn.Module):
    """Compute one feature map from a series of images."""

    def __init__(self, config: UTAEConfig) -> None:
        super().__init__()
        self.config = config
        first, encoder, decoder = config.encoder[0], config.encoder, config.decoder
        self.enter = nn.Sequential(layers(config.channels, first), layers(first, first))
        self.down = nn.ModuleList(Down(a, b) for a, b in pairwise(encoder))
        self.dates = LTAE(config)
        self.up = nn.ModuleList(Up(decoder[i], decoder[i - 1], encoder[i - 1]) for i in range(len(decoder) - 1, 0, -1))

    @property
    def multiple(self) -> int:
        """Number that the rows and columns must be multiples of."""
        return int(2 ** len(self.down))

    def forward(self, x: Tensor, days: Tensor, seen: Tensor) -> Tensor:
        """Return features (n, d, h, w) of images (n, t, channels, h, w); dates outside ``seen`` (n, t) are masked."""
        n, t = x.shape[:2]
        # The norm of the attention covers all dates, so masked dates are set to a constant.
        flat = self.enter((x * seen[:, :, None, None, None]).flatten(0, 1))
        skips = [flat]
        for down in self.down:
            flat = down(flat)
            skips.append(flat)
        lowest = skips.pop()
        maps: Tensor
        maps, weights = self.dates(lowest.reshape(n, t, *lowest.shape[1:]), days, seen)
        for up, skip in zip(self.up, reversed(skips), strict=True):
            maps = up(maps, weighed(skip.reshape(n, t, *skip.shape[1:]), weights))
        return maps


def weighed(x: Tensor, weights: Tensor) -> Tensor:
    """Sum maps (n, t, d, h, w) over dates: each head applies its enlarged weights to its share of the channels."""
    heads, n, t = weights.shape[:3]
    size = x.shape[-2:]
    large = functional.interpolate(weights.flatten(0, 1), size, mode="bilinear", align_corners=False)
    large = large.reshape(heads, n, t, 1, *size)
    groups = torch.stack(x.chunk(heads, dim=2))
    return (large * groups).sum(2).movedim(0, 1).flatten(1, 2)
