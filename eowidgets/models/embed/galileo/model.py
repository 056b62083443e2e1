"""Galileo-nano as a model: a vector per patch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor, nn

from eowidgets.contract.card import Card
from eowidgets.contract.feeds import Batch, Windows
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.models.embed import inputs
from eowidgets.models.embed.base import DATES, Pretrained, PretrainedParams
from eowidgets.models.embed.galileo.network import Encoder
from eowidgets.models.embed.galileo.statistics import normalised, per_patch
from eowidgets.models.embed.published import Published


@dataclass(frozen=True, slots=True)
class GalileoParams(PretrainedParams):
    """The weights, and the size of patches and windows."""

    patch: int = param(
        4, unit="pixels", low=1, high=8, step=1, label="Patch", help="One vector per patch of this side."
    )
    window: int = param(
        4, unit="patches", low=1, high=16, step=1, label="Window", help="Patches seen together, a side."
    )


@register
class GalileoNano(Pretrained):
    """Embed every patch of a window, in view of the others."""

    name = "galileo-nano"
    Params = GalileoParams
    card = Card(
        title="Galileo (nano)",
        summary="A vector of 128 numbers per patch of 1 to 8 pixels, from a series of Sentinel-2 and Sentinel-1.",
        paper="Tseng et al. (2025), Galileo: Learning Global and Local Features in Pretrained Remote Sensing Models; "
        "arXiv:2502.09356",
        url="https://github.com/nasaharvest/galileo",
        licence="MIT",
        data="127 155 places with a year of monthly Sentinel-1 and Sentinel-2 L1C, weather, elevation and land cover",
        limits="Trained on monthly composites at 10 m, top of atmosphere; takes 24 dates at most; depends on the window.",
    )
    feed = Windows(inputs.NEEDED, 1, DATES, optional_bands=inputs.OPTIONAL, size=16, multiple=4)
    published = Published(
        "galileo-nano.official",
        licence="MIT",
        hub="nasaharvest/galileo",
        file="models/nano/encoder.pt",
        revision="f039dd5dde966a931baeda47eb680fa89b253e4e",
        sha256="eab6acacf527886a508a555bc24efe4b4a2cf91b162e84cd1c4a1807e942180c",
        size=4_189_406,
    )

    def __init__(self, network: nn.Module | None = None, **params: Any) -> None:
        super().__init__(network, **params)
        size = self.stride * self.params.window
        # Windows depend on the parameters: an instance's own feed.
        vars(self)["feed"] = replace(type(self).feed, size=size, multiple=self.stride)

    @property
    def stride(self) -> int:
        """Pixels along one side of a patch."""
        return int(self.params.patch)

    def build(self) -> nn.Module:
        """Return the network without weights."""
        return Encoder()

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Encode the windows of the batch."""
        found = inputs.groups_of(batch, decibel=self.decibel).items()
        filled = {name: per_patch(normalised(name, g.values), g.seen, self.stride) for name, g in found}
        values, seen = ({name: pair[i] for name, pair in filled.items()} for i in (0, 1))
        return {"embedding": self.module()(values, seen, inputs.months_of(batch), self.stride, batch.resolution)}
