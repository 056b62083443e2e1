"""Move samples towards what the clear pixels of each date say: :func:`~eowidgets.models.classical.regression.regress`.

A network of this size, trained in an evening, knows how places change better than it reads the light, the haze and the
dew of one date off its clear pixels. A linear regression reads just that. It is no part of the paper's model: the
two answers are averaged, in a share that is a setting of the weights.
"""

from __future__ import annotations

import torch
from torch import Tensor

from eowidgets.models.classical.regression import regress


def refine(made: Tensor, usable: Tensor, days: Tensor, bands: list[int], share: float) -> Tensor:
    """Move samples towards the regression that their mean gives.

    Parameters
    ----------
    made : Tensor, shape (k, b, t, c, h, w)
        Samples, as measured where ``usable``.
    bands : list of int
        Those that the cube has.
    share : float
        Of the regression in the answer, 0..1.

    Returns
    -------
    Tensor, shape of ``made``
    """
    if not share or made.shape[2] < 2 or not bands:
        return made
    with torch.autocast(made.device.type, enabled=False):  # a fit in half precision is none
        mean = made[:, :, :, bands].float().mean(dim=0)
        shift = share * (regress(mean, usable, days) - mean)
    out = made.clone()
    # A regression that is fitted on little must not make reflectance negative.
    low = out[:, :, :, bands].clamp(max=0)
    out[:, :, :, bands] = torch.maximum(out[:, :, :, bands] + shift.to(made.dtype), low)
    return out
