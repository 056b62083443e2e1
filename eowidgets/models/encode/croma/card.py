"""Card of CROMA."""

from __future__ import annotations

from eowidgets.contract.card import Card

CARD = Card(
    title="CROMA",
    summary="A vector of 768 or 1024 numbers per patch of 8 pixels, from one image of Sentinel-1, Sentinel-2 or both.",
    paper="Fuller et al. (2023), CROMA: Remote Sensing Representations with Contrastive Radar-Optical Masked Autoencoders; "
    "arXiv:2311.00566",
    url="https://github.com/antofuller/CROMA",
    licence="MIT",
    data="SSL4EO-S12: 250 000 places with Sentinel-1 GRD and Sentinel-2 at four seasons",
    limits=(
        "One date at a time, 10 m; values are stretched by the statistics of the cube, so vectors of different cubes "
        "are not comparable."
    ),
)
