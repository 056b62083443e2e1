"""What comes next for a pixel, a field or a region, with intervals that hold, and how much better than knowing nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import xarray as xr

from eowidgets.analysis.forecast.forecaster import LEVELS, Ask, Level, Maker, steps
from eowidgets.analysis.history import Clouds, History
from eowidgets.arguments import DateLike, Days, Latitude, Longitude, Seed, checked
from eowidgets.contract.model import Model
from eowidgets.cube.area import AreaLike
from eowidgets.errors import InputError


@checked
def forecast(
    cube: xr.Dataset,
    index: str | None = "ndvi",
    *,
    bands: Sequence[str] | None = None,
    area: AreaLike | tuple[Longitude, Latitude] | None = None,
    mean: bool = False,
    days: Days = 180,
    every: Days = 10,
    model: str | Model | type[Model] = "harmonic",
    levels: Sequence[Level] = LEVELS,
    from_date: DateLike | None = None,
    calibrate: bool = True,
    clouds: Clouds = "mask",
    seed: Seed = 0,
    **params: Any,
) -> xr.Dataset:
    """Forecast an index or bands after the last date, with intervals.

    Parameters
    ----------
    cube : Dataset
    index : str
        A spectral index; not used if ``bands`` are given.
    bands : sequence of str, optional
        Bands to forecast, each by itself.
    area : optional
        None for the whole cube, ``(lon, lat)`` for one pixel, or what ``eow.Area.of`` takes.
    mean : bool
        Forecast one series, the mean over the area, in place of every pixel.
    days : int
        How far to go: at most five years, and no longer than the record.
    every : int
        Days between the dates forecast.
    model : str, Model or Model class
        A registered model of the task ``forecast``, of series or of whole images, or one of your own. The short name
        leaves out ``forecast-``: ``"harmonic"`` is ``"forecast-harmonic"``. See ``eow.list_models(task="forecast")``.
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
        For models that learn.
    **params
        Parameters of the model, without its ``dates``, ``horizon`` and ``every``, which apply to ``eow.run``. Networks
        also take ``horizon``, the older name of ``ahead``: the steps that they learn at once.

    Returns
    -------
    Dataset, dims (time, y, x), or (time,) for a point or a mean
        Per channel, say ``ndvi``: ``ndvi`` (the forecast), ``ndvi_lo80`` and ``ndvi_hi80`` (ends of the 80 %
        interval; as many as there are levels). Beside it, how the same forecast from earlier days has fared:
        ``ndvi_mae`` and ``ndvi_rmse`` over ``forecaster`` (the model, persistence, climatology), ``ndvi_coverage`` over
        ``level`` (share of held-out values inside the interval, each window judged by the others) and
        ``ndvi_coverage_raw`` (before calibration). ``lead`` counts days. ``attrs`` hold ``provenance`` (JSON) and
        ``notes`` (sentences on what to be careful with). Pixels seen on fewer than three dates are NaN, and counted
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
    ask = Ask(index, bands, area, mean, days, model, levels, from_date, calibrate, clouds, seed, params)
    made = Maker(cube, ask)
    step = steps(every, made.horizon)
    made.call = ("forecast", {"every": step})
    return made.at(made.cut + np.arange(step, made.horizon + 1, step, dtype="float64"))


@checked
def hindcast(
    cube: xr.Dataset,
    from_date: DateLike,
    index: str | None = "ndvi",
    *,
    bands: Sequence[str] | None = None,
    area: AreaLike | tuple[Longitude, Latitude] | None = None,
    mean: bool = False,
    days: Days = 180,
    model: str | Model | type[Model] = "harmonic",
    levels: Sequence[Level] = LEVELS,
    calibrate: bool = True,
    clouds: Clouds = "mask",
    seed: Seed = 0,
    every: Days | None = None,
    **params: Any,
) -> xr.Dataset:
    """Forecast from a past day, on the very dates that came afterwards, beside what was seen then.

    Parameters
    ----------
    cube : Dataset
    from_date : str
        The last day that the forecast may look at.
    index, bands, area, mean, days, model, levels, calibrate, clouds, seed, **params
        As in :func:`forecast`.
    every : int, optional
        Forecast a regular series of dates as well, so many days apart, on which nothing is observed.

    Returns
    -------
    Dataset
        As from :func:`forecast`, with ``<channel>_observed`` (NaN under cloud): for looking, and for
        :func:`~eowidgets.analysis.forecast.alarm.alarms`.

    Raises
    ------
    InputError
        As :func:`forecast`; or if the cube has no date within ``days`` after ``from_date``.
    """
    ask = Ask(index, bands, area, mean, days, model, levels, from_date, calibrate, clouds, seed, params)
    made = Maker(cube, ask)
    seen = ask.history(cube, made.start + np.timedelta64(made.horizon, "D"))
    later = seen.days.numpy() >= made.cut + 1
    if not later.any():
        raise InputError(f"The cube has no date in the {days} days after {made.start}: choose an earlier day.")
    dates = np.floor(seen.days.numpy()[later])
    made.call = ("hindcast", {"every": every})
    step = made.horizon + 1 if every is None else steps(every, made.horizon)
    result = made.at(np.union1d(dates, made.cut + np.arange(step, made.horizon + 1, step)))
    rows = np.searchsorted(result["lead"].values, dates - made.cut)
    return result.assign(_observed(seen, later, rows, result))


def _observed(seen: History, later: npt.NDArray[np.bool_], rows: npt.NDArray[Any], made: xr.Dataset) -> dict[str, Any]:
    if seen.place == "pixels":
        blocks = [block.values[:, later] for _, block in seen.strips()]
        values = torch.cat(blocks).permute(1, 0, 2).reshape(-1, made.sizes["y"], made.sizes["x"], len(seen.names))
    else:
        values = seen.series().values[0, later]
    out = {}
    for c, name in enumerate(seen.names):
        attrs = {k: v for k, v in made[name].attrs.items() if k != "role"}
        attrs |= {"role": "result", "long_name": f"{attrs['long_name'].removesuffix(', forecast')}, observed"}
        on_dates = np.full(made[name].shape, np.nan, "float32")
        on_dates[rows] = values[..., c].numpy()
        out[f"{name}_observed"] = (made[name].dims, on_dates, attrs)
    return out
