"""Card of SatVision-TOA."""

from __future__ import annotations

from pathlib import Path

from eowidgets.contract.card import Card
from eowidgets.contract.checkpoint import checkpoint

SMALL_WEIGHTS = checkpoint(Path(__file__).parent, "satvision.small")

CARD = Card(
    title="SatVision-TOA, small",
    summary="A vector of 96 numbers for every 8 x 8 pixels, from six bands of Landsat or Sentinel-2, clouds included.",
    paper="Spradlin et al. (2024), SatVision-TOA: A Geospatial Foundation Model for Coarse-Resolution All-Sky Remote Sensing "
    "Imagery; arXiv:2411.17000",
    url="https://github.com/nasa-nccs-hpda/pytorch-caney",
    limits=(
        "Trained here on six bands of few places, not on 14 bands of MODIS; not clearly better than the untrained "
        "network in a linear "
        "probe; not the authors' network."
    ),
    **SMALL_WEIGHTS.on_card(),
)
