"""Conversion of a forecast for a chart: a dashed line with its intervals around it."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from eowidgets.analysis.forecast.files import channels
from eowidgets.contract.outputs.fan import percent

#: Reddish purple of Okabe and Ito, which none of the first pins has.
COLOR = "#cc79a7"


def fan_series(forecast: xr.Dataset, channel: str | None = None, color: str = COLOR) -> dict[str, Any]:
    """Return the series for :attr:`~eowidgets.widgets.chart.pixel_chart.PixelChart.forecasts` from a forecast."""
    name = channel or channels(forecast)[0]
    times = forecast["time"].values
    levels = sorted((float(v) for v in forecast["level"].values), reverse=True)
    ends = [(forecast[f"{name}_lo{percent(v)}"].values, forecast[f"{name}_hi{percent(v)}"].values) for v in levels]
    return {
        "name": f"forecast by {forecast.attrs['model']}",
        "color": color,
        "stamps": times.astype("datetime64[ms]").astype("int64").tolist(),
        "dates": [str(t)[:10] for t in times],
        "values": _list(forecast[name].values),
        "fan": [{"level": v, "low": _list(lo), "high": _list(hi)} for v, (lo, hi) in zip(levels, ends, strict=True)],
    }


def start_mark(forecast: xr.Dataset) -> dict[str, Any]:
    """Mark the day on which a forecast starts."""
    day = np.datetime64(forecast.attrs["forecast_from"], "ms")
    return {"stamp": int(day.astype("int64")), "label": "forecast →"}


def _list(values: Any) -> list[float | None]:
    return [float(v) if np.isfinite(v) else None for v in values]
