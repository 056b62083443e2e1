"""Presto as a model: a vector per pixel."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from eowidgets.contract.card import Card
from eowidgets.contract.feeds import Batch, Windows
from eowidgets.contract.registry import register
from eowidgets.models.embed import inputs
from eowidgets.models.embed.base import DATES, Pretrained
from eowidgets.models.embed.presto.network import Presto
from eowidgets.models.embed.published import Published

#: Normalised values are (x + shift) / divisor; NDVI stays as it is.
SHIFT = {inputs.RADAR: 25.0}
DIVISOR = {inputs.RADAR: 25.0, inputs.INDEX: 1.0}
#: Pixels that are encoded at a time.
STRIP = 1024


@register
class PrestoModel(Pretrained):
    """Embed the series of every pixel."""

    name = "presto"
    card = Card(
        title="Presto",
        summary="A vector of 128 numbers per pixel, from its series of Sentinel-2 and Sentinel-1.",
        paper="Tseng et al. (2023), Lightweight, Pre-trained Transformers for Remote Sensing Timeseries; arXiv:2304.14065",
        url="https://github.com/nasaharvest/presto",
        licence="MIT",
        data="21.5 million pixels of Sentinel-1, Sentinel-2 L1C, ERA5, SRTM and Dynamic World, monthly, 2020 to 2021",
        limits="Trained on 12 monthly composites at 10 m, top of atmosphere; takes 24 dates at most; ignores neighbours.",
    )
    feed = Windows(bands=inputs.NEEDED, optional_bands=inputs.OPTIONAL, min_dates=1, max_dates=DATES)
    published = Published(
        "presto.official",
        licence="MIT",
        hub="nasaharvest/presto",
        file="default_model.pt",
        revision="1b97f885969da4e2d5834ca8c92707c737911464",
        sha256="559c9d76f525bdf2dd3774da8b1e7f1510769b73baacac12e9e4d8d5c67fbe65",
        size=3_321_716,
        unused=("decoder.",),
    )

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
        lonlat, months = inputs.lonlat_of(batch), inputs.months_of(batch)
        places, network = lonlat.flatten(0, 2), self.module()
        parts = [slice(i, i + STRIP) for i in range(0, len(places), STRIP)]
        cut = [({k: v[s] for k, v in groups.items()}, {k: v[s] for k, v in seen.items()}, places[s]) for s in parts]
        vectors = torch.cat([network(g, k, months, p) for g, k, p in cut])
        return {"embedding": vectors.unflatten(0, lonlat.shape[:3]).movedim(-1, 1)}  # (b h w) d -> b d h w
