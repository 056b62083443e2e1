"""Card of LENet."""

from __future__ import annotations

from pathlib import Path

from eowidgets.contract.card import Card
from eowidgets.contract.checkpoint import checkpoint
from eowidgets.models.change.shipped import LIMITS

WEIGHTS = checkpoint(Path(__file__).parent, "change-lenet.mixed")

CARD = Card(
    title="LENet: what was built between two pictures",
    summary="Marks buildings and roads that are new or gone; light, season and shadows do not count.",
    paper="Dong et al. (2024), LENet: remote sensing change detection via layer exchange",
    url="https://github.com/dyzy41/lenet",
    limits=LIMITS,
    **WEIGHTS.on_card(),
)
