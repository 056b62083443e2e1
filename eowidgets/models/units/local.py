"""Average the prediction with :func:`~eowidgets.models.units.regression.regress`.

The regression predicts the cloudy pixels of a date from its clear pixels and the other dates. It is not in the paper; its
share is a setting of the weights.
"""

from __future__ import annotations

import torch
from torch import Tensor

from eowidgets.models.classical.regression import LEAST
from eowidgets.models.units.between import interpolate
from eowidgets.models.units.config import UniTSConfig
from eowidgets.models.units.regression import regress


def regression_note(config: UniTSConfig) -> str:
    """Return a sentence on the share of the regression in the prediction on partly visible dates."""
    if config.passes:
        more = f"; {config.local:.0%} of the prediction is one more pass" if config.local else ""
        return (
            "On partly visible dates the prediction is mostly a ridge regression on the date's clear pixels, repeated "
            f"{config.passes} times, which the network corrects{more}; fully cloudy dates are corrected linear interpolation."
        )
    if config.local:
        return (
            f"{config.local:.0%} of the prediction on partly visible dates is a ridge regression on the date's clear pixels, "
            "not the network."
        )
    return "No part of the prediction is a regression."


def repeated(
    filled: Tensor, usable: Tensor, days: Tensor, passes: int, *, every: int = 1, spans: bool = True
) -> Tensor:
    """Fill partly visible dates by the regression on the other dates, repeatedly: each pass uses the previous one.

    The result is the mean of the last two passes, which oscillate around it. Dates with almost nothing visible are
    interpolated in time between the filled ones.

    Parameters
    ----------
    filled : Tensor, shape (b, t, c, h, w)
        A series without gaps, with the measured values where ``usable``.
    usable : Tensor, shape (b, t, h, w), bool
    days : Tensor, shape (b, t)
    passes : int
    every : int
        As for :func:`~eowidgets.models.units.regression.regress`.
    spans : bool
        Interpolate the dates with almost nothing visible; otherwise they are unchanged.

    Returns
    -------
    Tensor, shape of ``filled``, float32
    """
    with torch.autocast(filled.device.type, enabled=False):  # normal equations need full precision
        now, before = filled.float(), filled.float()
        count = usable.sum(dim=(-2, -1), keepdim=True)
        anchors = usable | (count >= LEAST)
        whole = ~anchors.any(dim=(-2, -1)) & anchors.any(dim=1, keepdim=True).any(dim=(-2, -1))
        hidden = whole[..., None, None, None]
        for _ in range(passes):
            before, now = now, regress(now, usable, days, every=every)
            if spans and bool(whole.any()):
                now = torch.where(hidden, interpolate(now, anchors, days)[0], now)
        return now if passes < 2 else (now + before) / 2


def refine(made: Tensor, usable: Tensor, days: Tensor, bands: list[int], share: float) -> Tensor:
    """Shrink samples towards the regression on their mean.

    Parameters
    ----------
    made : Tensor, shape (k, b, t, c, h, w)
        Samples, with the measured values where ``usable``.
    bands : list of int
        Positions of the bands of the cube.
    share : float
        Share of the regression in the result, 0..1.

    Returns
    -------
    Tensor, shape of ``made``
    """
    if not share or made.shape[2] < 2 or not bands:
        return made
    with torch.autocast(made.device.type, enabled=False):  # the fit needs full precision
        mean = made[:, :, :, bands].float().mean(dim=0)
        shift = share * (regress(mean, usable, days) - mean)
    out = made.clone()
    # A regression fitted to few pixels must not make reflectance negative.
    low = out[:, :, :, bands].clamp(max=0)
    out[:, :, :, bands] = torch.maximum(out[:, :, :, bands] + shift.to(made.dtype), low)
    return out
