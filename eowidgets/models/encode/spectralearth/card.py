"""Card of SpectralEarth."""

from __future__ import annotations

from pathlib import Path

from eowidgets.contract.card import Card
from eowidgets.contract.checkpoint import checkpoint

SMALL_WEIGHTS = checkpoint(Path(__file__).parent, "spectralearth.small")

CARD = Card(
    title="SpectralEarth, small",
    summary="A vector of 96 numbers for every 4 x 4 pixels of a hyperspectral cube, from 405 to 885 nm.",
    paper="Braham et al. (2024), SpectralEarth: Training Hyperspectral Foundation Models at Scale; arXiv:2408.08447",
    url="https://github.com/AABNassim/spectral_earth",
    limits=(
        "Trained here on three small airborne scenes, not on EnMAP; not the authors' network. Bands beyond 885 nm "
        "are ignored."
    ),
    **SMALL_WEIGHTS.on_card(),
)
