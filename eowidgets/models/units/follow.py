"""Predict bands that were not used in training from those that were, by their relation in the series itself."""

from __future__ import annotations

import torch
from torch import Tensor

#: Share of the mean variance that is added to every variance, so that bands with little variance have little weight.
RIDGE = 0.02


def coupling(x: Tensor, usable: Tensor, days: Tensor, known: list[int], others: list[int]) -> Tensor:
    """Fit, window by window, the deviations of ``others`` from linear interpolation to those of ``known``.

    Parameters
    ----------
    x : Tensor, shape (b, t, c, h, w)
    usable : Tensor, shape (b, t, h, w), bool
    days : Tensor, shape (b, t)

    Returns
    -------
    Tensor, shape (b, len(others), len(known))
        0 if no pixel is observed on three consecutive dates.
    """
    left, here, right = x[:, :-2], x[:, 1:-1], x[:, 2:]
    share = ((days[:, 1:-1] - days[:, :-2]) / (days[:, 2:] - days[:, :-2])).to(x.dtype)[:, :, None, None, None]
    seen = (usable[:, :-2] & usable[:, 1:-1] & usable[:, 2:]).unsqueeze(2)
    off = (here - left - share * (right - left)) * seen
    a, b = (off[:, :, chosen].movedim(2, 1).flatten(2) for chosen in (known, others))
    within, between = a @ a.transpose(1, 2), b @ a.transpose(1, 2)
    level = within.diagonal(dim1=1, dim2=2).mean(dim=1)[:, None, None]
    steady = within + torch.eye(len(known), dtype=x.dtype, device=x.device) * (RIDGE * level + 1e-9)
    fitted: Tensor = torch.linalg.solve(steady, between.transpose(1, 2)).transpose(1, 2)
    return fitted


def follow(made: Tensor, base: Tensor, usable: Tensor, days: Tensor, known: list[int], others: list[int]) -> Tensor:
    """Add to ``others`` the part of the prediction that they share with ``known``.

    Parameters
    ----------
    made : Tensor, shape (k, b, t, c, h, w)
        Samples in which ``others`` are interpolated.
    base : Tensor, shape (b, t, c, h, w)
        Interpolated reflectance, equal to the measurement where ``usable``.

    Returns
    -------
    Tensor, shape of ``made``
    """
    if not others or not known or made.shape[2] < 3:
        return made
    moved = made[:, :, :, known] - base[:, :, known]
    with torch.autocast(base.device.type, enabled=False):  # the fit needs full precision
        weight = coupling(base.float(), usable, days, known, others)
        shift = torch.einsum("buv,kbtvhw->kbtuhw", weight, moved.float())
    out = made.clone()
    # A coupling fitted to few pixels must not make reflectance negative.
    out[:, :, :, others] = (base[:, :, others] + shift).clamp(min=0).to(made.dtype)
    return out
