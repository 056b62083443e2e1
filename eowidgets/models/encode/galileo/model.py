"""Galileo as a model: a vector per patch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from torch import Tensor, nn

from eowidgets.contract.feeds import Batch
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.models.encode import inputs
from eowidgets.models.encode.base import EncoderParams
from eowidgets.models.encode.galileo.card import CARD
from eowidgets.models.encode.galileo.config import SIZES
from eowidgets.models.encode.galileo.network import Encoder
from eowidgets.models.encode.galileo.statistics import normalised
from eowidgets.models.encode.grouped import Grouped


@dataclass(frozen=True, slots=True)
class GalileoParams(EncoderParams):
    """Weights, and the size of patches and windows."""

    checkpoint: Literal["nano", "tiny", "base"] = param("nano", help="Size of the network.")
    patch: int = param(4, unit="pixels", low=1, high=8, step=1, help="One vector per patch of this side.")
    side: int = param(4, unit="patches", low=1, high=16, step=1, help="Side of the encoded windows.")


@register
class Galileo(Grouped):
    """Embed every patch, from all patches of its window."""

    name = "galileo"
    Params = GalileoParams
    card = CARD
    feed = replace(Grouped.feed, size=16, multiple=4)
    folder = Path(__file__).parent

    def __init__(self, network: nn.Module | None = None, **params: Any) -> None:
        super().__init__(network, **params)
        size = self.stride * self.params.side
        # Windows depend on the parameters, so the feed belongs to the instance.
        vars(self)["feed"] = replace(Grouped.feed, size=size, multiple=self.stride)

    @property
    def stride(self) -> int:
        """Pixels along one side of a patch."""
        return int(self.params.patch)

    @property
    def width(self) -> int:
        """Length of the vectors."""
        return SIZES[self.params.checkpoint].width

    def build(self) -> nn.Module:
        """Return the network without weights."""
        size = SIZES[self.params.checkpoint]
        return Encoder(size.width, size.depth, size.heads, size.hidden)

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Encode the windows of the batch."""
        found = inputs.groups_of(batch, decibel=self.decibel).items()
        filled = {name: inputs.per_patch(normalised(name, g.values), g.seen, self.stride) for name, g in found}
        values, seen = ({name: pair[i] for name, pair in filled.items()} for i in (0, 1))
        return {"embedding": self.module()(values, seen, inputs.months_of(batch), self.stride, batch.resolution)}
