"""An anchor-free detector: every object is a peak of a heat map, with an offset, a size and an angle."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.models.blocks.residual import Block

#: Pixels per cell of the heat map.
STRIDE = 4
#: Initial probability of the heat map, so that empty cells do not dominate the first steps.
PRIOR = 0.01


@dataclass(frozen=True)
class Config:
    """Size of the detector.

    Parameters
    ----------
    widths, depths : tuple of int
        Channels and residual blocks of the stages; the first has cells of 4 pixels, each further one halves the grid.
    neck : tuple of int
        Channels of the steps that double the grid again; one less than stages.
    head : int
        Channels inside the heads.
    classes : int
    patches : bool
        Whether the stem folds 4 x 4 pixels into channels, instead of the stem of ResNet (7 x 7 convolution and pooling).
    skips : bool
        Whether to add each stage to the step of the neck with the same grid.
    rotated : bool
        Whether to predict an angle.
    """

    widths: tuple[int, ...] = (32, 64, 96)
    depths: tuple[int, ...] = (1, 2, 3)
    neck: tuple[int, ...] = (64, 32)
    head: int = 32
    classes: int = 1
    patches: bool = True
    skips: bool = True
    rotated: bool = True


#: The shipped detector, and CenterNet with ResNet-18 as published, for upright boxes and the 80 classes of COCO.
SMALL = Config()
CENTERNET_R18 = Config(
    (64, 128, 256, 512), (2, 2, 2, 2), (256, 128, 64), 64, classes=80, patches=False, skips=False, rotated=False
)


class Maps(NamedTuple):
    """Outputs of the network for every cell of 4 x 4 pixels.

    Attributes
    ----------
    heat : Tensor, shape (b, classes, h, w)
        Logit that the centre of an object lies here.
    offset : Tensor, shape (b, 2, h, w)
        From the middle of the cell to the centre, x and y in cells.
    size : Tensor, shape (b, 2, h, w)
        Logarithm of length and width in cells.
    turn : Tensor, shape (b, 2, h, w), or None
        Cosine and sine of twice the angle of the length.
    """

    heat: Tensor
    offset: Tensor
    size: Tensor
    turn: Tensor | None


class Detector(nn.Module):
    """Residual encoder, a neck of transposed convolutions, and one small head per map.

    Parameters
    ----------
    config : Config
    """

    def __init__(self, config: Config = SMALL) -> None:
        super().__init__()
        self.config = config
        first = config.widths[0]
        if config.patches:
            stem: tuple[nn.Module, ...] = (
                nn.PixelUnshuffle(STRIDE),
                *(nn.Conv2d(3 * STRIDE**2, first, 3, padding=1, bias=False), nn.BatchNorm2d(first), nn.ReLU()),
            )
        else:
            stem = (nn.Conv2d(3, first, 7, 2, 3, bias=False), nn.BatchNorm2d(first), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
        self.stem = nn.Sequential(*stem)
        inside = (first, *config.widths[:-1])
        self.stages = nn.ModuleList(
            nn.Sequential(Block(a, b, 2 if level else 1), *(Block(b, b, 1) for _ in range(depth - 1)))
            for level, (a, b, depth) in enumerate(zip(inside, config.widths, config.depths, strict=True))
        )
        self.neck = nn.ModuleList(_doubled(a, b) for a, b in pairwise((config.widths[-1], *config.neck)))
        beside = zip(config.widths[-2::-1], config.neck, strict=True) if config.skips else ()
        self.skips = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in beside)
        wanted = {"heat": config.classes, "offset": 2, "size": 2} | ({"turn": 2} if config.rotated else {})
        self.heads = nn.ModuleDict({name: _head(config.neck[-1], config.head, n) for name, n in wanted.items()})
        nn.init.constant_(self.heads["heat"][-1].bias, math.log(PRIOR / (1 - PRIOR)))  # type: ignore[index]

    def forward(self, x: Tensor) -> Maps:
        """Return the maps of images (b, 3, h, w); rows and columns are multiples of 4 times 2 for each further stage."""
        x = self.stem(x)
        seen = []
        for stage in self.stages:
            x = stage(x)
            seen.append(x)
        for level, step in enumerate(self.neck):
            x = step(x)
            if self.config.skips:
                x = x + self.skips[level](seen[-2 - level])
        maps = {name: head(x) for name, head in self.heads.items()}
        return Maps(maps["heat"], maps["offset"], maps["size"], maps.get("turn"))


def _doubled(inside: int, outside: int) -> nn.Sequential:
    """Return a convolution and a transposed convolution that doubles the grid."""
    return nn.Sequential(
        *(nn.Conv2d(inside, outside, 3, padding=1, bias=False), nn.BatchNorm2d(outside), nn.ReLU()),
        nn.ConvTranspose2d(outside, outside, 4, 2, 1, bias=False),
        *(nn.BatchNorm2d(outside), nn.ReLU()),
    )


def _head(inside: int, width: int, outside: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inside, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, outside, 1))


def boxes_of(maps: Maps, threshold: float, most: int = 500, scale: float = 1.0) -> list[dict[str, Tensor]]:
    """Return the objects of each image.

    A cell counts if no neighbouring cell of its class has a higher score. If the centre of one of two objects lies in the
    box of the other, only the object with the higher score is kept.

    Parameters
    ----------
    maps : Maps
        With ``turn``.
    threshold : float
        Lowest score.
    most : int
        Maximum number of objects per image.
    scale : float
        Pixels of the result per pixel of the network.

    Returns
    -------
    list of dict
        One per image, the best score first: ``boxes`` (n, 5) of centre x and y, length, width (pixels) and angle in radians,
        ``scores`` and ``labels`` (n,).
    """
    heat = maps.heat.sigmoid()
    peaks = heat * (heat == functional.max_pool2d(heat, 3, 1, 1))
    found = []
    for b, peak in enumerate(peaks):
        scores, at = peak.flatten().topk(min(most, peak.numel()))
        scores, at = scores[scores > threshold], at[scores > threshold]
        labels, cell = at // peak[0].numel(), at % peak[0].numel()
        row, column = cell // peak.shape[-1], cell % peak.shape[-1]
        offset, size = (m[b][:, row, column] for m in (maps.offset, maps.size))
        centre = torch.stack([column, row]) + 0.5 + offset
        turn = torch.zeros_like(centre) if maps.turn is None else maps.turn[b][:, row, column]
        angle = torch.atan2(turn[1], turn[0]) / 2
        boxes = torch.cat([centre * STRIDE * scale, size.exp() * STRIDE * scale, angle[None]]).T
        kept = _apart(boxes)
        found.append({"boxes": boxes[kept], "scores": scores[kept], "labels": labels[kept]})
    return found


def _apart(boxes: Tensor) -> Tensor:
    """Return the boxes whose centre lies in no better box that is kept, as a mask, shape (n,), bool."""
    across = boxes[:, None, :2] - boxes[None, :, :2]  # from box j to the centre of i
    c, s = boxes[:, 4].cos(), boxes[:, 4].sin()
    along, aside = across[..., 0] * c + across[..., 1] * s, across[..., 1] * c - across[..., 0] * s
    inside = (along.abs() < boxes[:, 2] / 2) & (aside.abs() < boxes[:, 3] / 2)
    kept = torch.ones(len(boxes), dtype=torch.bool, device=boxes.device)
    for i in range(len(boxes)):
        kept[i] = not bool((inside[i, :i] & kept[:i]).any())
    return kept


def loss(maps: Maps, boxes: list[Tensor], labels: list[Tensor]) -> Tensor:
    """Return the loss of CenterNet with an angle: focal loss of the heat map, absolute differences around each centre.

    Parameters
    ----------
    maps : Maps
        With ``turn``.
    boxes, labels : list of Tensor, shapes (n, 5) and (n,)
        One of each per image, in pixels.
    """
    heat, near, target = zip(
        *(_targets(b, k, maps.heat.shape[1:]) for b, k in zip(boxes, labels, strict=True)), strict=True
    )
    truth, weight, wanted = torch.stack(heat), torch.stack(near), torch.stack(target)
    p, log_p, log_q = maps.heat.sigmoid(), functional.logsigmoid(maps.heat), functional.logsigmoid(-maps.heat)
    centres = truth == 1
    count = centres.sum().clamp_min(1)
    focal = -torch.where(centres, (1 - p) ** 2 * log_p, (1 - truth) ** 4 * p**2 * log_q).sum() / count
    assert maps.turn is not None  # noqa: S101  (a detector with angles is trained)
    guess = torch.cat([maps.offset, maps.size, maps.turn], dim=1)
    shares = guess.new_tensor((0.5, 0.5, 1, 1, 0.7, 0.7)).view(-1, 1, 1)
    apart = (shares * (guess - wanted).abs() * weight).sum() / weight.sum().clamp_min(1)
    return focal + apart


def _targets(boxes: Tensor, labels: Tensor, shape: torch.Size | tuple[int, ...]) -> tuple[Tensor, Tensor, Tensor]:
    """Return the targets of one image: heat (classes, h, w), weight (1, h, w) and values (6, h, w)."""
    classes, rows, columns = shape
    heat, best = torch.zeros(classes, rows, columns), torch.zeros(rows, columns)
    values = torch.zeros(6, rows, columns)
    y, x = torch.meshgrid(torch.arange(rows) + 0.5, torch.arange(columns) + 0.5, indexing="ij")
    for box, label in zip(boxes / boxes.new_tensor((STRIDE,) * 4 + (1,)), labels, strict=True):
        cx, cy, length, width, angle = box
        spread = (0.07 * (length * width).sqrt()).clamp_min(0.6)
        bump = torch.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * spread**2))
        row, column = int(cy.clamp(0, rows - 1)), int(cx.clamp(0, columns - 1))
        bump[row, column] = 1.0
        heat[int(label)] = torch.maximum(heat[int(label)], bump.clamp_max(1.0))
        mine = (bump > 0.5) & (bump > best)
        best = torch.where(mine, bump, best)
        fixed = torch.stack([length.log(), width.log(), (2 * angle).cos(), (2 * angle).sin()]).view(-1, 1, 1)
        wanted = torch.cat([(cx - x)[None], (cy - y)[None], fixed.expand(-1, rows, columns)])
        values = torch.where(mine, wanted, values)
    return heat, best[None], values
