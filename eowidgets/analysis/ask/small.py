"""Small steps between the tools: conversion of their results to yes, no, a word or a number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.analysis.ask.tools import THERE, URBAN, Mask, area, features, grid_shares, main_cell


def dates_above(shares: xr.DataArray) -> list[str]:
    """Return the ISO days with a share of at least one percent."""
    return [str(t)[:10] for t, v in zip(shares["time"].values, shares.values, strict=True) if v >= THERE]


def there(amount: float, negated: bool = False) -> bool:
    """Return whether an amount is present; with ``negated``, whether it is absent."""
    return bool((amount > 0) != negated)


def exceeds(value: float, relation: str, limit: float) -> bool:
    """Return whether a value is above, at least, below or at most a limit."""
    found = {"above": value > limit, "at least": value >= limit, "below": value < limit, "at most": value <= limit}
    return bool(found[relation])


def part_in_percent(value: float, whole: float) -> float:
    """Return a value in percent of another; 0 if that is zero."""
    return 100.0 * value / whole if whole else 0.0


def all_dates(cube: xr.Dataset) -> list[str]:
    """Return the ISO days of a cube."""
    return [str(t)[:10] for t in cube["time"].values]


def length(things: list[str]) -> int:
    """Return the number of items."""
    return len(things)


def feature_count(layer: dict[str, Any]) -> int:
    """Return the number of features in a GeoJSON."""
    return len(features(layer))


def part_of(where: Mask, cube: xr.Dataset, percent: float, unit: str) -> float:
    """Return a percentage of the size of a place."""
    return area(where, cube, unit) * percent / 100


def rural_or_urban(percent: float) -> str:
    """Classify a place by its share of built-up land."""
    return "urban" if percent >= URBAN else "rural"


def no_place(patches: dict[str, Any]) -> str:
    """Return ``"nowhere"`` without patches, else ``"somewhere"``."""
    return "nowhere" if not patches["count"] else "somewhere"


def rounded(table: dict[str, float]) -> dict[str, float]:
    """Round percentages to one digit."""
    return {k: round(v, 1) for k, v in table.items()}


def end_of(days: Sequence[str], which: str) -> str:
    """Return the first or the last of some days."""
    return days[0] if which == "first" else days[-1]


def scaled(value: float, factor: float) -> float:
    """Convert a value to another unit."""
    return float(value * factor)


def positive(value: float) -> bool:
    """Return whether a value is above zero."""
    return value > 0


def cell_of(pixel: Mapping[str, Any], where: Mask) -> str:
    """Return the field of a nine-field grid that contains a pixel."""
    mask = np.zeros(where.shape, bool)
    mask[pixel["row"], pixel["column"]] = True
    return main_cell(grid_shares(mask, where))


def by_day(series: xr.DataArray) -> dict[str, float]:
    """Return the values of a time series by ISO day."""
    return {str(t)[:10]: float(v) for t, v in zip(series["time"].values, series.values, strict=True)}


def in_percent(shares: xr.DataArray) -> xr.DataArray:
    """Convert shares (0..1) to percent."""
    return shares * 100.0


def number_of(things: Sequence[Any]) -> float:
    """Return the number of items as a float, for comparison with a limit."""
    return float(len(things))
