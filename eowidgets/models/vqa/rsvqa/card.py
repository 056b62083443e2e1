"""Card of RSVQA."""

from __future__ import annotations

from pathlib import Path

from eowidgets.contract.card import Card
from eowidgets.contract.checkpoint import checkpoint

WEIGHTS = checkpoint(Path(__file__).parent, "vqa-rsvqa.simulated")

CARD = Card(
    title="RSVQA: answers about one image",
    summary="Answers questions on presence, count, comparison, area, and rural or urban, from a summer image of 640 m.",
    paper="Lobry et al. (2020), RSVQA: visual question answering for remote sensing data",
    url="https://doi.org/10.1109/TGRS.2020.2988782",
    limits=(
        "Trained on simulated places: its confidence is not valid for real ones. Numbers are ranges. Its input is 64 x 64 "
        "pixels of 10 m, five bands; its classes are forest, fields, water, built-up and bare ground."
    ),
    **WEIGHTS.on_card(),
)
