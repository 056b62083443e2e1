"""Card of AgriFM."""

from __future__ import annotations

from pathlib import Path

from eowidgets.contract.card import Card
from eowidgets.contract.checkpoint import checkpoint

WEIGHTS = checkpoint(Path(__file__).parent, "agrifm.small")

CARD = Card(
    title="AgriFM (small)",
    summary="A vector of 128 numbers per patch of 8 pixels, from a series of up to 24 images of up to ten bands.",
    paper="Li et al. (2025), AgriFM: A Multi-source Temporal Remote Sensing Foundation Model for Crop Mapping; "
    "arXiv:2505.21357",
    url="https://github.com/flyakon/AgriFM",
    limits="Trained here on MODIS series of Brazil as uniform fields, and on three places of Sentinel-2 with one date each; "
    "dates are encoded by their order only. Beyond crops, its vectors are no better than those of the untrained network.",
    **WEIGHTS.on_card(),
)
