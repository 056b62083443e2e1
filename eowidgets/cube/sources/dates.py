"""Dates in the names of files, folders and layers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from eowidgets.errors import InputError

#: Forms of full dates, tried in this order; the example is what error messages show.
PATTERNS: tuple[tuple[str, str], ...] = (
    ("2020-06-30", r"(?<!\d)(\d{4})[-.](\d{2})[-.](\d{2})(?!\d)"),
    ("2020_06_30", r"(?<!\d)(\d{4})_(\d{2})_(\d{2})(?!\d)"),
    ("20200630", r"(?<!\d)((?:19|20)\d{2})(\d{2})(\d{2})(?:\d{4}|\d{6})?(?!\d)"),
    ("2020182 (year and day of year)", r"(?<!\d)((?:19|20)\d{2})(\d{3})(?!\d)"),
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WORD = "(" + "|".join(_MONTHS) + ")[a-z]*"
#: Months, then years: only for names without a full date.
_COARSE: tuple[str, ...] = (
    r"(?<!\d)(?P<y>(?:19|20)\d{2})[-_.]?(?P<m>0[1-9]|1[0-2])(?!\d)",
    rf"(?<!\d)(?P<y>(?:19|20)\d{{2}})[-_. ]?(?P<w>{_WORD})(?![a-z])",
    rf"(?<![a-z])(?P<w>{_WORD})[-_. ]?(?P<y>(?:19|20)\d{{2}})(?!\d)",
    r"(?<!\d)(?P<y>(?:19|20)\d{2})(?!\d)",
)
_CLOCK = re.compile(r"[T_ ]?([01]\d|2[0-3]):?([0-5]\d):?([0-5]\d)?(?!\d)")


def date_in(text: str) -> np.datetime64 | None:
    """Return the first date in a text as a day, or None.

    Full dates come first; else a month gives its first day, and a year its first of January.

    Examples
    --------
    >>> date_in("T34TFR_20200630T092031_B04.tif")
    np.datetime64('2020-06-30')
    >>> date_in("ndvi_2020-06.tif"), date_in("ndvi_1990.tif"), date_in("summer.tif")
    (np.datetime64('2020-06-01'), np.datetime64('1990-01-01'), None)
    """
    found = next(_full(text), None)
    return found[0] if found else _coarse(text)


def moment_in(text: str) -> np.datetime64 | None:
    """Return the first date in a text with the time of day where one follows it, or None.

    Examples
    --------
    >>> moment_in("T34TFR_20200630T092031_B04.tif")
    np.datetime64('2020-06-30T09:20:31')
    """
    found = next(_full(text), None)
    if found is None:
        day = _coarse(text)
        return None if day is None else day.astype("datetime64[s]")
    day, end = found
    clock = _CLOCK.match(text[end:])
    hours, minutes, seconds = (int(part or 0) for part in clock.groups()) if clock else (0, 0, 0)
    moment: np.datetime64 = day.astype("datetime64[s]") + (3600 * hours + 60 * minutes + seconds)
    return moment


def _full(text: str) -> Iterator[tuple[np.datetime64, int]]:
    """Yield every full date and where it ends."""
    for _, pattern in PATTERNS:
        for match in re.finditer(pattern, text):
            parts = [int(p) for p in match.groups()]
            try:
                if len(parts) == 3:
                    yield np.datetime64(f"{parts[0]:04d}-{parts[1]:02d}-{parts[2]:02d}"), match.end(3)
                elif 1 <= parts[1] <= 366:
                    yield np.datetime64(f"{parts[0]:04d}-01-01") + (parts[1] - 1), match.end(2)
            except ValueError:
                continue  # 20209999 is a number, not a date


def _coarse(text: str) -> np.datetime64 | None:
    for pattern in _COARSE:
        if match := re.search(pattern, text, re.IGNORECASE):
            found = match.groupdict()
            word = found.get("w")
            month = _MONTHS.index(word[:3].lower()) + 1 if word else int(found.get("m") or 1)
            return np.datetime64(f"{found['y']}-{month:02d}-01")
    return None


def without_date(name: str) -> str:
    """Return a layer's name without the full date in it."""
    for _, pattern in PATTERNS:
        name = re.sub(pattern + r"(T[\d:]+)?", "", name)
    return name.strip(" _-:") or "value"


def tagged_moment(tags: dict[str, Any]) -> np.datetime64 | None:
    """Return the date in the tags of a raster file, or None."""
    for key in ("TIFFTAG_DATETIME", "datetime", "DATE_ACQUIRED", "date", "ACQUISITION_DATE", "time"):
        if tags.get(key):
            found = moment_in(str(tags[key]).replace(":", "-", 2))
            if found is not None:
                return found
    return None


def as_moment(date: Any) -> np.datetime64:
    """Return a date of a ``dates=`` list.

    Raises
    ------
    InputError
        If it is not a date.
    """
    try:
        found: np.datetime64 = np.datetime64(date).astype("datetime64[s]")
    except (ValueError, TypeError):
        found = np.datetime64("NaT")
    if np.isnat(found):
        raise InputError(f"dates= holds {str(date)[:40]!r}, which is not a date: write it as '2020-06-30'.") from None
    return found
