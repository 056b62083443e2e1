"""The double logistic curve of Beck et al. (2006), doi:10.1016/j.rse.2005.10.021, fitted to one season of every series.

``v(t) = base + amplitude · (1 / (1 + exp(-(t - start) / rise)) + 1 / (1 + exp((t - end) / fall)) - 1)``, by damped
Gauss-Newton steps (Levenberg, 1944; Marquardt, 1963) with Huber's weights. Choices made here: pace in days instead of its
inverse; the smoother's season as first guess; a weak prior that keeps the curve close to it where there are few dates.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from eowidgets.models.classical.series import HUBER, MAD_TO_SD
from eowidgets.models.phenology.curve import Curve
from eowidgets.models.phenology.metrics import Rules, Seasons, measure
from eowidgets.models.phenology.whittaker import SMALLEST_SCALE, median_of_used

Array = npt.NDArray[Any]
#: Number of steps of the fit.
STEPS = 12
#: Shortest and longest pace, in days.
PACE = (2.0, 40.0)
#: Standard deviations of the prior of start, end (days) and of the logarithm of the paces.
DAYS_PRIOR, PACE_PRIOR = 40.0, 0.7
#: Days beyond the lowest values whose observations are used for the fit.
MARGIN = 15.0


def logistic(
    curve: Curve,
    found: Seasons,
    values: Array,
    usable: Array,
    days: Array,
    span: tuple[float, float],
    robust: bool,
) -> tuple[Curve, Seasons]:
    """Replace the curve of the smoother by a double logistic one between the lowest values around a peak.

    Parameters
    ----------
    curve : Curve
        Curve of the smoother.
    found : Seasons
        Seasons on that curve.
    values, usable : array, shape (t, n)
    days : array, shape (t,)
    span : (float, float)
        First day of the season year, and of the next one.
    robust : bool

    Returns
    -------
    curve : Curve
    found : Seasons
        With the peak of the new curve.
    """
    guess = measure(curve, found, usable, days, span, Rules(min_amplitude=-np.inf, min_dates=0, max_gap=np.inf))
    origin = curve.nodes[found.peak]
    low, high = curve.nodes[found.left] - MARGIN, curve.nodes[found.right] + MARGIN
    near = (days >= low.min()) & (days <= high.max())
    when = days[near, None]
    seen = usable[near] & (when >= low) & (when <= high)
    y = np.where(seen, values[near], 0.0)
    t = when - origin
    start, end = (np.where(np.isfinite(guess[k]), guess[k] - origin, d) for k, d in (("start", -60.0), ("end", 60.0)))
    pace = np.log(10.0)
    first = np.stack(
        [guess["base"], guess["amplitude"], start, end, np.full_like(start, pace), np.full_like(start, pace)]
    )
    first = np.nan_to_num(first)
    noise0 = np.maximum(MAD_TO_SD * median_of_used(np.abs(y - _curve(t, first)), seen), 0.005)
    prior = np.stack([np.zeros_like(start)] * 2 + [noise0**2 / DAYS_PRIOR**2] * 2 + [noise0**2 / PACE_PRIOR**2] * 2)
    theta, inverse, noise = _fit(t, y, seen, first, prior + 1e-9, robust)
    grid = curve.nodes[:, None] - origin
    value, slopes = _curve(grid, theta), _slopes(grid, theta)
    spread = np.einsum("ign,nij,jgn->gn", slopes, inverse, slopes, optimize=True) * noise
    rows = np.arange(len(grid))[:, None]
    within = (rows >= found.left) & (rows <= found.right)
    peak = np.where(within, value, -np.inf).argmax(axis=0)
    made = Curve(curve.nodes, value, np.maximum(spread, 0.0), noise)
    return made, Seasons(peak, found.left, found.right, found.there)


def _fit(t: Array, y: Array, seen: Array, first: Array, prior: Array, robust: bool) -> tuple[Array, Array, Array]:
    """Return parameters (6, n), the inverse of the normal equations (n, 6, 6) and the variance of the noise (n,)."""
    theta, damping = first, np.full(y.shape[1], 1e-2)
    weight = seen.astype("float64")
    eye = np.eye(6)
    cost = _cost(t, y, weight, theta, first, prior)
    for step in range(STEPS):
        residual = np.where(seen, y - _curve(t, theta), 0.0)
        if robust and step in (2, 5):
            scale = np.maximum(MAD_TO_SD * median_of_used(np.abs(residual), seen), SMALLEST_SCALE)
            weight = seen * np.minimum(1.0, HUBER * scale / np.maximum(np.abs(residual), 1e-12))
            cost = _cost(t, y, weight, theta, first, prior)
        slopes = _slopes(t, theta)
        weighted = slopes * weight
        normal = np.einsum("itn,jtn->nij", weighted, slopes, optimize=True) + eye * prior.T[:, :, None]
        right = (weighted * residual).sum(axis=1) - prior * (theta - first)
        scale_of = np.einsum("nii->ni", normal)
        damped = normal + eye * (damping[:, None] * scale_of)[:, :, None]
        move = np.linalg.solve(damped, right.T[..., None])[..., 0].T
        tried = theta + move
        tried[4:] = np.clip(tried[4:], *np.log(PACE))
        tried[2:4] = np.clip(tried[2:4], -365.0, 365.0)
        fresh = _cost(t, y, weight, tried, first, prior)
        better = fresh < cost
        theta, cost = np.where(better, tried, theta), np.where(better, fresh, cost)
        damping = np.clip(np.where(better, damping / 4, damping * 6), 1e-7, 1e6)
    slopes = _slopes(t, theta)
    normal = np.einsum("itn,jtn->nij", slopes * weight, slopes, optimize=True) + eye * prior.T[:, :, None]
    residual = np.where(seen, y - _curve(t, theta), 0.0)
    noise = (weight * residual**2).sum(axis=0) / np.maximum(weight.sum(axis=0) - 6, 1.0)
    return theta, np.linalg.inv(normal + 1e-9 * eye), noise


def _cost(t: Array, y: Array, weight: Array, theta: Array, first: Array, prior: Array) -> Array:
    return np.asarray((weight * (y - _curve(t, theta)) ** 2).sum(axis=0) + (prior * (theta - first) ** 2).sum(axis=0))


def _sides(t: Array, theta: Array) -> tuple[Array, Array, Array, Array]:
    rise, fall = np.exp(theta[4]), np.exp(theta[5])
    up = 1 / (1 + np.exp(np.clip(-(t - theta[2]) / rise, -50, 50)))
    down = 1 / (1 + np.exp(np.clip((t - theta[3]) / fall, -50, 50)))
    return up, down, rise, fall


def _curve(t: Array, theta: Array) -> Array:
    up, down, _, _ = _sides(t, theta)
    return np.asarray(theta[0] + theta[1] * (up + down - 1))


def _slopes(t: Array, theta: Array) -> Array:
    """Return the derivatives with respect to the parameters, shape (6, ..., n)."""
    up, down, rise, fall = _sides(t, theta)
    a, u, d = theta[1], up * (1 - up), down * (1 - down)
    return np.stack(
        [
            np.ones_like(up),
            up + down - 1,
            -a * u / rise,
            a * d / fall,
            -a * u * (t - theta[2]) / rise,
            a * d * (t - theta[3]) / fall,
        ]
    )
