"""Card of SatCLIP."""

from __future__ import annotations

from eowidgets.contract.card import Card

CARD = Card(
    title="SatCLIP (location encoder)",
    summary="A vector of 256 numbers per place on land; places that look alike from space have similar vectors.",
    paper="Klemmer et al. (2025), SatCLIP: Global, General-Purpose Location Embeddings with Satellite Imagery, AAAI; "
    "arXiv:2311.17179",
    url="https://github.com/microsoft/satclip",
    licence="MIT",
    data="S2-100K: 100 000 images of Sentinel-2 on land and their places",
    limits="Embeds places, not pixels: neighbouring pixels have nearly the same vector. Degree 40 resolves about 500 km.",
)
