"""Card of Presto."""

from __future__ import annotations

from pathlib import Path

from eowidgets.contract.card import Card
from eowidgets.contract.checkpoint import checkpoint

CARD = Card(
    title="Presto",
    summary="A vector of 128 numbers per pixel, from its series of Sentinel-2 and Sentinel-1.",
    paper="Tseng et al. (2023), Lightweight, Pre-trained Transformers for Remote Sensing Timeseries; arXiv:2304.14065",
    url="https://github.com/nasaharvest/presto",
    licence="MIT",
    data="21.5 million pixels of Sentinel-1, Sentinel-2 L1C, ERA5, SRTM and Dynamic World, monthly, 2020 to 2021",
    limits="Trained on 12 monthly composites at 10 m, top of atmosphere; accepts at most 24 dates; ignores neighbouring pixels.",
    scores=checkpoint(Path(__file__).parent, "presto.official").scores,
)
