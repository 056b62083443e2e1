"""Card of SSL4Eco."""

from __future__ import annotations

from pathlib import Path

from eowidgets.contract.card import Card
from eowidgets.contract.checkpoint import checkpoint

SMALL_WEIGHTS = checkpoint(Path(__file__).parent, "ssl4eco.small")

CARD = Card(
    title="SSL4Eco, small",
    summary="A vector of 128 numbers for every 16 x 16 pixels, from Sentinel-2, trained to tell seasons and places apart.",
    paper="Plekhanova et al. (2025), SSL4Eco: A Global Seasonal Dataset for Geospatial Foundation Models in Ecology; "
    "arXiv:2504.18256",
    url="https://github.com/PlekhanovaElena/ssl4eco",
    limits="Trained here on few places, two of which have seasons. In a linear probe better than untrained on EuroSAT, and "
    "not clearly on land cover of new places; not the authors' network.",
    **SMALL_WEIGHTS.on_card(),
)
