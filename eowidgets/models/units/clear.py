"""Estimate without a mask which measurements are clear; accurate enough for interpolation."""

from __future__ import annotations

import torch
from torch import Tensor

#: Rise of visible reflectance over the darkest quarter of the series that counts as cloud (or snow).
BRIGHT = 0.06
#: Infrared reflectance, as a share of the median of the series, below which a pixel counts as shadow (or water).
DARK = 0.5


def guess_clear(raw: Tensor, measured: Tensor, bands: tuple[str, ...]) -> Tensor:
    """Return the pixels that are about as dark in the visible bands as the darkest quarter of their series.

    Parameters
    ----------
    raw : Tensor, shape (b, t, c, h, w)
        Reflectance with clouds.
    measured : Tensor, shape (b, t, h, w), bool
    bands : tuple of str
        Names along ``c``.

    Returns
    -------
    Tensor, shape (b, t, h, w), bool
        At least one date, the darkest, is clear for every pixel with a measurement.
    """
    visible = [i for i, name in enumerate(bands) if name in ("blue", "green", "red")] or list(range(len(bands)))
    infrared = [i for i, name in enumerate(bands) if name in ("nir", "nir08", "swir16", "rededge3")]
    light = raw[:, :, visible].mean(dim=2).masked_fill(~measured, torch.inf)
    count = measured.sum(dim=1, keepdim=True)
    ordered = light.sort(dim=1).values
    quarter = ordered.gather(1, ((count - 1).clamp(min=0) * 0.25).long())
    clear = measured & (light <= quarter + BRIGHT)
    if infrared:
        dim = raw[:, :, infrared].mean(dim=2)
        # The median of dark values only, because clouds would raise it.
        level = dim.masked_fill(~clear, torch.nan).nanmedian(dim=1, keepdim=True).values
        lit = clear & ~(dim < DARK * level)
        clear = torch.where(lit.any(dim=1, keepdim=True), lit, clear)
    return clear
