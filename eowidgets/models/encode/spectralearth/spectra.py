"""Resample the spectra of any sensor to a grid of wavelengths."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from eowidgets.errors import ModelError
from eowidgets.models.encode.spectralearth.config import SpectralConfig

#: Minimum number of bands within the grid: with fewer, interpolation is unreliable.
FEWEST = 16
#: Largest gap between two neighbouring bands in nm, and largest distance of the ends of the grid from a band.
GAP = 40.0


def grid(config: SpectralConfig) -> np.ndarray:
    """Return the wavelengths of the grid in nm."""
    return config.first + config.step * np.arange(config.bands)


def resampling(wavelengths: Sequence[float], config: SpectralConfig) -> Tensor:
    """Return the matrix that interpolates spectra linearly onto the grid.

    Where bands are closer than the steps of the grid, those within a step are averaged with triangular weights.

    Parameters
    ----------
    wavelengths : sequence of float
        Of the bands, in nm, in any order.
    config : SpectralConfig

    Returns
    -------
    Tensor, shape (config.bands, bands)
        Rows sum to one.

    Raises
    ------
    ModelError
        If the bands are too few, or have a gap.
    """
    at, wanted = np.asarray(wavelengths, float), grid(config)
    inside = np.sort(at[(at >= wanted[0] - GAP) & (at <= wanted[-1] + GAP)])
    steps = np.diff(np.concatenate([[wanted[0]], np.clip(inside, wanted[0], wanted[-1]), [wanted[-1]]]))
    if len(inside) < FEWEST or steps.max() > GAP:
        raise ModelError(
            f"SpectralEarth needs spectra from {config.first:.0f} to {config.last:.0f} nm without gaps above {GAP:.0f} nm, but "
            f"the cube has {len(inside)} bands there: give a hyperspectral cube."
        )
    order = np.argsort(at)
    known = at[order]
    linear = np.stack([np.interp(wanted, known, row) for row in np.eye(len(at))], axis=1)
    near = np.clip(1 - np.abs(wanted[:, None] - known) / config.step, 0, None)
    total = near.sum(axis=1, keepdims=True)
    matrix = np.where((near > 0).sum(axis=1, keepdims=True) >= 3, near / np.maximum(total, 1e-9), linear)
    found = np.empty_like(matrix)
    found[:, order] = matrix
    return torch.from_numpy(found.astype("float32"))
