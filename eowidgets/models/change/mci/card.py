"""Card of the MCI model."""

from __future__ import annotations

from pathlib import Path

from eowidgets.contract.card import Card
from eowidgets.contract.checkpoint import checkpoint

WEIGHTS = checkpoint(Path(__file__).parent, "change-mci.mixed")

CARD = Card(
    title="MCI: what changed, as a map and a sentence",
    summary="Maps new and vanished buildings and roads, and says in words what changed.",
    paper="Liu et al. (2024), Change-Agent: towards interactive comprehensive change interpretation",
    url="https://arxiv.org/abs/2403.19646",
    limits="Trained on no real pair of 0.5 m: on real ground it marks little that did not change and misses about half of the "
    "buildings. Finds buildings and roads, nothing else; its probabilities are not calibrated. Its sentences have 100 words and "
    "call one changed simulated pair in twenty unchanged; counts above three are guesses, and places are rarely named.",
    **WEIGHTS.on_card(),
)
