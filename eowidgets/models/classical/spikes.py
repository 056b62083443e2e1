"""Transient outliers between the previous and the next clear date: clouds and shadows that the mask misses."""

from __future__ import annotations

import torch
from torch import Tensor

from eowidgets.models.classical.series import (
    MAD_TO_SD,
    SMALLEST_SCALE,
    masked_median,
    next_index,
    previous_index,
    relative_days,
    sort_last,
    take,
)

#: A spike is further from the line between its neighbours than this many robust standard deviations of such distances ...
SIGMAS = 6.0
#: ... and than the range between the 10th and the 90th percentile of its pixel: growth and harvest stay within it.
RANGE = (0.1, 0.9)


def spikes(x: Tensor, usable: Tensor, days: Tensor) -> Tensor:
    """Detect spikes of every pixel; the first and the last clear date of a pixel are never spikes.

    Parameters
    ----------
    x : Tensor, shape (b, t, c, h, w)
    usable : Tensor, shape (b, t, h, w), bool
    days : Tensor, shape (t,), increasing

    Returns
    -------
    Tensor, shape (b, t, h, w), bool
        Clear values that are a spike in any band, and stronger than the spikes at the neighbouring clear dates.
    """
    none = torch.full_like(usable[:, :1], -1, dtype=torch.int64)
    before = torch.cat([none, previous_index(usable)[:, :-1]], dim=1)
    after = torch.cat([next_index(usable)[:, 1:], none], dim=1)
    between = usable & (before >= 0) & (after >= 0)
    there = between.unsqueeze(2)
    elapsed = relative_days(days, x)
    first, last = elapsed[before.clamp_min(0)], elapsed[after.clamp_min(0)]
    share = ((elapsed.view(1, -1, 1, 1) - first) / (last - first).clamp_min(1e-6)).clamp(0, 1).unsqueeze(2)
    apart = (x - torch.lerp(take(x, before), take(x, after), share)).masked_fill(~there, 0).abs()
    usual = MAD_TO_SD * masked_median(apart, there, dim=1).nan_to_num(0.0)
    size = torch.maximum(SIGMAS * usual, _range(x, usable)).clamp_min(SIGMAS * SMALLEST_SCALE)
    strength = (apart / size.unsqueeze(1)).amax(dim=2)

    def neighbour(index: Tensor) -> Tensor:
        return strength.gather(1, index.clamp_min(0)).masked_fill(index < 0, 0)

    return between & (strength > 1) & (strength >= neighbour(before)) & (strength >= neighbour(after))


def _range(x: Tensor, usable: Tensor) -> Tensor:
    """Return the distance between two percentiles of the clear values of each pixel and band, (b, c, h, w)."""
    # Dates last and contiguous in memory: sorting with a stride takes several times as long.
    ordered = sort_last(x.masked_fill(~usable.unsqueeze(2), torch.inf).movedim(1, -1).contiguous())
    last = (usable.sum(dim=1) - 1).clamp_min(0)
    low, high = ((share * last).round().long()[:, None, ..., None].expand_as(ordered[..., :1]) for share in RANGE)
    return (ordered.gather(-1, high) - ordered.gather(-1, low)).squeeze(-1).nan_to_num(0.0)
