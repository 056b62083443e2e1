"""Average the prediction with :func:`~eowidgets.models.classical.regression.regress`.

The regression predicts the hidden pixels of a date from its clear pixels and the other dates. The paper has no such part;
the share is a setting of the weights.
"""

from __future__ import annotations

import torch
from torch import Tensor

from eowidgets.models.classical.regression import regress
from eowidgets.models.units.config import UniTSConfig


def regression_note(config: UniTSConfig) -> str:
    """State in one sentence what part of the answer on partly visible dates is a regression, not the network."""
    if config.base == "regression":
        mixed = (
            f", and {config.local:.0%} of the answer is the same regression on the filled series"
            if config.local
            else ""
        )
        return (
            "On partly visible dates the network corrects a ridge regression on the date's clear pixels"
            f"{mixed}; on wholly hidden dates it corrects linear interpolation."
        )
    if config.local:
        return (
            f"{config.local:.0%} of the answer on partly visible dates is a ridge regression on the date's clear pixels, "
            "not the network."
        )
    return "No part of the answer is a regression."


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
