"""Calibrate confidences: temperature scaling and the expected calibration error.

After Guo et al. (2017), "On Calibration of Modern Neural Networks", arXiv:1706.04599.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from eowidgets.errors import InputError

Floats = npt.NDArray[np.floating]
#: Candidate temperatures, evenly spaced in their logarithm.
TEMPERATURES = np.exp(np.linspace(np.log(0.25), np.log(6.0), 96))


def calibration_error(confidence: Floats, right: npt.NDArray[np.bool_], bins: int = 15) -> float:
    """Return the expected calibration error: the difference of confidence and accuracy, over bins of equal width.

    Parameters
    ----------
    confidence : ndarray, shape (n,)
        0..1.
    right : ndarray, shape (n,), bool
    bins : int

    Returns
    -------
    float
        0..1, the mean over answers.

    Raises
    ------
    InputError
        If nothing is given, or the lengths differ.

    Examples
    --------
    >>> calibration_error(np.array([0.5, 0.5]), np.array([True, False]))
    0.0
    """
    p, hit = np.asarray(confidence, float), np.asarray(right, float)
    if p.shape != hit.shape or not p.size:
        raise InputError(
            f"There are {p.size} confidences for {hit.size} answers: give one confidence per answer, and at least one."
        )
    number = np.minimum((p * bins).astype(int), bins - 1)
    count = np.bincount(number, minlength=bins)
    apart = np.abs(np.bincount(number, p, bins) - np.bincount(number, hit, bins))
    return float(apart[count > 0].sum() / len(p))


def fit_temperature(confidence: Callable[[float], Floats], right: npt.NDArray[np.bool_]) -> float:
    """Return the temperature with the smallest log loss of the confidences.

    Parameters
    ----------
    confidence : callable
        ``temperature -> (n,)``: the probability of the predicted answer.
    right : ndarray, shape (n,), bool
        Whether it was right; dividing logits by a temperature does not change the prediction.
    """

    def loss(temperature: float) -> float:
        p = np.clip(np.asarray(confidence(temperature), float), 1e-6, 1 - 1e-6)
        return float(-np.where(right, np.log(p), np.log1p(-p)).mean())

    return float(min(TEMPERATURES, key=loss))
