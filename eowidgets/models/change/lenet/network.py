"""LENet: change between two images by layer exchange and channel-spatial difference weighting.

After Dong et al. (2024), "LENet: bi-temporal remote sensing change detection via layer exchange", and its reference
code. :class:`~eowidgets.models.change.lenet.config.LENetConfig` and the README of this folder list the deviations.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.models.blocks.swin import PatchEmbed, SwinV2Block, swin_stages
from eowidgets.models.change.lenet.config import LENetConfig

#: Weight of the loss of the coarser maps.
AUX_WEIGHT = 0.3
#: Weight of the overlap (Dice) loss next to the cross-entropy of the finest map.
DICE_WEIGHT = 0.5
#: Initial probability of each class that is not "nothing".
PRIOR = 0.03
#: Labels of pixels without building change where roads were not annotated, and of pixels without annotation.
UNBUILT, UNKNOWN = 254, 255


def difference_weights(a: Tensor, b: Tensor) -> Tensor:
    """Weight positions and channels by how much two feature maps differ.

    The weight of a position is ``1 - sigmoid(cosine over channels)``, that of a channel
    ``1 - sigmoid(cosine over positions)``; a feature's weight is the product of both.

    Parameters
    ----------
    a, b : Tensor, shape (n, c, h, w)

    Returns
    -------
    Tensor, shape (n, c, h, w)
    """
    # Three products serve both directions: on a CPU the passes over the features dominate the cost.
    products, single = (a * b, a * a, b * b), torch.promote_types(a.dtype, torch.float32)

    def similarity(dims: tuple[int, ...]) -> Tensor:
        ab, aa, bb = (p.sum(dim=dims, keepdim=True, dtype=single) for p in products)
        # Clamped before the root: its slope at 0 is infinite, and a position can be 0 in all channels after a ReLU.
        return ab * aa.clamp_min(1e-16).rsqrt() * bb.clamp_min(1e-16).rsqrt()

    place = 1 - torch.sigmoid(similarity((1,)))  # n 1 h w
    channel = 1 - torch.sigmoid(similarity((2, 3)))  # n c 1 1
    return place.to(a.dtype) * channel.to(a.dtype)


def exchange(a: list[Tensor], b: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
    """Swap both dates' features at even levels (0, 2, ...); applying it twice restores the order."""
    swapped = [(y, x) if level % 2 == 0 else (x, y) for level, (x, y) in enumerate(zip(a, b, strict=True))]
    return [x for x, _ in swapped], [y for _, y in swapped]


def conv_norm(a: int, b: int, size: int = 3, stride: int = 1) -> nn.Sequential:
    """Return a convolution and a batch norm."""
    return nn.Sequential(nn.Conv2d(a, b, size, stride, size // 2, bias=False), nn.BatchNorm2d(b))


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions with a shortcut (He et al., 2016)."""

    def __init__(self, a: int, b: int, stride: int = 1) -> None:
        super().__init__()
        self.first, self.second = conv_norm(a, b, 3, stride), conv_norm(b, b)
        self.shortcut = nn.Identity() if a == b and stride == 1 else conv_norm(a, b, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Transform ``x`` (n, c, h, w)."""
        y = self.second(functional.relu(self.first(x)))
        return functional.relu(y + self.shortcut(x))


class CSDW(nn.Module):
    """Channel-spatial difference weighting: emphasise differences in both dates, ``x + block(x · weights)``."""

    def __init__(self, width: int, separate: bool = False) -> None:
        super().__init__()
        self.block_a = BasicBlock(width, width)
        self.block_b = BasicBlock(width, width) if separate else self.block_a

    def forward(self, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        """Weight both dates' features (n, c, h, w)."""
        weights = difference_weights(a, b)
        return a + self.block_a(a * weights), b + self.block_b(b * weights)


class Encoder(nn.Module):
    """An encoder of several stages, shared by both dates, with :class:`CSDW` after each."""

    def __init__(self, config: LENetConfig) -> None:
        super().__init__()
        widths = config.widths
        self.stem: nn.Module
        if config.encoder == "swin":
            self.stem = PatchEmbed(config.channels, widths[0], config.stem)
            stages = swin_stages(
                widths, config.depths, config.encoder_heads, config.attention_window, config.position_hidden
            )
        else:
            self.stem, stages = _residual_stem(config), _residual_stages(widths, config.blocks)
        self.stages = nn.ModuleList(stages)
        self.weigh = nn.ModuleList(CSDW(w, config.separate) for w in widths) if config.csdw else None
        self.weigh_patches = CSDW(widths[0], config.separate) if config.csdw and config.csdw_patches else None

    def forward(self, a: Tensor, b: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """Return the features of both dates, finest first."""
        # Both dates pass as one batch: shared batch-norm statistics, half the calls.
        both = self.stem(torch.cat([a, b]))
        if self.weigh_patches is not None:
            both = torch.cat(self.weigh_patches(*both.chunk(2)))
        levels_a, levels_b = [], []
        for level, stage in enumerate(self.stages):
            a, b = stage(both).chunk(2)
            if self.weigh is not None:
                a, b = self.weigh[level](a, b)
            levels_a.append(a)
            levels_b.append(b)
            both = torch.cat([a, b])
        return levels_a, levels_b


def _residual_stem(config: LENetConfig) -> nn.Sequential:
    """Return strided convolutions of overlapping patches, which preserve outlines better than separate patches."""
    halvings, stem, ins = max(config.stem.bit_length() - 1, 1), [], config.channels
    for i in range(halvings):
        stem += [conv_norm(ins, config.widths[0], 3, 2 if 2 ** (i + 1) <= config.stem else 1), nn.ReLU()]
        ins = config.widths[0]
    return nn.Sequential(*stem)


def _residual_stages(widths: tuple[int, ...], blocks: int) -> list[nn.Sequential]:
    """Return stages of residual blocks; every stage but the first halves the rows and columns."""
    stages, before = [], widths[0]
    for level, width in enumerate(widths):
        first = BasicBlock(before, width, 2 if level else 1)
        stages.append(nn.Sequential(first, *(BasicBlock(width, width) for _ in range(blocks - 1))))
        before = width
    return stages


class Pyramid(nn.Module):
    """Feature pyramid (Lin et al., 2017): one width at all levels, coarse levels added to finer ones."""

    def __init__(self, widths: tuple[int, ...], width: int) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(nn.Conv2d(w, width, 1) for w in widths)
        self.smooth = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in widths)

    def forward(self, levels: list[Tensor]) -> list[Tensor]:
        """Return all levels with the same width, (n, width, h, w) each."""
        merged = [lateral(x) for lateral, x in zip(self.lateral, levels, strict=True)]
        for i in range(len(merged) - 1, 0, -1):
            up = functional.interpolate(merged[i], size=merged[i - 1].shape[-2:], mode="nearest")
            merged[i - 1] = merged[i - 1] + up
        return [smooth(x) for smooth, x in zip(self.smooth, merged, strict=True)]


class SqueezeExcite(nn.Module):
    """Weight the channels of two inputs by their mean (Hu et al., 2018), then halve them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Sequential(
            nn.Linear(2 * width, width // 2), nn.ReLU(), nn.Linear(width // 2, 2 * width), nn.Sigmoid()
        )
        self.reduce = nn.Sequential(conv_norm(2 * width, width, 1), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        """Merge ``x`` (n, 2 c, h, w) into (n, c, h, w)."""
        merged: Tensor = self.reduce(x * self.weight(x.mean(dim=(2, 3)))[..., None, None])
        return merged


class DecoderLevel(nn.Module):
    """Blocks on one date's features, then a merge with the unchanged features of the other date."""

    def __init__(self, config: LENetConfig, level: int) -> None:
        super().__init__()
        width = config.width
        heads = config.heads if isinstance(config.heads, int) else config.heads[level]
        if config.decoder == "swin":
            blocks: list[nn.Module] = [
                SwinV2Block(
                    width,
                    heads,
                    config.attention_window,
                    shifted=i % 2 == 1,
                    hidden=config.position_hidden,
                )
                for i in range(config.depth)
            ]
        else:
            blocks = [BasicBlock(width, width) for _ in range(config.depth)]
        self.blocks = nn.Sequential(*blocks)
        self.merge = SqueezeExcite(width)

    def forward(self, own: Tensor, other: Tensor) -> Tensor:
        """Merge the features of both dates, (n, c, h, w) each."""
        merged: Tensor = self.merge(torch.cat([self.blocks(own), other], dim=1))
        return merged


class LENet(nn.Module):
    """Predict change maps from two images.

    Parameters
    ----------
    config : LENetConfig
    """

    def __init__(self, config: LENetConfig) -> None:
        super().__init__()
        if config.symmetric and config.separate:
            raise ValueError("symmetric=True needs a pyramid and a decoder shared by both dates: give separate=False")
        self.config = config
        self.encoder = Encoder(config)
        levels = len(config.widths)
        self.pyramid_a = Pyramid(config.widths, config.width)
        self.pyramid_b = Pyramid(config.widths, config.width) if config.separate else self.pyramid_a
        self.decode_a = nn.ModuleList(DecoderLevel(config, i) for i in range(levels))
        self.decode_b = (
            nn.ModuleList(DecoderLevel(config, i) for i in range(levels)) if config.separate else self.decode_a
        )
        self.weigh = (
            nn.ModuleList(CSDW(config.width, config.separate) for _ in range(levels - 1)) if config.csdw else None
        )
        head = 2 * config.width
        # Fully convolutional heads; the finest one is the result, the others are auxiliary losses.
        self.heads = nn.ModuleList(
            nn.Sequential(conv_norm(head, config.width), nn.ReLU(), nn.Conv2d(config.width, config.classes, 1))
            for _ in range(levels - 1)
        )

    @property
    def multiple(self) -> int:
        """Number that the rows and columns must be multiples of."""
        return int(self.config.stem * 2 ** (len(self.config.widths) - 1))

    def forward(self, a: Tensor, b: Tensor) -> list[Tensor]:
        """Compare two images.

        Parameters
        ----------
        a, b : Tensor, shape (n, channels, h, w)
            Standardised; see :func:`eowidgets.models.change.pictures.standardised`.

        Returns
        -------
        list of Tensor, shape (n, classes, h, w)
            Logits; the first map is the result, the others are for training.
        """
        size = a.shape[-2:]
        levels_a, levels_b = self.encoder(a, b)
        if self.config.exchange:
            levels_a, levels_b = exchange(levels_a, levels_b)
        levels_a, levels_b = self.pyramid_a(levels_a), self.pyramid_b(levels_b)
        if self.config.exchange:
            levels_a, levels_b = exchange(levels_a, levels_b)
        coarsest = len(levels_a) - 1
        maps: list[Tensor] = []
        below_a = below_b = levels_a[coarsest]
        for level in range(coarsest, -1, -1):
            x, y = levels_a[level], levels_b[level]
            if level < coarsest:  # each date continues from the other's coarser level
                x, y = x + below_b, y + below_a
            below_a, below_b = self.decode_a[level](x, y), self.decode_b[level](y, x)
            below_a, below_b = (
                functional.interpolate(z, scale_factor=2, mode="bilinear", align_corners=False)
                for z in (below_a, below_b)
            )
            if level < coarsest:
                if self.weigh is not None:
                    below_a, below_b = self.weigh[level](below_a, below_b)
                head = self.heads[level]
                logits: Tensor = head(torch.cat([below_a, below_b], dim=1))
                if self.config.symmetric:
                    logits = (logits + head(torch.cat([below_b, below_a], dim=1))) / 2
                maps.append(logits)
        return [functional.interpolate(m, size=size, mode="bilinear", align_corners=False) for m in reversed(maps)]


def maps_loss(maps: list[Tensor], truth: Tensor, weight: Tensor | None = None) -> Tensor:
    """Return cross-entropy and Dice loss of the finest map, plus :data:`AUX_WEIGHT` x cross-entropy of the coarser maps.

    Parameters
    ----------
    maps : list of Tensor, shape (n, classes, h, w)
    truth : Tensor, shape (n, h, w), int64
        Classes, :data:`UNBUILT` or :data:`UNKNOWN`.
    weight : Tensor, shape (classes,), optional
    """
    answer = maps[0].float()
    losses = [partial_cross_entropy(m.float(), truth, weight) for m in maps]
    losses = [losses[0], DICE_WEIGHT * overlap_loss(answer, truth), *(AUX_WEIGHT * x for x in losses[1:])]
    return torch.stack(losses).sum()


def partial_cross_entropy(logits: Tensor, truth: Tensor, weight: Tensor | None = None) -> Tensor:
    """Return the cross-entropy with partial labels: the weighted mean over all labelled pixels.

    A pixel labelled :data:`UNBUILT` contributes with the joint probability of all classes but the last (building);
    pixels labelled :data:`UNKNOWN` do not contribute. With complete labels this is ``functional.cross_entropy``.

    Parameters
    ----------
    logits : Tensor, shape (n, classes, h, w)
    truth : Tensor, shape (n, h, w), int64
    weight : Tensor, shape (classes,), optional
        Of the classes; an unbuilt pixel has the weight of class 0.
    """
    share = logits.log_softmax(dim=1)
    label = truth.where(truth < logits.shape[1], 0)
    loss = -share.gather(1, label[:, None])[:, 0]
    loss = torch.where(truth == UNBUILT, -share[:, :-1].logsumexp(dim=1), loss)
    each = torch.ones_like(loss) if weight is None else weight.to(loss)[label]
    each = each * (truth != UNKNOWN)
    return (each * loss).sum() / each.sum().clamp_min(1e-6)


def overlap_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """Return one minus the soft Dice coefficient of "something changed", over the whole batch.

    Where the label is :data:`UNBUILT`, "something" is a building; :data:`UNKNOWN` pixels do not contribute.

    Cross-entropy alone allows the few changed pixels to be missed; this loss targets the F1 score. It is computed over the
    batch, not per image, because the overlap of an image without change is undefined.
    """
    share = logits.softmax(dim=1)
    changed = torch.where(truth == UNBUILT, share[:, -1], 1 - share[:, 0]) * (truth != UNKNOWN)
    true = ((truth > 0) & (truth < logits.shape[1])).to(changed.dtype)
    return 1 - (2 * (changed * true).sum() + 1) / (changed.sum() + true.sum() + 1)


def start_rare(head: nn.Conv2d) -> None:
    """Initialise a head to predict "nothing changed" nearly everywhere, which saves the first hundred steps."""
    if head.bias is None:
        raise ValueError("a head without bias has no prior")
    with torch.no_grad():
        head.bias.zero_()
        head.bias[1:] = torch.log(torch.tensor(PRIOR / (1 - (head.out_channels - 1) * PRIOR)))
