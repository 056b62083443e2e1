"""Card of PhilEO."""

from __future__ import annotations

from pathlib import Path

from eowidgets.contract.card import Card
from eowidgets.contract.checkpoint import checkpoint
from eowidgets.models.encode.phileo.config import SMALL

SMALL_WEIGHTS = checkpoint(Path(__file__).parent, "phileo.small")

CARD = Card(
    title="PhilEO, small",
    summary=f"A vector of {SMALL.width} numbers for every 16 x 16 pixels, trained to restore Sentinel-2 and find places.",
    paper="Fibaek et al. (2024), PhilEO Bench: Evaluating Geo-Spatial Foundation Models; arXiv:2401.04464",
    url="https://github.com/ESA-PhiLab/PhilEO-MajorTOM",
    limits="Trained here on few places, 25 with a location, and on classes of EuroSAT; pixel vectors of one place do not "
    "transfer to another; not the authors' network.",
    **SMALL_WEIGHTS.on_card(),
)
