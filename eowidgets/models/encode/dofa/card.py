"""Card of DOFA."""

from __future__ import annotations

from eowidgets.contract.card import Card

CARD = Card(
    title="DOFA",
    summary="A vector of 768 or 1024 numbers per patch of 16 pixels, from one image of optical bands of known wavelengths.",
    paper="Xiong et al. (2024), Neural Plasticity-Inspired Multimodal Foundation Model for Earth Observation; arXiv:2403.15356",
    url="https://github.com/zhu-xlab/DOFA",
    licence="MIT",
    data="SatlasPretrain (Sentinel-2, Sentinel-1, NAIP), Five-Billion-Pixels (Gaofen-2), HySpecNet-11k (EnMAP)",
    limits="One date at a time; no radar here, because its radar training data are not calibrated.",
)
