"""The geo-aware U-Net of PhilEO: it restores masked images, and finds where they are from the features of its bridge."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.models.encode.phileo.config import GeoUNetConfig

#: Numbers of a point on the unit sphere.
COORDINATES = 3


class Squeeze(nn.Module):
    """Weights of channels from their means (Hu et al., 2018), between 0 and 1."""

    def __init__(self, width: int, divisor: int) -> None:
        super().__init__()
        hidden = max(1, width // divisor)
        self.reduce, self.expand = nn.Conv2d(width, hidden, 1), nn.Conv2d(hidden, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return weights (b, width, 1, 1)."""
        y = functional.relu(self.reduce(x.mean(dim=(2, 3), keepdim=True)))
        return torch.sigmoid(self.expand(y))


class CoreBlock(nn.Module):
    """A 1 x 1, a depthwise 3 x 3 and a 3 x 3 convolution, weighted channels, and a shortcut."""

    def __init__(self, inside: int, width: int, config: GeoUNetConfig) -> None:
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(inside, width, 1), nn.BatchNorm2d(width)
        mode = config.padding
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, groups=width, padding_mode=mode)
        self.norm2 = nn.BatchNorm2d(width)
        self.conv3, self.norm3 = nn.Conv2d(width, width, 3, padding=1, padding_mode=mode), nn.BatchNorm2d(width)
        self.squeeze = Squeeze(width, config.squeeze)
        self.match_channels: nn.Module = nn.Identity()
        if inside != width:
            self.match_channels = nn.Sequential(nn.Conv2d(inside, width, 1, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        """Transform (b, inside, h, w) into (b, width, h, w)."""
        y = functional.relu(self.norm1(self.conv1(x)))
        y = functional.relu(self.norm2(self.conv2(y)))
        y = self.norm3(self.conv3(y))
        return functional.relu(y * self.squeeze(y) + self.match_channels(x))


class SkipAttention(nn.Module):
    """Weights of pixels and of channels of a skip connection, from it and from what comes up."""

    def __init__(self, width: int, config: GeoUNetConfig) -> None:
        super().__init__()
        self.reduction = config.reduction
        self.compress = nn.Conv2d(width, 1, 1)
        self.attn_c_reduction = nn.Linear(width * config.reduction**2, width * config.expansion)
        self.attn_c_extention = nn.Linear(width * config.expansion, width)

    def forward(self, x: Tensor, skip: Tensor) -> tuple[Tensor, Tensor]:
        """Return weights (b, 1, h, w) and (b, width, 1, 1) between 0 and 1."""
        both = functional.relu(x + skip)
        pooled = functional.adaptive_avg_pool2d(both, self.reduction).flatten(1)
        channels = self.attn_c_extention(functional.relu(self.attn_c_reduction(pooled)))
        return torch.sigmoid(self.compress(both)), torch.sigmoid(channels)[:, :, None, None]


class UpBlock(nn.Module):
    """Double the resolution, add the skip connection, and transform."""

    def __init__(self, inside: int, width: int, depth: int, config: GeoUNetConfig) -> None:
        super().__init__()
        self.match_channels = CoreBlock(2 * inside, width, config)
        self.attention = SkipAttention(inside, config)
        self.blocks = nn.Sequential(*(CoreBlock(width, width, config) for _ in range(depth)))

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """Turn (b, inside, h, w) and a skip of twice the resolution into (b, width, 2 h, 2 w)."""
        x = functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)
        pixels, channels = self.attention(x, skip)
        # Weighted by pixels, and shifted by the weights of the channels, as in the reference code.
        joined = torch.cat([x, skip * pixels + (skip + channels)], dim=1)
        found: Tensor = self.blocks(self.match_channels(joined))
        return found


class GeoUNet(nn.Module):
    """The encoder, and the parts that the pretext tasks need.

    Parameters
    ----------
    config : GeoUNetConfig
    """

    def __init__(self, config: GeoUNetConfig) -> None:
        super().__init__()
        self.config = config
        widths, depths = config.widths, config.depths
        before = (widths[0], *widths[:-1])
        self.stem = nn.Sequential(CoreBlock(config.channels, widths[0], config))
        self.encoder_blocks = nn.ModuleList(
            nn.Sequential(*(CoreBlock(a if i == 0 else b, b, config) for i in range(n)))
            for a, b, n in zip(before, widths, depths, strict=True)
        )
        self.bridge = nn.Sequential(CoreBlock(widths[-1], widths[-1], config))
        up = list(zip(widths, before, depths, strict=True))[::-1]
        self.decoder_blocks = nn.ModuleList(UpBlock(a, b, n, config) for a, b, n in up)
        self.head = nn.Sequential(CoreBlock(widths[0], widths[0], config), nn.Conv2d(widths[0], config.channels, 1))
        self.location = nn.Linear(widths[-1], COORDINATES)

    def encode(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return the features of the bridge, (b, width, h / stride, w / stride), and those of the levels."""
        skips, y = [], self.stem(x)
        for blocks in self.encoder_blocks:
            y = blocks(y)
            skips.append(y)
            y = functional.max_pool2d(y, 2)
        return self.bridge(y), skips

    def forward(self, x: Tensor) -> Tensor:
        """Return the features of the bridge."""
        return self.encode(x)[0]

    def pretext(self, x: Tensor, skipped: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Return restored images (b, channels, h, w), unit vectors of places (b, 3), and the features of the bridge.

        Parameters
        ----------
        x : Tensor, shape (b, channels, h, w)
        skipped : Tensor, optional, shape (b,), bool
            Images that are restored from the bridge alone, without skip connections, so that the bridge must hold them.
        """
        deep, skips = self.encode(x)
        y = deep
        for block in self.decoder_blocks:
            skip = skips.pop()
            if skipped is not None:
                skip = skip * (~skipped).to(skip.dtype)[:, None, None, None]
            y = block(y, skip)
        return self.head(y), functional.normalize(self.location(deep.mean(dim=(2, 3))), dim=-1), deep


def on_the_sphere(lonlat: Tensor) -> Tensor:
    """Return points of the unit sphere, shape (n, 3), of longitude and latitude in degrees, shape (n, 2)."""
    lon, lat = torch.deg2rad(lonlat.float()).unbind(-1)
    return torch.stack([lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin()], dim=-1)
