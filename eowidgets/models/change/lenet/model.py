"""LENet as a model: two images in, a mask and the kind of change out."""

from __future__ import annotations

from typing import ClassVar

from eowidgets.contract.card import Card
from eowidgets.contract.registry import register
from eowidgets.models.change.base import PairModel
from eowidgets.models.change.lenet.card import CARD, WEIGHTS


@register
class ChangeLENet(PairModel):
    """LENet: layer exchange and channel-spatial difference weighting."""

    name = "change-lenet"
    card: ClassVar[Card] = CARD
    checkpoint = WEIGHTS
