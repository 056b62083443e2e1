"""The card of a model: its source, licence, data, scores and limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from eowidgets.arguments import checked


@checked
@dataclass(frozen=True, slots=True)
class Card:
    """Where a model comes from and what it may be trusted with.

    Parameters
    ----------
    title, summary : str
        One line each, for the panel.
    paper, url, licence, data : str
        The source, and what it was trained on.
    scores : mapping
        Measured here: ``{"PSNR over linear, held-out third (dB)": 8.1}``.
    limits : str
        Where it fails, in plain words.
    weights, sha256 : str, optional
        File name of the safetensors in the package, and its hash.
    """

    title: str
    summary: str = ""
    paper: str = ""
    url: str = ""
    licence: str = "Apache-2.0"
    data: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)
    limits: str = ""
    weights: str | None = None
    sha256: str | None = None
