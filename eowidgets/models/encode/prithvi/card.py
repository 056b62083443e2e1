"""Card of Prithvi-EO."""

from __future__ import annotations

from eowidgets.contract.card import Card

CARD = Card(
    title="Prithvi-EO 1.0 and 2.0",
    summary="A vector of 192 to 1280 numbers per patch of 14 or 16 pixels, from six bands of one to four dates.",
    paper="Szwarcman et al. (2024), Prithvi-EO-2.0: A Versatile Multi-Temporal Foundation Model for Earth Observation "
    "Applications; arXiv:2412.02732. Jakubik et al. (2023), Foundation Models for Generalist Geospatial Artificial "
    "Intelligence; arXiv:2310.18660",
    url="https://github.com/NASA-IMPACT/Prithvi-EO-2.0",
    licence="Apache-2.0",
    data="Harmonized Landsat Sentinel-2 (HLS V2) at 30 m: the United States (1.0), 4.2 million series of the globe (2.0)",
    limits="Trained at 30 m on six bands, all of which are required; a vector describes a whole patch, 480 m at the pixel "
    "size of the training data. Not fine-tuned for any task.",
)
