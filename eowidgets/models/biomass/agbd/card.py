"""Cards of the networks for biomass."""

from __future__ import annotations

from dataclasses import replace

from eowidgets.contract.card import Card

#: Of the random forests on the same footprints.
FORESTS = {
    "RMSE of a random forest of the centre (Mg/ha)": 18.0,
    "RMSE of a random forest of the centre and the mean of 7 x 7 (Mg/ha)": 16.1,
    "RMSE of that one above 150 Mg/ha": 48.7,
}
LIMITS = (
    "Measured on synthetic biomass only, which means nothing for real forests. Large values are predicted too low and small "
    "ones too high, as by every regression on optical images."
)


def scores(every: float, high: float) -> dict[str, float]:
    """Return scores next to those of the random forests."""
    ours = {"RMSE of synthetic biomass, held-out blocks (Mg/ha)": every, "RMSE above 150 Mg/ha": high}
    return ours | FORESTS


FCN_CARD = Card(
    title="Biomass from patches: FCN, own labels",
    summary="Is trained on footprints with biomass, and predicts a number for every pixel by 3 x 3 convolutions.",
    paper="Sialelli, Peters, Wegner and Schindler (2024), AGBD: A Global-scale Biomass Dataset",
    url="https://doi.org/10.48550/arXiv.2406.04928",
    licence="Apache-2.0",
    data="none: it is trained on the labels of its user",
    scores=scores(14.6, 40.8),
    limits=LIMITS,
)
UNET_CARD = replace(
    FCN_CARD,
    title="Biomass from patches: U-Net, own labels",
    summary="Is trained on footprints with biomass, and predicts a number for every pixel by a U-Net of residual blocks.",
    scores=scores(15.9, 43.4),
)
XCEPTION_CARD = replace(
    FCN_CARD,
    title="Biomass from patches: Xception-S2, own labels",
    summary="Is trained on footprints with biomass, and predicts a number for every pixel by separable convolutions at full "
    "resolution.",
    paper="Lang, Schindler and Wegner (2019), Country-wide high-resolution vegetation height mapping with Sentinel-2, Remote "
    "Sensing of Environment 233; used for biomass by Sialelli et al. (2024), doi:10.48550/arXiv.2406.04928",
    url="https://doi.org/10.1016/j.rse.2019.111347",
    scores=scores(16.9, 45.4),
    limits=f"{LIMITS} A random forest that has the mean of 7 x 7 pixels as well was better than this network.",
)
