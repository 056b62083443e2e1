"""A small U-Net over percentiles of time, for densely labelled areas."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor, nn

from eowidgets.contract.card import Card
from eowidgets.contract.feeds import Batch, Feed, Windows
from eowidgets.contract.feeds.series import flattened
from eowidgets.contract.registry import register
from eowidgets.contract.task import Task
from eowidgets.contract.trainable import Examples, Progress, Trainable
from eowidgets.models.blocks.scaled import Scaled
from eowidgets.models.blocks.supervised import Recipe, rate_param, steps_param, train_on
from eowidgets.models.blocks.unet import UNet, UNetConfig
from eowidgets.models.taught.series import feature_names, series_features

#: Minimum number of dates for percentiles instead of the mean.
DATES = 3
WIDTHS = (16, 32, 64)


@dataclass(frozen=True, slots=True)
class UNetParams:
    """Settings of the training."""

    steps: int = steps_param(400)
    rate: float = rate_param(3e-3)


@register
class TaughtUNet(Trainable):
    """Train a U-Net on the mean of each band and index, or on five percentiles for three dates or more."""

    name = "unet"
    task = Task.SEGMENT
    card = Card(
        title="U-Net, trained on labels",
        summary="Maps your labels from the spatial pattern around each pixel; needs densely labelled areas.",
        licence="Apache-2.0",
        paper="Ronneberger, Fischer and Brox (2015), U-Net: Convolutional Networks for Biomedical Image Segmentation, MICCAI",
        url="https://doi.org/10.1007/978-3-319-24574-4_28",
        limits="Single points are not enough labels; where local texture suffices, a head on texture features is faster.",
    )
    feed: ClassVar[Feed] = Windows(size=128, halo=24, multiple=4)
    Params = UNetParams
    side = 64

    def measure(self, examples: Examples) -> dict[str, int]:
        """Return the number of channels, and whether they are means or percentiles."""
        still = int(len(examples.batch.days) < DATES)
        return {"still": still, "channels": len(feature_names(_sets(still), examples.batch.bands))}

    def build(self, sizes: dict[str, int]) -> nn.Module:
        """Return the network without weights."""
        return Scaled(UNet(UNetConfig(sizes["channels"], sizes["outputs"], WIDTHS)), sizes["channels"])

    def train(self, network: nn.Module, examples: Examples, seed: int, progress: Progress) -> None:
        """Compute the channels once, then train on them."""
        assert isinstance(network, Scaled)  # noqa: S101  (see build)
        examples = replace(examples, batch=self._picture(examples.batch))
        network.learn(examples)

        def forward(batch: Batch) -> Tensor:
            return _scores(network, batch)

        recipe = Recipe(self.params.steps, self.params.rate, rows=8, turns=True)
        train_on(network, examples, forward, recipe, seed=seed, progress=progress)

    def forward(self, network: nn.Module, batch: Batch) -> Tensor:
        """Return logits or numbers; NaN for a pixel without any observation."""
        assert isinstance(network, Scaled)  # noqa: S101  (see build)
        picture = self._picture(batch)
        return _scores(network, picture).masked_fill(~picture.usable, torch.nan)

    def _picture(self, batch: Batch) -> Batch:
        """Return the channels as a batch of one date."""
        b, _, _, h, w = batch.x.shape
        sets = _sets(dict(self.sizes or {})["still"])
        found = series_features(sets, flattened(batch)).nan_to_num()
        x = found.view(b, h, w, -1).permute(0, 3, 1, 2)[:, None].contiguous()
        seen = batch.usable.any(dim=1, keepdim=True)
        names = feature_names(sets, batch.bands)
        return replace(batch, x=x, raw=x, usable=seen, measured=seen, days=batch.days[:1], bands=names)


def _sets(still: int) -> tuple[str, ...]:
    return ("mean",) if still else ("statistics",)


def _scores(network: Scaled, picture: Batch) -> Tensor:
    return network.answer(network.body(network.inputs(picture)[:, 0]))
