"""The ridge regression used in the training of the UniTS weights: each date on all other dates of its window.

:mod:`eowidgets.models.classical.regression` has a newer one, with a relative penalty, the nearest dates only and a robust fit.
"""

from __future__ import annotations

import torch
from torch import Tensor

from eowidgets.models.classical.regression import BEYOND, LEAST, between
from eowidgets.models.classical.series import solving_dtype

#: Ridge penalty, in squared reflectance summed over the clear pixels; tuned in the training area.
RIDGE = 0.015


def regress(x: Tensor, usable: Tensor, days: Tensor, ridge: float = RIDGE, *, every: int = 1) -> Tensor:
    """Predict the cloudy part of each date from all other dates, by their covariance over the clear pixels of the date.

    Parameters
    ----------
    x : Tensor, shape (b, t, c, h, w)
        A series without gaps, with the measured values where ``usable``.
    usable : Tensor, shape (b, t, h, w), bool
    days : Tensor, shape (b, t)
        Increasing.
    every : int
        Step between the fitted pixels: larger steps are less exact and faster.

    Returns
    -------
    Tensor, shape of ``x``
        ``x`` itself where observed, and on dates with fewer than :data:`LEAST` observed pixels. Elsewhere the deviation
        from the neighbouring dates exceeds that of the clear pixels of that date only slightly (:data:`BEYOND`), because a
        fit on few pixels would extrapolate much further.
    """
    t, h, w = usable.shape[1:]
    series = x.movedim(2, -1).flatten(2, 3)  # b t n c
    seen = usable.flatten(2)
    out = series.clone()
    # Dates are similar, so the equations are nearly singular: in float32 the result would depend on the batch size.
    exact = solving_dtype(x.device)
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
        some = features[:, ::every].to(exact)
        there = (some * clear[:, ::every]).transpose(1, 2)
        steady = ridge / every * torch.eye(features.shape[-1], dtype=exact, device=x.device)
        weight = torch.linalg.solve(there @ some + steady, there @ (off - level)[:, ::every].to(exact))
        unseen = clear == 0
        low = off.masked_fill(unseen, torch.inf).amin(dim=1, keepdim=True)
        high = off.masked_fill(unseen, -torch.inf).amax(dim=1, keepdim=True)
        room = BEYOND * (high - low)
        moved = (level + features @ weight.to(x.dtype)).clamp(low - room, high + room)
        out[:, date] = torch.where(hidden.unsqueeze(-1), prior + moved, series[:, date])
    return out.reshape(*out.shape[:2], h, w, -1).movedim(-1, 2)
