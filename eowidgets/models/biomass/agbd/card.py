"""Cards of the networks for biomass."""

from __future__ import annotations

from dataclasses import replace

from eowidgets.contract.card import Card

FCN_CARD = Card(
    title="Biomass from patches: FCN, own labels",
    summary="Is trained on footprints with biomass, and predicts a number for every pixel by 3 x 3 convolutions.",
    paper="Sialelli, Peters, Wegner and Schindler (2024), AGBD: A Global-scale Biomass Dataset",
    url="https://doi.org/10.48550/arXiv.2406.04928",
    licence="Apache-2.0",
    data="none: it is trained on the labels of its user",
    limits="Large values are predicted too low and small ones too high, as by every regression on optical images.",
)
UNET_CARD = replace(
    FCN_CARD,
    title="Biomass from patches: U-Net, own labels",
    summary="Is trained on footprints with biomass, and predicts a number for every pixel by a U-Net of residual blocks.",
)
XCEPTION_CARD = replace(
    FCN_CARD,
    title="Biomass from patches: Xception-S2, own labels",
    summary="Is trained on footprints with biomass, and predicts a number for every pixel by separable convolutions at full "
    "resolution.",
    paper="Lang, Schindler and Wegner (2019), Country-wide high-resolution vegetation height mapping with Sentinel-2, Remote "
    "Sensing of Environment 233; used for biomass by Sialelli et al. (2024), doi:10.48550/arXiv.2406.04928",
    url="https://doi.org/10.1016/j.rse.2019.111347",
)
