"""The days that hold-out windows start from, which of them overlap, and how many independent ones they amount to."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from eowidgets.analysis.forecast.season import YEAR

#: Fewest dates before a hold-out window.
FEWEST = 3
#: Offsets (days) around the same day of earlier years, so that windows also differ in season.
SHIFTS = (0, -30, 30)


def origins(days: Tensor, cut: float, horizon: float, most: int = 12) -> list[float]:
    """Return the days to forecast from, all before ``cut``, latest first.

    They lie in the same season of earlier years where the record holds a year before each of them: first the same day,
    then days around it. In a shorter record they are dates of its later part.

    Parameters
    ----------
    days : Tensor, shape (t,)
        Dates of the record, on the scale on which a season lasts a year.
    cut : float
        The day that the forecast itself starts from.
    horizon : float
        Length of a forecast in days.
    most : int
        Maximum number of origins.
    """
    first = float(days[0])
    count = int((cut - first) / YEAR) + 1
    # In a long record, only years whose windows do not overlap.
    stride = max(1, min(int(np.ceil(horizon / YEAR - 1e-6)), count // most))
    same = [cut - year * YEAR + shift for shift in SHIFTS for year in range(stride, count + 1, stride)]
    same = [o for o in same if o - first >= YEAR and _dates(days, o, cut, horizon)]
    if len(same) >= len(SHIFTS):
        return sorted(same[:most], reverse=True)
    later = [float(d) for d in days[FEWEST - 1 :] if _dates(days, float(d), cut, horizon)]
    whole = [d for d in later if d >= (first + cut) / 2 and d <= cut - 0.9 * horizon]
    later = whole if len(whole) >= len(SHIFTS) else later
    apart: Any = np.linspace(0, len(later) - 1, min(most, len(later))).round().astype(int) if later else []
    if later is whole and (room := int((later[-1] - later[0]) / horizon) + 1) >= len(SHIFTS):
        # The record has room for non-overlapping windows: each starts at the date nearest to its regular position.
        wanted = later[-1] - np.arange(min(most, room)) * max(horizon, (later[-1] - later[0]) / max(most - 1, 1))
        apart = np.abs(np.asarray(later)[None] - wanted[:, None]).argmin(1)
    return [later[i] for i in sorted(set(map(int, apart)), reverse=True)]


def _dates(days: Tensor, origin: float, cut: float, horizon: float) -> bool:
    known = int((days <= origin).sum()) >= FEWEST
    return known and bool(((days > origin) & (days <= min(origin + horizon, cut))).any())


def overlaps(starts: list[float], horizon: float, cut: float) -> npt.NDArray[np.bool_]:
    """Return which pairs of windows share days, shape (window, window)."""
    begin = np.asarray(starts, dtype="float64")
    end = np.minimum(begin + horizon, cut)
    return (begin[:, None] < end[None] - 1e-6) & (begin[None] < end[:, None] - 1e-6)


def effective(starts: list[float], horizon: float, cut: float) -> float:
    """Return the equivalent number of independent windows: the number of covered days over the horizon.

    Windows that overlap share observations. At least 1 where there is a window, at most their number.
    """
    if not starts:
        return 0.0
    covered, reached = 0.0, -np.inf
    for start in sorted(starts):
        end = min(start + horizon, cut)
        covered += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return float(min(len(starts), max(1.0, covered / horizon)))


def window_of(days: Tensor, start: float, horizon: float, cut: float) -> Tensor:
    """Return the mask of the dates in a window, shape (t,)."""
    return torch.logical_and(days > start, days <= min(start + horizon, cut))
