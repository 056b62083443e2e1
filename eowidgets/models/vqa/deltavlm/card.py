"""Card of DeltaVLM."""

from __future__ import annotations

from pathlib import Path

from eowidgets.contract.card import Card
from eowidgets.contract.checkpoint import checkpoint

WEIGHTS = checkpoint(Path(__file__).parent, "vqa-deltavlm.simulated")

CARD = Card(
    title="DeltaVLM: answers about two images",
    summary="Answers in words whether, what, how much and where something was built between two images of 128 m.",
    paper=(
        "Deng, Zhou and Wu (2025), DeltaVLM: interactive remote sensing image change analysis via instruction-guided "
        "difference perception"
    ),
    url="https://arxiv.org/abs/2507.22346",
    limits=(
        "Trained on simulated places: its confidence is not valid for real ones. Its input is 64 x 64 pixels of "
        "2 m; it has about "
        "80 words for questions, and reports counts above 5 as ranges."
    ),
    **WEIGHTS.on_card(),
)
