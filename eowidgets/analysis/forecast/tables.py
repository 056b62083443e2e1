"""Tables as input of a forecast: a Series, a DataFrame or a CSV file, one series or several, with any time step."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import torch

from eowidgets.analysis.history import SeriesBlock, days_of
from eowidgets.engine.items import ID, TIME
from eowidgets.engine.long import LONLAT, Long, long_form
from eowidgets.errors import InputError, shown, unknown
from eowidgets.models.forecast.statistical.naive import Persistence

if TYPE_CHECKING:
    import pandas as pd

Times = npt.NDArray[np.datetime64]
#: Maximum number of dates, the last ones: hourly or minute data need no more, and time grows with the square.
MOST = 2000
#: Names of columns that hold dates, in lower case.
DATE_NAMES = (TIME, "date", "datetime", "timestamp", "ds", "day")


class TableHistory:
    """The series of a table up to a time.

    Parameters
    ----------
    long : Long
        The table; see :func:`read_table`.
    names : sequence of str or None
        Columns to forecast; None: all.
    until : datetime64 or None
        The last time that is used.

    Attributes
    ----------
    names : tuple of str
    place : {"series", "table"}
        One series, or several.
    ids : list
        Names of the series.
    times : array (t,), datetime64[ns]
        All dates of all series, in order, at most :data:`MOST`.
    days : Tensor, shape (t,), float64
        The same since 1970-01-01.
    left_out : int
        Number of earlier dates that are not used.
    """

    index = None

    def __init__(self, long: Long, names: Sequence[str] | None, until: np.datetime64 | None = None) -> None:
        for name in names or ():
            if name not in long.bands:
                raise unknown("column", name, long.bands)
        self.long, self.ids = long, long.ids
        self.names = tuple(dict.fromkeys(names)) if names else long.bands
        self.place: Literal["series", "table"] = "series" if len(long.ids) == 1 else "table"
        every = np.unique(long.dates)
        every = every if until is None else every[every <= until]
        self.left_out = max(0, len(every) - MOST)
        self.times: Times = every[-MOST:]
        self.days = torch.as_tensor(days_of(self.times))

    def block(self) -> SeriesBlock:
        """Return every series on all dates."""
        long, columns = self.long, [self.long.bands.index(n) for n in self.names]
        values = np.full((len(long.ids), len(self.times), len(columns)), np.nan, "float32")
        series = np.repeat(np.arange(len(long.ids)), long.lengths)
        place = np.searchsorted(self.times, long.dates).clip(max=max(len(self.times) - 1, 0))
        use = self.times[place] == long.dates if len(self.times) else np.zeros(len(long.dates), bool)
        for name, mask in long.masks.items():
            use = use & (mask if name == "valid" else ~mask)
        found = long.values[:, columns]
        values[series[use], place[use]] = np.where(np.isfinite(found[use]), found[use], np.nan)
        tensor = torch.from_numpy(values)
        return SeriesBlock(tensor, tensor.isfinite(), torch.arange(len(values)))

    def sample(self, most: int) -> SeriesBlock:
        """Return at most ``most`` series, spaced evenly over the table, without those never observed."""
        block = self.block()
        known = block.seen.any(1).any(1).nonzero()[:, 0]
        return block.some(known[torch.linspace(0, len(known) - 1, min(most, len(known))).round().long()])

    def attrs(self, name: str) -> dict[str, Any]:
        """Return the attributes of a column."""
        return {"long_name": name}

    def limits(self, name: str) -> tuple[float, float]:
        """Return infinite limits: the valid range of a column is unknown."""
        return (-np.inf, np.inf)


def read_table(given: Any) -> Long:
    """Read a table in any of the forms that a forecast accepts.

    Parameters
    ----------
    given : Series, DataFrame or path
        A Series or DataFrame with dates as its index, or a DataFrame with a column of dates: named ``time`` or
        similarly, or the only one with dates. A column ``id`` separates several series. A path is that of a CSV file of
        such a table.

    Returns
    -------
    Long
        Every numeric column is a channel.

    Raises
    ------
    InputError
    """
    import pandas as pd

    table = _read_csv(Path(given)) if isinstance(given, str | Path) else given
    if isinstance(table, pd.Series):
        table = table.to_frame(str(table.name) if table.name is not None else "value")
    table = table.rename(columns=str)
    if not isinstance(table.index, pd.DatetimeIndex):
        table = _with_time(table)
    if not any(_is_number(table[c]) for c in table.columns if c not in (ID, *LONLAT)):
        raise InputError("The table has no column of numbers: there is nothing to forecast.")
    found = long_form(Persistence(), table)
    if not np.isfinite(found.values).any():
        raise InputError("The table has no number in any row: there is nothing to forecast from.")
    return found


def _read_csv(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        return pd.read_csv(path.expanduser())
    except FileNotFoundError:
        raise InputError(f"There is no file {shown(path.name)}: give the path of a CSV file.") from None
    except (OSError, ValueError, UnicodeDecodeError) as error:
        raise InputError(f"{shown(path.name)} cannot be read as CSV: {shown(str(error))}.") from None


def _with_time(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose date column is named ``time`` and holds dates."""
    import pandas as pd

    known = [n for n in table.index.names if n in (ID, TIME)]
    table = table.reset_index(level=known) if known else table
    types = pd.api.types
    named = [c for c in table.columns if c.lower() in DATE_NAMES]
    dates = [c for c in table.columns if types.is_datetime64_any_dtype(table[c])]
    texts = [c for c in table.columns if types.is_object_dtype(table[c]) or types.is_string_dtype(table[c])]
    for column in [*named, *dates, *texts]:
        if column in dates:
            return table.rename(columns={column: TIME})
        if types.is_numeric_dtype(table[column]):
            continue  # numbers are not read as dates
        parsed = _parsed(table[column])
        if parsed is not None and column != ID:
            return table.assign(**{column: parsed}).rename(columns={column: TIME})
    for column in (c for c in table.columns if c.lower() == "year" and types.is_integer_dtype(table[c])):
        years = pd.to_datetime(table[column].astype(str), format="%Y", errors="coerce")
        if years.notna().all():
            return table.drop(columns=column).assign(**{TIME: years})
    raise InputError(
        "The table has no dates: index it by dates, or give a column 'time' with dates such as 2019-07-06 or "
        "2019-07-06T12:30."
    )


def _is_number(column: Any) -> bool:
    import pandas as pd

    return bool(pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column))


def _parsed(column: Any) -> Any:
    import warnings

    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas warns where it has to guess the format of each date
        try:
            parsed = pd.to_datetime(column, errors="raise")
            return parsed if parsed.notna().any() else None
        except (ValueError, TypeError, OverflowError):
            return None


def is_table(given: Any) -> bool:
    """Return whether an input of a forecast is read as a table."""
    import pandas as pd

    return isinstance(given, pd.Series | pd.DataFrame | str | Path)


__all__ = ["LONLAT", "MOST", "TableHistory", "is_table", "read_table"]
