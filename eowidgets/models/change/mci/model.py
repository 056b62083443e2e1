"""The map of the MCI model as a model: two pictures in, a mask and its kinds out."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from eowidgets.contract.card import Card
from eowidgets.contract.feeds import Windows
from eowidgets.contract.registry import register
from eowidgets.models.change.base import PairModel
from eowidgets.models.change.mci.card import CARD, WEIGHTS


@register
class ChangeMCI(PairModel):
    """Map of the MCI model; its sentence is given by :func:`eowidgets.models.change.mci.tools.describe`."""

    name = "change-mci"
    card: ClassVar[Card] = CARD
    checkpoint = WEIGHTS
    feed: ClassVar[Windows] = replace(PairModel.feed, multiple=64)
