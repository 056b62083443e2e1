"""One value for each year, season or month of every series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from eowidgets.errors import InputError
from eowidgets.models.blocks.indexed import IndexSeries

Array = npt.NDArray[Any]

#: Number of periods per year.
PER_YEAR = {"year": 1, "season": 4, "month": 12}
HOW = ("median", "mean", "max", "min")


@dataclass(frozen=True, slots=True)
class Periods:
    """The periods of a series: whole years, each with the same number of periods.

    Attributes
    ----------
    starts : array (c * p,), datetime64[D]
        First day of each, for c years of p periods.
    label : array (t,), int
        Period of each date; -1 for a date that is not used.
    per_year : int
    """

    starts: Array
    label: Array
    per_year: int

    @classmethod
    def of(cls, days: Array, by: str, months: tuple[int, ...]) -> Periods:
        """Return the periods that contain some days.

        Parameters
        ----------
        days : array (t,)
            Days since 1970-01-01.
        by : {"year", "season", "month"}
            A year begins with the first of ``months``. Seasons begin in December, March, June and September, and December
            belongs to the winter of the next year.
        months : tuple of int
            Months that are used, in order.

        Raises
        ------
        InputError
            If no date lies in the months.
        """
        month = np.floor(days).astype("int64").astype("datetime64[D]").astype("datetime64[M]").astype(int)
        used = np.isin(month % 12 + 1, months)
        if not used.any():
            raise InputError(f"No date lies in the months {months[0]}-{months[-1]}: choose other months.")
        per_year, offset = PER_YEAR[by], {"year": months[0] - 1, "season": -1, "month": 0}[by]
        length = 12 // per_year
        period = (month - offset) // length
        first = int(period[used].min()) // per_year * per_year
        last = -(-(int(period[used].max()) + 1) // per_year) * per_year
        starts = (np.arange(first, last) * length + offset).astype("datetime64[M]").astype("datetime64[D]")
        return cls(starts, np.where(used, period - first, -1), per_year)

    @property
    def years(self) -> Array:
        """Calendar year of each cycle, shape (c,); for seasons that of the second month, so a winter has its January's year."""
        firsts = self.starts[:: self.per_year].astype("datetime64[M]")
        shift = 1 if self.per_year == 4 else 0
        return np.asarray((firsts + shift).astype("datetime64[Y]").astype(int) + 1970)

    @property
    def times(self) -> Array:
        """Years from the first period to each, shape (c * p,)."""
        return np.arange(len(self.starts)) / self.per_year


def reduce(given: IndexSeries, periods: Periods, how: str, fewest: int = 1) -> Array:
    """Return one value for each period, (c * p, n), NaN where it has fewer than ``fewest`` clear dates."""
    out = np.full((len(periods.starts), given.values.shape[1]), np.nan)
    for k in np.unique(periods.label[periods.label >= 0]):
        pick = periods.label == k
        usable = given.usable[pick]
        values = np.where(usable, given.values[pick], np.nan)
        count = usable.sum(axis=0)
        if len(values) == 1:
            made = values[0]
        elif how == "median":
            rows = np.sort(values.T, axis=1)  # NaN last
            at = np.arange(len(rows))
            low, high = np.maximum((count - 1) // 2, 0), np.minimum(count // 2, rows.shape[1] - 1)
            made = (rows[at, low] + rows[at, high]) / 2
        elif how == "mean":
            made = np.where(usable, values, 0.0).sum(axis=0) / np.maximum(count, 1)
        else:
            fill = -np.inf if how == "max" else np.inf
            filled = np.where(usable, values, fill)
            made = filled.max(axis=0) if how == "max" else filled.min(axis=0)
        out[k] = np.where(count >= max(fewest, 1), made, np.nan)
    return out
