"""Years of embeddings: from names of files and folders, and from the requested dates."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from eowidgets.errors import InputError, shown, warn_user

_YEAR = re.compile(r"(?<!\d)(?:19|20)\d{2}(?!\d)")
#: Month and day of the vectors of a year: they describe all of it, and its middle lies within every season.
MIDDLE = "07-01"
#: Folders above a file whose names may hold its year: ``2020/34N/x.tiff``, ``2020/grid_0.15_52.05/x.npy``.
ABOVE = 3


def year_of(path: Path) -> int:
    """Return the year in the name of a file, or of the nearest of the three folders that it lies in.

    Raises
    ------
    InputError
        If there is none.
    """
    for text in (path.stem, *(p.name for p in list(path.absolute().parents)[:ABOVE])):
        years = _YEAR.findall(text)
        if years:
            return int(years[-1])
    raise InputError(
        f"The year of {shown(path.name)} is neither in its name nor in that of its folder: put it into a folder such as "
        f"2020/{path.name[:40]}."
    )


def moments(years: Iterable[int]) -> np.ndarray:
    """Return the middle of each year, datetime64[ns]."""
    return np.array([f"{year}-{MIDDLE}" for year in years], "datetime64[ns]")


def wanted(year: int, dates: Any) -> bool:
    """Return whether a year is among the requested dates; True if these are not valid dates."""
    if dates is None:
        return True
    if isinstance(dates, str):
        first, _, last = dates.partition("/")
        ends = [first, last or first]
    else:
        ends = [dates.start, dates.stop] if isinstance(dates, slice) else list(dates)
    try:
        found = [None if d in (None, "", "..") else np.datetime64(str(d)[:4], "Y").astype(int) + 1970 for d in ends]
    except ValueError:
        return True  # refused later, when the cube is cut to them
    if not found:
        return True
    low, high = found[0], found[-1]
    return (low is None or low <= year) and (high is None or year <= high)


def warn_of_gaps(years: Iterable[int]) -> None:
    """Warn where years between the first and the last are missing."""
    there = set(years)
    missing = [y for y in range(min(there), max(there)) if y not in there]
    if missing:
        warn_user(
            f"There are no embeddings of {', '.join(map(str, missing))}: the cube has {', '.join(map(str, sorted(there)))}."
        )
