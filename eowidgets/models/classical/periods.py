"""Calendar periods: the month, season or year of a day, labelled by the period's first day."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

Period = Literal["month", "season", "year", "all"]
PERIODS: tuple[Period, ...] = ("month", "season", "year", "all")


def period_start(dates: npt.NDArray[np.datetime64], period: str) -> npt.NDArray[np.datetime64]:
    """Return the first day of the period that each date lies in.

    Seasons are the meteorological ones (December to February, March to May, ...); a winter belongs to the year of its
    December. ``"all"`` returns the first of the dates for every date.

    Examples
    --------
    >>> period_start(np.array(["2020-01-17", "2020-07-04"], "datetime64[D]"), "season").astype(str).tolist()
    ['2019-12-01', '2020-06-01']
    """
    days = np.asarray(dates, dtype="datetime64[D]")
    if period == "all":
        return np.full(days.shape, days.min() if days.size else np.datetime64("NaT"))
    if period == "year":
        return days.astype("datetime64[Y]").astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    if period == "season":
        # Month 0 is January 1970; shifted by one, quarters begin in December.
        number = months.astype(int)
        months = ((number + 1) // 3 * 3 - 1).astype("datetime64[M]")
    return months.astype("datetime64[D]")
