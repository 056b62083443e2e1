"""Agreement of two sets of numbers: bias, RMSE, correlation, with intervals from resampled stations."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
#: Number of resamples, and confidence level of the intervals.
RESAMPLES, LEVEL = 2000, 0.95
#: Minimum number of pairs and of groups for an interval.
FEWEST, GROUPS = 3, 5
SEASONS = ("winter", "spring", "summer", "autumn")


def season_of(dates: npt.NDArray[np.datetime64], lat: Floats) -> npt.NDArray[np.str_]:
    """Return the meteorological season of each date and latitude: December to February is winter in the north.

    Examples
    --------
    >>> season_of(np.array(["2020-01-15", "2020-01-15"], "datetime64[D]"), np.array([45.0, -45.0])).tolist()
    ['winter', 'summer']
    """
    month = dates.astype("datetime64[M]").astype(int) % 12 + 1
    quarter = month % 12 // 3
    found: npt.NDArray[np.str_] = np.array(SEASONS)[(quarter + np.where(lat < 0, 2, 0)) % 4]
    return found


def scores(pairs: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Return the agreement, overall and by season.

    Parameters
    ----------
    pairs : DataFrame
        ``station``, ``date``, ``value`` (ground), ``image_value`` and ``season``.
    seed : int
        Seed of the resampling.

    Returns
    -------
    DataFrame
        Indexed by ``"all"`` and the seasons that occur. ``n``, ``stations``; ``bias`` (mean of image minus ground), ``rmse``
        and ``r`` (Pearson), each with ``_low`` and ``_high``, the ends of a 95 % interval.

    Notes
    -----
    Measurements of a station are not independent. The intervals are percentiles over 2000 resamples of whole stations (cluster
    bootstrap, Davison and Hinkley 1997, section 3.8); with fewer than five stations whole months of a station are
    resampled in place of whole stations. There is no interval with fewer than three pairs or five groups.
    """
    parts = {"all": pairs} | {s: pairs[pairs["season"] == s] for s in SEASONS if (pairs["season"] == s).any()}
    return pd.DataFrame({name: _scored(part, seed) for name, part in parts.items()}).T.astype(
        {"n": int, "stations": int}
    )


def _scored(pairs: pd.DataFrame, seed: int) -> dict[str, float]:
    ground, image = pairs["value"].to_numpy(float), pairs["image_value"].to_numpy(float)
    groups = _groups(pairs)
    sums = _sums(ground, image, groups)
    found = dict(zip(("bias", "rmse", "r"), _agreement(sums.sum(axis=0)), strict=True))
    out: dict[str, float] = {"n": len(pairs), "stations": pairs["station"].nunique()}
    count = len(sums)
    low = high = np.full(3, np.nan)
    if len(pairs) >= FEWEST and count >= GROUPS:
        drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), RESAMPLES)
        resampled = np.array(_agreement(drawn @ sums))
        ends = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
        known = np.isfinite(resampled).mean(axis=1) > 0.5
        low, high = np.where(known, np.nanquantile(np.where(known[:, None], resampled, 0), ends, axis=1), np.nan)
    for at, (name, value) in enumerate(found.items()):
        out |= {name: float(value), f"{name}_low": float(low[at]), f"{name}_high": float(high[at])}
    return out


def _groups(pairs: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Return the group of each pair: its station, or station and month if there are few stations."""
    keys = pairs["station"].astype(str)
    if keys.nunique() < GROUPS:
        keys = keys + pairs["date"].to_numpy("datetime64[M]").astype(str)
    return np.asarray(pd.factorize(keys)[0], np.int64)


def _sums(ground: Floats, image: Floats, groups: npt.NDArray[np.int64]) -> Floats:
    """Return the sums per group from which agreement is computed; values are centred for precision."""
    x, y = ground - ground.mean(), image - image.mean()
    apart = image - ground
    columns = (np.ones_like(x), x, y, x * x, y * y, x * y, apart, apart**2)
    return np.stack([np.bincount(groups, weights=c) for c in columns], axis=1)


def _agreement(sums: Floats) -> tuple[Any, Any, Any]:
    n, x, y, xx, yy, xy, apart, squared = np.moveaxis(np.asarray(sums, float), -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        vx, vy, cov = xx / n - (x / n) ** 2, yy / n - (y / n) ** 2, xy / n - x * y / n**2
        tiny = 1e-12 * np.maximum(xx, yy) / n
        r = np.where((n > 2) & (vx > tiny) & (vy > tiny), cov / np.sqrt(np.maximum(vx * vy, 1e-300)), np.nan)
        return apart / n, np.sqrt(squared / n), np.clip(r, -1, 1)
