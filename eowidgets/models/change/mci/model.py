"""The map of the MCI model as a model: two images in, a mask and the kind of change out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from eowidgets.contract.card import Card
from eowidgets.contract.feeds import Windows
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.models.change.base import VIEWS_HELP, PairModel, PairParams
from eowidgets.models.change.mci.card import CARD, WEIGHTS
from eowidgets.models.change.mci.tools import USUAL_VIEWS
from eowidgets.models.change.views import VIEWS


@dataclass(frozen=True, slots=True)
class MCIParams(PairParams):
    """Settings of the comparison: dates, kind of change and threshold."""

    # The network is fast: four views take less time than one view of LENet, and gain 0.01 to 0.02 F1 on the development places.
    views: int = param(USUAL_VIEWS, choices=VIEWS, label="Views", help=VIEWS_HELP)


@register
class ChangeMCI(PairModel):
    """Map of the MCI model; :func:`eowidgets.models.change.mci.tools.describe` returns its sentence."""

    name = "change-mci"
    card: ClassVar[Card] = CARD
    checkpoint = WEIGHTS
    Params = MCIParams
    feed: ClassVar[Windows] = replace(PairModel.feed, multiple=64)
