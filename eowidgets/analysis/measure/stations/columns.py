"""Find the columns of date, place, value and name in a table of measurements, and read them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from eowidgets.errors import InputError, SourceError, shown, unknown, words
from eowidgets.system import check_plain

#: Usual column names, in lower case; the first that exists is used.
SPELLED: dict[str, tuple[str, ...]] = {
    "date": ("date", "datetime", "date_time", "time", "day", "timestamp", "sampling_date", "sample_date", "obs_date"),
    "lon": ("lon", "longitude", "lng", "long", "x", "lon_dd", "longitude_deg", "decimallongitude"),
    "lat": ("lat", "latitude", "y", "lat_dd", "latitude_deg", "decimallatitude"),
    "value": ("value", "val", "measurement", "measured", "observed", "observation", "insitu", "in_situ", "in-situ", "result"),
    "station": ("station", "station_id", "station_name", "site", "site_id", "site_name", "name", "id", "plot", "plot_id"),
}  # fmt: skip
#: Number of bytes of a file from which its separator is detected.
_HEAD = 65_536


@dataclass(frozen=True)
class Measurements:
    """Measurements with a date, a place and a number.

    Attributes
    ----------
    table : DataFrame
        ``station``, ``date`` (datetime64, UTC), ``lon``, ``lat``, ``value``, and ``row`` (number in the source, from 1).
    unread : DataFrame
        ``row`` and ``reason`` of the omitted rows.
    columns : dict
        Columns that were read, by quantity.
    """

    table: pd.DataFrame
    unread: pd.DataFrame
    columns: dict[str, str]


def read_measurements(
    source: Any, given: dict[str, str | None], index: str = "", date_format: str | None = None
) -> Measurements:
    """Read a table of measurements.

    Parameters
    ----------
    source : DataFrame, str or Path
        A table, or the path of a text file with commas, semicolons or tabs.
    given : dict
        Column of ``date``, ``lon``, ``lat``, ``value``, ``station``; None to detect it by :data:`SPELLED`.
    index : str
        Name of the index; a column with it holds the value.
    date_format : str, optional
        As for ``datetime.strptime``; ISO dates need none.

    Raises
    ------
    InputError, SourceError
        If a column is missing or ambiguous, or no row can be used.
    """
    table = source if isinstance(source, pd.DataFrame) else _file(source)
    columns = find_columns(table, given, index)
    place = _numbers(table[columns["lon"]]), _numbers(table[columns["lat"]])
    values = _numbers(table[columns["value"]])
    dates = _dates(table[columns["date"]], columns["date"], date_format)
    lon, lat = place
    with np.errstate(invalid="ignore"):
        somewhere = (np.abs(lon) <= 360) & (np.abs(lat) <= 90)
    reasons = np.full(len(table), "", dtype=object)
    for why, bad in (
        ("no number", ~np.isfinite(values)),
        ("no place in degrees", ~somewhere),
        ("no date", np.isnat(dates)),
    ):
        reasons[bad] = why
    good = reasons == ""
    if not good.any():
        found = " or ".join(dict.fromkeys(reasons.tolist())) or "no rows"
        raise InputError(f"None of the {len(table)} measurements can be used: {found} (columns {shown(columns)}).")
    names = _stations(table, columns.get("station"), lon, lat)
    rows = pd.DataFrame(
        {"station": names, "date": dates, "lon": lon, "lat": lat, "value": values, "row": np.arange(len(table)) + 1}
    )
    unread = pd.DataFrame({"row": np.flatnonzero(~good) + 1, "reason": reasons[~good]})
    return Measurements(rows[good].reset_index(drop=True), unread, columns)


def find_columns(
    table: pd.DataFrame, given: dict[str, str | None], index: str = "", *, all_needed: bool = True
) -> dict[str, str]:
    """Return the columns of date, longitude, latitude, value and, if there is one, station.

    Parameters
    ----------
    table : DataFrame
    given : dict
        Columns given by the caller.
    index : str
        A column with this name holds the value.
    all_needed : bool
        Whether a missing column is an error.

    Raises
    ------
    InputError

    Examples
    --------
    >>> table = pd.DataFrame(columns=["Site", "Date", "Longitude", "Latitude", "LAI"])
    >>> find_columns(table, {}, "LAI")
    {'date': 'Date', 'lon': 'Longitude', 'lat': 'Latitude', 'value': 'LAI', 'station': 'Site'}
    """
    names = {str(c): c for c in table.columns}
    lower = {str(c).strip().lower(): str(c) for c in reversed(table.columns)}
    found: dict[str, str] = {}
    for what, spelled in SPELLED.items():
        own = given.get(what)
        if own is not None:
            if own not in names:
                raise unknown("column", own, names)
            found[what] = own
            continue
        if what == "value" and index.lower() in lower:
            found[what] = lower[index.lower()]
            continue
        match = next((lower[one] for one in spelled if one in lower), None)
        if match is not None:
            found[what] = match
    if "value" not in found:
        rest = [n for n in names if n not in found.values() and np.isfinite(_numbers(table[names[n]])).any()]
        if len(rest) == 1:
            found["value"] = rest[0]
    missing = [what for what in ("date", "lon", "lat", "value") if what not in found]
    if missing and all_needed:
        listed = ", ".join(n[:30] for n in list(names)[:8]) + (", ..." if len(names) > 8 else "")
        raise InputError(
            f"The table has no column for {missing[0]} (found: {listed or 'none'}): name it with  {missing[0]}='...'."
        )
    return {what: found[what] for what in SPELLED if what in found}


def read_file(path: str | Path) -> pd.DataFrame:
    """Read a table as text, separated by commas, semicolons or tabs."""
    return _file(path)


def _file(path: str | Path) -> pd.DataFrame:
    found = Path(path).expanduser()
    if not found.is_file():
        raise InputError(
            f"There is no file {shown(str(path))}: give the path of a table with date, lon, lat and value."
        )
    check_plain(found)
    try:
        with found.open("rb") as file:
            head = file.read(_HEAD).split(b"\n", 1)[0].decode("utf-8-sig", "replace")
        separator = max(",;\t", key=head.count)
        return pd.read_csv(found, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (ValueError, OSError) as error:  # pandas' own errors, and text in another encoding
        raise SourceError(f"The file {shown(found.name)} cannot be read as a table ({words(error)}).") from error


def _numbers(cells: pd.Series) -> Any:
    """Parse numbers, also with a decimal comma; NaN for everything else."""
    if cells.dtype.kind in "fiu":
        return cells.to_numpy(float)
    texts = cells.astype(str).str.strip()
    numbers = pd.to_numeric(texts, errors="coerce")
    commas = pd.to_numeric(texts.str.replace(",", ".", regex=False), errors="coerce")
    return numbers.fillna(commas).to_numpy(float)


def _dates(cells: pd.Series, column: str, form: str | None) -> Any:
    """Parse UTC times, NaT where there is none.

    Raises
    ------
    InputError
        If the order of day and month is ambiguous.
    """
    if cells.dtype.kind == "M" or isinstance(cells.dtype, pd.DatetimeTZDtype):
        return _utc(pd.to_datetime(cells, utc=True))
    texts = cells.astype(str).str.strip()
    filled = texts[~texts.isin(["", "nan", "None", "NaT"])]
    if form is not None:
        return _utc(pd.to_datetime(texts, format=form, errors="coerce", utc=True))
    iso = pd.to_datetime(texts, format="ISO8601", errors="coerce", utc=True)
    if iso.notna().any() or not len(filled):
        return _utc(iso)
    separator = next((s for s in "/.-" if filled.str.contains(s, regex=False).all()), "/")
    tried = {
        f: pd.to_datetime(texts, format=f, errors="coerce", utc=True)
        for f in (f"%d{separator}%m{separator}%Y", f"%m{separator}%d{separator}%Y")
    }
    complete = {f: found for f, found in tried.items() if found.notna().sum() == len(filled)}
    if len(complete) > 1 and not next(iter(complete.values())).equals(list(complete.values())[1]):
        raise InputError(
            f"The dates in {shown(column)}, such as {shown(filled.iloc[0])}, may be read in two ways: give "
            "date_format='%d/%m/%Y' or '%m/%d/%Y'."
        )
    return _utc(next(iter(complete.values()), iso))


def _utc(moments: Any) -> Any:
    return moments.dt.tz_localize(None).to_numpy("datetime64[ns]")


def _stations(table: pd.DataFrame, column: str | None, lon: Any, lat: Any) -> list[str]:
    """Return the name of each station, or its coordinates if it has no name."""
    places = [
        f"{abs(y):.4f}° {'N' if y >= 0 else 'S'}, {abs(x):.4f}° {'E' if x >= 0 else 'W'}"
        for x, y in zip(lon, lat, strict=True)
    ]
    if column is None:
        return places
    names = [" ".join(str(v).split()) if not pd.isna(v) else "" for v in table[column].tolist()]
    return [name or place for name, place in zip(names, places, strict=True)]
