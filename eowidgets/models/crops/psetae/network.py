"""PSE-TAE (Garnot et al., 2020, arXiv:1911.07757): an encoder of sets of pixels, and attention over the dates."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.models.blocks.embed import day_waves
from eowidgets.models.crops.psetae.config import PseTaeConfig

#: Added to a variance, so that its root is differentiable for a set of one pixel.
TINY = 1e-12
#: Dropout of the attention weights.
ATTENTION_DROPOUT = 0.1


class PixelLayer(nn.Module):
    """A linear layer with batch norm and ReLU over the last axis."""

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        self.linear, self.norm = nn.Linear(inside, outside), nn.BatchNorm1d(outside)

    def forward(self, x: Tensor) -> Tensor:
        """Return (..., outside) for ``x`` (..., inside)."""
        flat = self.norm(self.linear(x).flatten(0, -2))
        return functional.relu(flat).reshape(*x.shape[:-1], -1)


class PixelSets(nn.Module):
    """Pixel-set encoder: per-pixel layers, mean and standard deviation over the set, one more layer."""

    def __init__(self, config: PseTaeConfig) -> None:
        super().__init__()
        widths = (config.bands, *config.pixel)
        self.pixel = nn.Sequential(*(PixelLayer(a, b) for a, b in pairwise(widths)))
        self.pooled = nn.Sequential(
            nn.Linear(2 * widths[-1] + config.extra, config.embedding), nn.BatchNorm1d(config.embedding)
        )

    def forward(self, x: Tensor, seen: Tensor, extra: Tensor | None = None) -> Tensor:
        """Embed sets of pixels.

        Parameters
        ----------
        x : Tensor, shape (n, t, s, bands)
        seen : Tensor, shape (n, t, s), bool
            Valid pixels.
        extra : Tensor, shape (n, t, extra), optional

        Returns
        -------
        Tensor, shape (n, t, embedding)
        """
        features, there = self.pixel(x), seen[..., None].to(x.dtype)
        count = there.sum(2).clamp_min(1)
        mean = (features * there).sum(2) / count
        squares = ((features - mean[:, :, None]).square() * there).sum(2)
        return self._embed(mean, squares, count, extra)

    def around(self, x: Tensor, seen: Tensor, reach: int) -> Tensor:
        """Embed, for every pixel, the set of the pixels around it.

        Parameters
        ----------
        x : Tensor, shape (n, t, h, w, bands)
        seen : Tensor, shape (n, t, h, w), bool
        reach : int
            Pixels on each side.

        Returns
        -------
        Tensor, shape (n, t, h, w, embedding)
        """
        features, there = self.pixel(x), seen[..., None].to(x.dtype)
        count = _sums(there, reach)
        least = count.clamp_min(1)
        mean = _sums(features * there, reach) / least
        # Relative to the mean of the whole window, the sums of squares keep their precision.
        middle = (features * there).sum((1, 2, 3), keepdim=True) / there.sum((1, 2, 3), keepdim=True).clamp_min(1)
        second = _sums((features - middle).square() * there, reach)
        squares = (second - count * (mean - middle).square()).clamp_min(0)
        return self._embed(mean, squares, count, None)

    def _embed(self, mean: Tensor, squares: Tensor, count: Tensor, extra: Tensor | None) -> Tensor:
        """Embed the mean and the unbiased standard deviation of the pixels (..., features)."""
        spread = (squares / (count - 1).clamp_min(1) + TINY).sqrt()
        parts = [mean, spread] if extra is None else [mean, spread, extra]
        joined = torch.cat(parts, dim=-1)
        found: Tensor = self.pooled(joined.flatten(0, -2))
        return found.reshape(*joined.shape[:-1], -1)


class DateAttention(nn.Module):
    """Temporal attention encoder: every head weights the dates by a query computed from their mean."""

    def __init__(self, config: PseTaeConfig) -> None:
        super().__init__()
        self.config = config
        width, joined = config.embedding, config.heads * config.keys
        self.norm_in, self.norm_out = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query, self.key = nn.Linear(width, joined), nn.Linear(width, joined)
        for layer in (self.query, self.key):
            nn.init.normal_(layer.weight, std=math.sqrt(2 / config.keys))
        self.master = nn.Sequential(nn.BatchNorm1d(joined), nn.Linear(joined, joined))
        layers: list[nn.Module] = []
        for a, b in pairwise((config.heads * width, *config.mixed, width)):
            layers += [nn.Linear(a, b), nn.BatchNorm1d(b), nn.ReLU()]
        self.mix = nn.Sequential(*layers)

    def forward(self, x: Tensor, days: Tensor, seen: Tensor) -> Tensor:
        """Embed series.

        Parameters
        ----------
        x : Tensor, shape (n, t, embedding)
        days : Tensor, shape (t,)
            Positions in time.
        seen : Tensor, shape (n, t), bool
            Valid dates.

        Returns
        -------
        Tensor, shape (n, embedding)
        """
        c = self.config
        x = self.norm_in(x) + day_waves(days, c.embedding, c.period).to(x.dtype)
        there = seen | ~seen.any(1, keepdim=True)  # series without dates are set to NaN by the caller
        q = self.query(x) * there[..., None]
        q = self.master(q.sum(1) / there.sum(1, keepdim=True)).unflatten(-1, (c.heads, c.keys))
        k = self.key(x).unflatten(-1, (c.heads, c.keys))
        logits = torch.einsum("nhd,nthd->nht", q, k) / math.sqrt(c.keys)
        weights = logits.masked_fill(~there[:, None], -torch.inf).softmax(-1)
        weights = functional.dropout(weights, ATTENTION_DROPOUT, self.training)
        mixed = self.mix((weights @ x).flatten(1))
        found: Tensor = self.norm_out(functional.dropout(mixed, c.dropout, self.training))
        return found


class PseTae(nn.Module):
    """Predict class scores for time series of pixel sets."""

    def __init__(self, config: PseTaeConfig) -> None:
        super().__init__()
        self.config = config
        self.sets, self.dates = PixelSets(config), DateAttention(config)
        layers: list[nn.Module] = []
        for a, b in pairwise((config.embedding, *config.decoder)):
            layers += [nn.Linear(a, b), nn.BatchNorm1d(b), nn.ReLU()]
        self.decoder = nn.Sequential(*layers, nn.Linear(config.decoder[-1], config.outputs))

    def forward(self, x: Tensor, seen: Tensor, days: Tensor, extra: Tensor | None = None) -> Tensor:
        """Return scores (n, outputs) of sets (n, t, s, bands); ``seen`` is (n, t, s), ``days`` (t,)."""
        found: Tensor = self.decoder(self.dates(self.sets(x, seen, extra), days, seen.any(2)))
        return found

    def around(self, x: Tensor, seen: Tensor, days: Tensor, reach: int) -> Tensor:
        """Return scores (n, outputs, h, w) of the sets around every pixel of (n, t, h, w, bands)."""
        n, t, h, w, _ = x.shape
        embedded = self.sets.around(x, seen, reach)
        there = _sums(seen[..., None].to(x.dtype), reach)[..., 0] > 0
        # n t h w d -> (n h w) t d
        series = embedded.permute(0, 2, 3, 1, 4).reshape(n * h * w, t, -1)
        scores: Tensor = self.decoder(self.dates(series, days, there.permute(0, 2, 3, 1).reshape(-1, t)))
        return scores.reshape(n, h, w, -1).permute(0, 3, 1, 2)


def _sums(values: Tensor, reach: int) -> Tensor:
    """Sum (n, t, h, w, d) over the pixels around each; pixels beyond the border count as 0."""
    side = 2 * reach + 1
    maps = values.movedim(-1, 2).flatten(0, 1)
    sums = functional.avg_pool2d(maps, side, stride=1, padding=reach, divisor_override=1)
    return sums.reshape(*values.shape[:2], *sums.shape[1:]).movedim(2, -1)
