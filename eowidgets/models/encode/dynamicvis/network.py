"""DynamicVis (Chen et al., 2025): selective state-space layers over the tokens that a router keeps, in four stages."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.models.encode.dynamicvis.config import SMALL, DynamicVisConfig, Padding
from eowidgets.models.encode.dynamicvis.scan import Selective


class Stem(nn.Module):
    """A convolution with a stride, and a norm of the tokens."""

    def __init__(self, before: int, width: int, kernel: int, stride: int, padding: Padding) -> None:
        super().__init__()
        self.projection = nn.Conv2d(before, width, kernel, stride, kernel // 2, padding_mode=padding)
        self.norm = nn.LayerNorm(width, eps=1e-6)
        nn.init.kaiming_normal_(self.projection.weight, nonlinearity="linear")
        nn.init.zeros_(self.projection.bias)  # type: ignore[arg-type]  # it has a bias

    def forward(self, x: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """Turn a map (b, c, h, w) into tokens (b, n, width), and return the size of their grid too."""
        x = self.projection(x)
        return self.norm(x.flatten(2).transpose(1, 2)), (x.shape[-2], x.shape[-1])


class BothWays(nn.Module):
    """The mean of a scan forward and one backward, with one set of weights, added to the tokens."""

    def __init__(self, width: int, state: int) -> None:
        super().__init__()
        self.pre_norm = nn.RMSNorm(width, eps=1e-5)
        self.mamba_layer = Selective(width, state)

    def forward(self, x: Tensor) -> Tensor:
        """Mix tokens (b, n, width)."""
        y = self.pre_norm(x)
        forward, backward = self.mamba_layer(torch.cat([y, y.flip(1)])).chunk(2)
        out: Tensor = x + (forward + backward.flip(1)) / 2
        return out


class KeptMixer(nn.Module):
    """Mix the tokens that a router rates highest; the others only grow by their weight.

    Parameters
    ----------
    config : DynamicVisConfig
    width : int
    keep : int
        One token in this number is mixed.
    """

    def __init__(self, config: DynamicVisConfig, width: int, keep: int) -> None:
        super().__init__()
        self.keep, self.noise, self.gain = keep, config.noise, config.gain
        self.spatial_gate = nn.Linear(width, 1, bias=False)
        self.spatial_mamba_mixer = BothWays(width, config.state)
        nn.init.normal_(self.spatial_gate.weight, std=0.02)

    def forward(self, x: Tensor, rows: int) -> Tensor:
        """Mix tokens (b, n, width) of a grid with ``rows`` rows; means of as many parts of the sequence go first."""
        n = x.shape[1]
        rated = self.spatial_gate(x).squeeze(-1)
        weights = rated.softmax(dim=1)
        tried = rated.detach()
        if self.training and self.noise:
            tried = tried - self.noise * (-torch.rand_like(tried).clamp_min(1e-9).log()).log()
        chosen = tried.topk(max(1, n // self.keep), dim=1).indices
        if self.gain:
            weights = weights * n
        everywhere = functional.adaptive_avg_pool1d(x.transpose(1, 2), rows).transpose(1, 2)
        at = chosen.unsqueeze(-1).expand(-1, -1, x.shape[-1])
        mixed = self.spatial_mamba_mixer(torch.cat([everywhere, x.gather(1, at)], dim=1))[:, rows:]
        grown = x * weights.unsqueeze(-1)
        out: Tensor = x + grown.scatter(1, at, mixed * weights.gather(1, chosen).unsqueeze(-1))
        return out


class Stage(nn.Module):
    """A stem, mixers, and a norm."""

    def __init__(self, config: DynamicVisConfig, level: int) -> None:
        super().__init__()
        before = config.widths[level - 1] if level else config.channels
        width = config.widths[level]
        self.stem = Stem(before, width, config.kernels[level], config.strides[level], config.padding)
        self.mixers = nn.ModuleList(KeptMixer(config, width, config.keep[level]) for _ in range(config.depths[level]))
        self.norm = nn.LayerNorm(width, eps=1e-6)

    def forward(self, x: Tensor, positions: Tensor | None = None) -> Tensor:
        """Turn a map (b, c, h, w) into one of the next stage."""
        tokens, (h, w) = self.stem(x)
        if positions is not None:
            tokens = tokens + _resized(positions, h, w)
        for mixer in self.mixers:
            tokens = mixer(tokens, h)
        found: Tensor = self.norm(tokens).transpose(1, 2).unflatten(2, (h, w))
        return found


class DynamicVis(nn.Module):
    """The encoder: maps of four stages.

    Parameters
    ----------
    config : DynamicVisConfig
    """

    def __init__(self, config: DynamicVisConfig = SMALL) -> None:
        super().__init__()
        self.config = config
        grid = config.side // config.strides[0]
        self.positions = nn.Parameter(torch.zeros(1, config.widths[0], grid, grid))
        self.layers = nn.ModuleList(Stage(config, level) for level in range(len(config.widths)))

    def stages(self, x: Tensor) -> list[Tensor]:
        """Return the maps of all stages, finest first, for a pyramid above them."""
        found = []
        for level, layer in enumerate(self.layers):
            x = layer(x, None if level else self.positions)
            found.append(x)
        return found

    def forward(self, x: Tensor) -> Tensor:
        """Return the map of the last stage for images (b, channels, h, w): (b, width, h / 32, w / 32)."""
        return self.stages(x)[-1]


class RegionHead(nn.Module):
    """The head of the training: classes of regions, and one learned vector per class that its regions resemble.

    Parameters
    ----------
    width, classes : int
    """

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.fc = nn.Linear(width, classes)
        self.category_embedding = nn.Embedding(classes, width)
        self.logit_scale = nn.Parameter(torch.tensor(1 / 0.07).log())

    def loss(self, regions: Tensor, classes: Tensor) -> Tensor:
        """Return the cross-entropy of regions (n, width) plus half of the loss of multiple instances.

        The latter asks that a region resembles the vector of its class most, and that the vector of a class resembles the
        regions of that class, taken together, more than the others.
        """
        plain = functional.cross_entropy(self.fc(regions), classes, label_smoothing=0.1)
        alike = functional.normalize(regions, dim=-1) @ functional.normalize(self.category_embedding.weight, dim=-1).T
        alike = alike * self.logit_scale.exp()
        own = functional.one_hot(classes, alike.shape[1]).bool()
        there = own.any(dim=0)
        # Probabilities of all regions of a class add up: the log of a sum.
        of_class = alike.T.log_softmax(dim=1).masked_fill(~own.T, -torch.inf)[there].logsumexp(dim=1)
        many = functional.cross_entropy(alike, classes) - of_class.mean()
        return plain + 0.25 * many


def _resized(positions: Tensor, h: int, w: int) -> Tensor:
    """Interpolate positions (1, width, g, g) to a grid, as tokens (1, h w, width)."""
    if positions.shape[-2:] != (h, w):
        positions = functional.interpolate(positions, (h, w), mode="bicubic", align_corners=False)
    return positions.flatten(2).transpose(1, 2)
