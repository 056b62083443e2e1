"""The date of a change: the split of each pixel's series into its two most different levels."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.analysis.ask import tools
from eowidgets.cube.schema import bands
from eowidgets.errors import InputError

Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
#: What a split is looked for in: an index of green, and light that bare and built ground reflects more of.
FEATURES = ("NDVI", "red", "swir16")
#: Stable pixels that tell what is usual on a day.
STEADY = 1000
#: Dates that each level needs.
FEWEST = 3
#: Least part of the variance that the two levels must explain, the median over the pixels.
CLEAR = 0.15


def break_date(cube: xr.Dataset, mask: Mask, stable: Mask) -> dict[str, Any]:
    """Return when most of the pixels of a mask changed: the date that best splits each pixel's series in two levels.

    What the median of stable pixels shows on the same day (seasons, haze, the year's weather) is taken away first. Per
    pixel, the split that explains most of the variance of NDVI, red and shortwave infrared together. The change lies
    between the last date of the old level and the first of the new one, and the middle of both is taken.

    Returns
    -------
    dict
        ``date``, ``early``, ``late`` (ISO days: the median, and the quartiles of the last old and the first new dates),
        ``dates`` (y, x), days since 1970, NaN outside the mask, and ``clear``, the part of the variance explained (0..1).

    Raises
    ------
    InputError
        If nothing changed, or nearly everything.
    """
    if not mask.any():
        raise InputError("Nothing changed there, so there is no date of it.")
    if stable.sum() < 10:
        raise InputError("Nearly everything changed, so there is nothing to tell the change from the seasons by.")
    there = [n for n in FEATURES if n == "NDVI" or n in bands(cube)]
    parts = [_explained(*_levels(cube, name, mask, stable)) for name in there]
    score = np.mean([part for part, _, _ in parts], axis=0)
    seen = parts[0][1]
    split = score.argmax(axis=0)
    clear = float(np.median(score.max(axis=0)))
    number = parts[0][2].astype("datetime64[D]").astype(int)
    last, first = _around(seen, split, number)
    middle = (last + first) // 2
    dates = np.full(mask.shape, np.nan, np.float32)
    dates[mask] = middle
    ends = ((last, 0.25), (middle, 0.5), (first, 0.75))
    early, date, late = (str(np.datetime64(int(np.quantile(v, q, method="nearest")), "D")) for v, q in ends)
    return {"date": date, "early": early, "late": late, "dates": dates, "clear": clear}


def _levels(cube: xr.Dataset, name: str, mask: Mask, stable: Mask) -> tuple[Floats, Any]:
    """Series of the pixels (time, n) less what stable pixels show, and their days; bands as logarithms."""
    values = tools.index_values(cube, name, mask | stable)
    array = values.values
    changed, steady = array[:, mask].astype("float64"), array[:, _some(stable)].astype("float64")
    if name != "NDVI":
        changed, steady = (np.log(np.where(a > 1e-4, a, np.nan)) for a in (changed, steady))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "All-NaN", RuntimeWarning)  # a day on which nothing stable was seen
        usual = np.nanmedian(steady, axis=1)
    return changed - usual[:, None], values["time"].values


def _some(stable: Mask) -> Mask:
    """Every few of many stable pixels: enough for a median."""
    found = np.flatnonzero(stable)
    out = np.zeros(stable.size, bool)
    out[found[:: max(1, len(found) // STEADY)]] = True
    return out.reshape(stable.shape)


def _explained(series: Floats, days: Any) -> tuple[Floats, npt.NDArray[np.bool_], Any]:
    """Part of the variance that a split after each date explains (time - 1, n), what was seen, and the days."""
    ok = np.isfinite(series)
    plain = np.where(ok, series, 0)
    total, n = plain.sum(axis=0), ok.sum(axis=0)
    left, m = np.cumsum(plain, axis=0)[:-1], np.cumsum(ok, axis=0)[:-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        gap = left / m - (total - left) / (n - m)
        spread = (plain**2).sum(axis=0) - total**2 / n
        part = gap**2 * m * (n - m) / n / spread
    part[~np.isfinite(part) | (m < FEWEST) | (n - m < FEWEST)] = -1
    return part, ok, days


def _around(seen: npt.NDArray[np.bool_], split: Any, number: Any) -> tuple[Any, Any]:
    """Days of the last date seen up to the split and of the first one after it, for each pixel."""
    index = np.arange(len(number))[:, None]
    last = np.where(seen & (index <= split), index, -1).max(axis=0)
    first = np.where(seen & (index > split), index, len(number)).min(axis=0)
    return number[np.maximum(last, 0)], number[np.minimum(first, len(number) - 1)]
