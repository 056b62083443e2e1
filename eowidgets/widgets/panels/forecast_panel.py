"""A panel that forecasts: choose what and where, see the intervals, compare with the past, read the errors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets
import xarray as xr

from eowidgets.analysis.forecast.automatic import AUTO, CARD
from eowidgets.analysis.forecast.files import append_frames, channels, to_csv, to_netcdf
from eowidgets.analysis.forecast.forecast import forecast, hindcast
from eowidgets.analysis.forecast.names import forecasters
from eowidgets.analysis.history import admitted
from eowidgets.analysis.measure.report.content import Report
from eowidgets.analysis.measure.report.of_result import report
from eowidgets.analysis.planned import planned_index
from eowidgets.arguments import checked
from eowidgets.contract.call import Call
from eowidgets.contract.choice import Choice
from eowidgets.contract.params import NoParams
from eowidgets.cube.indices import index as spectral_index
from eowidgets.cube.series import at
from eowidgets.engine.cost import Planned
from eowidgets.engine.scheduler import HEAVY
from eowidgets.engine.work import Work
from eowidgets.errors import InputError, shown, unknown
from eowidgets.models.forecast.series.dates import DATES
from eowidgets.widgets.chart.fan import COLOR, fan_series, start_mark
from eowidgets.widgets.chart.pixel_chart import PixelChart
from eowidgets.widgets.panels.forecast_view import (
    FORMATS,
    WHERE,
    ForecastView,
    choice_html,
    choice_of,
    pixel_of,
    skill_html,
    verdict,
)
from eowidgets.widgets.panels.panel import FormPanel
from eowidgets.widgets.panels.panel_view import select
from eowidgets.widgets.panels.result_files import save
from eowidgets.widgets.viewer.time_viewer import FAVOURITES

if TYPE_CHECKING:
    from eowidgets.widgets.map.area_map import AreaMap
    from eowidgets.widgets.viewer.time_viewer import TimeViewer

#: Days between the dates of a fan; days of the past that the chart shows before it.
EVERY, PAST = 10, 550


@checked
class ForecastPanel(FormPanel, ForecastView):
    """Forecast a pixel, an area or the whole cube, and show the errors of such forecasts in the past.

    A click on the linked viewer, or a date chosen on the slider, forecasts at once; a date in the past shows the forecast
    from that day next to the observations.

    Parameters
    ----------
    cube : Dataset
    index : str, optional
        Shown first: an index or a band; by default NDVI, or the first band of a cube without NDVI.
    viewer : TimeViewer, optional
        Gives pins and area, and shows the frames of forecasts of every pixel.
    map : AreaMap, optional
        Gives pins and area.

    Attributes
    ----------
    pins : list of dict
        ``{"lon", "lat", "color"}``; the last one is the pixel.
    area : dict or None
        GeoJSON geometry in degrees.
    result : Dataset or None
        The last forecast, as from :func:`~eowidgets.analysis.forecast.forecast.forecast`.

    Examples
    --------
    >>> import eowidgets as eow
    >>> eow.ForecastPanel(eow.open("romania"))
    ForecastPanel: NDVI of the last pin, 180 days from 2021-01-01 by auto, no forecast yet
    """

    pins: Any = traitlets.List(traitlets.Dict())
    result: Any = traitlets.Instance(xr.Dataset, allow_none=True)
    _noun = "forecast"
    _running_words = "Forecasting ..."

    def __init__(
        self,
        cube: xr.Dataset,
        index: str | None = None,
        *,
        viewer: TimeViewer | None = None,
        map: AreaMap | None = None,
    ) -> None:
        self._look_at(admitted(cube), viewer, map)
        viewer = self.viewer
        self._choice: Choice | None = None
        known = self.cube.eow.indices
        subjects = _subjects(self.cube, index or ("NDVI" if "NDVI" in known else self.cube.eow.bands[0]))
        self._dates = list(dict.fromkeys(str(t)[:10] for t in self.cube["time"].values))
        self.chart = PixelChart(self.cube, subjects[0][1].split()[0], height=220)
        super().__init__(subjects, self._dates, self.chart)
        for name in ("pins", "area"):
            if viewer is not None:
                traitlets.link((viewer, name), (self, name))
            if map is not None:  # if both differ, the viewer's is kept
                ends = ((self, name), (map, name))
                traitlets.link(*(ends if viewer is not None else reversed(ends)))
        self._model.observe(self._choose, names="value")
        self._choose()
        self._connect()
        self._from.observe(lambda _: self.run(), names="value")
        self.observe(self._took_pins, names="pins")
        for control in (self._what, self._days, self._clouds):
            control.observe(self._refresh, names="value")
        for control in (self._what, self._days):
            control.observe(self._forget, names="value")
        self._say("Click the picture for a pixel, or draw an area; then forecast." if viewer or map else "")

    # --- what is chosen -----------------------------------------------------------------------------------------

    @property
    def what(self) -> str:
        """Return the index or bands to forecast."""
        return str(self._what.value)

    @what.setter
    def what(self, value: str) -> None:
        select(self._what, value, "index or band")

    @property
    def days(self) -> int:
        """Return the number of days ahead."""
        return int(self._days.value)

    @days.setter
    def days(self, value: int) -> None:
        self._days.value = value

    @property
    def model(self) -> str:
        """Return the name of the forecaster."""
        return str(self._model.value)

    @model.setter
    def model(self, name: str) -> None:
        select(self._model, name, "forecaster")

    @property
    def from_date(self) -> str:
        """Return the ISO date to forecast from; setting it forecasts."""
        return str(self._from.value)

    @from_date.setter
    def from_date(self, date: str) -> None:
        earlier = [d for d in self._dates if d <= str(date)]
        if not earlier:
            raise InputError(f"{date} is before the first date of the cube ({self._dates[0]}): choose a later day.")
        self._from.value = earlier[-1]

    def options(self) -> dict[str, Any]:
        """Return the arguments of :func:`~eowidgets.analysis.forecast.forecast.forecast`, without the cube.

        Returns
        -------
        dict of str to object
            Names and values of arguments.

        Raises
        ------
        InputError
            If a pin or an area is needed and there is none.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> panel = eow.ForecastPanel(tiny_cube(), "NDVI")
        >>> panel.options()  # doctest: +SKIP
        """
        names = self.what.split()
        several = len(names) > 1 or names[0] in self.cube.eow.bands
        asked: dict[str, Any] = {"index": None, "bands": names} if several else {"index": names[0]}
        if self.where == "pixel":
            if not self.pins:
                raise InputError("No pixel is chosen: click the picture or the map first.")
            asked["area"] = (self.pins[-1]["lon"], self.pins[-1]["lat"])
        elif self.where != "all":
            asked["area"] = self._drawn()
        asked |= {"mean": True} if self.where == "mean" else {}
        asked |= {"days": self.days, "model": self.model}
        asked |= {"clouds": "robust"} if self._clouds.value else {}
        return asked | self.params

    @property
    def looks_back(self) -> bool:
        """Return whether the chosen day is a past one, so that there is something to compare with."""
        return self.from_date != self._dates[-1]

    def code(self) -> str:
        """Return the code of a cell that computes the same.

        Returns
        -------
        str
            Python code.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> panel = eow.ForecastPanel(tiny_cube(), "NDVI")
        >>> panel.code()  # doctest: +SKIP
        """
        day = {"from_date": self.from_date} if self.looks_back else {}
        name = "hindcast" if self.looks_back else "forecast"
        return Call(name, {**day, **self._all_options()}).code(self._source())

    def _call(self) -> Any:
        return hindcast if self.looks_back else forecast

    def _all_options(self) -> dict[str, Any]:
        regular = self.where in ("pixel", "mean") or not self.looks_back
        return self.options() | ({"every": min(EVERY, self.days)} if regular else {})

    def _planned(self) -> Planned:
        asked = self.options()
        names = self.cube.eow.bands if self._clouds.value else asked.get("bands") or [asked["index"]]
        kind = f"forecast {self.model} {'one series' if self.where in ('pixel', 'mean') else 'pixels'}"
        return planned_index(kind, self.cube, names, asked.get("area"), self.from_date)

    # --- reactions ----------------------------------------------------------------------------------------------

    def _choose(self, _: Any = None) -> None:
        cls = None if self.model == AUTO else forecasters()[self.model]
        self._show_card(CARD if cls is None else cls.card)
        # The panel chooses the dates itself.
        self._show_params(NoParams() if cls is None else cls.Params(), leave_out=DATES)
        self._chosen.value = choice_html(self._choice, self.model)
        self._refresh()

    def _forget(self, _: Any) -> None:
        """Drop the test of another band or horizon."""
        self._choice, self._chosen.value = None, ""

    def _took_pins(self, _: Any) -> None:
        self._refresh()
        if self.pins and self.where == "pixel":
            self.run()

    def _took_area(self, _: Any) -> None:
        self._refresh()
        if self.area is None:
            return
        if self.where in ("pixel", "all"):
            self.where = "mean"
        self.run()

    # --- forecasting --------------------------------------------------------------------------------------------

    def _is_busy(self) -> bool:
        return False  # a forecast replaces one that has not begun

    def _submit(self) -> Work[None]:
        options, call = self._all_options(), self._call()
        given = (self.from_date,) if self.looks_back else ()
        before, self.job = self.job, None
        if before is not None and before.state == "queued":
            before.cancel()
        work = Work(f"forecast by {self.model}", lambda w: self._work(w, call, given, options), owner=self)
        self._follow(work)
        HEAVY.put(work)
        return work

    def _work(self, work: Work[None], call: Any, given: tuple[str, ...], options: dict[str, Any]) -> None:
        made = call(self.cube, *given, **options)
        work.checkpoint()
        if work is self.job:
            self._show(made)

    def _show(self, made: xr.Dataset) -> None:
        name = channels(made)[0]
        pixels = "y" in made[name].dims
        self._fan(made, name, pixels)
        self._skill.value = skill_html(made)
        self._choice = choice_of(made) or self._choice
        self._chosen.value = choice_html(self._choice, self.model)
        self._save.disabled = False
        said = self._paint(self.viewer, made, name) if pixels and self.viewer is not None else ""
        until = str(made.time.values[-1])[:10]
        self._say(" ".join(filter(None, [f"{made.attrs['title'].split(':')[0]} to {until}.", verdict(made), said])))
        self.result = made  # last, so that its observers run when the rest is complete

    def _fan(self, made: xr.Dataset, name: str, pixels: bool) -> None:
        series = made if not pixels else None
        if pixels and self.pins:
            pin = self.pins[-1]
            series = pixel_of(made, at(self.cube, float(pin["lon"]), float(pin["lat"])))
        mean = self.where == "mean"
        start = np.datetime64(made.attrs["forecast_from"])
        with self.chart.hold_trait_notifications():
            self.chart.what = name if name in self.cube.eow.bands else self.what
            self.chart.since = str(start - np.timedelta64(max(PAST, 2 * self.days), "D"))
            self.chart.area = self.area if mean else None
            self.chart.pins = [] if mean else self.pins[-1:]
        self.chart.forecasts = [] if series is None else [fan_series(series, name, COLOR)]
        self.chart.marks = [start_mark(made)]

    def _paint(self, viewer: TimeViewer, made: xr.Dataset, name: str) -> str:
        """Show the frames in the viewer: after the last date or, for a hindcast, next to the observations."""
        frames = made[list(channels(made))]
        for channel in frames.data_vars:
            frames[channel].attrs["role"] = "band"
        shown = self.cube if name in self.cube else self.cube.assign({name: _as_band(self.cube, self.what)})
        own = [e for e in viewer.events if not str(e.get("label", "")).startswith("forecast")]
        marks = [{"date": str(t)[:10], "label": "forecast", "color": COLOR} for t in made.time.values]
        mix = [str(v) for v in frames.data_vars] if len(frames.data_vars) == 3 else [name]
        if self.looks_back:
            viewer.set_cube(shown)
            viewer.index, viewer.bands = None, mix
            viewer.compare_with(frames.assign_attrs(title="forecast"))
            said = "Drag the divider: observations left, forecast right."
        else:
            viewer.compare_with(None)
            viewer.set_cube(append_frames(shown, made))
            viewer.index, viewer.bands = None, mix
            said = "Its frames follow the last date in the viewer and are marked by diamonds."
        low, high = np.nanquantile(made[mix[0]].values, [0.02, 0.98])
        # Predicted values may lie outside the range of past observations.
        viewer.vmin, viewer.vmax = (float(low), float(high)) if len(mix) == 1 and high > low else (None, None)
        viewer.events = [*own, *marks]
        viewer.date = str(made.time.values[0])[:10]
        return said

    # --- files --------------------------------------------------------------------------------------------------

    def _report(self) -> Report:
        if self.result is None:
            raise InputError("There is no forecast to report yet: run one first.")
        return report(self.result, cube=self.cube, date=self._day())

    def _write(self, target: Path) -> Path:
        if self.result is None:
            raise InputError("There is no forecast to save yet: run one first.")
        if target.suffix not in FORMATS.values():
            raise InputError(f"The name {shown(target.name)} must end in {', '.join(FORMATS.values())}.")
        writers: dict[str, Any] = {".csv": to_csv, ".nc": to_netcdf, ".tif": save}
        written: Path = writers[target.suffix](self.result, target)
        return written

    def __repr__(self) -> str:
        """Return what is chosen and whether there is a forecast."""
        have = "no forecast yet" if self.result is None else f"forecast to {str(self.result.time.values[-1])[:10]}"
        what = f"{self.what} of {WHERE[self.where]}, {self.days} days from {self.from_date} by {self.model}"
        return f"ForecastPanel: {what}, {have}"


def _subjects(cube: xr.Dataset, first: str) -> list[tuple[str, str]]:
    """Return the bands and indices that can be forecast: label and value, ``first`` at the top."""
    bands, indices = cube.eow.bands, cube.eow.indices
    known = {n.lower(): n for n in (*bands, *indices)}
    if first.lower() not in known:
        raise unknown("band or index", first, [*bands, *indices])
    names = dict.fromkeys([known[first.lower()], *(i for i in FAVOURITES if i in indices)])
    out = [(n, n) for n in names]
    colour = [b for b in ("red", "green", "blue") if b in bands]
    if len(colour) == 3:
        out.append(("colour (red, green, blue)", " ".join(colour)))
    listed = {n.lower() for n in names}  # a band called NDVI is the index
    return out + [(b, b) for b in bands if b.lower() not in listed]


def _as_band(cube: xr.Dataset, what: str) -> xr.DataArray:
    values = spectral_index(cube, what)
    return values.assign_attrs(role="band")
