"""Card of FC-Siam-diff."""

from __future__ import annotations

from pathlib import Path

from eowidgets.contract.card import Card
from eowidgets.contract.checkpoint import checkpoint
from eowidgets.models.change.shipped import LIMITS

WEIGHTS = checkpoint(Path(__file__).parent, "change-fcsiam.mixed")

CARD = Card(
    title="FC-Siam-diff: building change between two images",
    summary="A siamese U-Net on absolute differences; a baseline for LENet, of the same size.",
    paper="Caye Daudt, Le Saux and Boulch (2018), Fully convolutional siamese networks for change detection",
    url="https://arxiv.org/abs/1810.08462",
    limits=LIMITS,
    **WEIGHTS.on_card(),
)
