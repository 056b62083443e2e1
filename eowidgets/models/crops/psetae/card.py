"""Cards of PSE-TAE."""

from __future__ import annotations

from dataclasses import replace

from eowidgets.contract.card import Card

CARD = Card(
    title="PSE-TAE: crops from series",
    summary="Is trained on labelled series of pixels or fields, and classifies every pixel by attention over its dates.",
    paper="Garnot, Landrieu, Giordano and Chehata (2020), Satellite Image Time Series Classification with Pixel-Set Encoders "
    "and Temporal Self-Attention, CVPR",
    url="https://doi.org/10.48550/arXiv.1911.07757",
    licence="Apache-2.0",
    data="none: it is trained on the labels of its user",
    limits="With one pixel per set the pixel-set encoder is no more than its layers for single pixels. The dates must lie in "
    "the same season as those of the training.",
)
AROUND = replace(
    CARD,
    title="PSE-TAE: crops from sets of pixels",
    summary="Is trained on labelled areas; the set of a pixel are the 5 x 5 pixels around it.",
    limits="The set of a pixel near the edge of a field holds pixels of its neighbours. The dates must lie in the same season "
    "as those of the training.",
)
