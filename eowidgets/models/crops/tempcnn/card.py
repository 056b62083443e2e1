"""Card of the TempCNN that is trained on labels."""

from eowidgets.contract.card import Card

CARD = Card(
    title="TempCNN: crops from series, own labels",
    summary="Classifies every pixel by convolutions along time, after training on labelled series of pixels or fields.",
    paper="Pelletier, Webb and Petitjean (2019), Temporal Convolutional Neural Network for the Classification of Satellite "
    "Image Time Series, Remote Sensing 11(5), 523",
    url="https://doi.org/10.3390/rs11050523",
    licence="Apache-2.0",
    data="none: it is trained on your labels",
    scores={
        "mean F1, Mato Grosso, held-out places": 0.593,
        "mean F1 of a random forest there": 0.433,
        "accuracy, Mato Grosso": 0.818,
        "accuracy of a random forest there": 0.733,
        "mean F1, CAWa, held-out places": 0.587,
        "mean F1 of a random forest, CAWa": 0.506,
        "mean F1, simulated pixels": 0.706,
        "mean F1 of a random forest, simulated pixels": 0.596,
    },
    limits="Series are interpolated to regular dates, so events between two observations are smoothed. The dates must lie "
    "in the same season as the training dates.",
)
