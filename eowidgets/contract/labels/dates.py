"""When labels hold: columns with a date, with a first and a last date, or with a year."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Moments = npt.NDArray[np.datetime64]

_ONE = ("date", "time", "datetime", "timestamp", "day", "acquired", "acquisition_date", "survey_date")
_START = ("start", "start_date", "startdate", "date_start", "begin", "from_date", "valid_from", "from")
_END = ("end", "end_date", "enddate", "date_end", "to_date", "valid_to", "to")
_YEAR = ("year", "jahr", "annee", "ano")
#: Columns that hold dates, in lower case.
NAMES = frozenset((*_ONE, *_START, *_END, *_YEAR))
#: The last moment of a day, without fractions of a second, which some formats do not hold.
_DAY = np.timedelta64(86_399, "s").astype("timedelta64[ns]")
_NOTHING = np.datetime64("NaT", "ns")
_FORMS = ("%Y/%m/%d", "%d.%m.%Y", "%Y.%m.%d")


def periods(columns: pd.DataFrame, exact: bool = False) -> tuple[Moments, Moments, npt.NDArray[np.bool_]]:
    """Return the first and last moment of each label, NaT if it always holds, and whether a date cannot be read.

    Parameters
    ----------
    columns : DataFrame
    exact : bool
        ``end`` is a moment and not a day.
    """
    names = {str(name).strip().lower(): name for name in columns.columns}
    first, last = (_find(names, which) for which in (_START, _END))
    if first is None and last is None:
        both = _find(names, _ONE)
        both = both if both is not None else _find(names, _YEAR)
        if both is None:
            nothing = np.full(len(columns), _NOTHING)
            return nothing, nothing.copy(), np.zeros(len(columns), bool)
        first = last = both
    start, _, bad = _read(columns, first)
    begins, ends, wrong = _read(columns, last)
    end = begins if exact else ends
    return start, end, bad | wrong | (start > end)


def _find(names: Mapping[str, Any], which: tuple[str, ...]) -> Any:
    return next((names[name] for name in which if name in names), None)


def _read(columns: pd.DataFrame, name: Any) -> tuple[Moments, Moments, npt.NDArray[np.bool_]]:
    """Return the first and the last moment of each cell."""
    begins = np.full(len(columns), _NOTHING)
    ends, bad = begins.copy(), np.zeros(len(columns), bool)
    if name is None:
        return begins, ends, bad
    known: dict[Any, tuple[Any, Any] | None] = {}
    for at, cell in enumerate(columns[name].tolist()):
        if cell is None or cell is pd.NaT or cell != cell or (isinstance(cell, str) and not cell.strip()):
            continue
        try:
            found = known[cell] if cell in known else known.setdefault(cell, _moment(cell))
        except TypeError:  # a list or mapping
            found = None
        if found is None:
            bad[at] = True
        else:
            begins[at], ends[at] = found
    return begins, ends, bad


def _moment(cell: Any) -> tuple[Any, Any] | None:
    """Return the first and the last moment of a year, a month, a day or a time; None for anything else."""
    text = str(int(cell)) if isinstance(cell, int | float) and cell == int(cell) else str(cell).strip()
    if re.fullmatch(r"(18|19|20|21)\d\d", text):
        return _span(f"{text}-01-01", pd.offsets.YearEnd(1))
    if re.fullmatch(r"\d{4}-\d\d", text):
        return _span(f"{text}-01", pd.offsets.MonthEnd(1))
    if isinstance(cell, int | float) and not re.fullmatch(r"\d{8}", text):
        return None
    stamp = _stamp(text)
    if stamp is None:
        return None
    begin = stamp.to_datetime64().astype("datetime64[ns]")
    day = not re.search(r"\d[T ]\d\d:?\d\d", text) or stamp == stamp.normalize()
    return begin, begin + _DAY if day else begin


def _span(first: str, step: Any) -> tuple[Any, Any] | None:
    stamp = _stamp(first)
    if stamp is None:
        return None
    begin = stamp.to_datetime64().astype("datetime64[ns]")
    return begin, (stamp + step).to_datetime64().astype("datetime64[ns]") + _DAY


def _stamp(text: str) -> pd.Timestamp | None:
    """Return a moment in UTC without a time zone."""
    for form in ("ISO8601", *_FORMS):
        try:
            found = pd.to_datetime(text, format=form, utc=True)
        except (ValueError, TypeError, OverflowError):
            continue
        stamp = found.tz_localize(None)
        return stamp if 1700 < stamp.year < 2200 else None
    return None
