"""Card of SatMAE++."""

from __future__ import annotations

from eowidgets.contract.card import Card

CARD = Card(
    title="SatMAE++",
    summary="A vector of 1024 numbers per patch of 8 pixels, from ten bands of Sentinel-2.",
    paper="Noman et al. (2024), Rethinking Transformers Pre-training for Multi-Spectral Satellite Imagery; CVPR; "
    "arXiv:2403.05419",
    url="https://github.com/techmn/satmae_pp",
    licence="not stated",
    data="fMoW-Sentinel: Sentinel-2 around the places of Functional Map of the World",
    limits="Trained on single images of places with buildings and other human use; not fine-tuned for any task.",
)
