"""Presto as a model: a vector per pixel."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from eowidgets.contract.feeds import Batch
from eowidgets.contract.registry import register
from eowidgets.models.embed import inputs
from eowidgets.models.embed.base import Pretrained
from eowidgets.models.embed.presto.card import CARD
from eowidgets.models.embed.presto.network import Presto
from eowidgets.models.embed.published import published

#: Normalised values are (x + shift) / divisor; NDVI stays as it is.
SHIFT = {inputs.RADAR: 25.0}
DIVISOR = {inputs.RADAR: 25.0, inputs.INDEX: 1.0}
#: Pixels that are encoded at a time.
STRIP = 1024


@register
class PrestoModel(Pretrained):
    """Embed the series of every pixel."""

    name = "presto"
    card = CARD
    published = published(Path(__file__).parent, "presto.official")

    def build(self) -> nn.Module:
        """Return the network without weights."""
        return Presto()

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Encode all pixels of the batch, some at a time."""
        groups, seen = {}, {}
        for name, group in inputs.groups_of(batch, decibel=self.decibel).items():
            values = (group.values + SHIFT.get(name, 0.0)) / DIVISOR.get(name, inputs.SCALE)
            groups[name] = values.movedim((3, 4), (1, 2)).flatten(0, 2)  # b t c h w -> (b h w) t c
            seen[name] = group.seen.movedim(1, 3).flatten(0, 2)  # b t h w -> (b h w) t
        lonlat, months, network = inputs.lonlat_of(batch), inputs.months_of(batch), self.module()
        b, h, w, _ = lonlat.shape
        places = lonlat.flatten(0, 2)

        def encode(some: slice) -> Tensor:
            cut, known = ({name: x[some] for name, x in part.items()} for part in (groups, seen))
            vectors: Tensor = network(cut, known, months, places[some])
            return vectors

        vectors = torch.cat([encode(slice(i, i + STRIP)) for i in range(0, len(places), STRIP)])
        return {"embedding": vectors.view(b, h, w, -1).movedim(-1, 1)}  # (b h w) d -> b d h w
