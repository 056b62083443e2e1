"""OlmoEarth as a model: a vector per patch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from eowidgets.contract.feeds import Batch
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.models.encode import inputs
from eowidgets.models.encode.base import EncoderParams
from eowidgets.models.encode.grouped import Grouped
from eowidgets.models.encode.olmoearth.card import CARD
from eowidgets.models.encode.olmoearth.config import OPTICAL, RADAR, S1, S2, SIZES
from eowidgets.models.encode.olmoearth.network import Encoder
from eowidgets.models.encode.olmoearth.statistics import normalised, optical

#: Maximum number of dates in the training data.
DATES = 12
#: Days before each month of a non-leap year.
BEFORE = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)


@dataclass(frozen=True, slots=True)
class OlmoEarthParams(EncoderParams):
    """Weights, and the size of patches and windows."""

    checkpoint: Literal[
        "v1-nano", "v1-tiny", "v1-base", "v1-large",
        "v1.1-nano", "v1.1-tiny", "v1.1-base",
        "v1.2-nano", "v1.2-tiny", "v1.2-small", "v1.2-base",
    ] = param("v1.2-nano", help="Version and size of the network.")  # fmt: skip
    patch: int = param(4, unit="pixels", low=1, high=8, step=1, help="One vector per patch of this side.")
    side: int = param(4, unit="patches", low=1, high=16, step=1, help="Side of the encoded windows.")


@register
class OlmoEarth(Grouped):
    """Embed every patch, from all patches of its window."""

    name = "olmoearth"
    Params = OlmoEarthParams
    card = CARD
    feed = replace(
        Grouped.feed,
        optional_bands=(*(b for b in OPTICAL if b not in inputs.NEEDED), *RADAR),
        max_dates=DATES,
        size=16,
        multiple=4,
    )
    folder = Path(__file__).parent

    def __init__(self, network: nn.Module | None = None, **params: Any) -> None:
        super().__init__(network, **params)
        # Windows depend on the parameters, so the feed belongs to the instance.
        vars(self)["feed"] = replace(type(self).feed, size=self.stride * self.params.side, multiple=self.stride)

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
        return Encoder(SIZES[self.params.checkpoint])

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Encode the windows of the batch."""
        bands = tuple(b for b in OPTICAL if b in batch.bands)
        x = batch.x[:, :, [batch.bands.index(b) for b in bands]] * inputs.SCALE
        copied = SIZES[self.params.checkpoint].pixel == 0
        found = {S2: (optical(bands, x, copied=copied), batch.usable)}
        if set(RADAR) <= set(batch.bands):
            power = batch.raw[:, :, [batch.bands.index(b) for b in RADAR]]
            decibel = power if self.decibel else 10 * power.clamp_min(inputs.DARKEST).log10()
            found[S1] = normalised(RADAR, decibel), batch.measured
        filled = {name: inputs.per_patch(values, seen, self.stride) for name, (values, seen) in found.items()}
        values, seen = ({name: pair[i] for name, pair in filled.items()} for i in (0, 1))
        times = times_of(batch.days).to(x.device)
        return {"embedding": self.module()(values, seen, inputs.months_of(batch), times, self.stride, batch.resolution)}


def times_of(days: Tensor) -> Tensor:
    """Return months of 30 days since 2000 for days since 1970-01-01, with the authors' calendar; shape (t,), float32."""
    dates = np.asarray(days.cpu()).astype("int64").astype("datetime64[D]")
    years, months = (dates.astype(f"datetime64[{unit}]").astype("int64") for unit in "YM")
    day = (dates - dates.astype("datetime64[M]").astype("datetime64[D]")).astype("int64")
    since = (years - 30) * 365.25 + np.take(BEFORE, months % 12) + day
    return torch.as_tensor(since, dtype=torch.float32) * (1 / 30)
