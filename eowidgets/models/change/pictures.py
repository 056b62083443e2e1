"""Preprocess two images as in training: each date standardised by itself, per band."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from eowidgets.cube import schema
from eowidgets.models.classical.series import masked_median

#: Rows and columns of the cube from which the statistics are computed.
SURVEY = 512
#: Standardised values are clipped here: glints and dead pixels would dominate otherwise.
FARTHEST = 4.0


def statistics(x: Tensor, seen: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation of each band of each image, both (..., c, 1, 1), over its observed pixels.

    Parameters
    ----------
    x : Tensor, shape (..., c, h, w)
    seen : Tensor, optional, shape (..., h, w), bool
    """
    weight = torch.ones_like(x[..., :1, :, :]) if seen is None else seen.unsqueeze(-3).to(x.dtype)
    count = weight.sum(dim=(-2, -1), keepdim=True).clamp_min(1)
    mean = (x * weight).sum(dim=(-2, -1), keepdim=True) / count
    spread = (((x - mean) ** 2) * weight).sum(dim=(-2, -1), keepdim=True) / count
    return mean, spread.sqrt()


def standardised(x: Tensor, mean: Tensor, spread: Tensor) -> Tensor:
    """Standardise an image to mean 0 and standard deviation 1, which removes differences of units and brightness.

    The mean standard deviation of all bands has half of the weight, so noise in a nearly constant band is not amplified.
    """
    common = spread.mean(dim=-3, keepdim=True)
    return ((x - mean) / (0.5 * (spread + common)).clamp_min(1e-6)).clamp(-FARTHEST, FARTHEST)


def survey(cube: xr.Dataset, bands: tuple[str, ...], before: list[int], after: list[int]) -> dict[str, Tensor]:
    """Compute statistics of two images, each the median of some dates, from at most ``SURVEY`` rows and columns of a cube.

    Returns
    -------
    dict
        ``mean`` and ``spread``, both (2, c, 1, 1).
    """
    steps: dict[Any, slice] = {k: slice(None, None, -(-cube.sizes[k] // SURVEY)) for k in ("y", "x")}
    thin = cube.isel(steps)
    images = []
    for dates in (before, after):
        side = thin.isel(time=dates)
        x = torch.as_tensor(np.asarray(schema.stack(side, bands).values, np.float32))
        seen = torch.as_tensor(np.asarray(schema.usable(side).transpose(*schema.DIMS).values, bool))
        seen = seen & torch.isfinite(x).all(dim=1)
        images.append(masked_median(x.nan_to_num()[None], seen[None].unsqueeze(2))[0])
    both = torch.stack(images)
    mean, spread = statistics(both.nan_to_num(), torch.isfinite(both).all(dim=1))
    return {"mean": mean, "spread": spread}
