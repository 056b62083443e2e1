"""Parcels whose series is far from the median series of their class."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from eowidgets.errors import InputError

Floats = npt.NDArray[np.float64]
#: Modified z-score of outliers (Iglewicz and Hoaglin, 1993), and the parcels that a class or a date needs.
THRESHOLD, LEAST = 3.5, 8
#: Ratio of the standard deviation to the median absolute deviation of a normal distribution.
SCALE = 1.4826
#: Upper limit of the distance on one date, and the share of the dates of a class that a parcel needs.
LIMIT, SHARE = 10.0, 0.3
#: Minimum deviation, as a share of the usual one of the class, for dates on which all parcels nearly agree.
FLOOR = 0.25


def outliers(
    parcels: pd.DataFrame,
    values: npt.NDArray[Any],
    times: npt.NDArray[np.datetime64],
    classes: pd.Series | None,
    threshold: float,
    least: int,
) -> pd.DataFrame:
    """Rank parcels; see :meth:`eowidgets.analysis.measure.parcels.parcels.Parcels.outliers`.

    Parameters
    ----------
    parcels : DataFrame
        With the columns ``parcel`` and ``name``.
    values : array, shape (parcels, dates)
    times : array, shape (dates,)
    classes : Series, optional
        The class of each parcel.
    threshold : float
    least : int
    """
    labels = pd.Series("all", index=parcels.index) if classes is None else classes
    parts = []
    for label, members in labels.groupby(labels, sort=True).groups.items():
        rows = np.asarray(members, np.int64)
        if len(rows) < least:
            continue
        found = _scored(np.asarray(values[rows], np.float64), threshold, least)
        if found is None:
            continue
        columns = {
            "parcel": parcels["parcel"].to_numpy()[rows],
            "name": parcels["name"].to_numpy()[rows],
            "class": label,
        }
        parts.append(pd.DataFrame({**columns, **found, "date": times[found["date"]]})[found["dates"] > 0])
    if not parts:
        raise InputError(
            f"No class has {least} parcels with enough clear dates to find outliers among them: choose a coarser class with by=, "
            "or a smaller least=."
        )
    ranked = pd.concat(parts).sort_values("score", ascending=False, kind="stable").reset_index(drop=True)
    left_out = parcels["parcel"][~parcels["parcel"].isin(ranked["parcel"])].tolist()
    ranked = ranked[["parcel", "name", "class", "distance", "score", "outlier", "bias", "date", "dates"]]
    ranked.attrs |= {"left_out": left_out, "threshold": threshold}
    return ranked


def _scored(values: Floats, threshold: float, least: int) -> dict[str, npt.NDArray[Any]] | None:
    """Return score columns for the parcels of one class; ``dates`` is 0 for a parcel without a score."""
    counted = np.isfinite(values).sum(axis=0) >= least
    if not counted.any():
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # parcels that are cloudy on all dates
        middle = np.nanmedian(values, axis=0)
        deviation = SCALE * np.nanmedian(np.abs(values - middle), axis=0)
        usual = float(np.median(deviation[counted]))
        if usual <= 0:  # more than half of the parcels have equal values
            usual = float(np.nanstd(values[:, counted])) or 1.0
        apart = np.where(counted, (values - middle) / np.maximum(deviation, FLOOR * usual), np.nan)
        limited = np.clip(apart, -LIMIT, LIMIT)
        distance = np.sqrt(np.nanmean(limited**2, axis=1))
        bias = np.nanmedian(limited, axis=1)
    dates = np.isfinite(apart).sum(axis=1)
    dates[dates < max(1, SHARE * counted.sum())] = 0
    known = dates > 0
    if known.sum() < least:
        return None
    level = np.log(np.maximum(distance, 1e-6))
    centre = np.median(level[known])
    width = SCALE * np.median(np.abs(level[known] - centre))
    score = (level - centre) / max(width, 1e-3)
    far = np.where(np.isfinite(apart), np.abs(apart), -1).argmax(axis=1)
    return {
        "distance": distance,
        "score": score,
        "outlier": score > threshold,
        "bias": bias,
        "date": far,
        "dates": dates,
    }
