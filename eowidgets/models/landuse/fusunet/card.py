"""Card of FUSU-Net."""

from eowidgets.contract.card import Card

CARD = Card(
    title="FUSU-Net: land use at two dates, own labels",
    summary="Maps land use and its change from two high-resolution images and a coarser series, after training on your labels.",
    paper="Yuan, Lin, Zhang, Dong, Zhang, Chen, Zheng, Wang and Fu (2024), FUSU: A Multi-temporal-source Land Use Change "
    "Segmentation Dataset for Fine-grained Urban Semantic Understanding, NeurIPS",
    url="https://doi.org/10.48550/arXiv.2405.19055",
    licence="Apache-2.0",
    data="none: it is trained on your labels",
    scores={
        "mean IoU of the last date, simulated scenes": 0.780,
        "mean IoU of the last date, images alone": 0.732,
        "mean IoU of the first date, simulated scenes": 0.789,
        "mean IoU of the first date, images alone": 0.768,
        "IoU of change, simulated scenes": 0.762,
        "IoU of change, images alone": 0.757,
        "mean IoU of three classes, Chesapeake": 0.527,
        "mean IoU of three classes, Chesapeake, images alone": 0.519,
    },
    limits="Measured with one seed: differences of 0.01 are not significant. "
    "Change is predicted only if both dates have labels. The series must cover the same season of the year as in "
    "the training.",
)
