"""A forecast as a table, as files, and as frames after the last observed date of its cube."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from eowidgets.cube.export import to_netcdf as write_netcdf
from eowidgets.cube.export.place import write_whole
from eowidgets.cube.indices import index as spectral_index
from eowidgets.cube.schema import MASKS, bands
from eowidgets.errors import InputError, shown

if TYPE_CHECKING:
    import pandas as pd


def channels(forecast: xr.Dataset) -> tuple[str, ...]:
    """Return the names of the variables that were forecast: those with interval ends."""
    names = [str(n) for n in forecast.data_vars]
    found = tuple(n for n in names if any(m.startswith(f"{n}_lo") for m in names))
    if not found:
        raise InputError("This is not a forecast: compute one with eow.forecast(...).")
    return found


def skill_table(forecast: xr.Dataset) -> pd.DataFrame:
    """Return the hold-out errors of the forecasters, a row per channel and forecaster.

    Returns
    -------
    DataFrame
        Columns ``MAE``, ``RMSE``, and ``gain`` (1 - MAE of the model / MAE of the row: above zero the model is better).
        Empty where the record was too short for hold-out windows.
    """
    import pandas as pd

    rows = []
    for name in channels(forecast):
        if f"{name}_mae" not in forecast:
            continue
        mae, rmse = forecast[f"{name}_mae"].values, forecast[f"{name}_rmse"].values
        gain = 1 - mae[0] / np.where(mae > 0, mae, np.nan)
        for k, who in enumerate(forecast["forecaster"].values):
            row = {"channel": name, "forecaster": str(who), "MAE": float(mae[k]), "RMSE": float(rmse[k])}
            rows.append(row | {"gain": float(gain[k]) if k else 0.0})
    frame = pd.DataFrame(rows, columns=["channel", "forecaster", "MAE", "RMSE", "gain"])
    return frame.set_index(["channel", "forecaster"])


def to_csv(forecast: xr.Dataset, path: str | Path) -> Path:
    """Write a forecast as a table: one row per date, and per pixel or series if there are several.

    Columns: ``time``, ``lead`` (days), ``y`` and ``x`` (of a map) or ``series``, the forecast, the ends of its
    intervals, and what was observed in a hindcast. Skill and provenance go with :func:`to_netcdf` only.

    Raises
    ------
    InputError, SourceError
        If the name does not end in .csv, or the file cannot be written; no partial file is left.
    """
    target = Path(path).expanduser()
    if target.suffix.lower() != ".csv":
        raise InputError(f"The file name {shown(target.name)} must end in .csv.")
    if not target.parent.is_dir():
        raise InputError(f"There is no folder {shown(str(target.parent))}: create it first, or choose another.")
    own = [str(n) for n, v in forecast.data_vars.items() if "time" in v.dims]
    frame = forecast[own].drop_vars(["spatial_ref", "level", "forecaster"], errors="ignore").to_dataframe()
    frame[own] = frame[own].astype("float64").apply(_significant)
    times = forecast["time"].values
    whole = bool((times == times.astype("datetime64[D]")).all())
    return write_whole(target, partial(frame.to_csv, date_format="%Y-%m-%d" if whole else "%Y-%m-%dT%H:%M:%S"))


def _significant(column: pd.Series[float]) -> pd.Series[float]:
    """Round to six digits of the largest value, and to five decimals for values up to one."""
    largest = float(column.abs().max())
    places = 5 - int(np.floor(np.log10(largest))) if np.isfinite(largest) and largest > 0 else 5
    return column.round(max(places, 5) if largest <= 1 else max(places, 0))


def to_netcdf(forecast: xr.Dataset, path: str | Path) -> Path:
    """Write a forecast as NetCDF-4, with its skill, notes and provenance; see :func:`eowidgets.cube.export.to_netcdf`."""
    return write_netcdf(forecast, path)


def append_frames(cube: xr.Dataset, forecast: xr.Dataset) -> xr.Dataset:
    """Concatenate the cube up to the start of the forecast and the frames of the forecast.

    Parameters
    ----------
    cube : Dataset
    forecast : Dataset
        A forecast of every pixel, of the whole cube or a part of it.

    Returns
    -------
    Dataset
        With the coordinate ``forecast`` over time, True for predicted frames. An index that was forecast becomes a
        variable over all dates. Bands that were not forecast are NaN in the predicted frames.

    Raises
    ------
    InputError
        If the forecast is not one of pixels.
    """
    names = channels(forecast)
    if "y" not in forecast[names[0]].dims:
        raise InputError("Only a forecast of every pixel has frames: forecast with area=None or mean=False.")
    start = np.datetime64(forecast.attrs["forecast_from"]) + np.timedelta64(1, "D")
    past = cube.isel(time=cube["time"].values < start)
    ahead = forecast[list(names)].reindex(y=past.y, x=past.x).drop_vars(["lead"])
    past = past.copy()
    for name in names:
        if name not in past:
            past[name] = spectral_index(past, name)
        past[name].attrs |= {"role": "band"}
        ahead[name].attrs = past[name].attrs
    flat = past[[n for n, v in past.data_vars.items() if "time" not in v.dims]]
    moving = past.drop_vars(list(flat.data_vars))
    for name in bands(moving):
        if name not in ahead:
            ahead[name] = (("time", "y", "x"), np.full(ahead[names[0]].shape, np.nan, "float32"), moving[name].attrs)
    for name in MASKS:
        if name in moving:
            mask = ahead[names[0]].notnull() if name == "valid" else xr.zeros_like(ahead[names[0]], dtype=bool)
            ahead[name] = mask.assign_attrs(moving[name].attrs)
    moving = moving.drop_vars(set(moving.data_vars) - set(ahead.data_vars))  # quality bands are not forecast
    both = xr.concat(
        [moving, ahead[list(moving.data_vars)]], dim="time", coords="minimal", compat="override", join="override"
    )
    predicted = np.arange(both.sizes["time"]) >= moving.sizes["time"]
    both = both.assign_coords(forecast=("time", predicted, {"long_name": "Forecast, not measured"})).assign(flat)
    title = f"{cube.attrs.get('title', 'cube')}, with forecast"
    result: xr.Dataset = both.assign_attrs(
        cube.attrs | {"title": title, "forecast_from": forecast.attrs["forecast_from"]}
    )
    return result
