"""Card and classes of the EuroSAT chip classifier."""

from __future__ import annotations

from pathlib import Path

from eowidgets.contract.card import Card
from eowidgets.contract.checkpoint import checkpoint
from eowidgets.contract.labels import ClassInfo

WEIGHTS = checkpoint(Path(__file__).parent, "eurosat.rgb")

#: In the order of the EuroSAT folders.
CLASSES = tuple(
    ClassInfo(value, name, color)
    for value, (name, color) in enumerate(
        (
            ("annual crop", "#e6c229"),
            ("forest", "#1b7837"),
            ("herbaceous vegetation", "#a6d96a"),
            ("highway", "#636363"),
            ("industrial", "#7b3294"),
            ("pasture", "#66c2a5"),
            ("permanent crop", "#b35806"),
            ("residential", "#d6604d"),
            ("river", "#4393c3"),
            ("sea or lake", "#053061"),
        )
    )
)

CARD = Card(
    title="EuroSAT classes of chips",
    summary="Predicts one of ten land-use classes for a square of 640 m, from red, green and blue at 10 m.",
    paper="Helber et al. (2019), EuroSAT: a novel dataset and deep learning benchmark for land use and land cover "
    "classification; IEEE JSTARS 12(7)",
    url="https://github.com/phelber/EuroSAT",
    limits="Trained on 1950 chips of Europe, one date each, top of atmosphere, stretched from reflectance 0..0.275 to 1..255. "
    "Surface reflectance was only imitated in training: there, forest is confused with pasture and snow with roofs. Every "
    "chip gets one of the ten classes, including cloudy and mixed chips. Held-out chips may lie next to training chips, "
    "because EuroSAT has no coordinates.",
    **WEIGHTS.on_card(),
)
