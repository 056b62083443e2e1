"""Sizes of PSE-TAE."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PseTaeConfig:
    """Sizes of the network; the defaults are the widths of the paper.

    Attributes
    ----------
    bands, outputs : int
        Values per pixel and date, and classes.
    pixel : tuple of int
        Widths of the per-pixel layers (MLP1).
    embedding : int
        Width after the pooled pixels (MLP2), and of the attention over the dates.
    extra : int
        Number of additional features per parcel, such as area and perimeter.
    heads, keys : int
        Of the attention.
    mixed : tuple of int
        Widths of the layers after the concatenated heads (MLP3), except the last, which has the width of the embedding.
    decoder : tuple of int
        Widths of the classifier (MLP4).
    dropout : float
    period : float
        Longest wavelength of the embedding of days, divided by 2π.
    """

    bands: int
    outputs: int
    pixel: tuple[int, ...] = (32, 64)
    embedding: int = 128
    extra: int = 0
    heads: int = 4
    keys: int = 32
    mixed: tuple[int, ...] = (128,)
    decoder: tuple[int, ...] = (64, 32)
    dropout: float = 0.2
    period: float = 1000.0


#: The network of the paper: Sentinel-2 with ten bands, four numbers of geometry, 20 classes; 164 116 parameters.
PAPER = PseTaeConfig(bands=10, outputs=20, extra=4)
