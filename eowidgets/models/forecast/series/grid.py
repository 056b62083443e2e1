"""Interpolate irregular, cloudy series to a regular time grid, and forecasts on the grid to any day.

Only values at or before the cut are used, and the grid ends at the cut.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from eowidgets.models.classical.harmonic import design, evaluate, robust_solve
from eowidgets.models.classical.series import huber_weights, solving_dtype
from eowidgets.models.forecast.series.past import Past

#: Weight of the yearly curve on the grid, relative to one value observed on that day: gaps fall back on the season.
PRIOR = 0.15
#: Largest distance from the grid, in steps, at which dates count as regular.
ON_GRID = 1e-3


def past_grid(cut: float, step: float, count: int) -> Tensor:
    """Return ``count`` days, ``step`` apart, the last of them at the cut."""
    return cut - step * torch.arange(count - 1, -1, -1, dtype=torch.float64)


def regrid(series: Past, grid: Tensor, step: float) -> Tensor:
    """Interpolate to the days of a grid, (n, g, c), all finite.

    If the last dates are the grid itself, and fully observed, they are returned unchanged. Others are smoothed: a robust
    yearly curve (one wave, with a ridge penalty, so that few values give a level), plus the kernel mean of the residuals
    (Gaussian, standard deviation of one step), which fades into the curve in long gaps. Values that neither the curve
    nor their neighbours explain have less weight (Huber's weights).

    Parameters
    ----------
    series : Past
        All of it is used: cut it first (:meth:`Past.until`).
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
    # The first pass weights all values equally: a real change moves many values, and only isolated values are outliers.
    seen_weight = seen.to(dtype)
    around = smooth(residual, seen_weight, series.days)
    weight = seen_weight * huber_weights((residual - around).unsqueeze(1), seen)
    return series.unrow(curve(grid) + smooth(residual, weight, grid)).to(series.values.dtype)


def steps_ahead(future: Tensor, cut: float, step: float) -> int:
    """Return the number of steps after the cut that reach the last requested day."""
    return max(1, math.ceil((float(future.max()) - cut) / step - ON_GRID))


def to_days(last: Tensor, ahead: Tensor, future: Tensor, cut: float, step: float) -> Tensor:
    """Interpolate a forecast linearly between its steps to any later day.

    Parameters
    ----------
    last : Tensor, shape (n, c)
        Value at the cut.
    ahead : Tensor, shape (n, steps, c)
        Forecast at ``cut + step``, ``cut + 2 step``, ...
    future : Tensor, shape (h,)

    Returns
    -------
    Tensor, shape (n, h, c)
    """
    path = torch.cat([last.unsqueeze(1), ahead], dim=1)
    place = ((future - cut) / step).clamp(0, ahead.shape[1])
    # A day on a step gets exactly the value of that step.
    place = torch.where((place - place.round()).abs() < ON_GRID, place.round(), place)
    left = place.floor().long().clamp_max(ahead.shape[1] - 1)
    share = (place - left).to(path.device, path.dtype)[:, None]
    left = left.to(path.device)
    return path[:, left] * (1 - share) + path[:, left + 1] * share
