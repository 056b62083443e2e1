"""The aircraft detector as a model: rotated boxes on every date."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from eowidgets.contract.feeds import Batch, Windows
from eowidgets.contract.model import Model
from eowidgets.contract.outputs import Objects, Output
from eowidgets.contract.params import param
from eowidgets.contract.prepare import Preparation
from eowidgets.contract.registry import register
from eowidgets.contract.task import Task
from eowidgets.contract.weights import load_checkpoint
from eowidgets.models.detect.flightscope.card import CARD, CLASSES, WEIGHTS
from eowidgets.models.detect.flightscope.network import Detector, boxes_of


@dataclass(frozen=True, slots=True)
class FlightScopeParams:
    """Score threshold of the objects."""

    threshold: float = param(
        0.45, low=0.05, high=0.95, step=0.05, help="Lower values increase recall and false positives."
    )


@register
class FlightScope(Model):
    """Detect aircraft on the ground; the halo exceeds the receptive radius, so any window gives the same objects."""

    name = "flightscope"
    task = Task.DETECT
    card = CARD
    Params = FlightScopeParams
    resamples = True
    prepare = Preparation(WEIGHTS.bands, resolution=WEIGHTS.resolution, multiple=16, see="clear")
    feed = Windows(bands=WEIGHTS.bands, resolution=WEIGHTS.resolution, halo=208, blend=16, multiple=16)

    def __init__(self, network: nn.Module | None = None, **params: Any) -> None:
        super().__init__(**params)
        self._network = network

    def module(self) -> nn.Module:
        """Return the network; load its weights at the first call."""
        if self._network is None:
            self._network = load_checkpoint(Detector(), WEIGHTS)
        return self._network

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """Return the objects, each with its date."""
        return (Objects("aircraft", classes=CLASSES, shape="rotated", dims="tyx"),)

    def predict(self, batch: Batch) -> dict[str, list[list[dict[str, Tensor]]]]:  # type: ignore[override]
        """Detect the objects of every date."""
        x = self.prepare(batch).flatten(0, 1)  # b t c h w -> (b t) c h w, in pixels of half a metre
        found = boxes_of(self.module()(x), self.params.threshold, scale=batch.x.shape[-1] / self.prepare.size(batch)[1])
        step = batch.x.shape[1]
        return {"aircraft": [found[i : i + step] for i in range(0, len(found), step)]}
