"""Time axes of any origin as increasing ``datetime64[ns]`` in UTC."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from eowidgets.errors import InputError, warn_user


def with_times(cube: xr.Dataset) -> xr.Dataset:
    """Return a Dataset whose ``time`` is ``datetime64[ns]`` without a zone, sorted.

    Times with a zone are converted to UTC. Dates of other calendars (``noleap``, ``360_day``), text in ISO 8601, and
    integers that are years or days such as 20200630 are converted, with a note.

    Raises
    ------
    InputError
        If the times are not dates, or some are missing.
    """
    values = datetimes(cube)
    if bool(np.isnat(values).any()):
        raise InputError(
            f"{int(np.isnat(values).sum())} of {values.size} dates are missing (NaT): drop them first, for instance with  "
            "data.dropna('time', subset=['time'])  or give the right dates."
        )
    attrs = {k: v for k, v in cube["time"].attrs.items() if k not in ("units", "calendar")}
    cube = cube.drop_indexes("time", errors="ignore").assign_coords(time=("time", values, attrs))
    if not cube.indexes["time"].is_monotonic_increasing:
        cube = cube.sortby("time")
    return cube


def datetimes(cube: xr.Dataset) -> Any:
    """Return the times of a cube as ``datetime64[ns]`` in UTC, in their order; missing ones are NaT.

    Raises
    ------
    InputError
        If the times are not dates.
    """
    times = cube["time"]
    if times.ndim != 1:
        raise InputError(f"The times have {times.ndim} dimensions, but a cube has one time for each date.")
    index: Any = cube.indexes.get("time")
    if getattr(index, "tz", None) is not None:
        return np.asarray(index.tz_convert("UTC").tz_localize(None), "datetime64[ns]")
    if times.dtype.kind == "M":
        return times.values.astype("datetime64[ns]")
    if times.dtype.kind in "iu":
        return _integers(times.values)
    if times.dtype.kind in "OUST":
        return _objects(cube, times.values)
    raise _not_dates()


def _integers(values: Any) -> Any:
    if values.size and ((values >= 1900) & (values <= 2100)).all():
        text, what = [f"{v:04d}-01-01" for v in values], "years"
    elif values.size and ((values >= 19000101) & (values <= 21001231)).all():
        text, what = [f"{v // 10000:04d}-{v // 100 % 100:02d}-{v % 100:02d}" for v in values], "days"
    else:
        raise _not_dates()
    try:
        found = np.array(text, "datetime64[ns]")
    except ValueError:
        raise _not_dates() from None
    warn_user(f"The times are integers and were read as {what}: {text[0]} to {text[-1]}.")
    return found


def _objects(cube: xr.Dataset, values: Any) -> Any:
    import pandas as pd

    calendar = getattr(values[0], "calendar", None) if values.size else None
    if calendar is not None and hasattr(values[0], "timetuple"):
        return _calendar(cube, str(calendar))
    try:
        stamps = pd.to_datetime(list(values), utc=True, format=None if values.dtype.kind == "O" else "ISO8601")
    except (ValueError, TypeError, OverflowError):
        raise _not_dates() from None
    return np.asarray(stamps.tz_localize(None), "datetime64[ns]")


def _calendar(cube: xr.Dataset, calendar: str) -> Any:
    """Return dates of another calendar under the same year, month and day; where no such day exists, the nearest."""
    only = xr.Dataset(coords={"time": cube["time"]})
    try:
        same = only.convert_calendar("standard", align_on="date" if "360" in calendar else None, use_cftime=False)
        if same.sizes["time"] != only.sizes["time"]:
            same = only.convert_calendar("standard", align_on="year", use_cftime=False)
    except (ValueError, TypeError, OverflowError) as error:
        raise InputError(
            f"The dates of the calendar {calendar!r} cannot be converted ({str(error)[:60]}): use "
            "data.convert_calendar('standard') first."
        ) from error
    if same.sizes["time"] != only.sizes["time"]:
        raise InputError(
            f"Some dates of the calendar {calendar!r} do not exist in the standard calendar: use "
            "data.convert_calendar('standard', align_on='year') first."
        )
    if calendar not in ("standard", "gregorian", "proleptic_gregorian"):
        warn_user(f"The dates of the calendar {calendar!r} were converted to the standard calendar.")
    return same["time"].values.astype("datetime64[ns]")


def _not_dates() -> InputError:
    return InputError(
        "The times are not dates: convert them to datetime64, for instance with  pandas.to_datetime(...)."
    )
