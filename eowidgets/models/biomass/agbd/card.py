"""Cards of the biomass networks."""

from __future__ import annotations

from dataclasses import replace

from eowidgets.contract.card import Card

#: Scores of random forests on the same footprints.
FORESTS = {
    "RMSE of a random forest of the centre (Mg/ha)": 18.0,
    "RMSE of a random forest of the centre and the mean of 7 x 7 (Mg/ha)": 16.1,
    "RMSE of the same random forest above 150 Mg/ha": 48.7,
}
LIMITS = (
    "Measured on synthetic biomass only, which is no evidence for real forests. Large values are underestimated and small "
    "ones overestimated, as by every regression on optical images."
)


def scores(every: float, high: float) -> dict[str, float]:
    """Return the scores of a network together with those of the random forests."""
    ours = {"RMSE of synthetic biomass, held-out blocks (Mg/ha)": every, "RMSE above 150 Mg/ha": high}
    return ours | FORESTS


FCN_CARD = Card(
    title="Biomass from patches: FCN, own labels",
    summary="Predicts biomass for every pixel with 3 x 3 convolutions, after training on your footprints.",
    paper="Sialelli, Peters, Wegner and Schindler (2024), AGBD: A Global-scale Biomass Dataset",
    url="https://doi.org/10.48550/arXiv.2406.04928",
    licence="Apache-2.0",
    data="none: it is trained on your labels",
    scores=scores(14.6, 40.8),
    limits=LIMITS,
)
UNET_CARD = replace(
    FCN_CARD,
    title="Biomass from patches: U-Net, own labels",
    summary="Predicts biomass for every pixel with a U-Net of residual blocks, after training on your footprints.",
    scores=scores(15.9, 43.4),
)
XCEPTION_CARD = replace(
    FCN_CARD,
    title="Biomass from patches: Xception-S2, own labels",
    summary="Predicts biomass for every pixel with separable convolutions at full resolution, after training on your "
    "footprints.",
    paper="Lang, Schindler and Wegner (2019), Country-wide high-resolution vegetation height mapping with Sentinel-2, Remote "
    "Sensing of Environment 233; used for biomass by Sialelli et al. (2024), doi:10.48550/arXiv.2406.04928",
    url="https://doi.org/10.1016/j.rse.2019.111347",
    scores=scores(16.9, 45.4),
    limits=f"{LIMITS} A random forest with the mean of 7 x 7 pixels as an additional input was more accurate.",
)
