"""Start, horizon and dates of a forecast: of cubes in whole days, of tables in any step."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from eowidgets.analysis.history import days_of
from eowidgets.arguments import DateLike
from eowidgets.errors import InputError, shown

Times = npt.NDArray[np.datetime64]
Floats = npt.NDArray[np.float64]
#: Defaults: days ahead and days between dates of a cube; number of dates ahead of a table.
AHEAD, EVERY, STEPS = 180, 10, 24
#: The default horizon of a table is at most this part of the record, so that there are hold-out windows.
PART = 0.25
#: Maximum horizon of a cube in days: further ahead, its past has no predictive value.
FURTHEST = 5 * 366
#: A forecast of a cube may start up to this long after the last date, for example today with a cube of last month.
STALE = np.timedelta64(366, "D")
#: Maximum number of dates in a forecast of a table.
MOST_DATES = 100_000
_DAY = np.timedelta64(1, "D")


def day_of(from_date: DateLike | None, times: Times) -> np.datetime64:
    """Return the day that a forecast of a cube starts from.

    Raises
    ------
    InputError
        If it is outside the record.
    """
    if not len(times):
        raise InputError("This cube has no date: there is nothing to forecast from.")
    first, last = (np.datetime64(str(t)[:10], "D") for t in times[[0, -1]])
    if from_date is None:
        return last
    try:
        day: np.datetime64 = np.datetime64(str(from_date)).astype("datetime64[D]")
    except ValueError:
        raise InputError(f"{shown(from_date)} is not a date: write it as 2019-07-06.") from None
    if not first <= day <= last + STALE:
        raise InputError(f"{day} is outside the record ({first} to {last}): forecast from a day within it.")
    return day


def time_of(from_date: DateLike | None, times: Times) -> np.datetime64:
    """Return the last time of a table that is not after a date; a date without a time of day is the whole day.

    Raises
    ------
    InputError
        If it is outside the record.
    """
    if from_date is None:
        return np.datetime64(times[-1])
    given = np.datetime64(str(from_date))
    bound = given.astype("datetime64[ns]")
    if np.datetime_data(given.dtype)[0] in ("Y", "M", "W", "D"):
        bound = given.astype("datetime64[D]").astype("datetime64[ns]") + _DAY - np.timedelta64(1, "ns")
    if bound < times[0] or given.astype("datetime64[D]") > times[-1]:
        first, last = (str(t)[:16] for t in times[[0, -1]])
        raise InputError(f"{from_date} is outside the record ({first} to {last}): forecast from a time within it.")
    return np.datetime64(times[times <= bound][-1])


def steps(every: Any, horizon: int) -> int:
    """Check the days between the dates of a forecast of a cube.

    Raises
    ------
    InputError
    """
    if every is None:
        return min(EVERY, horizon)
    if isinstance(every, str):
        aligned = np.datetime64("2001-01-01") + np.timedelta64(
            round(_after(every, np.datetime64("2001-01-01"), "every")), "D"
        )
        every = round(_after(every, aligned, "every"))
    try:
        step = int(every)
    except (TypeError, ValueError, OverflowError):
        step = 0
    if not 1 <= step <= horizon or step != every:
        raise InputError(f"A date every {every} days is not possible within {horizon} days: give 1 to {horizon}.")
    return step


def horizon_of(days: Any, record: float, start: np.datetime64) -> int:
    """Check how many days a forecast of a cube goes ahead.

    Raises
    ------
    InputError
    """
    if days is None:
        days = AHEAD
    if isinstance(days, str):
        days = round(_after(days, start, "days"))
    try:
        horizon = int(days)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"A horizon of {shown(days)} is not a number of days.") from None
    if horizon < 1 or horizon != days:
        raise InputError(f"A horizon of {days} days is not possible: give whole days, at least 1.")
    if horizon > FURTHEST:
        raise InputError(f"A horizon of {horizon} days is too long: give at most {FURTHEST} (five years).")
    if horizon > record:
        raise InputError(
            f"A horizon of {horizon} days is longer than the record of {record:.0f} days: give no more than the record."
        )
    return horizon


def table_dates(days: Any, every: Any, times: Times) -> tuple[float, Floats]:
    """Return the horizon of a forecast of a table, in days, and its dates, in days since 1970-01-01.

    Parameters
    ----------
    days : float, str or None
        Days, or an offset of pandas such as ``"36h"``; by default 24 steps.
    every : float, str or None
        Likewise; by default the step of the record: its frequency if it is regular, the median of its steps otherwise.
    times : array of datetime64
        Dates of the record, up to the start of the forecast.

    Raises
    ------
    InputError
        For a horizon that is not above 0 or longer than the record, or a step that does not fit into it.
    """
    import pandas as pd

    start, record = times[-1], float(days_of(times[[0, -1]]) @ [-1, 1])
    cut = float(days_of(times[[-1]])[0])
    usual = float(np.median(np.diff(days_of(times)))) if len(times) > 1 else 1.0
    offset = every if isinstance(every, str) else None
    if every is None and len(times) >= 3:
        offset = _frequency(times)
    step = _after(offset, start, "every") if offset is not None else float(usual if every is None else every)
    if days is None:
        horizon = min(STEPS * step, max(record * PART, step)) if offset is None else _many(offset, start, record * PART)
    else:
        horizon = _after(days, start, "days") if isinstance(days, str) else float(days)
    if not 0 < horizon < np.inf or not 0 < step <= horizon * (1 + 1e-9):
        raise InputError(
            f"A date every {_words(every, step)} within {_words(days, horizon)} is not possible: give a step above 0 "
            "and no longer than days."
        )
    if horizon > record * (1 + 1e-9):
        raise InputError(
            f"A horizon of {_words(days, horizon)} is longer than the record of {record:.4g} days: give no more "
            "than the record."
        )
    if horizon / step > MOST_DATES:
        raise InputError(f"{horizon / step:.0f} dates are more than the maximum of {MOST_DATES}: increase every.")
    if offset is None:
        return horizon, cut + step * np.arange(1, int(horizon / step + 1e-6) + 1, dtype="float64")
    end = pd.Timestamp(start) + pd.Timedelta(days=horizon * (1 + 1e-9))
    found = pd.date_range(pd.Timestamp(start), end, freq=offset)
    return horizon, days_of(found[found > pd.Timestamp(start)].to_numpy())


def _frequency(times: Times) -> str | None:
    """Return the pandas offset that regular dates follow; None for irregular dates."""
    import warnings

    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas 3 warns that it will return the offset instead of its name
        found = pd.infer_freq(pd.DatetimeIndex(times))
    name = getattr(found, "freqstr", found)
    return None if name is None else str(name)


def _many(offset: str, start: np.datetime64, record: float) -> float:
    """Return the length of :data:`STEPS` steps in days, or of as many as fit into ``record``, at least one."""
    import pandas as pd

    one = pd.tseries.frequencies.to_offset(offset)
    end = pd.Timestamp(start)
    for k in range(STEPS):
        if k and (end + one - pd.Timestamp(start)) / pd.Timedelta(days=1) > record:
            break
        end = end + one
    return float((end - pd.Timestamp(start)) / pd.Timedelta(days=1))


def _after(offset: str, start: np.datetime64, name: str) -> float:
    """Return the number of days from a time to the time one pandas offset later."""
    import pandas as pd

    try:
        end = pd.Timestamp(start) + pd.tseries.frequencies.to_offset(offset)
    except (ValueError, TypeError, AttributeError):
        raise InputError(
            f"{name} of forecast is {shown(offset)}: give a number of days, or an offset of pandas such as '6h', '2W' "
            "or '3MS'."
        ) from None
    return float((end - pd.Timestamp(start)) / pd.Timedelta(days=1))


def _words(given: Any, days: float) -> str:
    return shown(given) if isinstance(given, str) else f"{days:.4g} days"


def iso(day: float, exact: bool) -> str:
    """Return days since 1970-01-01 as text: a date, or with ``exact`` a time to the second."""
    if not exact:
        return str(np.datetime64(int(np.floor(day)), "D"))
    return str(np.datetime64(round(day * 86_400), "s"))


__all__ = ["AHEAD", "EVERY", "STEPS", "day_of", "horizon_of", "iso", "steps", "table_dates", "time_of"]
