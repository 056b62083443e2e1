"""Card of TerraMind v1."""

from __future__ import annotations

from eowidgets.contract.card import Card

CARD = Card(
    title="TerraMind v1 (encoder)",
    summary="A vector of 192 to 1024 numbers per patch of 16 pixels, from one image of Sentinel-2, Sentinel-1 and elevation.",
    paper="Jakubik et al. (2025), TerraMind: Large-Scale Generative Multimodality for Earth Observation; arXiv:2504.11171",
    url="https://github.com/IBM/terramind",
    licence="Apache-2.0",
    data="TerraMesh: 9 million places with Sentinel-2 L1C and L2A, Sentinel-1 GRD and RTC, elevation, land cover and NDVI",
    limits="One date at a time, 10 m; generation of other modalities, land cover, NDVI and text are not included.",
)
