"""Irregular, cloudy series on a regular grid in time, for the models that need one, and forecasts back to any day.

Only what lies at or before the cut is looked at, and the grid ends on the cut.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from eowidgets.models.classical.harmonic import design, evaluate, robust_solve
from eowidgets.models.classical.series import huber_weights, solving_dtype
from eowidgets.models.forecast.series.past import Past

#: Pull of the yearly curve on the grid, against one value seen on that very day: a gap falls back on the season.
PRIOR = 0.15
#: Dates count as regular if they lie this near to the grid, in steps.
ON_GRID = 1e-3


def past_grid(cut: float, step: float, count: int) -> Tensor:
    """``count`` days, ``step`` apart, the last of them on the cut."""
    return cut - step * torch.arange(count - 1, -1, -1, dtype=torch.float64)


def regrid(series: Past, grid: Tensor, step: float) -> Tensor:
    """Values on the days of a grid, (n, g, c), all finite.

    Where the last dates are the grid itself, and were seen throughout, they come back as they are. Others are smoothed:
    a robust yearly curve (one wave, with a ridge, so that few values make a level), plus the kernel mean of what was
    seen beside it (Gaussian, standard deviation of one step), which fades into the curve where nothing was seen for
    long. Values that neither the curve nor their neighbours explain count for less (Huber's weights).

    Parameters
    ----------
    series : Past
        The whole of it is used: cut it first (:meth:`Past.until`).
    grid : Tensor, shape (g,), float64
        Increasing.
    step : float
        Days between two of its days.
    """
    tail = series.days[-len(grid) :]
    if len(tail) == len(grid) and bool(((tail - grid).abs() < ON_GRID * step).all()):
        values, seen = series.values[:, -len(grid) :], series.seen[:, -len(grid) :]
        if bool(seen.all()):
            return values
    y, seen = series.rows()
    dtype = solving_dtype(y.device)
    y = y.to(dtype)

    def columns(days: Tensor) -> Tensor:
        return design(days, 1, False, series.cut).to(y.device, dtype)

    coefficients, _ = robust_solve(columns(series.days), y.unsqueeze(1), seen, 1.0, rounds=3)

    def curve(days: Tensor) -> Tensor:
        return evaluate(columns(days), coefficients, dtype).squeeze(1)

    def smooth(residual: Tensor, weight: Tensor, days: Tensor) -> Tensor:
        apart = (series.days[:, None] - days) / step
        kernel = torch.exp(-0.5 * apart.square()).to(y.device, dtype)  # t g
        return ((weight * residual) @ kernel) / (weight @ kernel + PRIOR)

    residual = y - curve(series.days)
    # A first pass trusts all alike: a real change moves many values, and only what stands alone is an outlier.
    seen_weight = seen.to(dtype)
    around = smooth(residual, seen_weight, series.days)
    weight = seen_weight * huber_weights((residual - around).unsqueeze(1), seen)
    return series.unrow(curve(grid) + smooth(residual, weight, grid)).to(series.values.dtype)


def steps_ahead(future: Tensor, cut: float, step: float) -> int:
    """Steps after the cut that reach the last day asked for."""
    return max(1, math.ceil((float(future.max()) - cut) / step - ON_GRID))


def to_days(last: Tensor, ahead: Tensor, future: Tensor, cut: float, step: float) -> Tensor:
    """Values on any later day, linear between the steps of a forecast.

    Parameters
    ----------
    last : Tensor, shape (n, c)
        Value on the cut.
    ahead : Tensor, shape (n, steps, c)
        Forecast at ``cut + step``, ``cut + 2 step``, ...
    future : Tensor, shape (h,)

    Returns
    -------
    Tensor, shape (n, h, c)
    """
    path = torch.cat([last.unsqueeze(1), ahead], dim=1)
    place = ((future - cut) / step).clamp(0, ahead.shape[1])
    # A day that lies on a step takes that step's value to the bit.
    place = torch.where((place - place.round()).abs() < ON_GRID, place.round(), place)
    left = place.floor().long().clamp_max(ahead.shape[1] - 1)
    share = (place - left).to(path.device, path.dtype)[:, None]
    left = left.to(path.device)
    return path[:, left] * (1 - share) + path[:, left + 1] * share
