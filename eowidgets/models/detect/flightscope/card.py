"""Card and class of the aircraft detector."""

from __future__ import annotations

from pathlib import Path

from eowidgets.contract.card import Card
from eowidgets.contract.checkpoint import checkpoint
from eowidgets.contract.labels import ClassInfo

WEIGHTS = checkpoint(Path(__file__).parent, "flightscope.simulated")
CLASSES = (ClassInfo(0, "aircraft", "#d55e00"),)

CARD = Card(
    title="Aircraft, as rotated boxes",
    summary="Detects aircraft on the ground in images of about half a metre, with length, wing span and direction.",
    paper="Ghazouali et al. (2024), FlightScope: an experimental comparative review of aircraft detection algorithms in "
    "satellite imagery; the network follows Zhou et al. (2019), Objects as Points; arXiv:1904.07850",
    url="https://github.com/toelt-llc/FlightScope_Bench",
    limits="Trained on simulated images alone and not measured on real aircraft. Expects reflectance 0..1; aircraft in the "
    "air, helicopters and images that were not taken from above are not part of the training.",
    **WEIGHTS.on_card(),
)
