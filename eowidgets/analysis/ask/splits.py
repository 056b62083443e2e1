"""Date of a change: the split of each pixel's series into its two most different levels."""

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
#: Features of the split: a vegetation index, and bands that bare and built ground reflect more.
FEATURES = ("NDVI", "red", "swir16")
#: Maximum number of stable pixels for the daily reference.
STEADY = 1000
#: Minimum number of dates of each level.
FEWEST = 3
#: Minimum share of the variance that the two levels must explain, as the median over the pixels.
CLEAR = 0.15


def break_date(cube: xr.Dataset, mask: Mask, stable: Mask) -> dict[str, Any]:
    """Return the date on which most pixels of a mask changed, by the best split of each pixel's series into two levels.

    The median of stable pixels on the same day (seasons, haze, weather) is subtracted first. The split of a pixel
    explains most of the variance of NDVI, red and shortwave infrared together. The change lies between the last date of
    the old level and the first of the new one, and is dated to the middle of both.

    Returns
    -------
    dict
        ``date``, ``early``, ``late`` (ISO days: the median, and the quartiles of the last old and the first new dates),
        ``dates`` (y, x), days since 1970, NaN outside the mask, and ``clear``, the explained share of the variance
        (0..1).

    Raises
    ------
    InputError
        If nothing changed, or nearly everything.
    """
    if not mask.any():
        raise InputError("Nothing changed there, so there is no date.")
    if stable.sum() < 10:
        raise InputError("Nearly everything changed, so no stable pixels are left to remove the seasons.")
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
    """Return the series of the pixels (time, n) minus the stable level, and their days; bands as logarithms."""
    values = tools.index_values(cube, name, mask | stable)
    array = values.values
    changed, steady = array[:, mask].astype("float64"), array[:, _some(stable)].astype("float64")
    if name != "NDVI":
        changed, steady = (np.log(np.where(a > 1e-4, a, np.nan)) for a in (changed, steady))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "All-NaN", RuntimeWarning)  # a day without any stable observation
        usual = np.nanmedian(steady, axis=1)
    return changed - usual[:, None], values["time"].values


def _some(stable: Mask) -> Mask:
    """Thin the stable pixels to a number that is enough for a median."""
    found = np.flatnonzero(stable)
    out = np.zeros(stable.size, bool)
    out[found[:: max(1, len(found) // STEADY)]] = True
    return out.reshape(stable.shape)


def _explained(series: Floats, days: Any) -> tuple[Floats, npt.NDArray[np.bool_], Any]:
    """Return the variance share explained by a split after each date (time - 1, n), valid values, and days."""
    ok = np.isfinite(series)
    plain = np.where(ok, series, 0)
    total, n = plain.sum(axis=0), ok.sum(axis=0)
    left, m = np.cumsum(plain, axis=0)[:-1], np.cumsum(ok, axis=0)[:-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        gap = left / m - (total - left) / (n - m)
        variance = (plain**2).sum(axis=0) - total**2 / n
        part = gap**2 * m * (n - m) / n / variance
    part[~np.isfinite(part) | (m < FEWEST) | (n - m < FEWEST)] = -1
    return part, ok, days


def _around(seen: npt.NDArray[np.bool_], split: Any, number: Any) -> tuple[Any, Any]:
    """Return, for each pixel, the days of the last observation up to the split and of the first one after it."""
    index = np.arange(len(number))[:, None]
    last = np.where(seen & (index <= split), index, -1).max(axis=0)
    first = np.where(seen & (index > split), index, len(number)).min(axis=0)
    return number[np.maximum(last, 0)], number[np.minimum(first, len(number) - 1)]
