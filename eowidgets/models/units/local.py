"""What is seen of a date says what is hidden of it: a ridge regression on the other dates, window by window.

A network of this size, trained in an evening, knows how places change better than it reads the light, the haze and the
dew of one date off its clear pixels. A linear regression reads just that. It is no part of the paper's model: the
two answers are averaged, in a share that is a setting of the weights.
"""

from __future__ import annotations

import torch
from torch import Tensor

#: Prior of the regression, in squared reflectance summed over the clear pixels; chosen in the training area.
RIDGE = 0.015
#: Clear pixels that a date must have in a window.
LEAST = 8


def between(x: Tensor, days: Tensor, date: int) -> Tensor:
    """Interpolate a filled series (b, t, n, c) to one of its dates from its neighbours, (b, n, c)."""
    left, right = max(date - 1, 0), min(date + 1, x.shape[1] - 1)
    if date in (left, right):
        return x[:, right if date == left else left]
    share = (days[:, date] - days[:, left]) / (days[:, right] - days[:, left])
    return torch.lerp(x[:, left], x[:, right], share.to(x.dtype)[:, None, None])


def regress(x: Tensor, usable: Tensor, days: Tensor) -> Tensor:
    """Predict what is hidden on each date from all other dates, by how they go together where the date was seen.

    Parameters
    ----------
    x : Tensor, shape (b, t, c, h, w)
        A series without gaps, as measured where ``usable``.
    usable : Tensor, shape (b, t, h, w), bool
    days : Tensor, shape (b, t)
        Increasing.

    Returns
    -------
    Tensor, shape of ``x``
        ``x`` itself where it was seen, and on dates of which fewer than :data:`LEAST` pixels were.
    """
    t, h, w = usable.shape[1:]
    series = x.movedim(2, -1).flatten(2, 3)  # b t n c
    seen = usable.flatten(2)
    out = series.clone()
    for date in range(t):
        clear = seen[:, date].to(x.dtype).unsqueeze(-1)  # b n 1
        count = clear.sum(dim=1, keepdim=True)
        hidden = ~seen[:, date] & (count[:, 0] >= LEAST)
        if not bool(hidden.any()):
            continue
        others = [i for i in range(t) if i != date]
        features = series[:, others].transpose(1, 2).flatten(2)  # b n (t - 1) c
        prior = between(series, days, date)
        off = series[:, date] - prior
        count = count.clamp(min=1)
        middle, level = ((v * clear).sum(dim=1, keepdim=True) / count for v in (features, off))
        features = features - middle
        there = (features * clear).transpose(1, 2)
        steady = RIDGE * torch.eye(features.shape[-1], dtype=x.dtype, device=x.device)
        weight = torch.linalg.solve(there @ features + steady, there @ (off - level))
        out[:, date] = torch.where(hidden.unsqueeze(-1), prior + level + features @ weight, series[:, date])
    return out.reshape(*out.shape[:2], h, w, -1).movedim(-1, 2)


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
