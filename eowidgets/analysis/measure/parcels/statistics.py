"""Statistics of many parcels at a time: pixels are ordered by parcel, and each date is sorted once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from eowidgets.errors import InputError, shown, unknown

Floats = npt.NDArray[np.float32]
#: Statistics that are computed by default.
DEFAULT = ("mean", "median", "p10", "p90", "clear", "count")
#: Statistics that need no sorting.
_SUMS = ("mean", "std", "clear", "count")
_KNOWN = (*_SUMS, "median", "min", "max", "p5", "p10", "p25", "p75", "p90", "p95")
_PERCENTILE = re.compile(r"p(\d{1,2}|100)")


def checked_stats(stats: Sequence[str]) -> tuple[str, ...]:
    """Return names of statistics without repetitions.

    Raises
    ------
    InputError
        For an empty list or an unknown name.
    """
    names = (stats,) if isinstance(stats, str) else tuple(dict.fromkeys(stats))
    if not names:
        raise InputError(f"stats is {shown(stats)}: name at least one statistic, such as 'mean'.")
    for name in names:
        if not is_stat(str(name)):
            raise unknown("statistic", name, _KNOWN)
    return names


def is_stat(name: str) -> bool:
    """Return whether a name is a statistic."""
    return name in _KNOWN or bool(_PERCENTILE.fullmatch(name))


def level_of(stat: str) -> float | None:
    """Return the level of a statistic that is a quantile: 0.5 for the median; None for the others."""
    if stat in ("median", "min", "max"):
        return {"median": 0.5, "min": 0.0, "max": 1.0}[stat]
    found = _PERCENTILE.fullmatch(stat)
    return None if found is None else int(found[1]) / 100


def reduce(values: Floats, starts: npt.NDArray[np.int64], stats: Sequence[str]) -> Mapping[str, npt.NDArray[Any]]:
    """Compute statistics of segments, ignoring NaN.

    Parameters
    ----------
    values : array, shape (dates, pixels), float32
        NaN where nothing was observed. Pixels of one parcel are consecutive.
    starts : array, shape (parcels,)
        Position of the first pixel of each parcel, increasing, the first 0.
    stats : sequence of str
        See :func:`checked_stats`. Percentiles are interpolated linearly, as ``numpy.quantile`` does.

    Returns
    -------
    dict
        Statistic -> array (parcels, dates); NaN where no pixel was observed, ``count`` and ``clear`` 0.

    Examples
    --------
    >>> found = reduce(np.array([[1, 2, np.nan, 9]], "float32"), np.array([0, 3]), ("mean", "median", "count"))
    >>> found["mean"].ravel().tolist(), found["count"].ravel().tolist()
    ([1.5, 9.0], [2, 1])
    """
    seen = np.isfinite(values)
    count = np.add.reduceat(seen, starts, axis=1, dtype="int32")
    sizes = np.diff(np.append(starts, values.shape[1]))
    found: dict[str, npt.NDArray[Any]] = {"count": count.T}
    if "clear" in stats:
        found["clear"] = (count / sizes).astype("float32").T
    if {"mean", "std"} & set(stats):
        found |= _moments(values, seen, starts, count)
    levels = {stat: level for stat in stats if (level := level_of(stat)) is not None}
    if levels:
        ordered = _sorted(values, sizes)
        found |= {stat: _quantile(ordered, starts, count, level).T for stat, level in levels.items()}
    return {stat: found[stat] for stat in stats}


def _moments(
    values: Floats, seen: npt.NDArray[np.bool_], starts: npt.NDArray[np.int64], count: npt.NDArray[np.int32]
) -> dict[str, npt.NDArray[Any]]:
    filled = np.where(seen, values, np.float32(0))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.add.reduceat(filled, starts, axis=1, dtype="float64") / count
        sizes = np.diff(np.append(starts, values.shape[1]))
        apart = np.where(seen, filled - np.repeat(mean, sizes, axis=1), 0)
        std = np.sqrt(np.add.reduceat(apart**2, starts, axis=1) / count)
    return {"mean": mean.astype("float32").T, "std": std.astype("float32").T}


def _sorted(values: Floats, sizes: npt.NDArray[np.int64]) -> Floats:
    """Sort each date within each segment, NaN last.

    One integer sort is enough: the upper half of the key is the number of the segment, the lower half the bits of the
    value, transformed to sort like the values.
    """
    bits = np.where(np.isnan(values), np.float32(np.nan), values + np.float32(0)).view("uint32")
    negative = (bits >> 31).astype(bool)
    keys = np.where(negative, ~bits, bits | np.uint32(1 << 31)).astype("uint64")
    keys |= np.repeat(np.arange(len(sizes), dtype="uint64"), sizes) << np.uint64(32)
    keys.sort(axis=1)
    low = (keys & np.uint64(0xFFFFFFFF)).astype("uint32")
    return np.where((low >> 31).astype(bool), low & np.uint32(0x7FFFFFFF), ~low).view("float32")


def _quantile(ordered: Floats, starts: npt.NDArray[np.int64], count: npt.NDArray[np.int32], level: float) -> Floats:
    at = level * np.maximum(count - 1, 0)
    below = np.floor(at).astype("int64")
    above = np.minimum(below + 1, np.maximum(count - 1, 0))
    low = np.take_along_axis(ordered, starts + below, axis=1).astype("float64")
    high = np.take_along_axis(ordered, starts + above, axis=1).astype("float64")
    found = low + (high - low) * (at - below)
    return np.where(count > 0, found, np.nan).astype("float32")
