"""Scores of probabilistic forecasts: proper scores, coverage, and error relative to a naive forecast."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from eowidgets.errors import InputError
from eowidgets.metrics.pairs import compared, mask, mean


def crps(samples: npt.ArrayLike, target: npt.ArrayLike, where: npt.ArrayLike | None = None) -> float:
    """Return the continuous ranked probability score of an ensemble, in the units of the data; lower is better.

    Parameters
    ----------
    samples : array-like, shape (sample, ...)
        Draws from the forecast; one draw gives the absolute error.
    target : array-like, shape (...)
        Observed values; NaN is left out.
    where : array-like of bool, optional
        Broadcasts to `target`: mask of the values to compare.

    Notes
    -----
    ``E|X - y| - E|X - X'| / 2`` of the empirical distribution (Gneiting and Raftery 2007,
    doi:10.1198/016214506000001437).

    Examples
    --------
    >>> crps([[0.0], [1.0]], [0.5])
    0.25
    """
    draws, true = np.asarray(samples, dtype=np.float64), np.asarray(target, dtype=np.float64)
    if draws.shape[1:] != true.shape or not len(draws):
        raise InputError(
            f"The samples have shape {draws.shape}, but the target has {true.shape}: give the samples one additional first axis."
        )
    n = len(draws)
    # The mean of |X - X'| over all pairs, from ranks: n log n instead of n².
    rank = (2 * np.arange(1, n + 1) - n - 1).reshape(n, *[1] * true.ndim)
    spread = 2 * (rank * np.sort(draws, axis=0)).sum(0) / n**2
    score = np.abs(draws - true).mean(0) - spread / 2
    return mean(score, np.isfinite(true) & mask(where, true.shape))


def pinball(
    quantiles: npt.ArrayLike, target: npt.ArrayLike, levels: npt.ArrayLike, where: npt.ArrayLike | None = None
) -> float:
    """Return the mean quantile loss (Koenker and Bassett 1978), in the units of the data; lower is better.

    Parameters
    ----------
    quantiles : array-like, shape (level, ...)
        One forecast per level.
    target : array-like, shape (...)
    levels : array-like, shape (level,)
        Between 0 and 1, both excluded.
    where : array-like of bool, optional
        Broadcasts to `target`: mask of the values to compare.

    Examples
    --------
    >>> pinball([[1.0]], [2.0], levels=[0.9]), pinball([[2.0]], [1.0], levels=[0.9]).__round__(2)
    (0.9, 0.1)
    """
    predicted, true = np.asarray(quantiles, dtype=np.float64), np.asarray(target, dtype=np.float64)
    level = np.asarray(levels, dtype=np.float64)
    if predicted.shape != (level.size, *true.shape):
        raise InputError(
            f"Quantiles of shape {predicted.shape} do not match {level.size} levels and a target of shape {true.shape}."
        )
    if not ((level > 0) & (level < 1)).all():
        raise InputError(f"levels is {level.tolist()}: give numbers between 0 and 1.")
    q = level.reshape(-1, *[1] * true.ndim)
    short = true - predicted
    loss = np.maximum(q * short, (q - 1) * short).mean(0)
    return mean(loss, np.isfinite(true) & mask(where, true.shape))


def coverage(
    lower: npt.ArrayLike, upper: npt.ArrayLike, target: npt.ArrayLike, where: npt.ArrayLike | None = None
) -> float:
    """Return the share of targets inside their interval, ends included: 0.9 is ideal for a 90 % interval.

    Examples
    --------
    >>> coverage([0, 0, 0, 0], [1, 1, 1, 1], [0.5, 1.0, 1.5, float("nan")]).__round__(3)
    0.667
    """
    low, true, known = compared(lower, target, where)
    high, _, _ = compared(upper, target, where)
    inside = np.where(np.isfinite(low) & np.isfinite(high), (low <= true) & (true <= high), np.nan)
    return mean(inside, known)


def mase(
    predicted: npt.ArrayLike,
    target: npt.ArrayLike,
    history: npt.ArrayLike,
    season: int = 1,
    where: npt.ArrayLike | None = None,
) -> float:
    """Return the mean absolute scaled error (Hyndman and Koehler 2006): below 1 is better than the naive forecast.

    Parameters
    ----------
    predicted, target : array-like, shape (time, ...)
        Forecast and observed values.
    history : array-like, shape (earlier time, ...)
        The series before the forecast, on the same regular steps; NaN if unknown.
    season : int
        Steps per season: the naive forecast repeats the value of one season ago.
    where : array-like of bool, optional
        Broadcasts to `target`: mask of the values to compare.

    Returns
    -------
    float
        Mean over series with a scale; a constant history has none, and is left out.
    """
    a, b, known = compared(predicted, target, where, least=1)
    past = np.asarray(history, dtype=np.float64)
    if past.shape[1:] != b.shape[1:] or season < 1 or len(past) <= season:
        raise InputError(
            f"A history of shape {past.shape} does not match a target of shape {b.shape}: give the same series "
            f"and more than {season} steps."
        )
    steps = np.abs(past[season:] - past[:-season])
    count = np.isfinite(steps).sum(0)
    scale = np.nansum(steps, 0) / np.maximum(count, 1)
    scaled = scale > 0
    error = np.divide(np.abs(a - b), scale, out=np.full(b.shape, np.nan), where=np.broadcast_to(scaled, b.shape))
    return mean(error, known & scaled)
