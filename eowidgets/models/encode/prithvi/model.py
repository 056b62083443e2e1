"""Prithvi-EO as a model: a vector per patch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.models.encode.images import OBSERVED, ImageEncoder, ImageParams, Imagery, Images
from eowidgets.models.encode.prithvi.card import CARD
from eowidgets.models.encode.prithvi.config import SIZES
from eowidgets.models.encode.prithvi.network import Encoder

#: Scale of reflectance in the training data, which are integers.
SCALE = 10_000.0


@dataclass(frozen=True, slots=True)
class PrithviParams(ImageParams):
    """Weights, image size, and reduction of a series to images."""

    checkpoint: Literal["v1-100m", "v2-tiny-tl", "v2-100m-tl", "v2-300m", "v2-300m-tl", "v2-600m", "v2-600m-tl"] = (
        param("v2-tiny-tl", help="Version and size; those with -tl also encode dates and place.")
    )


@register
class Prithvi(ImageEncoder):
    """Embed every patch of one to four composites."""

    name = "prithvi"
    Params = PrithviParams
    card = CARD
    folder = Path(__file__).parent

    @property
    def width(self) -> int:
        """Length of the vectors."""
        return SIZES[self.params.checkpoint].width

    @property
    def imagery(self) -> Imagery:
        """The images that the selected checkpoint was trained on."""
        size, known = SIZES[self.params.checkpoint], self.checkpoint
        return Imagery(
            known.bands,
            scale=SCALE,
            mean=known.mean,
            std=known.std,
            side=size.side,
            patch=size.patch,
            resolution=known.resolution or 30.0,
            frames=size.frames,
        )

    def build(self) -> nn.Module:
        """Return the network without weights."""
        return Encoder(SIZES[self.params.checkpoint])

    def encode(self, images: Images) -> Tensor:
        """Return the mean of a patch's tokens over the dates on which at least half of it was observed."""
        x = images.values
        dates = years_and_days(images.days).to(x).expand(len(x), -1, -1)
        tokens = self.module()(x, dates, images.lonlat.flip(-1).to(x))
        seen = functional.avg_pool2d(images.seen.to(tokens.dtype), self.imagery.patch) >= OBSERVED
        # A patch that is observed well enough on no single date uses all dates.
        kept = (seen | ~seen.any(dim=1, keepdim=True)).unsqueeze(2)
        return torch.where(kept, tokens, 0.0).sum(1) / kept.sum(1)


def years_and_days(days: Tensor) -> Tensor:
    """Return year and day of the year, from 1, for days since 1970-01-01; shape (t, 2), float32."""
    dates = np.asarray(days.cpu()).astype("int64").astype("datetime64[D]")
    first = dates.astype("datetime64[Y]")
    pairs = np.stack([first.astype("int64") + 1970, (dates - first.astype("datetime64[D]")).astype("int64") + 1], -1)
    return torch.as_tensor(pairs, dtype=torch.float32)
