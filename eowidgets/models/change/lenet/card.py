"""Card of LENet."""

from __future__ import annotations

from pathlib import Path

from eowidgets.contract.card import Card
from eowidgets.contract.checkpoint import checkpoint
from eowidgets.models.change.shipped import LIMITS

WEIGHTS = checkpoint(Path(__file__).parent, "change-lenet.mixed")

CARD = Card(
    title="LENet: building change between two images",
    summary="Maps new and vanished buildings and roads; changes of light, season and shadow are ignored.",
    paper="Dong et al. (2024), LENet: remote sensing change detection via layer exchange",
    url="https://github.com/dyzy41/lenet",
    limits=LIMITS,
    **WEIGHTS.on_card(),
)
