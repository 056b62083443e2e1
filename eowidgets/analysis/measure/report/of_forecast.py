"""The report of a forecast: one sentence, one chart, and its errors on hold-out windows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from eowidgets.analysis.forecast.files import channels, skill_table
from eowidgets.analysis.measure.report.assemble import assemble
from eowidgets.analysis.measure.report.charts import fan
from eowidgets.analysis.measure.report.content import Figure, Report, Table
from eowidgets.cube.indices import index as spectral_index
from eowidgets.cube.schema import bands, usable
from eowidgets.errors import EowidgetsError


def forecast_report(forecast: xr.Dataset, cube: xr.Dataset | None = None, title: str = "", date: str = "") -> Report:
    """Return the report of a forecast or hindcast; parameters as for ``eow.report``."""
    skill, course = skill_table(forecast).reset_index(), outlook(forecast)
    caption = "Errors on hold-out windows; gain: share of the MAE of the other method that the forecaster avoids"
    return assemble(
        forecast,
        cube,
        title,
        answer=course.sentence,
        figures=[course.figure(cube)],
        tables=[Table.of(skill, caption)] if len(skill) else [],
        definitions={
            "forecast": "the median",
            "interval": "in hold-out windows, about this share of the observations lay inside",
        },
    )


@dataclass(frozen=True)
class Outlook:
    """The mean time series of a forecast.

    Parameters
    ----------
    name : str
        Name of the channel.
    middle : DataArray (time,)
    intervals : tuple of (level, low, high)
        From the widest; means of the interval ends over the pixels, which are wider than an interval of the mean.
    start : str
        ISO day of the first forecast.
    of_pixels : bool
        Whether the forecast is a map.
    """

    name: str
    middle: xr.DataArray
    intervals: tuple[tuple[float, xr.DataArray, xr.DataArray], ...]
    start: str
    of_pixels: bool

    @property
    def sentence(self) -> str:
        """The value on the last day with its 80 % interval, or with the nearest available level."""
        last = str(self.middle["time"].values[-1])[:10]
        words = f"{self.name.upper()} is forecast to be {float(self.middle[-1]):.2f} on {last}"
        if self.intervals:
            level, low, high = min(self.intervals, key=lambda i: abs(i[0] - 0.8))
            words += f" ({level:.0%} interval {float(low[-1]):.2f} to {float(high[-1]):.2f})"
        return f"{words}{', mean over the pixels' if self.of_pixels else ''}."

    def figure(self, cube: xr.Dataset | None) -> Figure:
        """Draw the forecast, preceded by the mean of the cube if there is a cube."""
        past = _past(cube, self)
        dates = self.middle["time"].values
        levels = [(level, low.values, high.values) for level, low, high in self.intervals]
        return fan(past, (dates, self.middle.values), levels, self.name.upper(), f"Forecast from {self.start}")


def outlook(forecast: xr.Dataset) -> Outlook:
    """Return the mean time series of the first channel of a forecast."""
    name = channels(forecast)[0]
    others = [d for d in forecast[name].dims if d != "time"]
    levels = sorted((float(v) for v in forecast["level"].values), reverse=True) if "level" in forecast else []
    ends = [(v, f"{name}_lo{100 * v:g}", f"{name}_hi{100 * v:g}") for v in levels]
    intervals = tuple(
        (v, forecast[low].mean(others), forecast[high].mean(others)) for v, low, high in ends if low in forecast
    )
    return Outlook(name, forecast[name].mean(others), intervals, str(forecast.attrs["forecast_from"]), "y" in others)


def _past(cube: xr.Dataset | None, ahead: Outlook) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean of the clear dates of the cube in the two years before a forecast."""
    nothing = np.zeros(0, "datetime64[ns]"), np.zeros(0)
    if cube is None:
        return nothing
    start = np.datetime64(ahead.start)
    before = cube.sel(time=slice(start - np.timedelta64(730, "D"), start - np.timedelta64(1, "D")))
    if not before.sizes.get("time"):
        return nothing
    try:
        values = before[ahead.name] if ahead.name in bands(before) else spectral_index(before, ahead.name.upper())
    except EowidgetsError:
        return nothing
    seen = usable(before)
    share = seen.mean(("y", "x")).values
    mean = values.where(seen).mean(("y", "x")).values
    keep = share > 0.5
    return before["time"].values[keep], mean[keep]
