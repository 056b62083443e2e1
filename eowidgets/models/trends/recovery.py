"""Recovery after a break: the years until a share of the loss is regained.

The break is the greatest fall from the median of the previous values to a value, with at least half of it in one step: a
decline over many years is not a break. The definition follows the "years to
recovery" of Kennedy et al. (2012, doi:10.1016/j.rse.2011.09.024) and Pickell et al. (2016, doi:10.1016/j.rse.2016.05.024), as
a share of the loss rather than of the previous level.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from eowidgets.contract.labels import ClassInfo

Array = npt.NDArray[Any]
NO_BREAK, RECOVERED, NOT_YET, TOO_FEW = range(4)
STATES = (
    ClassInfo(NO_BREAK, "no break", "#999999"),
    ClassInfo(RECOVERED, "recovered", "#009e73"),
    ClassInfo(NOT_YET, "not yet recovered", "#d55e00"),
    ClassInfo(TOO_FEW, "not enough values", "#000000"),
)
#: Number of values before a break whose median is its level; minimum number of them.
BEFORE, FEWEST_BEFORE = 3, 2
#: Share of a break that must happen in one step.
AT_ONCE = 0.5
#: Minimum number of values of a series.
FEWEST = 5
#: A break exceeds this many robust standard deviations of the typical change from value to value.
SIGMAS = 3.0


def recovery(values: Array, share: float = 0.8, smallest: float = 0.1) -> dict[str, Array]:
    """Find the greatest loss of each series and the time until a share of it is regained.

    Parameters
    ----------
    values : array (t, n)
        At even steps, NaN where missing; a loss is a fall.
    share : float
        Share of the loss to regain.
    smallest : float
        Smaller losses are ignored.

    Returns
    -------
    dict
        ``state`` (NO_BREAK, RECOVERED, NOT_YET or TOO_FEW), ``break_at`` (position of the first value after the break),
        ``loss``, ``years`` (steps from the last value before the break to the day on which the share is regained, on
        straight lines between values; NaN if it is not), ``observed`` (steps from the same value to the last one, the
        lower bound of an incomplete recovery), and ``regained`` (greatest share regained), each (n,).
    """
    t, n = values.shape
    known = np.isfinite(values)
    level, last_before, step = (np.full((t, n), np.nan) for _ in range(3))
    previous = np.full(n, np.nan)
    recent = np.full((BEFORE, n), np.nan)
    last = np.full(n, np.nan)
    for k in range(t):
        enough = np.isfinite(recent).sum(axis=0) >= FEWEST_BEFORE
        level[k] = np.where(enough, _median(recent), np.nan)
        last_before[k], step[k] = last, previous - values[k]
        moved = np.vstack([recent[1:], values[k]])
        recent = np.where(known[k], moved, recent)
        last, previous = np.where(known[k], float(k), last), np.where(known[k], values[k], previous)
    fall = np.where(known & (step >= AT_ONCE * (level - values)), level - values, np.nan)
    at = np.where(np.isfinite(fall), fall, -np.inf).argmax(axis=0) if t else np.zeros(n, int)
    pick = np.arange(n)
    before, loss, origin = level[at, pick], fall[at, pick], last_before[at, pick]
    real = np.isfinite(loss) & (loss >= smallest) & (loss >= SIGMAS * _usual_change(values))
    # The lowest value may come later: the loss is measured there, and earlier values do not count as recovery.
    lowest, goal = values[at, pick], np.full(n, np.nan)
    years, reached = np.full(n, np.nan), np.zeros(n, bool)
    best, previous, previous_at = np.zeros(n), np.array(lowest), at.astype("float64")
    for k in range(t):
        use = known[k] & (k > at) & real
        value = np.where(use, values[k], 0.0)
        lower = use & (value < lowest) & ~reached
        lowest = np.where(lower, value, lowest)
        best = np.where(lower, 0.0, best)
        goal = lowest + share * (before - lowest)
        hit = use & ~reached & (value >= goal)
        part = (goal - previous) / np.where(value > previous, value - previous, 1.0)
        when = previous_at + np.clip(part, 0, 1) * (k - previous_at)
        years = np.where(hit, when - origin, years)
        reached |= hit
        best = np.where(use, np.maximum(best, (value - lowest) / np.where(before > lowest, before - lowest, 1.0)), best)
        previous, previous_at = np.where(use, value, previous), np.where(use, float(k), previous_at)
    few = known.sum(axis=0) < FEWEST
    state = np.where(real, np.where(reached, RECOVERED, NOT_YET), NO_BREAK)
    observed = last - origin
    some = real & ~few
    return {
        "state": np.where(few, TOO_FEW, state).astype("float64"),
        "break_at": np.where(some, at.astype("float64"), np.nan),
        "loss": np.where(some, before - lowest, np.nan),
        "years": np.where(some & reached, years, np.nan),
        "observed": np.where(some, observed, np.nan),
        "regained": np.where(some, best, np.nan),
    }


def _usual_change(values: Array) -> Array:
    """Return the robust standard deviation of the noise, from differences between consecutive values."""
    steps = np.abs(np.diff(values, axis=0))
    return np.asarray(np.nan_to_num(1.4826 * _median(steps) / np.sqrt(2)))


def _median(values: Array) -> Array:
    """Return the median over axis 0 without NaN; NaN if there are no values."""
    if not len(values):
        return np.full(values.shape[1], np.nan)
    ordered = np.sort(values, axis=0)
    count = np.isfinite(values).sum(axis=0)
    at = np.arange(values.shape[1])
    low, high = np.maximum((count - 1) // 2, 0), np.minimum(count // 2, len(values) - 1)
    return np.asarray(np.where(count > 0, (ordered[low, at] + ordered[high, at]) / 2, np.nan))
