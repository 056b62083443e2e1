"""Card of OlmoEarth."""

from __future__ import annotations

from eowidgets.contract.card import Card

CARD = Card(
    title="OlmoEarth v1, v1.1 and v1.2",
    summary="A vector of 128 to 1024 numbers per patch of 1 to 8 pixels, from a series of Sentinel-2 and Sentinel-1.",
    paper="Herzog et al. (2025), OlmoEarth: Stable Latent Image Modeling for Multimodal Earth Observation; "
    "arXiv:2511.13655. v1.1: arXiv:2605.20804",
    url="https://github.com/allenai/olmoearth_pretrain_minimal",
    licence="OlmoEarth Artifact License",
    data="OlmoEarth Pretrain: monthly Sentinel-2 L2A, Sentinel-1 and Landsat of the globe, and derived maps as targets",
    limits="The licence of the weights forbids some uses: read it first. Trained on up to 12 monthly images at 10 m; vectors "
    "depend on the window.",
)
