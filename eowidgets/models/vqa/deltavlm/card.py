"""Card of DeltaVLM."""

from __future__ import annotations

from pathlib import Path

from eowidgets.contract.card import Card
from eowidgets.contract.checkpoint import checkpoint

WEIGHTS = checkpoint(Path(__file__).parent, "vqa-deltavlm.simulated")

CARD = Card(
    title="DeltaVLM: answers about two pictures",
    summary="Says in words whether, what, how much and where something was built between two pictures of 128 m.",
    paper=(
        "Deng, Zhou and Wu (2025), DeltaVLM: interactive remote sensing image change analysis via instruction-guided "
        "difference perception"
    ),
    url="https://arxiv.org/abs/2507.22346",
    limits=(
        "Trained on invented places: on a real one its confidence is a guess. It sees 64 x 64 pixels of 2 m, knows about "
        "80 words of questions, and counts above 5 in ranges."
    ),
    **WEIGHTS.on_card(),
)
