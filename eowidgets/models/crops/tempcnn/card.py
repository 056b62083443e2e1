"""Card of the TempCNN that is trained on labels."""

from eowidgets.contract.card import Card

CARD = Card(
    title="TempCNN: crops from series, own labels",
    summary="Is trained on labelled series of pixels or fields, and classifies every pixel by convolutions along time.",
    paper="Pelletier, Webb and Petitjean (2019), Temporal Convolutional Neural Network for the Classification of Satellite "
    "Image Time Series, Remote Sensing 11(5), 523",
    url="https://doi.org/10.3390/rs11050523",
    licence="Apache-2.0",
    data="none: it is trained on the labels of its user",
    limits="Series are interpolated to regular dates, so that events between two observations are smoothed. The dates must lie "
    "in the same season as those of the training.",
)
