"""Card of SkySense."""

from __future__ import annotations

from pathlib import Path

from eowidgets.contract.card import Card
from eowidgets.contract.checkpoint import checkpoint

WEIGHTS = checkpoint(Path(__file__).parent, "skysense.small")

CARD = Card(
    title="SkySense (small)",
    summary="A vector of 192 numbers per patch of 4 pixels, from series of Sentinel-2 and Sentinel-1 with a context of the "
    "region.",
    paper="Guo et al. (2024), SkySense: A Multi-Modal Remote Sensing Foundation Model Towards Universal Interpretation for "
    "Earth Observation Imagery; CVPR 2024, arXiv:2312.10115",
    url="https://github.com/Jack-bo1220/SkySense",
    limits="Trained here on three places, 23 patches and 2 355 series of single pixels, without labels; in linear probes its "
    "vectors are no better than those of the untrained network. The context covers the United States and one global average.",
    **WEIGHTS.on_card(),
)
