"""Interpolate time series with gaps to the dates that a network was trained on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from eowidgets.models.classical.series import next_index, previous_index

#: Maximum days between the last observation and the last date of a season.
SLACK = 16.0


def season(days: Tensor, steps: Sequence[float], *, month: int, day: int, year: int = 0) -> Tensor:
    """Return the dates of one season.

    Parameters
    ----------
    days : Tensor, shape (t,), float64
        Days since 1970-01-01, increasing.
    steps : sequence of float
        Days from the beginning of the season.
    month, day : int
        Its first month and day.
    year : int
        Calendar year in which it begins; 0 selects the last season that ends within the dates, or earlier.

    Returns
    -------
    Tensor, shape (len(steps),), float64
    """
    last = float(days[-1]) + SLACK - steps[-1]
    latest = int(np.datetime64(int(np.floor(last)), "D").astype("datetime64[Y]").astype(int)) + 1970
    start = _day(year or latest, month, day)
    if not year and start > last:
        start = _day(latest - 1, month, day)
    return start + torch.as_tensor(steps, dtype=torch.float64, device=days.device)


def _day(year: int, month: int, day: int) -> int:
    return int(np.datetime64(f"{year:04d}-{month:02d}-{day:02d}", "D").astype(int))


def interpolated(
    x: Tensor, usable: Tensor, days: Tensor, wanted: Tensor, least: float = 1 / 3
) -> tuple[Tensor, Tensor]:
    """Interpolate series linearly between observations; before the first and after the last, repeat the nearest.

    Parameters
    ----------
    x : Tensor, shape (n, t, c)
    usable : Tensor, shape (n, t), bool
    days, wanted : Tensor, shapes (t,) and (s,), float64
        Dates of the series and of the result.
    least : float
        Share of ``wanted`` dates that need an observation within half of the distance between two of them.

    Returns
    -------
    values : Tensor, shape (n, s, c)
        0 where nothing was observed.
    enough : Tensor, shape (n,), bool
        Whether ``least`` is met.
    """
    before, after = previous_index(usable), next_index(usable)
    at = torch.searchsorted(days, wanted)  # the first date at or after
    left = before[:, (at - 1).clamp_min(0)].masked_fill(at == 0, -1)
    right = after[:, at.clamp_max(len(days) - 1)].masked_fill(at == len(days), -1)
    left, right = torch.where(left < 0, right, left), torch.where(right < 0, left, right)
    first, last = days[left.clamp_min(0)], days[right.clamp_min(0)]
    share = ((wanted - first) / (last - first).clamp_min(1e-9)).clamp(0, 1).to(x.dtype)[..., None]
    one, two = (_take(x, index) for index in (left, right))
    reach = (wanted[-1] - wanted[0]) / max(1, len(wanted) - 1) / 2
    near = torch.minimum((wanted - first).abs(), (last - wanted).abs()) <= reach
    known = left >= 0
    enough = (near & known).double().mean(dim=1) >= least
    return torch.lerp(one, two, share) * known[..., None], enough


def _take(x: Tensor, index: Tensor) -> Tensor:
    """Select dates: ``out[n, s, c] = x[n, index[n, s], c]``; an index of -1 returns the first date."""
    return x.gather(1, index.clamp_min(0)[..., None].expand(-1, -1, x.shape[2]))
