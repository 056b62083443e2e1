"""Card of AstroPT."""

from __future__ import annotations

from pathlib import Path

from eowidgets.contract.card import Card
from eowidgets.contract.checkpoint import checkpoint

WEIGHTS = checkpoint(Path(__file__).parent, "astropt.small")

CARD = Card(
    title="AstroPT (small)",
    summary="A vector of 96 numbers per stamp of 63 pixels: science image, template and difference of an alert.",
    paper="Smith et al. (2024), AstroPT: Scaling Large Observation Models for Astronomy; arXiv:2405.14930",
    url="https://github.com/Smith42/astroPT",
    limits="Trained here on 126 stamps of one survey; takes chips, not cubes, and three co-registered images.",
    **WEIGHTS.on_card(),
)
