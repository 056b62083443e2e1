"""A residual network that classifies images of 64 x 64 pixels."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from eowidgets.models.blocks.residual import Block, Bottleneck

#: Classes of EuroSAT, in the order of their folders.
CLASSES = 10


@dataclass(frozen=True)
class Config:
    """Size of the network.

    Parameters
    ----------
    widths, depths : tuple of int
        Channels and blocks of the stages; each after the first halves the grid.
    patches : bool
        Whether the stem folds 2 x 2 pixels into channels, instead of the stem of ResNet (7 x 7 convolution and pooling).
    bottlenecks : bool
        Whether to use the blocks of ResNet-50, whose outputs are four times as wide as ``widths``.
    """

    widths: tuple[int, ...] = (32, 64, 128)
    depths: tuple[int, ...] = (1, 2, 1)
    patches: bool = True
    bottlenecks: bool = False


#: The shipped network, and ResNet-50, which has the highest accuracy in the paper.
SMALL = Config()
RESNET50 = Config((64, 128, 256, 512), (3, 4, 6, 3), patches=False, bottlenecks=True)


class ChipNet(nn.Module):
    """Stem, residual stages, mean over the image, and one linear layer.

    Parameters
    ----------
    config : Config
    classes : int
    """

    def __init__(self, config: Config = SMALL, classes: int = CLASSES) -> None:
        super().__init__()
        self.config = config
        first = config.widths[0]
        if config.patches:
            stem: tuple[nn.Module, ...] = (nn.PixelUnshuffle(2), nn.Conv2d(12, first, 3, padding=1, bias=False))
        else:
            stem = (nn.Conv2d(3, first, 7, 2, 3, bias=False),)
        pool = () if config.patches else (nn.MaxPool2d(3, 2, 1),)
        self.stem = nn.Sequential(*stem, nn.BatchNorm2d(first), nn.ReLU(), *pool)
        kind, wider = (Bottleneck, 4) if config.bottlenecks else (Block, 1)
        stages: list[nn.Module] = []
        inside = first
        for level, (width, depth) in enumerate(zip(config.widths, config.depths, strict=True)):
            head = kind(inside, width, 2 if level else 1)
            inside = wider * width
            stages.append(nn.Sequential(head, *(kind(inside, width, 1) for _ in range(depth - 1))))
        self.stages = nn.Sequential(*stages)
        self.classify = nn.Linear(inside, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (b, classes) of images (b, 3, h, w)."""
        features = self.stages(self.stem(x)).mean(dim=(2, 3))  # b c h w -> b c
        out: Tensor = self.classify(features)
        return out
