"""TempCNN as a model: the crop of one agricultural year, for every pixel of a cube or every series of a table."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from eowidgets.contract.feeds import Batch, Series
from eowidgets.contract.model import Model
from eowidgets.contract.outputs import Classes
from eowidgets.contract.registry import register
from eowidgets.contract.task import Task
from eowidgets.contract.weights import load_checkpoint
from eowidgets.models.series.regular import interpolated, season
from eowidgets.models.series.tempcnn.card import BANDS, CARD, CROPS, STEPS, WEIGHTS, SeasonParams
from eowidgets.models.series.tempcnn.network import TempCNN, TempCNNConfig


@register
class TempCNNModel(Model):
    """Classify the crop year from 14 September, interpolated to 23 dates; NaN where less than a third of it was observed."""

    name = "tempcnn"
    task = Task.SEGMENT
    card = CARD
    feed = Series(bands=BANDS, min_dates=8)
    Params = SeasonParams
    checkpoint = WEIGHTS

    def __init__(self, network: nn.Module | None = None, **params: Any) -> None:
        super().__init__(**params)
        self._network = network

    def module(self) -> nn.Module:
        """Return the network; load its weights at the first call."""
        if self._network is None:
            self._network = load_checkpoint(TempCNN(TempCNNConfig(len(STEPS), len(BANDS), len(CROPS))), self.checkpoint)
        return self._network

    def outputs(self, bands: tuple[str, ...]) -> tuple[Classes]:
        """Return the outputs: the crop and its probability."""
        return (Classes("crop", classes=CROPS, long_name="Crop or land cover"),)

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Return probabilities (n, classes)."""
        days = season(batch.days, STEPS, month=9, day=14, year=self.params.year)
        x, enough = interpolated(batch.x, batch.usable, batch.days, days)
        chances = self.module()(x).float().softmax(dim=1)
        return {"crop": chances.masked_fill(~enough[:, None], torch.nan)}
