"""The widgets of a forecast panel; what they do is in :mod:`~eowidgets.widgets.panels.forecast_panel`."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import ipywidgets
import numpy as np
import xarray as xr

from eowidgets.analysis.forecast.automatic import AUTO, CARD
from eowidgets.analysis.forecast.files import channels, skill_table
from eowidgets.analysis.forecast.names import forecasters
from eowidgets.contract.choice import Choice
from eowidgets.contract.outputs.fan import percent
from eowidgets.models.forecast.base import PREFIX
from eowidgets.widgets.panels.panel_view import PanelView, row, wide

WHERE = {
    "pixel": "the last pin",
    "mean": "the mean of the drawn area",
    "area": "every pixel of the drawn area",
    "all": "every pixel of the cube",
}
FORMATS = {"CSV (.csv)": ".csv", "NetCDF (.nc)": ".nc", "GeoTIFF (.tif)": ".tif"}


class ForecastView(PanelView):
    """The widgets of a forecast panel, in their order on screen.

    Parameters
    ----------
    subjects : sequence of (label, value)
        Bands and indices that can be forecast.
    dates : sequence of str
        ISO dates of the cube.
    chart : widget
    """

    def __init__(self, subjects: Sequence[tuple[str, str]], dates: Sequence[str], chart: ipywidgets.DOMWidget) -> None:
        super().__init__(run="Forecast", icon="line-chart", where=WHERE, file="forecast", formats=FORMATS)
        self._where.description = "Of"
        self._path.layout.width, self._format.layout.width = "128px", "152px"
        chart.layout.min_height, chart.layout.flex = f"{chart.height + 24}px", "0 0 auto"
        self._what = ipywidgets.Dropdown(options=subjects, description="Forecast", layout=wide())
        self._days = ipywidgets.BoundedIntText(180, min=1, max=1830, step=10, description="Days ahead", layout=wide())
        names = [(CARD.title, AUTO), *((cls.card.title, name) for name, cls in forecasters().items())]
        self._model = ipywidgets.Dropdown(options=names, value=AUTO, description="Model", layout=wide())
        self._chosen = ipywidgets.HTML()
        self._clouds = ipywidgets.Checkbox(
            False, description="Also mask clouds that the scene's mask has missed", indent=False, layout=wide()
        ).add_class("eow-clouds")
        self._more = ipywidgets.Accordion(
            [ipywidgets.VBox([self._clouds, self._params])], titles=["Settings"], selected_index=None
        )
        self._from = ipywidgets.SelectionSlider(
            options=list(dates),
            index=len(dates) - 1,
            description="From",
            continuous_update=False,
            layout=wide(),
            tooltip="Drag back to compare a forecast from that day with the observations",
        ).add_class("eow-from")
        self._skill = ipywidgets.HTML()
        self._arrange(
            [
                *(self._what, self._where, self._days, self._model, self._card, self._chosen, self._more, self._from),
                row(self._run, self._cancel, self._price),
                row(self._shows_code, self._to_notebook, self._to_report),
                *(self._note, chart, self._skill),
                row(self._path, self._format, self._save).add_class("eow-files"),
                self._code,
            ],
            "forecast_panel",
        )
        self.add_class("eow-forecast-panel")

    def _running(self, going: bool) -> None:
        """Set the button that cancels; a forecast in progress may be replaced by another one."""
        self._cancel.disabled = not going


def skill_html(forecast: xr.Dataset) -> str:
    """Return the table of errors next to persistence and climatology, the coverage, and cautions, as HTML."""
    table, parts = skill_table(forecast), []
    for name in channels(forecast):
        if f"{name}_mae" not in forecast:
            continue
        rows = []
        for who, errors in table.loc[name].iterrows():
            gain = (
                ""
                if who == forecast.attrs["model"]
                else f"{-100 * errors.gain:+.0f} %"
                if np.isfinite(errors.gain)
                else "–"
            )
            rows.append(
                f"<tr><th>{escape(str(who))}</th><td>{errors.MAE:.3f}</td><td>{errors.RMSE:.3f}</td><td>{gain}</td></tr>"
            )
        parts.append(
            f"<table class='eow-skill'><caption>{escape(name.upper() if len(name) < 6 else name)}, errors when forecast "
            f"from {len(forecast.attrs['windows'].split())} earlier days</caption>"
            "<tr><th></th><th>MAE</th><th>RMSE</th><th>this model's MAE</th></tr>" + "".join(rows) + "</table>"
        )
        held = [
            f"{level:.0%}: {now:.0%} (uncalibrated {raw:.0%})"
            for level, now, raw in zip(
                forecast["level"].values,
                forecast[f"{name}_coverage"].values,
                forecast[f"{name}_coverage_raw"].values,
                strict=True,
            )
            if np.isfinite(now)
        ]
        if held:
            parts.append(f"<p class='eow-card'>Coverage of the intervals on those days: {'; '.join(held)}.</p>")
    better = _better(forecast)
    if better:
        parts.append(f"<p class='eow-card eow-careful'>{escape(better)}</p>")
    if forecast.attrs["notes"]:
        parts.append(f"<p class='eow-card eow-careful'>{escape(forecast.attrs['notes'])}</p>")
    return "".join(parts)


def choice_of(forecast: xr.Dataset) -> Choice | None:
    """Return the choice of ``model="auto"`` that a forecast holds."""
    return Choice.from_json(forecast.attrs["choice"]) if "choice" in forecast.attrs else None


def choice_html(choice: Choice | None, model: str) -> str:
    """Return the errors of the test, or the comparison of a model that was selected in spite of it, as HTML."""
    if choice is None:
        return ""
    if model == AUTO:
        title = escape(choice.protocol, quote=True)
        return f"<p class='eow-card' title='{title}'>Test on this cube: {escape(choice.sentence)}.</p>"
    name = PREFIX + model
    if name not in [score.method for score in choice.scores]:
        return ""
    return f"<p class='eow-card'>{escape(choice.reason(name))}</p>"


def _better(forecast: xr.Dataset) -> str:
    """Return which model had smaller errors, as a sentence; empty if none had."""
    name = channels(forecast)[0]
    if f"{name}_mae" not in forecast:
        return ""
    errors = forecast[f"{name}_mae"].values
    best = str(forecast["forecaster"].values[int(np.argmin(errors))])
    if not np.isfinite(errors).all() or best == forecast.attrs["model"]:
        return ""
    return f"On those days {best} had smaller errors: choose it as the model, or expect larger errors of this forecast."


def verdict(forecast: xr.Dataset) -> str:
    """Return how many observations a hindcast covered, in one sentence; empty for a forecast."""
    name = channels(forecast)[0]
    if f"{name}_observed" not in forecast:
        return ""
    level = float(forecast["level"].values[np.argmin(np.abs(forecast["level"].values - 0.8))])
    seen = forecast[f"{name}_observed"]
    low, high = forecast[f"{name}_lo{percent(level)}"], forecast[f"{name}_hi{percent(level)}"]
    known = int((seen.notnull() & low.notnull()).sum())
    inside = int(((seen >= low) & (seen <= high)).sum())
    if not known:
        return "There is no clear observation after that day."
    return f"Of {known:,} clear values observed afterwards, {inside / known:.0%} lie in the {level:.0%} interval."


def pixel_of(forecast: xr.Dataset, column: Any) -> xr.Dataset:
    """Return the series of one pixel out of a forecast of many."""
    if "y" not in forecast[channels(forecast)[0]].dims:
        return forecast
    return forecast.sel(y=float(column.y), x=float(column.x), method="nearest")
