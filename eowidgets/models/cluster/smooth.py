"""Average probabilities over neighbours."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

#: Standard deviation below which the weights of neighbours are 0 in float32.
LEAST = 0.1


def reach(sigma: float) -> int:
    """Return the radius of a Gaussian of a standard deviation, in pixels."""
    return math.ceil(3 * sigma)


def smooth(values: Tensor, seen: Tensor, sigma: float) -> Tensor:
    """Average values over their neighbours with Gaussian weights; missing pixels are ignored.

    Parameters
    ----------
    values : Tensor, shape (b, k, h, w)
    seen : Tensor, shape (b, h, w), bool
    sigma : float
        In pixels; values below 0.1, including 0, return the input.

    Returns
    -------
    Tensor, shape (b, k, h, w)
        NaN where the pixel itself is not observed.
    """
    there = seen.unsqueeze(1)
    if sigma > LEAST:
        weights = there.to(values.dtype)
        total = _blur(weights, sigma).clamp_min(1e-6)
        values = _blur(values.masked_fill(~there, 0.0), sigma) / total
    return values.masked_fill(~there, torch.nan)


def _blur(values: Tensor, sigma: float) -> Tensor:
    """Convolve with a Gaussian, with zero padding."""
    b, k, h, w = values.shape
    side = reach(sigma)
    at = torch.arange(-side, side + 1, dtype=values.dtype, device=values.device)
    kernel = torch.exp(-at.square() / (2 * sigma**2))
    kernel = kernel / kernel.sum()
    one = values.reshape(b * k, 1, h, w)
    one = functional.conv2d(one, kernel.view(1, 1, -1, 1), padding=(side, 0))
    return functional.conv2d(one, kernel.view(1, 1, 1, -1), padding=(0, side)).view(b, k, h, w)
