"""Number of samples, and their allocation to strata."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from eowidgets.errors import InputError

Array = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
#: ``proportional``: by area. ``equal``: the same number in each. ``neyman``: by area times standard deviation.
#: ``olofsson``: by area, with a minimum for each stratum.
Allocation = Literal["olofsson", "proportional", "equal", "neyman"]
#: Minimum number of samples of a stratum for a variance.
LEAST = 2
#: Default of the expected user's accuracy.
GUESS = 0.8


def needed(target_se: float, weights: Array, users: Array, pixels: Array) -> int:
    """Return the number of samples that gives a standard error of the overall accuracy.

    Cochran (1977), eq. 5.25; Olofsson et al. (2014), eq. 13, omit the second term of the denominator.

    Parameters
    ----------
    target_se : float
    weights : array
        Area shares of the strata.
    users : array
        Expected user's accuracies.
    pixels : array

    Examples
    --------
    >>> shares = np.array([0.02, 0.015, 0.32, 0.645])
    >>> needed(0.01, shares, np.array([0.7, 0.6, 0.9, 0.95]), 1e7 * shares)
    641
    """
    deviation = np.sqrt(users * (1 - users))
    above = float(weights @ deviation) ** 2
    below = target_se**2 + float(weights @ deviation**2) / float(pixels.sum())
    return max(LEAST * len(weights), int(np.ceil(above / below - 1e-9)))


def allocate(n: int, how: Allocation, weights: Array, users: Array, pixels: Whole, minimum: int) -> Whole:
    """Divide samples between strata.

    Parameters
    ----------
    n : int
    how : {"olofsson", "proportional", "equal", "neyman"}
    weights, users, pixels
        See :func:`needed`. A stratum gets at most as many samples as it has pixels.
    minimum : int
        Minimum number of samples of a stratum under ``"olofsson"``.

    Returns
    -------
    array of int, shape (strata,)
        Sums to n, or to the number of pixels if that is smaller.

    Raises
    ------
    InputError
        If there are too few samples.

    Examples
    --------
    >>> shares = np.array([0.02, 0.015, 0.32, 0.645])
    >>> allocate(640, "olofsson", shares, np.full(4, 0.8), np.full(4, 10**6), 75).tolist()
    [75, 75, 162, 328]
    """
    strata = len(weights)
    least = np.minimum(minimum if how == "olofsson" else LEAST, pixels)
    if n < int(np.minimum(LEAST, pixels).sum()):
        raise InputError(f"{n} points are too few for {strata} strata: give at least {LEAST * strata}.")
    if n < int(least.sum()):
        raise InputError(
            f"{n} points are too few for {strata} strata with at least {minimum} each: give n={int(least.sum())} or more, or a "
            "smaller minimum."
        )
    ideal = {
        "proportional": weights,
        "olofsson": weights,
        "equal": np.full(strata, 1.0),
        "neyman": weights * np.sqrt(np.clip(users * (1 - users), 1e-4, None)),
    }[how]
    return _divide(min(n, int(pixels.sum())), ideal, least.astype("int64"), pixels.astype("int64"))


def _divide(n: int, ideal: Array, least: Whole, most: Whole) -> Whole:
    """Divide n in proportion, within limits for each; what a limit adds or removes goes to the others."""
    fixed = np.zeros(len(ideal), bool)
    out = least.copy()
    for _ in range(2 * len(ideal) + 1):
        free = ~fixed
        if not free.any():
            break
        share = ideal[free] / ideal[free].sum() * (n - out[fixed].sum())
        low, high = share < least[free], share > most[free]
        if not (low | high).any():
            out[free] = _rounded(share)
            break
        # Entries at the limit that is violated more are fixed first.
        too_little = float((least[free] - share)[low].sum()) >= float((share - most[free])[high].sum())
        at = np.flatnonzero(free)[low if too_little else high]
        out[at] = (least if too_little else most)[at]
        fixed[at] = True
    return np.clip(out, 0, most)


def _rounded(share: Array) -> Whole:
    """Round to whole numbers with the same sum, the largest remainders up."""
    out = np.floor(share).astype("int64")
    extra = round(float(share.sum())) - int(out.sum())
    out[np.argsort(-(share - out), kind="stable")[:extra]] += 1
    return out
