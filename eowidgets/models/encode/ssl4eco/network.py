"""The residual network of SSL4Eco, with the names of the authors' file: a sequence of stem and stages (He et al., 2016)."""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn
from torch.nn import functional

from eowidgets.models.encode.ssl4eco.config import Padding, ResNetConfig

#: Place of the first stage in the sequence: after convolution, norm, ReLU and pooling.
FIRST_STAGE = 4


class Basic(nn.Module):
    """Two 3 x 3 convolutions and a shortcut."""

    growth = 1

    def __init__(self, inside: int, width: int, stride: int, padding: Padding) -> None:
        super().__init__()
        self.conv1, self.bn1 = _conv(inside, width, stride, padding), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = _conv(width, width, 1, padding), nn.BatchNorm2d(width)
        self.downsample = _shortcut(inside, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Transform (b, inside, h, w)."""
        y = functional.relu(self.bn1(self.conv1(x)))
        return functional.relu(self.bn2(self.conv2(y)) + (x if self.downsample is None else self.downsample(x)))


class Bottleneck(nn.Module):
    """1 x 1, 3 x 3 and 1 x 1 convolutions and a shortcut; four times as wide outside as inside."""

    growth = 4

    def __init__(self, inside: int, width: int, stride: int, padding: Padding) -> None:
        super().__init__()
        outside = self.growth * width
        self.conv1, self.bn1 = nn.Conv2d(inside, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = _conv(width, width, stride, padding), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, outside, 1, bias=False), nn.BatchNorm2d(outside)
        self.downsample = _shortcut(inside, outside, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Transform (b, inside, h, w)."""
        y = functional.relu(self.bn1(self.conv1(x)))
        y = functional.relu(self.bn2(self.conv2(y)))
        return functional.relu(self.bn3(self.conv3(y)) + (x if self.downsample is None else self.downsample(x)))


def _conv(inside: int, outside: int, stride: int, padding: Padding) -> nn.Conv2d:
    return nn.Conv2d(inside, outside, 3, stride, 1, bias=False, padding_mode=padding)


def _shortcut(inside: int, outside: int, stride: int) -> nn.Sequential | None:
    if inside == outside and stride == 1:
        return None
    return nn.Sequential(nn.Conv2d(inside, outside, 1, stride, bias=False), nn.BatchNorm2d(outside))


class ResNet(nn.Sequential):
    """Turn images (b, channels, h, w) into features (b, width, h / stride, w / stride).

    Parameters
    ----------
    config : ResNetConfig
    """

    def __init__(self, config: ResNetConfig) -> None:
        block = Bottleneck if config.bottleneck else Basic
        first = nn.Conv2d(config.channels, config.stem, 7, 2, 3, bias=False, padding_mode=config.padding)
        stem = (first, nn.BatchNorm2d(config.stem), nn.ReLU())
        parts: list[nn.Module] = [*stem, nn.MaxPool2d(3, 2, 1)]
        inside = config.stem
        for level, (width, depth) in enumerate(zip(config.widths, config.depths, strict=True)):
            blocks = []
            for i in range(depth):
                blocks.append(block(inside, width, 2 if level and not i else 1, config.padding))
                inside = block.growth * width
            parts.append(nn.Sequential(*blocks))
        super().__init__(OrderedDict((str(i), part) for i, part in enumerate(parts)))
        self.config = config
