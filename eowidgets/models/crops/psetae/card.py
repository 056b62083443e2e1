"""Cards of PSE-TAE."""

from __future__ import annotations

from dataclasses import replace

from eowidgets.contract.card import Card

CARD = Card(
    title="PSE-TAE: crops from series",
    summary="Classifies every pixel by attention over its dates, after training on labelled series of pixels or fields.",
    paper="Garnot, Landrieu, Giordano and Chehata (2020), Satellite Image Time Series Classification with Pixel-Set Encoders "
    "and Temporal Self-Attention, CVPR",
    url="https://doi.org/10.48550/arXiv.1911.07757",
    licence="Apache-2.0",
    data="none: it is trained on your labels",
    scores={
        "mean F1, Mato Grosso, held-out places": 0.490,
        "mean F1 of a random forest there": 0.433,
        "accuracy, Mato Grosso": 0.723,
        "accuracy of a random forest there": 0.733,
        "mean F1, CAWa, held-out places": 0.586,
        "mean F1 of a random forest, CAWa": 0.506,
        "mean F1, simulated pixels": 0.507,
        "mean F1 of a random forest, simulated pixels": 0.596,
    },
    limits="With one pixel per set the pixel-set encoder reduces to its per-pixel layers; a random forest was more accurate "
    "on one of three data sets, and TempCNN on all: compare it with eow.teach(cube, labels). The dates must lie in the same "
    "season as the training dates.",
)
AROUND = replace(
    CARD,
    title="PSE-TAE: crops from sets of pixels",
    summary="Classifies every pixel from the 5 x 5 pixels around it, after training on labelled areas.",
    scores={
        "mean F1, simulated parcels": 0.893,
        "mean F1 of a random forest on mean and standard deviation of 5 x 5 there": 0.855,
        "mean F1 of a random forest on pixels there": 0.596,
    },
    limits="Measured on simulated parcels only. "
    "The set of a pixel near a field edge includes pixels of the neighbouring field. The dates must lie in the same season "
    "as the training dates.",
)
