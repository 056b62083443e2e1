"""Linear interpolation in time, with the distance to the nearest observation."""

from __future__ import annotations

import torch
from torch import Tensor


def interpolate(x: Tensor, usable: Tensor, days: Tensor) -> tuple[Tensor, Tensor]:
    """Interpolate linearly in time at every pixel, and hold the nearest value before the first and after the last.

    Parameters
    ----------
    x : Tensor, shape (b, t, c, h, w)
    usable : Tensor, shape (b, t, h, w), bool
    days : Tensor, shape (b, t), float
        Increasing.

    Returns
    -------
    Tensor, shape (b, t, c, h, w)
        Equal to ``x`` where usable. A pixel without observations gets the mean of the observed pixels of its window on each
        date, or of the whole window on dates without any.
    Tensor, shape (b, t, h, w)
        Days to the nearest usable date, 1000 if there is none.
    """
    b, t, c, h, w = x.shape
    position = torch.arange(t, device=x.device).view(1, t, 1, 1)
    before = torch.where(usable, position, -1).cummax(dim=1).values
    after = torch.where(usable, position, t).flip(1).cummin(dim=1).values.flip(1)
    left = torch.where(before < 0, after, before).clamp(max=t - 1)
    right = torch.where(after >= t, before, after).clamp(min=0)
    rel = (days - days[:, :1]).float()
    when = rel.view(b, t, 1, 1).expand(b, t, h, w)
    d_left, d_right = when.gather(1, left), when.gather(1, right)
    weight = ((when - d_left) / (d_right - d_left).clamp(min=1e-6)).clamp(0, 1)
    index = left.unsqueeze(2).expand(b, t, c, h, w)
    low = x.gather(1, index)
    high = x.gather(1, right.unsqueeze(2).expand(b, t, c, h, w))
    filled = low + weight.unsqueeze(2) * (high - low)
    gap = torch.minimum((when - d_left).abs(), (d_right - when).abs())
    never = ~usable.any(dim=1)
    if bool(never.any()):
        seen = usable.unsqueeze(2).to(x.dtype)
        count = seen.sum(dim=(-2, -1), keepdim=True)
        per_date = (x * seen).sum(dim=(-2, -1), keepdim=True) / count.clamp(min=1)
        overall = (x * seen).sum(dim=(1, -2, -1), keepdim=True) / count.sum(dim=1, keepdim=True).clamp(min=1)
        guess = torch.where(count > 0, per_date, overall).expand_as(x)
        filled = torch.where(never[:, None, None], guess, filled)
        gap = gap.masked_fill(never[:, None], 1000.0)
    return filled, gap
