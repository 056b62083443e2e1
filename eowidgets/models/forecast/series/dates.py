"""The dates of a forecast over a cube: parameters that all forecasters share."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from eowidgets.contract.model import Dates
from eowidgets.contract.params import param
from eowidgets.errors import InputError


@dataclass(frozen=True, slots=True)
class When:
    """The requested dates."""

    dates: str = param("", help="Dates to forecast, such as 2021-05-01, 2021-06-01; blank: a regular series.")
    horizon: int = param(180, low=1, high=3650, unit="days", help="Horizon if no dates are given.")
    every: int = param(10, low=1, high=366, unit="days", help="Days between the dates if none are given.")


#: Names of these parameters.
DATES = tuple(f.name for f in fields(When))


def dates_ahead(params: Any, dates: Dates) -> Dates:
    """Return the requested dates, or a regular series after the last date.

    Parameters
    ----------
    params : Any
        With ``dates``, ``horizon`` and ``every``, as in :class:`When`.
    dates : array of datetime64
        Dates of the cube.

    Raises
    ------
    InputError
        If a requested date is not after the last date of the cube.
    """
    end = dates.astype("datetime64[D]").max()
    asked = parse_dates(params.dates)
    if asked is None:
        count = max(1, params.horizon // params.every)
        series = end + np.arange(1, count + 1) * np.timedelta64(params.every, "D")
        return np.asarray(series, "datetime64[ns]")
    if asked.min() <= end:
        raise InputError(f"{asked.min()} is not after the last date of the cube ({end}): give later dates.")
    return np.asarray(asked, "datetime64[ns]")


def parse_dates(text: str) -> Dates | None:
    """Parse ISO dates separated by commas or spaces; return None for an empty text.

    Raises
    ------
    InputError
        If one of them is not a date.
    """
    words = str(text).replace(",", " ").split()
    if not words:
        return None
    try:
        found = np.array([np.datetime64(w, "D") for w in words])
    except ValueError as error:
        raise InputError(f"{text!r} contains an invalid date: write dates like 2021-05-01.") from error
    return np.unique(found)
