"""Tables of time series in long form: a row per series and date, a column per band."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from eowidgets.contract.model import Model
from eowidgets.contract.prepare import check_bands
from eowidgets.cube.schema import MASKS
from eowidgets.engine.items import ID, TIME
from eowidgets.engine.reader import RasterBlock
from eowidgets.errors import InputError, shown

LONLAT = ("lon", "lat")
#: Name of the only series of a table without a column of names.
ONLY = "series"


@dataclass(frozen=True)
class Long:
    """Series one after the other, each in the order of its dates.

    Attributes
    ----------
    ids : list
        Names of the series, in the order in which the table has them first.
    starts : array (n + 1,), int64
        Where each begins.
    dates : array (m,), datetime64[ns]
    values : array (m, c), float32
    bands : tuple of str
    masks : dict of str to array (m,), bool
        ``valid`` and ``clouds``, if the table has them.
    places : array (m, 2), float64, optional
        Longitude and latitude.
    """

    ids: list[Any]
    starts: npt.NDArray[np.int64]
    dates: npt.NDArray[np.datetime64]
    values: npt.NDArray[np.float32]
    bands: tuple[str, ...]
    masks: dict[str, npt.NDArray[np.bool_]]
    places: npt.NDArray[np.float64] | None

    def part(self, i: int) -> slice:
        """Return the rows of a series."""
        return slice(int(self.starts[i]), int(self.starts[i + 1]))

    @cached_property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Number of dates of each series, shape (n,)."""
        return np.diff(self.starts)

    @cached_property
    def measured(self) -> npt.NDArray[np.bool_]:
        """Rows with a number in every band, shape (m,)."""
        measured = np.asarray(np.isfinite(self.values).all(axis=1))
        return np.asarray(measured & self.masks["valid"]) if "valid" in self.masks else measured

    @cached_property
    def usable(self) -> npt.NDArray[np.bool_]:
        """Rows without cloud, shape (m,)."""
        return np.asarray(self.measured & ~self.masks["clouds"]) if "clouds" in self.masks else self.measured

    @cached_property
    def raw(self) -> npt.NDArray[np.float32]:
        """Values, 0 where nothing was measured, shape (m, c)."""
        return np.where(self.measured[:, None], self.values, 0).astype("float32")

    def block(self, i: int) -> RasterBlock:
        """Return a series as a block of one pixel."""
        part = self.part(i)
        measured = self.measured[part, None, None]
        usable = measured if self.usable is self.measured else self.usable[part, None, None]
        return RasterBlock(self.raw[part, :, None, None], measured, usable, 0, 0)

    def lonlat(self, i: int) -> tuple[float, float]:
        """Return the place of a series; NaN where the table has none."""
        lon, lat = self.places[self.starts[i]] if self.places is not None else (np.nan, np.nan)
        return float(lon), float(lat)

    def groups(self) -> list[list[int]]:
        """Return the numbers of the series that have the same dates."""
        found: dict[bytes, list[int]] = {}
        for i in range(len(self.ids)):
            found.setdefault(self.dates[self.part(i)].tobytes(), []).append(i)
        return list(found.values())

    def summary(self) -> dict[str, Any]:
        """Describe the table for the provenance, without its names."""
        digest = hashlib.sha256()
        for array in (self.starts, self.dates, self.values, *self.masks.values()):
            digest.update(np.ascontiguousarray(array).tobytes())
        return {
            "bands": list(self.bands),
            "rows": len(self.dates),
            "dates": [str(d)[:19] for d in (self.dates.min(), self.dates.max())],
            "sha256": digest.hexdigest(),
        }


def long_form(model: Model, table: pd.DataFrame | pd.Series[Any]) -> Long:
    """Read a table as series for a model.

    Parameters
    ----------
    model : Model
        It is adapted to the bands.
    table : DataFrame or Series
        In long form, with the columns ``time``, ``id`` (one series without it) and one per band; ``valid``, ``clouds``,
        ``lon`` and ``lat`` are used if they are there. ``id`` and ``time`` may be in the index. Or by dates: a Series, or a
        DataFrame of the model's bands, is one series; if the model takes one band, each other column is a series.

    Raises
    ------
    InputError, ModelError
        In one sentence, for a table of another form.
    """
    frame = _with_columns(model, table).rename(columns=str)
    if TIME not in frame:
        raise InputError(
            f"The table has no column {TIME!r}: give one row per series and date with the columns 'id', 'time' and one per "
            "band, or index it by dates."
        )
    if frame.columns.has_duplicates:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise InputError(f"The table has two columns named {shown(str(twice))}: keep one of them.")
    if not len(frame):
        raise InputError("The table has no rows: give one row per series and date.")
    dates = _dates(frame[TIME])
    names = frame[ID] if ID in frame else pd.Series(ONLY, index=frame.index)
    if names.isna().any():
        raise InputError(f"{int(names.isna().sum())} rows of the table have no {ID!r}: name the series of each row.")
    codes, ids = pd.factorize(names)
    order = np.lexsort((dates, codes))
    codes, dates = codes[order], dates[order]
    same = np.flatnonzero((codes[1:] == codes[:-1]) & (dates[1:] == dates[:-1]))
    if len(same):
        raise InputError(
            f"The series {shown(_plain(ids[codes[same[0]]]))} has two rows for {str(dates[same[0]])[:10]}: keep one row per "
            "series and date, for example with table.drop_duplicates(['id', 'time'])."
        )
    others = {ID, TIME, *MASKS, *LONLAT}
    there = tuple(str(c) for c in frame.columns if c not in others and _is_number(frame[c]))
    wanted = [*(model.feed.bands or ()), *model.feed.optional_bands]
    for band in wanted:
        if band in frame and band not in there:
            raise InputError(
                f"The column {band!r} holds {frame[band].dtype}: convert it to numbers with pandas.to_numeric."
            )
    check_bands(model, there, "this table")
    bands = there if model.feed.bands is None else tuple(b for b in _unique(model) if b in there)
    masks = {m: frame[m].to_numpy() for m in MASKS if m in frame}
    for name, mask in masks.items():
        if mask.dtype != bool:
            raise InputError(f"The column {name!r} holds {mask.dtype}: give True and False without gaps.")
    places = frame[list(LONLAT)].to_numpy("float64", na_value=np.nan) if all(c in frame for c in LONLAT) else None
    starts = np.searchsorted(codes, np.arange(len(ids) + 1))
    values = frame[list(bands)].to_numpy("float32", na_value=np.nan)[order]
    masks = {name: mask[order] for name, mask in masks.items()}
    return Long(
        [_plain(i) for i in ids], starts, dates, values, bands, masks, places[order] if places is not None else None
    )


def _unique(model: Model) -> Iterable[str]:
    """Return the required and the optional bands of a model."""
    return dict.fromkeys((*(model.feed.bands or ()), *model.feed.optional_bands))


def _with_columns(model: Model, table: pd.DataFrame | pd.Series[Any]) -> pd.DataFrame:
    """Return a table with ``id`` and ``time`` among its columns, if it has them in any form."""
    bands = model.feed.bands
    if isinstance(table, pd.Series):
        band = bands[0] if bands and len(bands) == 1 else str(table.name if table.name is not None else "value")
        table = table.to_frame(band)
    columns = set(table.columns)
    if TIME in columns or TIME in table.index.names or not isinstance(table.index, pd.DatetimeIndex):
        known = [n for n in table.index.names if n in (ID, TIME) and n not in columns]
        table = table.reset_index(level=known) if known else table
        if TIME not in columns and ID not in columns and known == [TIME]:
            return _by_dates(bands, table)
        return table
    return _by_dates(bands, table.rename_axis(TIME).reset_index())


def _by_dates(bands: tuple[str, ...] | None, table: pd.DataFrame) -> pd.DataFrame:
    """Return the long form of a table by dates."""
    if bands is None or len(bands) != 1 or bands[0] in table or ID in table:
        return table
    return table.melt(id_vars=TIME, var_name=ID, value_name=bands[0])


def _dates(column: pd.Series[Any]) -> npt.NDArray[np.datetime64]:
    if not pd.api.types.is_datetime64_any_dtype(column):
        raise InputError(
            f"The column {TIME!r} holds {column.dtype}, which is not a date: convert it with pandas.to_datetime(table['time'])."
        )
    if column.isna().any():
        raise InputError(f"{int(column.isna().sum())} of {len(column)} dates are missing (NaT): drop these rows first.")
    if column.dt.tz is not None:
        column = column.dt.tz_convert("UTC").dt.tz_localize(None)
    return column.to_numpy().astype("datetime64[ns]")


def _is_number(column: Any) -> bool:
    kinds = pd.api.types
    return bool(
        kinds.is_numeric_dtype(column) and not kinds.is_bool_dtype(column) and not kinds.is_complex_dtype(column)
    )


def _plain(name: Any) -> Any:
    """Return a name as a plain value."""
    return name.item() if isinstance(name, np.generic) else name
