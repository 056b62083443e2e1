"""Four dates of the year by which SSL4Eco samples a place: greenup, maturity, senescence and dormancy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

DAYS_PER_YEAR = 365.2425
#: Shares of the yearly range of the index that MODIS land surface dynamics uses: low on both sides, high on both sides.
LOW, HIGH = 0.15, 0.90
#: Waves a year of the curve.
WAVES = 2


def season_days(days: NDArray[np.float64], index: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the days of the year of greenup, maturity, senescence and dormancy of one series.

    A curve of two waves a year is fitted to all years. Greenup and dormancy are where it crosses 15 % of its range, maturity
    and senescence where it crosses 90 %.

    Parameters
    ----------
    days : array, shape (t,)
        Days since 1970-01-01.
    index : array, shape (t,)
        A vegetation index of clear dates.

    Returns
    -------
    array, shape (4,)
        From 0 to 365.

    Examples
    --------
    >>> days = np.arange(0, 730, 10.0)
    >>> season_days(days, -np.cos(2 * np.pi * days / 365.2425)).round()
    array([ 46., 145., 220., 319.])
    """
    grid = np.arange(365.0)
    fitted, *_ = np.linalg.lstsq(_waves(days), index, rcond=None)
    curve = _waves(grid) @ fitted
    share = (curve - curve.min()) / max(float(np.ptp(curve)), 1e-9)
    peak, trough = int(share.argmax()), int(share.argmin())
    rise = np.arange(trough, trough + (peak - trough) % 365 + 1) % 365
    fall = np.arange(peak, peak + (trough - peak) % 365 + 1) % 365
    up = [rise[np.argmax(share[rise] >= level)] for level in (LOW, HIGH)]
    down = [fall[np.argmax(share[fall] <= level)] for level in (HIGH, LOW)]
    found: NDArray[np.float64] = grid[np.array([*up, *down])]
    return found


def nearest_dates(days: NDArray[np.float64], wanted: NDArray[np.float64], within: float = 80.0) -> NDArray[np.int64]:
    """Return, for every year, the dates nearest to four days of the year; years with a gap are left out.

    Parameters
    ----------
    days : array, shape (t,)
        Days since 1970-01-01.
    wanted : array, shape (4,)
        From :func:`season_days`.
    within : float
        Largest distance in days.

    Returns
    -------
    array, shape (years, 4)
        Indices along ``days``.
    """
    first, last = (int(d // DAYS_PER_YEAR) for d in (days.min(), days.max()))
    found = []
    for year in range(first, last + 1):
        apart = np.abs(days[:, None] - (year * DAYS_PER_YEAR + wanted))
        if (apart.min(axis=0) <= within).all():
            found.append(apart.argmin(axis=0))
    return np.array(found, dtype=np.int64).reshape(-1, 4)


def _waves(days: NDArray[np.float64]) -> NDArray[np.float64]:
    angle = 2 * np.pi * days[:, None] / DAYS_PER_YEAR * np.arange(1, WAVES + 1)
    return np.concatenate([np.ones((len(days), 1)), np.sin(angle), np.cos(angle)], axis=1)
