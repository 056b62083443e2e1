"""AstroPT as a model of chips: a vector per stamp."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from eowidgets.contract.feeds import Batch, Chips
from eowidgets.contract.registry import register
from eowidgets.errors import ModelError, short
from eowidgets.models.classical.series import masked_median
from eowidgets.models.encode.astropt.card import CARD, WEIGHTS
from eowidgets.models.encode.astropt.config import SMALL
from eowidgets.models.encode.astropt.network import AstroPT
from eowidgets.models.encode.astropt.stamps import stretched
from eowidgets.models.encode.base import Encoder

#: Minimum share of measured pixels of a stamp.
MEASURED = 0.5


@register
class AstroPTModel(Encoder):
    """Embed stamps of telescope images; several dates are reduced to their median."""

    name = "astropt"
    card = CARD
    feed = Chips(bands=WEIGHTS.bands, size=SMALL.side)
    folder = Path(__file__).parent
    tag = WEIGHTS.tag

    @property
    def width(self) -> int:
        """Length of the vectors."""
        return SMALL.width

    def build(self) -> nn.Module:
        """Return the network without weights."""
        return AstroPT(SMALL)

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Return vectors (b, width), NaN for a stamp with less than half of its pixels measured."""
        wanted = WEIGHTS.bands
        missing = [b for b in wanted if b not in batch.bands]
        if missing:
            raise ModelError(
                f"Model {self.name!r} needs {short(', '.join(missing))}, but got {short(', '.join(batch.bands))}."
            )
        if batch.x.shape[-2:] != (SMALL.side, SMALL.side):
            raise ModelError(
                f"Model {self.name!r} takes stamps of {SMALL.side} pixels, but got {tuple(batch.x.shape[-2:])}: "
                "cut or resample them."
            )
        x = batch.x[:, :, [batch.bands.index(b) for b in wanted]]
        x = masked_median(x, batch.usable.unsqueeze(2))
        seen = torch.isfinite(x).all(dim=1)
        found = self.module()(stretched(x.nan_to_num(), seen))
        return {"embedding": found.masked_fill((seen.float().mean((1, 2)) < MEASURED).unsqueeze(1), torch.nan)}
