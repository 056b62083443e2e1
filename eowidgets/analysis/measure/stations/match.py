"""``eow.stations``: measurements on the ground matched with the pixels of a cube."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from annotated_types import Interval, Predicate, doc

from eowidgets.analysis.measure.parcels.extract import extract, named_indices
from eowidgets.analysis.measure.parcels.footprint import Footprint
from eowidgets.analysis.measure.stations.columns import read_measurements
from eowidgets.analysis.measure.stations.comparison import StationComparison
from eowidgets.analysis.measure.stations.scores import scores, season_of
from eowidgets.arguments import FilePath, Memory, Name, Seed, checked
from eowidgets.cube.admission import admit
from eowidgets.cube.globe import locate
from eowidgets.cube.grid import bounds, geobox, georeference
from eowidgets.cube.open import Dates
from eowidgets.cube.opened import remember
from eowidgets.cube.reduce import between
from eowidgets.engine.provenance import versions, whole
from eowidgets.errors import InputError, shown, warn_user
from eowidgets.system import parse_bytes

#: Minimum share of clear pixels around a station for a match.
CLEAR = 0.5
#: Tolerance, in days, when time spans are compared.
_ROUNDING = 1e-9
OUTSIDE, APART, CLOUDY = (
    "outside the cube",
    "no image within the tolerance",
    "cloudy or not measured on the images within the tolerance",
)

StationTable = Annotated[pd.DataFrame | FilePath, doc("a table with date, lon, lat and value, or the path of one")]
Tolerance = Annotated[str | float, doc("a time span such as '3D' or '12h', or a number of days")]
Window = Annotated[
    int, Interval(ge=1, le=101), Predicate(lambda side: side % 2 == 1), doc("an odd number of pixels from 1 to 101")
]


@checked
def stations(
    cube: xr.Dataset,
    table: StationTable,
    index: Name = "NDVI",
    *,
    tolerance: Tolerance = "3D",
    window: Window = 1,
    date: Name | None = None,
    lon: Name | None = None,
    lat: Name | None = None,
    value: Name | None = None,
    station: Name | None = None,
    date_format: Name | None = None,
    dates: Dates | None = None,
    seed: Seed = 0,
    memory: Memory = "2GB",
) -> StationComparison:
    """Compare measurements on the ground with the pixels of a cube.

    Each measurement is matched with the nearest image in time that saw at least half of the pixels around the station.

    Parameters
    ----------
    cube : Dataset (time, y, x)
        In memory or lazy; only the pixels of the stations are read.
    table : DataFrame, str or Path
        One row per measurement, with date, longitude, latitude (degrees), value, and optionally the name of the station. As
        a file: text with commas, semicolons or tabs.
    index : str
        Spectral index or band, in the unit of the measurements.
    tolerance : str or float
        Longest time between measurement and image: ``"3D"``, ``"12h"``, or days.
    window : int
        Side of the square of pixels around the station, odd; their mean is compared.
    date, lon, lat, value, station : str, optional
        Columns; by default found by their usual names, such as ``longitude`` or ``y``; the value also by the name of the
        index, or as the only other column of numbers.
    date_format : str, optional
        Such as ``"%d/%m/%Y"``, where dates are not ISO.
    dates : str or sequence, optional
        Only images of this period.
    seed : int
        Of the resampling that gives the intervals.
    memory : str or number
        Main memory that the computation may take.

    Returns
    -------
    StationComparison
        ``pairs``, ``scores`` (overall and by season, with intervals) and ``unmatched`` (measurements without a pair, and why).

    Raises
    ------
    InputError, SourceError
        If a column is missing, dates can be read in two ways, or no station lies in the cube.

    Notes
    -----
    A pixel counts on a date on which it is usable: ``valid`` and not in ``clouds``. Times are UTC.

    Examples
    --------
    >>> import eowidgets as eow
    >>> import pandas as pd
    >>> ground = pd.DataFrame({"date": ["2019-07-05", "2019-08-02"], "lon": 22.152, "lat": 45.203, "value": [0.9, 0.88]})
    >>> eow.stations(eow.open("romania"), ground, "NDVI")
    StationComparison: NDVI, 2 of 2 measurements matched at 1 station
    """
    columns: dict[str, str | None] = {"date": date, "lon": lon, "lat": lat, "value": value, "station": station}
    options: dict[str, Any] = {
        "tolerance": tolerance,
        "window": window,
        "date_format": date_format,
        "dates": dates,
        "seed": seed,
    }
    found = compare(cube, table, index, columns, memory=parse_bytes(memory), **options)
    for sentence in found.sentences:
        warn_user(sentence)
    return found


def compare(
    cube: xr.Dataset,
    table: Any,
    index: str,
    columns: dict[str, str | None],
    *,
    tolerance: str | float = "3D",
    window: int = 1,
    date_format: str | None = None,
    dates: Any = None,
    seed: int = 0,
    memory: int = 2_000_000_000,
    watch: Callable[[float], None] = lambda _: None,
) -> StationComparison:
    """Compare measurements with a cube: :func:`stations` with progress, for panels."""
    whole_cube = admit(cube)
    cube = between(whole_cube, dates)
    (index,) = named_indices(cube, index)
    span = _span(tolerance)
    ground = read_measurements(table, columns, index, date_format)
    rows, numbers = ground.table, _places(ground.table)
    first = np.unique(numbers, return_index=True)[1]
    feet = _footprint(cube, rows["lon"].to_numpy()[first], rows["lat"].to_numpy()[first], window)
    if not feet.pixels.any():
        raise InputError(_elsewhere(cube, rows))
    values, counts = extract(cube, feet, (index,), ("mean",), memory, watch)
    times = cube["time"].values.astype("datetime64[ns]")
    clear = counts[0] >= np.maximum(1, np.ceil(CLEAR * feet.pixels))[:, None]
    means = np.where(clear, values["mean"][0], np.nan)
    pairs, unmatched = _matched(rows, numbers, feet.pixels > 0, means, counts[0], times, span)
    unread = ground.unread
    unmatched = pd.concat([unmatched, unread], ignore_index=True).sort_values("row").reset_index(drop=True)
    series = pd.DataFrame(
        means[feet.pixels > 0].T,
        index=pd.DatetimeIndex(times, name="date"),
        columns=rows["station"].to_numpy()[first][feet.pixels > 0],
    )
    series = series.loc[:, ~series.columns.duplicated()]
    table_of_scores = scores(pairs, seed) if len(pairs) else pd.DataFrame()
    arguments: dict[str, Any] = {
        "index": index,
        "tolerance": tolerance,
        "window": window,
        **columns,
        "date_format": date_format,
    }
    arguments |= {"dates": dates if isinstance(dates, str | None) else [str(d) for d in dates], "seed": seed}
    source = remember(table) if isinstance(table, str | Path) else None
    notes = {
        "call": "stations",
        "arguments": arguments,
        "table": {"count": len(rows) + len(unread), "source": source, "columns": ground.columns},
        "versions": versions(),
        "whole": whole(georeference(whole_cube)),
    }
    return StationComparison(pairs, table_of_scores, rows, unmatched, series, index, json.dumps(notes, default=str))


def rematch(found: StationComparison, cube: xr.Dataset) -> StationComparison:
    """Match the measurements of a result again, with the arguments in its provenance."""
    asked = json.loads(found.provenance)["arguments"]
    given = {k: asked[k] for k in ("tolerance", "window", "dates", "seed")}
    return compare(cube, found.measurements.drop(columns="row"), asked["index"], {}, **given)


def _span(tolerance: str | float) -> np.timedelta64:
    try:
        found = pd.Timedelta(tolerance, unit="D") if isinstance(tolerance, int | float) else pd.Timedelta(tolerance)
        if not pd.isna(found) and found >= pd.Timedelta(0):
            return found.to_timedelta64()
    except (ValueError, OverflowError):
        pass
    raise InputError(
        f"tolerance is {shown(tolerance)}: give a time span such as '3D' or '12h', or a number of days from 0 on."
    )


def _places(rows: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Return an index for each measured place; a station that was moved has several."""
    keys = rows["station"].astype(str) + rows["lon"].round(6).astype(str) + rows["lat"].round(6).astype(str)
    return np.asarray(pd.factorize(keys)[0], np.int64)


def _footprint(cube: xr.Dataset, lon: Any, lat: Any, window: int) -> Footprint:
    """Return the pixels around each place as the footprint of a parcel."""
    box = geobox(cube)
    x, y = locate(box, (lon + 180) % 360 - 180, lat)
    with np.errstate(invalid="ignore"):
        here = (x >= 0) & (x < box.width) & (y >= 0) & (y < box.height)
    number = np.flatnonzero(here)
    row, column = np.floor(y[here]).astype(np.int64), np.floor(x[here]).astype(np.int64)
    down, across = (a.ravel() for a in np.mgrid[-(window // 2) : window // 2 + 1, -(window // 2) : window // 2 + 1])
    parcel = np.repeat(number, window**2)
    rows, columns = (row[:, None] + down).ravel(), (column[:, None] + across).ravel()
    inside = (rows >= 0) & (rows < box.height) & (columns >= 0) & (columns < box.width)
    pixels = np.bincount(parcel[inside], minlength=len(x))
    size = np.where(here, "inside", "outside")
    return Footprint(parcel[inside], rows[inside], columns[inside], pixels, size, np.zeros(len(x), np.int64))


def _matched(
    rows: pd.DataFrame,
    numbers: npt.NDArray[np.int64],
    inside: npt.NDArray[np.bool_],
    means: npt.NDArray[Any],
    counts: npt.NDArray[np.int32],
    times: npt.NDArray[np.datetime64],
    span: np.timedelta64,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return measurements with the nearest clear image, and measurements without one with the reason."""
    image = np.full(len(rows), -1)
    reasons = np.full(len(rows), "", dtype=object)
    moments = rows["date"].to_numpy("datetime64[ns]")
    # If no measurement has a time of day, days are compared: an image at 10:00 of the same day is 0 days away.
    whole_days = bool((moments == moments.astype("datetime64[D]")).all())
    images = _days(times.astype("datetime64[D]") if whole_days else times)
    for place in range(len(inside)):
        mine = np.flatnonzero(numbers == place)
        if not inside[place]:
            reasons[mine] = OUTSIDE
            continue
        apart = np.abs(images[None] - _days(moments[mine])[:, None])
        near = apart <= span / np.timedelta64(1, "D") + _ROUNDING
        seen = near & np.isfinite(means[place])[None]
        best = np.where(seen, apart, np.inf).argmin(axis=1)
        found = seen[np.arange(len(mine)), best]
        image[mine[found]] = best[found]
        reasons[mine[~found]] = np.where(near[~found].any(axis=1), CLOUDY, APART)
    good = image >= 0
    pairs = rows[good].reset_index(drop=True)
    at = image[good]
    days = images[at] - _days(pairs["date"].to_numpy("datetime64[ns]"))
    pairs = pairs.assign(
        image=times[at],
        days=np.round(days, 3),
        image_value=means[numbers[good], at].astype(float),
        pixels=counts[numbers[good], at],
        season=season_of(pairs["date"].to_numpy("datetime64[ns]"), pairs["lat"].to_numpy(float)),
    )
    unmatched = rows[~good].assign(reason=reasons[~good]).reset_index(drop=True)
    return pairs, unmatched


def _days(moments: npt.NDArray[np.datetime64]) -> npt.NDArray[np.float64]:
    return moments.astype("datetime64[s]").astype(np.int64) / 86_400


def _elsewhere(cube: xr.Dataset, rows: pd.DataFrame) -> str:
    west, south, east, north = bounds(cube)
    a, b = rows["lon"].min(), rows["lat"].min()
    c, d = rows["lon"].max(), rows["lat"].max()
    return (
        f"None of the stations ({a:.4f} to {c:.4f}° E, {b:.4f} to {d:.4f}° N) lies in the cube ({west:.4f} to {east:.4f}° E, "
        f"{south:.4f} to {north:.4f}° N): check which columns are longitude and latitude."
    )
