"""Calibrate probabilities, and compute intervals of numbers, on held-out blocks."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from eowidgets.learn.evaluation import COVERS

Array = npt.NDArray[Any]
#: Candidate temperatures.
LOWEST, HIGHEST = 0.1, 10.0


def temperature(logits: Array, truth: Array) -> float:
    """Return the divisor of logits with the least cross-entropy (Guo et al., 2017).

    Parameters
    ----------
    logits : array, shape (n, classes)
    truth : array, shape (n,)
        Index of the class.

    Returns
    -------
    float
        1 if there is nothing to fit.
    """
    from scipy.optimize import minimize_scalar

    known = np.isfinite(logits).all(axis=1)
    logits, truth = logits[known].astype("float64"), truth[known]
    if len(truth) < 2:
        return 1.0

    def loss(log_t: float) -> float:
        scaled = logits / np.exp(log_t)
        scaled = scaled - scaled.max(axis=1, keepdims=True)
        chance = scaled[np.arange(len(truth)), truth] - np.log(np.exp(scaled).sum(axis=1))
        return float(-np.maximum(chance, -30).mean())

    found = minimize_scalar(loss, bounds=(np.log(LOWEST), np.log(HIGHEST)), method="bounded")
    return float(np.exp(found.x))


def interval(found: Array, truth: Array) -> tuple[float, float]:
    """Return the distances from a prediction to the ends of its 90 % interval, from errors on held-out blocks.

    Parameters
    ----------
    found, truth : array, shape (n,)
    """
    known = np.isfinite(found)
    error = found[known] - truth[known]
    n = max(1, len(error))
    tail = min(0.5, (1 - COVERS) / 2 * n / (n + 1))  # wider for few errors
    low, high = np.quantile(error, [tail, 1 - tail])
    return max(0.0, float(high)), max(0.0, float(-low))


def calibration_error(chances: Array, truth: Array, bins: int = 10) -> float:
    """Return the mean difference between the probability of the most likely class and its accuracy.

    Parameters
    ----------
    chances : array, shape (n, classes)
    truth : array, shape (n,)
    bins : int
    """
    sure, right = chances.max(axis=1), chances.argmax(axis=1) == truth
    place = np.minimum((sure * bins).astype(int), bins - 1)
    total = np.bincount(place, minlength=bins)
    gap = np.abs(np.bincount(place, sure, bins) - np.bincount(place, right, bins))
    return float(gap.sum() / max(1, total.sum()))
