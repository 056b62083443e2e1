"""Card of the MCI model."""

from __future__ import annotations

from pathlib import Path

from eowidgets.contract.card import Card
from eowidgets.contract.checkpoint import checkpoint

WEIGHTS = checkpoint(Path(__file__).parent, "change-mci.mixed")

CARD = Card(
    title="MCI: change as a map and a sentence",
    summary="Maps new and vanished buildings and roads, and describes the change in a sentence.",
    paper="Liu et al. (2024), Change-Agent: towards interactive comprehensive change interpretation",
    url="https://arxiv.org/abs/2403.19646",
    limits="Trained on simulated pairs and on pairs composed of real images, hardly any of which shows a building that "
    "was really built; see the scores for what it misses. Detects only buildings and roads; roads and sentences were "
    "learned from simulated pairs alone. Its vocabulary has 100 words; counts above three are unreliable, and places are "
    "rarely named. Some training images are for research use (see the data).",
    **WEIGHTS.on_card(),
)
