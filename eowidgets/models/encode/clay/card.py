"""Card of Clay v1.5."""

from __future__ import annotations

from eowidgets.contract.card import Card

CARD = Card(
    title="Clay v1.5",
    summary="A vector of 1024 numbers per patch of 8 pixels, from one image of any of nine sensors, time and place.",
    paper="Clay Foundation (2024), Clay Foundation Model v1.5; https://clay-foundation.github.io/model",
    url="https://github.com/Clay-foundation/model",
    licence="Apache-2.0",
    data="About 70 million chips of Sentinel-2, Sentinel-1, Landsat, NAIP, LINZ and MODIS",
    limits="One date at a time; positions depend on the pixel size; bands without statistics on the card are left out.",
)
