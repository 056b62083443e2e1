"""FC-Siam-diff as a model: two images in, a mask and the kind of change out."""

from __future__ import annotations

from typing import ClassVar

from eowidgets.contract.card import Card
from eowidgets.contract.registry import register
from eowidgets.models.change.base import PairModel
from eowidgets.models.change.fcsiam.card import CARD, WEIGHTS


@register
class ChangeFCSiam(PairModel):
    """FC-Siam-diff: a siamese U-Net on absolute differences."""

    name = "change-fcsiam"
    card: ClassVar[Card] = CARD
    checkpoint = WEIGHTS
