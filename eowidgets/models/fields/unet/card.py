"""Cards of the U-Nets for field boundaries, their classes and the shipped weights."""

from __future__ import annotations

from pathlib import Path

from eowidgets.contract.card import Card
from eowidgets.contract.checkpoint import checkpoint
from eowidgets.contract.labels import ClassInfo

OTHER, FIELD, BOUNDARY = 0, 1, 2
CLASSES = (
    ClassInfo(OTHER, "other", "#d9d9d9"),
    ClassInfo(FIELD, "field", "#7fbf7b"),
    ClassInfo(BOUNDARY, "boundary", "#762a83"),
)
WEIGHTS = checkpoint(Path(__file__).parent, "fields.midwest")
PAPER = (
    "Zahid, Ghuffar, Obaid-ur-Rehman and Shah (2024), Deep Learning for automated multi-scale functional field boundaries "
    "extraction using multi-date Sentinel-2 and PlanetScope imagery: Case Study of Netherlands and Pakistan"
)
URL = "https://doi.org/10.48550/arXiv.2411.15923"

OWN = Card(
    title="Field boundaries from dates, own labels",
    summary="Maps fields and their boundaries with a U-Net, after training on labelled windows of up to three dates.",
    paper=PAPER,
    url=URL,
    licence="Apache-2.0",
    data="none: it is trained on your labels",
    scores={
        "IoU of simulated boundaries, three dates": 0.828,
        "IoU of simulated boundaries, the best single date": 0.712,
        "IoU of simulated boundaries, limit on the gradient of three dates": 0.796,
    },
    limits="Measured on simulated fields only. "
    "It needs as many dates as it was trained on, in the same order of seasons. Boundaries narrower than a pixel are "
    "detected only where the fields differ.",
)
SHIPPED = Card(
    title="Fields and their boundaries from one image",
    summary="Maps fields, their boundaries and other land from red, green and blue at 2 m.",
    paper=PAPER,
    url=URL,
    limits="Trained on seven images of the Midwest of the USA in summer, outlined by the authors of a detector; other regions, "
    "seasons and sensors are untested. Fields that differ only in the crop of another date are not separated. "
    "Probabilities are not calibrated.",
    **WEIGHTS.on_card(),
)
