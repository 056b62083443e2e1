"""Run a model of series on a cube or a table, as one call that can be repeated."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from eowidgets.arguments import Dates, first_and_last
from eowidgets.contract.model import Model
from eowidgets.cube.admission import admit
from eowidgets.cube.area import AreaLike
from eowidgets.cube.indices import available
from eowidgets.cube.schema import bands
from eowidgets.engine.job import Job
from eowidgets.engine.provenance import with_call
from eowidgets.engine.run import run, submit
from eowidgets.errors import InputError, shown

#: Default index.
USUAL = "NDVI"
#: Column names of a table that are read as dates, and as names of series.
DATES, NAMES = ("time", "date", "datetime", "day"), ("id", "name", "parcel", "series")


@dataclass(frozen=True)
class SeriesInput:
    """A cube or a table of series, cut to the dates that are analysed.

    Attributes
    ----------
    whole : Dataset or DataFrame
        The source as given; a DataArray of series is converted to a table.
    used : Dataset or DataFrame
        The part with the requested dates; a table has the columns ``id``, ``time`` and the index.
    index : str
    """

    whole: Any
    used: Any
    index: str

    @classmethod
    def of(cls, source: Any, index: str | None, dates: Dates | None) -> SeriesInput:
        """Check a source and select the requested dates.

        Raises
        ------
        InputError
        """
        if isinstance(source, xr.DataArray):
            source = _table_of(source)
        if isinstance(source, pd.DataFrame | pd.Series):
            table, name = _columns(source, index)
            keep = np.ones(len(table), bool) if dates is None else within(table["time"].to_numpy(), dates)
            return cls(source, table[keep], name)
        cube = admit(source)
        name = index or _usual(cube)
        keep = np.ones(cube.sizes["time"], bool) if dates is None else within(cube["time"].values, dates)
        return cls(cube, cube if keep.all() else cube.isel(time=keep), name)

    @property
    def is_table(self) -> bool:
        """Whether the source is a table."""
        return not isinstance(self.used, xr.Dataset)


@dataclass(frozen=True)
class MeasureTask:
    """A validated measurement, ready to run: a public function in steps, for panels.

    Attributes
    ----------
    call : str
        Name of the function of ``eowidgets``.
    model : Model
    given : SeriesInput
    arguments : mapping
        Arguments of the call as plain values, without area and cube.
    complete : callable
        Function of the output of the run and the input that returns the result of the call.
    """

    call: str
    model: Model
    given: SeriesInput
    arguments: Mapping[str, Any]
    complete: Callable[[Any, SeriesInput], Any]

    def run(self, area: AreaLike | None = None, **options: Any) -> Any:
        """Run the model here and return the result of the call."""
        if self.given.is_table and area is not None:
            raise InputError("area does not apply to a table: select its rows instead.")
        return self.finish(run(self.model, self.given.used, area=area, **options))

    def submit(self, area: AreaLike | None = None, **options: Any) -> Job:
        """Start in the background; pass the result of the job to :meth:`finish`."""
        return submit(self.model, self.given.used, area=area, **options)

    def finish(self, raw: Any) -> Any:
        """Record the call and its arguments in the provenance, and complete the result."""
        given = self.given
        if given.is_table:
            notes = json.loads(raw.attrs["provenance"])
            notes |= {"call": self.call, "arguments": dict(self.arguments)}
            notes["input"]["kind"] = "table"
            raw.attrs["provenance"] = json.dumps(notes)
        else:
            provenance = with_call(raw.attrs["provenance"], self.call, self.arguments, given.whole)
            raw = raw.assign_attrs(provenance=provenance)
        return self.complete(raw, given)


def asked(dates: Dates | None) -> str | list[str] | None:
    """Return dates as plain values for a record."""
    return dates if dates is None or isinstance(dates, str) else [str(d) for d in dates]


def within(times: Any, dates: Dates) -> Any:
    """Return a mask of the times in a period; a date without a day or a month stands for the whole month or year.

    Parameters
    ----------
    times : array of datetime64
    dates : (first, last) or "first/last"

    Raises
    ------
    InputError

    Examples
    --------
    >>> within(np.array(["2019-12-31", "2020-02-29"], "datetime64[D]"), "2020/2021").tolist()
    [False, True]
    """
    first, last = (np.datetime64(part[:10]) for part in first_and_last(dates))
    start, end = first.astype("datetime64[D]"), (last + 1).astype("datetime64[D]")
    if start >= end:
        raise InputError(f"The dates end ({last}) before they begin ({first}): swap them.")
    days = np.asarray(times, "datetime64[D]")
    keep = (days >= start) & (days < end)
    if not keep.any():
        raise InputError(
            f"There is no date from {first} to {last}: the series has {days.min()} to {days.max()}."
            if len(days)
            else "The series has no dates."
        )
    return keep


def _usual(cube: xr.Dataset) -> str:
    """Return NDVI, or the only band of a cube without NDVI."""
    there = bands(cube)
    if len(there) == 1 and USUAL not in available(cube):
        return str(there[0])
    return USUAL


def _table_of(source: xr.DataArray) -> pd.DataFrame:
    """Convert series, (time,) or (id, time), to a table in long form."""
    others = [d for d in source.dims if d != "time"]
    if "time" not in source.dims or len(others) > 1:
        raise InputError(
            f"The DataArray has the dimensions {shown(source.dims)}: give series with the dimensions (id, time), or a cube "
            "as a Dataset."
        )
    name = str(source.name or "value")
    column = source.rename(name).expand_dims("id") if not others else source.rename({others[0]: "id"}).rename(name)
    if "id" not in column.coords:
        column = column.assign_coords(id=np.arange(column.sizes["id"]))
    return column.to_dataframe().reset_index()[["id", "time", name]]


def _columns(source: pd.DataFrame | pd.Series[Any], index: str | None) -> tuple[pd.DataFrame, str]:
    """Return a table with the columns ``id``, ``time``, values and masks, and the name of the value column."""
    table = source.to_frame(str(source.name or "value")) if isinstance(source, pd.Series) else source
    if not any(str(c).lower() in DATES for c in table.columns):
        table = table.reset_index()
        if isinstance(table.get("index"), pd.Series) and pd.api.types.is_datetime64_any_dtype(table["index"]):
            table = table.rename(columns={"index": "time"})
    lower = {str(c).lower(): c for c in table.columns}
    when = next((lower[n] for n in DATES if n in lower), None)
    if when is None:
        raise InputError(
            f"The table has no column of dates: name one of its columns {shown(list(table.columns))} 'time'."
        )
    who = next((lower[n] for n in NAMES if n in lower), None)
    others = [
        c
        for c in table.columns
        if c not in (when, who, "valid", "clouds", "lon", "lat")
        and pd.api.types.is_numeric_dtype(table[c])
        and not pd.api.types.is_bool_dtype(table[c])
    ]
    named = [c for c in others if index is not None and str(c).lower() == index.lower()]
    if index is None and len(others) != 1:
        named = [c for c in others if str(c).lower() == USUAL.lower()]
    value = named[0] if named else others[0] if len(others) == 1 and index is None else None
    if value is None:
        raise InputError(
            f"The table has the columns of numbers {shown([str(c) for c in others])}: name the one to analyse, such as "
            'index="NDVI".'
        )
    out = pd.DataFrame({"id": table[who] if who is not None else "series"}, index=table.index)
    try:
        out["time"] = pd.to_datetime(table[when]).astype("datetime64[ns]")
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"The column {shown(str(when))} has no dates: write them as YYYY-MM-DD.") from None
    out[str(value)] = pd.to_numeric(table[value]).astype("float32")
    for mask in ("valid", "clouds"):
        if mask in table:
            out[mask] = table[mask]
    return out, str(value)
