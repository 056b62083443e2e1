"""Sizes of the spectral networks of SpectralEarth."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SpectralConfig:
    """Sizes of the spectral adapter and of the vision transformer behind it.

    Attributes
    ----------
    first, last, step : float
        Wavelengths in nm of the grid that spectra are resampled to.
    adapter : tuple of int
        Channels of the three convolutions along the spectrum.
    kernels, strides : tuple of int
        Of these convolutions.
    width, depth, heads : int
        Of the transformer.
    side, patch : int
        Pixels along one side of the training images and of a token.
    """

    first: float
    last: float
    step: float
    width: int
    depth: int
    heads: int
    adapter: tuple[int, ...] = (32, 64, 128)
    kernels: tuple[int, ...] = (7, 7, 5)
    strides: tuple[int, ...] = (5, 5, 3)
    side: int = 128
    patch: int = 4

    @property
    def bands(self) -> int:
        """Number of wavelengths of the grid."""
        return round((self.last - self.first) / self.step) + 1


#: The networks of the paper, on 202 wavelengths of EnMAP (here at equal steps).
PAPER = {
    "vit-s": SpectralConfig(420.0, 2445.05, 10.075, 384, 12, 6),
    "vit-b": SpectralConfig(420.0, 2445.05, 10.075, 768, 12, 12),
    "vit-l": SpectralConfig(420.0, 2445.05, 10.075, 1024, 24, 16),
    "vit-h": SpectralConfig(420.0, 2445.05, 10.075, 1280, 32, 16),
    "vit-g": SpectralConfig(420.0, 2445.05, 10.075, 1536, 40, 24),
}
#: The shipped network, for visible light and near infrared.
SMALL = SpectralConfig(405.0, 885.0, 8.0, 96, 3, 4, (16, 32, 64), strides=(3, 2, 2), side=32)
