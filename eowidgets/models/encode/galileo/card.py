"""Card of Galileo."""

from __future__ import annotations

from pathlib import Path

from eowidgets.contract.card import Card
from eowidgets.contract.checkpoint import checkpoint

CARD = Card(
    title="Galileo",
    summary="A vector of 128, 192 or 768 numbers per patch of 1 to 8 pixels, from a series of Sentinel-2 and Sentinel-1.",
    paper="Tseng et al. (2025), Galileo: Learning Global and Local Features in Pretrained Remote Sensing Models; "
    "arXiv:2502.09356",
    url="https://github.com/nasaharvest/galileo",
    licence="MIT",
    data="127 155 places with a year of monthly Sentinel-1 and Sentinel-2 L1C, weather, elevation and land cover",
    limits="Trained on monthly composites at 10 m, top of atmosphere; accepts at most 24 dates; vectors depend on the window.",
    scores=checkpoint(Path(__file__).parent, "galileo.nano").scores,
)
