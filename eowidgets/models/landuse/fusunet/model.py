"""FUSU-Net as a model that is trained on labels of one date or of both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.contract.feeds import Batch, Feed, Source, Windows
from eowidgets.contract.outputs import Classes, Output
from eowidgets.contract.registry import register
from eowidgets.contract.target import Target
from eowidgets.contract.task import Task
from eowidgets.contract.trainable import NO_TARGET, Examples, Progress, Trainable
from eowidgets.models.blocks.scaled import BandScale, Scaled
from eowidgets.models.blocks.supervised import Recipe, cross_entropy, rate_param, steps_param, train_on
from eowidgets.models.blocks.verdict import CHANGE_CLASSES
from eowidgets.models.landuse.fusunet.card import CARD
from eowidgets.models.landuse.fusunet.config import FusuConfig, HRNetConfig, UTAEConfig
from eowidgets.models.landuse.fusunet.network import FusuNet

SERIES = "series"
#: Pixel size in metres of the series.
COARSE = 10.0


@dataclass(frozen=True, slots=True)
class FusuParams:
    """Settings of the training."""

    steps: int = steps_param(300)
    rate: float = rate_param(2e-3)


class TwoScales(Scaled):
    """A FUSU-Net with the scales of the images and of the series."""

    def __init__(self, body: FusuNet, bands: int, series: int) -> None:
        super().__init__(body, bands)
        self.series = BandScale(series)

    def learn(self, examples: Examples) -> None:
        """Measure images and series; the season is that of the series."""
        super().learn(examples)
        more = examples.batch.sources.get(SERIES)
        if more is not None:
            self.series.learn(more.x, more.usable)
            self.season = more.days[[0, -1]].double()


@register
class FusuModel(Trainable):
    """Train FUSU-Net: land use at the first and the last date of the images, and change if both dates have labels.

    The target of the examples is ``(n, h, w)`` for the last date, or ``(n, 2, h, w)`` for both. Examples without the source
    ``series`` train on the images alone, and the model then has no source.
    """

    name = "fusunet"
    task = Task.SEGMENT
    card = CARD
    feed: ClassVar[Feed] = Windows(
        min_dates=2, max_dates=2, size=128, halo=16, multiple=8, sources=(Source(name=SERIES, resolution=COARSE),)
    )
    Params = FusuParams
    side = 64
    teaches = ("classes",)

    def measure(self, examples: Examples) -> dict[str, int]:
        """Return the numbers of bands, and whether both dates have labels."""
        more = examples.batch.sources.get(SERIES)
        both = int(examples.target.dim() == 4)
        return {"bands": len(examples.batch.bands), "series": len(more.bands) if more is not None else 0, "both": both}

    def build(self, sizes: dict[str, int]) -> nn.Module:
        """Return a small network."""
        series = UTAEConfig(sizes["series"]) if sizes["series"] else None
        config = FusuConfig(HRNetConfig(sizes["bands"]), series, sizes["outputs"])
        return TwoScales(FusuNet(config), sizes["bands"], sizes["series"])

    def train(self, network: nn.Module, examples: Examples, seed: int, progress: Progress) -> None:
        """Train with the cross-entropy of the classes of every labelled date, and of change if both have labels."""
        assert isinstance(network, TwoScales)  # noqa: S101  (see build)
        network.learn(examples)
        classes = dict(self.sizes or {})["outputs"]
        recipe = Recipe(self.params.steps, self.params.rate, rows=8, turns=True)

        def forward(batch: Batch) -> Tensor:
            return torch.cat(self.pair(network, batch), dim=1)

        loss = loss_of(classes)
        train_on(network, examples, forward, recipe, seed=seed, progress=progress, loss=loss)

    def forward(self, network: nn.Module, batch: Batch) -> Tensor:
        """Return scores (n, classes, h, w) of the last date."""
        return self.pair(network, batch)[1]

    def pair(self, network: nn.Module, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Return scores of the first and of the last date, and of change; NaN for a pixel that is observed on neither."""
        assert isinstance(network, TwoScales)  # noqa: S101  (see build)
        body = network.body
        assert isinstance(body, FusuNet)  # noqa: S101
        x, more = network.inputs(batch), batch.sources.get(SERIES)
        series: tuple[Tensor, ...] = ()
        if more is not None and body.series is not None:
            days, inside = network.aligned(more.days)
            seen = more.usable & inside[:, None, None]
            images = fitting(network.series(more.x, seen), body.series.multiple)
            series = (images, days, seen.flatten(2).any(2))
        found = body(x[:, 0], x[:, -1], *series)
        blank = ~batch.usable.any(1)[:, None]
        before, after, change = (scores.masked_fill(blank, torch.nan) for scores in found)
        return before, after, change

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """Return the classes of the last date; with labels of both dates also those of the first, and change."""
        target = self._taught()
        last = Classes(target.name, classes=target.classes)
        if not dict(self.sizes or {})["both"]:
            return (last,)
        return (
            last,
            Classes(f"{target.name}_before", classes=target.classes),
            Classes("change", classes=CHANGE_CLASSES),
        )

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Return probabilities."""
        target, network = self._taught(), self.network
        assert network is not None  # noqa: S101  (see _taught)
        with torch.no_grad():
            before, after, change = (scores.float() for scores in self.pair(network, batch))
        found = {target.name: (after / self.temperature).softmax(1)}
        if not dict(self.sizes or {})["both"]:
            return found
        share = change.sigmoid()
        first = (before / self.temperature).softmax(1)
        return {**found, f"{target.name}_before": first, "change": torch.cat([1 - share, share], dim=1)}

    def _describe(self, target: Target) -> None:
        """Remove the source if none was given in the training."""
        super()._describe(target)
        if isinstance(self.feed, Windows) and not dict(self.sizes or {})["series"]:
            self.feed = replace(self.feed, sources=())  # type: ignore[misc]


def fitting(images: Tensor, multiple: int) -> Tensor:
    """Enlarge images (n, t, c, h, w) to sides that are multiples of a number, and at least twice as large as it."""
    size = [max(2, -(-side // multiple)) * multiple for side in images.shape[-2:]]
    if list(images.shape[-2:]) == size:
        return images
    large = functional.interpolate(images.flatten(0, 1), size, mode="bilinear", align_corners=False)
    return large.reshape(*images.shape[:2], *large.shape[1:])


def loss_of(classes: int) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the loss of scores (n, 2 classes + 1, h, w) for a target of the last date, or of both."""

    def loss(found: Tensor, truth: Tensor) -> Tensor:
        before, after, change = found[:, :classes], found[:, classes:-1], found[:, -1:]
        if truth.dim() == 3:
            return cross_entropy(after, truth)
        first, last = truth[:, 0], truth[:, 1]
        there = (first != NO_TARGET) & (last != NO_TARGET)
        changed = functional.binary_cross_entropy_with_logits(
            change[:, 0], (first != last).float(), weight=there.float(), reduction="sum"
        ) / there.sum().clamp_min(1)
        return cross_entropy(before, first) + cross_entropy(after, last) + changed

    return loss
