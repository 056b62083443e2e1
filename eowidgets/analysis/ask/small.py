"""Small steps between the tools: what turns their results into yes, no, a word or a number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.analysis.ask.tools import THERE, URBAN, Mask, area, features, grid_shares, main_cell


def dates_above(shares: xr.DataArray) -> list[str]:
    """ISO days on which at least one percent was covered."""
    return [str(t)[:10] for t, v in zip(shares["time"].values, shares.values, strict=True) if v >= THERE]


def there(amount: float, negated: bool = False) -> bool:
    """Whether there is any of it, or, negated, whether there is none."""
    return bool((amount > 0) != negated)


def exceeds(value: float, relation: str, limit: float) -> bool:
    """Whether a value is above, at least, below or at most a limit."""
    found = {"above": value > limit, "at least": value >= limit, "below": value < limit, "at most": value <= limit}
    return bool(found[relation])


def part_in_percent(value: float, whole: float) -> float:
    """A value in percent of another; 0 where that is nothing."""
    return 100.0 * value / whole if whole else 0.0


def all_dates(cube: xr.Dataset) -> list[str]:
    """ISO days of a cube."""
    return [str(t)[:10] for t in cube["time"].values]


def length(things: list[str]) -> int:
    """How many."""
    return len(things)


def feature_count(layer: dict[str, Any]) -> int:
    """Features of a GeoJSON."""
    return len(features(layer))


def part_of(where: Mask, cube: xr.Dataset, percent: float, unit: str) -> float:
    """So many percent of the size of a place."""
    return area(where, cube, unit) * percent / 100


def rural_or_urban(percent: float) -> str:
    """By the share of built-up land."""
    return "urban" if percent >= URBAN else "rural"


def no_place(patches: dict[str, Any]) -> str:
    """The place of what is not there."""
    return "nowhere" if not patches["count"] else "somewhere"


def rounded(table: dict[str, float]) -> dict[str, float]:
    """Percent to one digit."""
    return {k: round(v, 1) for k, v in table.items()}


def end_of(days: Sequence[str], which: str) -> str:
    """The first or the last of some days."""
    return days[0] if which == "first" else days[-1]


def scaled(value: float, factor: float) -> float:
    """A value in another unit."""
    return float(value * factor)


def positive(value: float) -> bool:
    """Whether there is any."""
    return value > 0


def cell_of(pixel: Mapping[str, Any], where: Mask) -> str:
    """The field of nine that holds a pixel."""
    mask = np.zeros(where.shape, bool)
    mask[pixel["row"], pixel["column"]] = True
    return main_cell(grid_shares(mask, where))


def by_day(series: xr.DataArray) -> dict[str, float]:
    """Values of a course by ISO day."""
    return {str(t)[:10]: float(v) for t, v in zip(series["time"].values, series.values, strict=True)}


def in_percent(shares: xr.DataArray) -> xr.DataArray:
    """Shares (0..1) in percent."""
    return shares * 100.0


def number_of(things: Sequence[Any]) -> float:
    """How many, as a number that a limit is held against."""
    return float(len(things))
