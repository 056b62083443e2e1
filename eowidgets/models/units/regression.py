"""The ridge regression that the weights of UniTS were trained with: each date on all other dates of its window.

:mod:`eowidgets.models.classical.regression` has a later one, with a relative prior, the nearest dates only and a robust fit.
"""

from __future__ import annotations

import torch
from torch import Tensor

from eowidgets.models.classical.regression import BEYOND, LEAST, between
from eowidgets.models.classical.series import solving_dtype

#: Prior of the regression, in squared reflectance summed over the clear pixels; chosen in the training area.
RIDGE = 0.015


def regress(x: Tensor, usable: Tensor, days: Tensor, ridge: float = RIDGE, *, every: int = 1) -> Tensor:
    """Predict what is hidden on each date from all other dates, by how they go together where the date was seen.

    Parameters
    ----------
    x : Tensor, shape (b, t, c, h, w)
        A series without gaps, as measured where ``usable``.
    usable : Tensor, shape (b, t, h, w), bool
    days : Tensor, shape (b, t)
        Increasing.
    every : int
        Fit on every so many pixels: less exact, and faster.

    Returns
    -------
    Tensor, shape of ``x``
        ``x`` itself where it was seen, and on dates of which fewer than :data:`LEAST` pixels were. Elsewhere the
        deviation from the neighbouring dates goes little beyond what the clear pixels of that date show
        (:data:`BEYOND`): a fit on few pixels would extrapolate much further.
    """
    t, h, w = usable.shape[1:]
    series = x.movedim(2, -1).flatten(2, 3)  # b t n c
    seen = usable.flatten(2)
    out = series.clone()
    # Dates are alike, so the equations are nearly singular: in float32 the answer would depend on the size of the batch.
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
