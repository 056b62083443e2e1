"""PSE-TAE as models that are trained on labels: for single series, and for the pixels around each pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from eowidgets.contract.feeds import Batch, Feed, Series, Windows
from eowidgets.contract.registry import register
from eowidgets.contract.task import Task
from eowidgets.contract.trainable import Examples, Progress, Trainable
from eowidgets.models.blocks.scaled import Scaled
from eowidgets.models.blocks.supervised import Recipe, rate_param, steps_param, train_on
from eowidgets.models.crops.base import CropParams
from eowidgets.models.crops.psetae.card import AROUND, CARD
from eowidgets.models.crops.psetae.config import PseTaeConfig
from eowidgets.models.crops.psetae.network import PseTae

#: Pixels on each side of a pixel that belong to its set.
REACH = 2


@dataclass(frozen=True, slots=True)
class PseTaeParams:
    """Settings of the training on series: more steps and a lower rate than other models, as tuned on separate fields."""

    steps: int = steps_param(2500)
    rate: float = rate_param(1e-3)


@register
class PseTaeModel(Trainable):
    """Train PSE-TAE on series, each a set of one pixel; cloudy dates are masked in the attention."""

    name = "psetae"
    task = Task.SEGMENT
    card = CARD
    feed: ClassVar[Feed] = Series(min_dates=3)
    Params: ClassVar[type] = PseTaeParams
    rows: ClassVar[int] = 128

    def measure(self, examples: Examples) -> dict[str, int]:
        """Return the number of bands."""
        return {"bands": len(examples.batch.bands)}

    def build(self, sizes: dict[str, int]) -> nn.Module:
        """Return the network with the widths of the paper."""
        config = PseTaeConfig(bands=sizes["bands"], outputs=sizes["outputs"])
        return Scaled(PseTae(config), sizes["bands"])

    def train(self, network: nn.Module, examples: Examples, seed: int, progress: Progress) -> None:
        """Measure the scales, and train with Adam."""
        assert isinstance(network, Scaled)  # noqa: S101  (see build)
        network.learn(examples)
        recipe = Recipe(self.params.steps, self.params.rate, self.rows, turns=self.side is not None)
        train_on(network, examples, lambda batch: self.forward(network, batch), recipe, seed=seed, progress=progress)

    def forward(self, network: nn.Module, batch: Batch) -> Tensor:
        """Return scores (n, outputs); NaN for a series without a date in the season."""
        assert isinstance(network, Scaled)  # noqa: S101
        days, inside = network.aligned(batch.days)
        seen = batch.usable & inside
        found = network.body(network.inputs(batch)[:, :, None], seen[:, :, None], days)
        return network.answer(found).masked_fill(~seen.any(1)[:, None], torch.nan)


@register
class PseTaeAround(PseTaeModel):
    """Train PSE-TAE on sets of pixels: those around each pixel, unordered."""

    name = "psetae-around"
    card = AROUND
    feed: ClassVar[Feed] = Windows(min_dates=3, size=64, halo=REACH, blend=0)
    Params: ClassVar[type] = CropParams
    side = 16
    rows: ClassVar[int] = 4

    def forward(self, network: nn.Module, batch: Batch) -> Tensor:
        """Return scores (n, outputs, h, w); NaN for a pixel without a date in the season."""
        assert isinstance(network, Scaled)  # noqa: S101
        days, inside = network.aligned(batch.days)
        seen = batch.usable & inside[:, None, None]
        body = network.body
        assert isinstance(body, PseTae)  # noqa: S101
        found = body.around(network.inputs(batch).movedim(2, -1), seen, days, REACH)
        return network.answer(found).masked_fill(~seen.any(1)[:, None], torch.nan)
