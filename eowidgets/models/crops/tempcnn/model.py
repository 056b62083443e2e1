"""TempCNN as a model that is trained on labels; its network is in ``eowidgets.models.series.tempcnn``."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from eowidgets.contract.feeds import Batch, Feed, Series
from eowidgets.contract.registry import register
from eowidgets.contract.task import Task
from eowidgets.contract.trainable import Examples, Progress, Trainable
from eowidgets.models.blocks.scaled import Scaled
from eowidgets.models.blocks.supervised import Recipe, train_on
from eowidgets.models.crops.base import CropParams
from eowidgets.models.crops.tempcnn.card import CARD
from eowidgets.models.series.regular import interpolated
from eowidgets.models.series.tempcnn.network import TempCNN, TempCNNConfig

#: Minimum and maximum number of dates to which series are interpolated.
FEWEST, MOST = 5, 128
#: Percentiles of a band that are scaled to 0 and 1.
LOW, HIGH = 2, 98
#: Share of the dates that need a nearby observation.
LEAST = 1 / 4


@register
class OwnTempCNN(Trainable):
    """Train TempCNN on series that are interpolated to as many regular dates as the examples have."""

    name = "crops-tempcnn"
    task = Task.SEGMENT
    card = CARD
    feed: ClassVar[Feed] = Series(min_dates=3)
    Params = CropParams
    rows: ClassVar[int] = 128

    def measure(self, examples: Examples) -> dict[str, int]:
        """Return the numbers of bands and of regular dates."""
        batch = examples.batch
        return {"bands": len(batch.bands), "dates": min(max(len(batch.days), FEWEST), MOST)}

    def build(self, sizes: dict[str, int]) -> nn.Module:
        """Return the network with the sizes of the paper."""
        network = TempCNN(TempCNNConfig(sizes["dates"], sizes["bands"], sizes["outputs"]))
        return Scaled(network, sizes["bands"])

    def train(self, network: nn.Module, examples: Examples, seed: int, progress: Progress) -> None:
        """Compute the percentiles of the bands, and train with Adam."""
        assert isinstance(network, Scaled)  # noqa: S101  (see build)
        network.learn(examples)
        body, batch = network.body, examples.batch
        assert isinstance(body, TempCNN)  # noqa: S101
        values = batch.x[batch.usable].numpy()
        if len(values):
            low, high = np.percentile(values, (LOW, HIGH), axis=0).astype("float32")
            body.low, body.high = torch.from_numpy(low), torch.from_numpy(np.maximum(high, low + 1e-6))
        recipe = Recipe(self.params.steps, self.params.rate, self.rows)
        train_on(network, examples, lambda batch: self.forward(network, batch), recipe, seed=seed, progress=progress)

    def forward(self, network: nn.Module, batch: Batch) -> Tensor:
        """Return scores (n, outputs); NaN for a series with too few dates in the season."""
        assert isinstance(network, Scaled)  # noqa: S101
        body = network.body
        assert isinstance(body, TempCNN)  # noqa: S101
        days, inside = network.aligned(batch.days)
        first, last = network.season
        wanted = torch.linspace(0, 1, body.config.dates, dtype=torch.float64, device=days.device) * (last - first)
        x, enough = interpolated(batch.x, batch.usable & inside, days, wanted, LEAST)
        return network.answer(body(x)).masked_fill(~enough[:, None], torch.nan)
