"""Card of DynamicVis."""

from __future__ import annotations

from pathlib import Path

from eowidgets.contract.card import Card
from eowidgets.contract.checkpoint import checkpoint

WEIGHTS = checkpoint(Path(__file__).parent, "dynamicvis.small")

CARD = Card(
    title="DynamicVis (small)",
    summary="A vector of 160 numbers per patch of 32 pixels, from red, green and blue, by selective scans over kept tokens.",
    paper="Chen et al. (2025), DynamicVis: An Efficient and General Visual Foundation Model for Remote Sensing Image "
    "Understanding; arXiv:2503.16426",
    url="https://github.com/KyanChen/DynamicVis",
    limits="Trained here on 1950 chips of 64 pixels of Europe with their ten classes; three bands, one date. "
    "In linear probes plain statistics of the colours are better.",
    **WEIGHTS.on_card(),
)
