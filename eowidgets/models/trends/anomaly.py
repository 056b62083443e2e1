"""Anomalies: the value of a period less the mean of the same period of the reference years."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
#: Minimum number of reference years for a mean and a standard deviation.
FEWEST = 3


def anomalies(values: Array, per_year: int, reference: Array) -> dict[str, Array]:
    """Compute anomalies of series.

    Parameters
    ----------
    values : array (c * per_year, n)
        One value per period, NaN where missing.
    per_year : int
        Periods per year.
    reference : array (c,), bool
        Years of the climatology.

    Returns
    -------
    dict
        ``anomaly``, and ``standardised``: the anomaly over the standard deviation of the period (n - 1 in the
        denominator); both of the shape of ``values``, NaN where the period has fewer than :data:`FEWEST` reference years.
    """
    cycles = values.reshape(-1, per_year, values.shape[1])
    base = cycles[reference]
    known = np.isfinite(base)
    count = known.sum(axis=0)
    mean = np.where(known, base, 0.0).sum(axis=0) / np.maximum(count, 1)
    rest = np.where(known, base - mean, 0.0)
    spread = np.sqrt((rest**2).sum(axis=0) / np.maximum(count - 1, 1))
    apart = np.where(count >= FEWEST, cycles - mean, np.nan)
    scaled = np.where(spread > 1e-12, apart / np.where(spread > 1e-12, spread, 1.0), np.nan)
    return {"anomaly": apart.reshape(values.shape), "standardised": scaled.reshape(values.shape)}
