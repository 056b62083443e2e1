"""The EuroSAT chip classifier as a model: a label per place or per image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from eowidgets.contract.feeds import Batch, Chips
from eowidgets.contract.model import Model
from eowidgets.contract.outputs import Label, Output
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.contract.task import Task
from eowidgets.contract.weights import load_checkpoint
from eowidgets.models.chips.eurosat.card import CARD, CLASSES, WEIGHTS
from eowidgets.models.chips.eurosat.network import ChipNet
from eowidgets.models.chips.eurosat.scale import AUTO, NUMBERS, to_eurosat
from eowidgets.models.classical.series import masked_median


@dataclass(frozen=True, slots=True)
class EuroSATParams:
    """Scale of the input values."""

    numbers: str = param(AUTO, choices=NUMBERS, help="Scale of the values; auto distinguishes 8 bits from reflectance.")


@register
class EuroSATModel(Model):
    """Classify chips of 64 pixels of 10 m; several dates are reduced to the median of the clear ones."""

    name = "eurosat"
    task = Task.CLASSIFY
    card = CARD
    Params = EuroSATParams
    feed = Chips(bands=WEIGHTS.bands, size=64, resolution=WEIGHTS.resolution)

    def __init__(self, network: nn.Module | None = None, **params: Any) -> None:
        super().__init__(**params)
        self._network = network

    def module(self) -> nn.Module:
        """Return the network; load its weights at the first call."""
        if self._network is None:
            self._network = load_checkpoint(ChipNet(), WEIGHTS)
        return self._network

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """Return the class."""
        return (Label(classes=CLASSES),)

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Return probabilities, NaN for a chip with less than half of its pixels observed."""
        x = to_eurosat(masked_median(batch.x, batch.usable.unsqueeze(2)), self.params.numbers)
        mean, spread = (x.new_tensor(v).view(-1, 1, 1) for v in (WEIGHTS.mean, WEIGHTS.std))
        chances = self.module()(((x - mean) / spread).nan_to_num(0)).softmax(dim=1)
        return {"label": chances.masked_fill(x[:, 0].isnan().float().mean(dim=(1, 2))[:, None] > 0.5, torch.nan)}
