"""Forecast pixels, areas, cubes and tables of time series, with calibrated intervals and errors on hold-out windows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import numpy.typing as npt
import torch
import xarray as xr
from annotated_types import doc

from eowidgets.analysis.forecast.automatic import AUTO
from eowidgets.analysis.forecast.forecaster import LEVELS, ForecastRequest, Level, PreparedForecast
from eowidgets.analysis.forecast.result import times_of
from eowidgets.analysis.forecast.tables import TableHistory
from eowidgets.analysis.history import Clouds, History
from eowidgets.arguments import DateLike, FilePath, Latitude, Longitude, Positive, Seed, checked
from eowidgets.contract.model import Model
from eowidgets.cube.area import AreaLike
from eowidgets.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    from distributed import Client

#: A length of time.
Span = Annotated[float | str, doc("a number of days, or an offset of pandas such as '6h', '2W' or '3MS'")]


@checked
def forecast(
    cube: xr.Dataset | pd.Series[Any] | pd.DataFrame | FilePath,
    index: str | None = None,
    *,
    bands: Sequence[str] | None = None,
    area: AreaLike | tuple[Longitude, Latitude] | None = None,
    mean: bool = False,
    days: Span | None = None,
    every: Span | None = None,
    model: str | Model | type[Model] = AUTO,
    levels: Sequence[Level] = LEVELS,
    from_date: DateLike | None = None,
    calibrate: bool = True,
    clouds: Clouds = "mask",
    seed: Seed = 0,
    season: str | Positive | bool = AUTO,
    client: Client | None = None,
    **params: Any,
) -> xr.Dataset:
    """Forecast a cube or a table of time series after its last date, with intervals.

    Parameters
    ----------
    cube : Dataset, Series, DataFrame or path
        A cube of any quantity; a pandas Series or DataFrame with dates as its index or in a column ``time``, in which each
        column of numbers is a channel and a column ``id`` separates many series; or the path of a CSV file of such a table.
        The step of a table may be anything from seconds to years, also irregular, and values may be missing.
    index : str
        A spectral index; not used if ``bands`` are given. By default NDVI, or the only band of a cube without NDVI. Of a
        table, the column to forecast; by default all.
    bands : sequence of str, optional
        Bands or columns to forecast, each by itself.
    area : optional
        None for the whole cube, ``(lon, lat)`` for one pixel, or what ``eow.Area.of`` takes.
    mean : bool
        Forecast one series, the mean over the area, in place of every pixel.
    days : float or str
        How far to go: days, or an offset of pandas such as ``"36h"`` or ``"6MS"``, no longer than the record. Of a cube
        whole days, by default 180, at most five years; of a table by default 24 steps.
    every : float or str
        Days between the dates forecast, or an offset. Of a cube by default 10; of a table by default the step of the record.
    model : str, Model or Model class
        ``"auto"`` tries simple forecasters and their weighted average on hold-out windows and takes the best (see
        :func:`~eowidgets.analysis.choose.forecast.choose_forecast`). Otherwise a registered model of the task
        ``forecast``, of series or of whole images, or one of your own. The short name leaves out ``forecast-``:
        ``"harmonic"`` is ``"forecast-harmonic"``. See ``eow.list_models(task="forecast")``.
    levels : sequence of float
        Intervals: 0.8 is meant to hold eight of ten future values.
    from_date : str, optional
        Forecast as if this had been the last day: nothing after it is looked at.
    calibrate : bool
        Size the intervals by the errors on hold-out windows (:mod:`eowidgets.analysis.forecast.conformal`). Otherwise they are
        those of a normal distribution with the usual spread of each series.
    clouds : {"mask", "robust"}
        ``"robust"``: find clouds that the mask of the cube has missed, first; from the same past only.
    seed : int
        For models that learn, and for the resampling of windows.
    season : str or float
        ``"day"``, ``"week"``, ``"year"``, ``"day and week"``, ``"none"`` or a number of days after which things repeat;
        ``"auto"`` is the year for a cube, and for a table whatever was best on hold-out windows.
    client : dask.distributed.Client, optional
        Forecasts every pixel of a cube on a cluster, with a model of series; hold-out windows, tables, single series and
        models of images are computed here.
    **params
        Parameters of the model, without its ``dates``, ``horizon`` and ``every``, which apply to ``eow.run``. Networks
        also take ``horizon``, the older name of ``ahead``: the steps that they learn at once.

    Returns
    -------
    Dataset, dims (time, y, x), (time,) for a point, a mean or one series, or (series, time) for many
        Per channel, say ``ndvi``: ``ndvi`` (the forecast), ``ndvi_lo80`` and ``ndvi_hi80`` (ends of the 80 %
        interval; as many as there are levels). In addition, how the same forecast from earlier days has fared:
        ``ndvi_mae`` and ``ndvi_rmse`` over ``forecaster`` (the model, persistence, climatology), ``ndvi_coverage`` over
        ``level`` (share of held-out values inside the interval, each window judged by the others) and
        ``ndvi_coverage_raw`` (before calibration). ``lead`` counts days. ``attrs`` hold ``provenance`` (JSON),
        ``notes`` (sentences on what to be careful with) and, with ``model="auto"``, ``choice`` (JSON of a
        :class:`~eowidgets.contract.choice.Choice`). Pixels observed on fewer than three dates are NaN, and counted
        in ``notes``.

    Raises
    ------
    InputError
        For an unknown index, band, model or parameter, a horizon of nothing or beyond reason, dates that occur twice,
        a day with no past, or a series with fewer than three values.

    Examples
    --------
    >>> import eowidgets as eow
    >>> from eowidgets.analysis.forecast.forecast import forecast
    >>> ahead = forecast(eow.open("romania"), "ndvi", area=(22.1515, 45.2029), days=60, every=30)
    >>> [str(t)[:10] for t in ahead.time.values]
    ['2021-01-31', '2021-03-02']
    >>> bool((ahead.ndvi_lo80 < ahead.ndvi_hi80).all())
    True
    """
    request = _request(
        index, bands, area, mean, days, model, levels, from_date, calibrate, clouds, seed, season, params
    )
    prepared = PreparedForecast(cube, request, every, client)
    return prepared.at(prepared.regular)


@checked
def hindcast(
    cube: xr.Dataset | pd.Series[Any] | pd.DataFrame | FilePath,
    from_date: DateLike,
    index: str | None = None,
    *,
    bands: Sequence[str] | None = None,
    area: AreaLike | tuple[Longitude, Latitude] | None = None,
    mean: bool = False,
    days: Span | None = None,
    model: str | Model | type[Model] = AUTO,
    levels: Sequence[Level] = LEVELS,
    calibrate: bool = True,
    clouds: Clouds = "mask",
    seed: Seed = 0,
    every: Span | None = None,
    season: str | Positive | bool = AUTO,
    client: Client | None = None,
    **params: Any,
) -> xr.Dataset:
    """Forecast from a past day, on the very dates that came afterwards, with what was observed then.

    Parameters
    ----------
    cube : Dataset, Series, DataFrame or path
        As in :func:`forecast`.
    from_date : date
        The last day, or time, that the forecast may use.
    index : str, optional
        Spectral index, band or column; by default NDVI, or the only band.
    bands : sequence of str, optional
        Bands or columns to forecast, each by itself.
    area : optional
        None for the whole cube, ``(lon, lat)`` for one pixel, or what ``eow.Area.of`` takes.
    mean : bool
        Forecast one series, the mean over the area, in place of every pixel.
    days : float or str, optional
        Days ahead, or an offset of pandas such as ``"36h"``.
    model : str, Model or Model class
        As in :func:`forecast`.
    levels : sequence of float
        Levels of the intervals, 0 to 1.
    calibrate : bool
        Size the intervals by the errors on hold-out windows.
    clouds : {"mask", "robust"}
        ``"robust"`` first finds clouds that the mask of the cube has missed, from the same past only.
    seed : int
        Seed of the random numbers.
    every : float or str, optional
        Forecast a regular series of dates as well, this far apart, on which nothing is observed.
    season : str or float
        As in :func:`forecast`.
    client : dask.distributed.Client, optional
        As in :func:`forecast`.
    **params : object
        Parameters of the model.

    Returns
    -------
    Dataset
        As from :func:`forecast`, with ``<channel>_observed`` (NaN under cloud): for looking, and for
        :func:`~eowidgets.analysis.forecast.alarm.alarms`.

    Raises
    ------
    InputError
        As :func:`forecast`; or if the cube has no date within ``days`` after ``from_date``.

    Examples
    --------
    >>> import eowidgets as eow
    >>> cube = eow.open("romania")
    >>> found = eow.hindcast(cube, "2020-06-01", "ndvi", area=(22.1515, 45.2029), days=60, model="climatology")
    >>> sorted(name for name in found.data_vars if "_" not in name or name.endswith("observed"))
    ['ndvi', 'ndvi_observed']
    """
    request = _request(
        index, bands, area, mean, days, model, levels, from_date, calibrate, clouds, seed, season, params
    )
    prepared = PreparedForecast(cube, request, every, client)
    prepared.call = ("hindcast", {"every": every})
    return with_observations(prepared, every)


def with_observations(prepared: PreparedForecast, every: Any = None) -> xr.Dataset:
    """Forecast the dates of a cube or a table after a day, and add the observations of those dates.

    Parameters
    ----------
    prepared : PreparedForecast
    every : float or str, optional
        If given, the regular dates are forecast as well.

    Raises
    ------
    InputError
        If there is no date within the horizon.
    """
    end = prepared.start + np.timedelta64(round(prepared.horizon * 86_400), "s")
    seen = prepared.request.history(prepared.source, end)
    later = seen.days.numpy() > prepared.cut if prepared.table else seen.days.numpy() >= prepared.cut + 1
    if not later.any():
        what = "table" if prepared.table else "cube"
        raise InputError(
            f"The {what} has no date in the {prepared.horizon:.6g} days after {prepared.start}: choose an earlier day."
        )
    dates = seen.days.numpy()[later] if prepared.table else np.floor(seen.days.numpy()[later])
    result = prepared.at(dates if every is None else np.union1d(dates, prepared.regular))
    rows = np.searchsorted(result["time"].values, times_of(dates))
    return result.assign(_observed(seen, later, rows, result))


def _request(
    index: str | None,
    bands: Sequence[str] | None,
    area: Any,
    mean: bool,
    days: Any,
    model: Any,
    levels: Sequence[float],
    from_date: Any,
    calibrate: bool,
    clouds: Clouds,
    seed: int,
    season: Any,
    params: dict[str, Any],
) -> ForecastRequest:
    """Return the request; a boolean ``season`` is a parameter of networks."""
    if isinstance(season, bool):
        season, params = AUTO, {**params, "season": season}
    return ForecastRequest(
        index, bands, area, mean, days, model, levels, from_date, calibrate, clouds, seed, season, params
    )


def _observed(
    seen: History | TableHistory, later: npt.NDArray[np.bool_], rows: npt.NDArray[Any], result: xr.Dataset
) -> dict[str, Any]:
    if isinstance(seen, TableHistory):
        found = seen.block().values[:, later]
        values = found if seen.place == "table" else found[0]
    elif seen.place == "pixels":
        blocks = [block.values[:, later] for _, block in seen.strips()]
        values = torch.cat(blocks).permute(1, 0, 2).reshape(-1, result.sizes["y"], result.sizes["x"], len(seen.names))
    else:
        values = seen.series().values[0, later]
    out = {}
    for c, name in enumerate(seen.names):
        attrs = {k: v for k, v in result[name].attrs.items() if k != "role"}
        attrs |= {"role": "result", "long_name": f"{attrs['long_name'].removesuffix(', forecast')}, observed"}
        on_dates = np.full(result[name].shape, np.nan, "float32")
        at = (slice(None), rows) if seen.place == "table" else rows
        on_dates[at] = values[..., c].numpy()
        out[f"{name}_observed"] = (result[name].dims, on_dates, attrs)
    return out
