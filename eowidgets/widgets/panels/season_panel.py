"""A panel that measures seasons and trends: choose what, run, look at the layers, and click a pixel for its series."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import traitlets
import xarray as xr

from eowidgets.analysis.measure.one_series import SeriesDetail, detail, series_at
from eowidgets.analysis.measure.phenology import phenology_task
from eowidgets.analysis.measure.report.content import Report
from eowidgets.analysis.measure.report.of_series import series_report
from eowidgets.analysis.measure.series_run import MeasureTask
from eowidgets.analysis.measure.trend import MODELS, trend_task
from eowidgets.analysis.record import Record
from eowidgets.arguments import checked
from eowidgets.contract.call import Call
from eowidgets.contract.registry import model_class
from eowidgets.cube.admission import admit
from eowidgets.engine.cost import Planned, planned_run
from eowidgets.engine.job import Job
from eowidgets.engine.scheduler import LIGHT
from eowidgets.engine.work import Work
from eowidgets.errors import EowidgetsError, InputError
from eowidgets.widgets.chart.detail import SIGNS, detail_marks, detail_series
from eowidgets.widgets.chart.pixel_chart import PixelChart
from eowidgets.widgets.panels.painter import Painter
from eowidgets.widgets.panels.panel import FormPanel
from eowidgets.widgets.panels.panel_view import date_labels, places, select
from eowidgets.widgets.panels.result_files import save
from eowidgets.widgets.panels.season_view import SeasonView
from eowidgets.widgets.viewer.time_viewer import FAVOURITES

if TYPE_CHECKING:
    from eowidgets.widgets.map.area_map import AreaMap
    from eowidgets.widgets.viewer.time_viewer import TimeViewer

#: Name of the layer on picture and map.
LAYER = "seasons"
#: Layers of a result that are listed first.
FIRST = {"phenology": "start", "trend": "slope", "anomalies": "anomaly", "step_or_line": "shape", "recovery": "state"}


@checked
class SeasonPanel(FormPanel, SeasonView):
    """Measure seasons, trends, anomalies, steps and recovery of every pixel, and look at single series.

    A click on the picture or the map draws the series of that pixel, with the curve or line and what was measured on it.

    Parameters
    ----------
    cube : Dataset
    viewer : TimeViewer, optional
        Gives pins and area, and shows the layers. Without it and a map a small one is created.
    map : AreaMap, optional
        The same on a map.

    Attributes
    ----------
    pins : list of dict
        ``{"lon", "lat", "color"}``; the last one is the pixel that is drawn.
    area : dict or None
        GeoJSON geometry that is measured.
    result : Dataset or None
        What was measured last.
    detail : SeriesDetail or None
        The series that is drawn.

    Examples
    --------
    >>> import eowidgets as eow
    >>> eow.SeasonPanel(eow.open("romania"))
    SeasonPanel: phenology of NDVI, 2015-08-01 to 2021-01-01, no result yet
    """

    pins: Any = traitlets.List(traitlets.Dict())
    result: Any = traitlets.Instance(xr.Dataset, allow_none=True)
    detail: SeriesDetail | None = None
    #: The last requested series.
    looking: Work[Any] | None = None
    _noun = "measurement"

    def __init__(self, cube: xr.Dataset, *, viewer: TimeViewer | None = None, map: AreaMap | None = None) -> None:
        self._look_at(admit(cube), viewer, map)
        self._labels = date_labels(self.cube)
        self._task: MeasureTask | None = None
        subjects = _subjects(self.cube)
        self.chart = PixelChart(self.cube, subjects[0][1], height=200)
        super().__init__(subjects, self._labels, places(map), self.chart)
        for part in (self.viewer, self.map):
            if part is not None:
                traitlets.link((part, "pins"), (self, "pins"))
        self._what.observe(lambda _: self._choose(), names="value")
        self._curve.observe(lambda _: self._choose(), names="value")
        self._connect()
        self._choose()
        for control in (self._index, self._dates):
            control.observe(self._refresh, names="value")
        for control in (self._layer, self._period):
            control.observe(lambda _: self._guard(self._paint), names="value")
        self.observe(lambda _: self._guard(self._took_pins), names="pins")
        self._say("Choose what to measure, then press Measure. Click the picture to see the series of a pixel.")

    # --- what is chosen -----------------------------------------------------------------------------------------

    @property
    def what(self) -> str:
        """Return the function of ``eowidgets``: phenology, trend, anomalies, step_or_line or recovery."""
        return str(self._what.value)

    @what.setter
    def what(self, name: str) -> None:
        select(self._what, name, "measurement")

    @property
    def index(self) -> str:
        """Return the index or band."""
        return str(self._index.value)

    @index.setter
    def index(self, name: str) -> None:
        select(self._index, name, "index or band")

    @property
    def method(self) -> str:
        """Return the curve through the series, for seasons."""
        return str(self._curve.value)

    @method.setter
    def method(self, name: str) -> None:
        select(self._curve, name, "method")

    @property
    def layer(self) -> str:
        """Return the layer that is shown; empty before there is a result."""
        return str(self._layer.value or "")

    @layer.setter
    def layer(self, name: str) -> None:
        select(self._layer, name, "layer")

    @property
    def _model(self) -> Any:
        return model_class(f"phenology-{self.method}" if self.what == "phenology" else MODELS[self.what][0])

    def _choose(self) -> None:
        seasons = self.what == "phenology"
        self._curve.layout.display = None if seasons else "none"
        self._show_card(self._model.card, "About this method")
        self._show_params(self._model.Params(), leave_out=("index",))
        self._path.value = self.what.replace("_", "-") if not seasons else "seasons"
        self._refresh()

    def task(self) -> MeasureTask:
        """Return the measurement that is chosen.

        Returns
        -------
        MeasureTask
            The call with its arguments.

        Raises
        ------
        InputError
            For a control with an invalid value, or settings that do not suit each other.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> panel = eow.SeasonPanel(tiny_cube())
        >>> panel.task().call
        'phenology'
        """
        given = {k: v for k, v in self.params.items() if v != "none"}
        if self.what == "phenology":
            return phenology_task(self.cube, self.index, self.method, self._period_asked(), given)
        return trend_task(self.what, self.cube, self.index, self._period_asked(), given)

    def _period_asked(self) -> tuple[str, str] | None:
        first, last = self._dates.index
        return None if last - first + 1 == len(self._labels) else (self._labels[first][:10], self._labels[last][:10])

    def code(self) -> str:
        """Return the code of a cell that computes the same result.

        Returns
        -------
        str
            Python code.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> panel = eow.SeasonPanel(tiny_cube())
        >>> "eow." in panel.code()
        True
        """
        asked: dict[str, Any] = {"index": self.index}
        if self.what == "phenology" and self.method != "whittaker":
            asked["method"] = self.method
        if (dates := self._period_asked()) is not None:
            asked["dates"] = dates
        if (area := self.run_area()) is not None:
            asked["area"] = area
        return Call(self.what, {**asked, **self.params}, target="found").code(self._source())

    def _planned(self) -> Planned:
        task = self.task()
        return planned_run(task.model, task.given.used, self.run_area())

    # --- measuring ----------------------------------------------------------------------------------------------

    def _submit(self) -> Job:
        task = self.task()
        job = task.submit(self.run_area())
        self._follow(job, lambda raw: self._keep(task, task.finish(raw)))
        return job

    def _keep(self, task: MeasureTask, found: xr.Dataset) -> None:
        self._task, self.result = task, found
        names = [str(n) for n, v in found.data_vars.items() if v.attrs.get("role") == "result"]
        first = FIRST[task.call]
        layers = sorted(names, key=lambda n: n != first)
        times = [str(t)[:10] for t in found["time"].values] if "time" in found.dims else []
        with self.hold_trait_notifications():
            self._period.options = list(zip(times, range(len(times)), strict=True))
            if times:
                self._period.value = _fullest(found[first])
            self._layer.options = [(str(found[n].attrs.get("long_name", n)), n) for n in layers]
            self._layer.value = first
        self._layer.layout.display, self._period.layout.display = None, None if times else "none"
        self._save.disabled = False
        said = self._paint()
        self._say(" ".join(filter(None, (f"Done: {found.attrs['title']}.", said))))
        self._guard(self._took_pins)

    def shown(self) -> xr.DataArray | None:
        """Return the layer that is shown, (y, x), of the chosen period; None before there is a result.

        Returns
        -------
        DataArray (y, x) or None
            None before there is a result.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> panel = eow.SeasonPanel(tiny_cube())
        >>> panel.shown() is None
        True
        """
        if self.result is None or self.layer not in self.result:
            return None
        values: xr.DataArray = self.result[self.layer]
        if "time" in values.dims:
            values = values.isel(time=int(self._period.value or 0), drop=True)
        return values

    def _paint(self) -> str:
        values = self.shown()
        if values is None:
            return ""
        only = values.to_dataset(name=self.layer)
        said = Painter(LAYER, self.cube, self.viewer, self.map).finish(only)
        style = {k: values.attrs[k] for k in ("cmap", "vmin", "vmax") if k in values.attrs}
        if self.viewer is not None and "cmap" in style:  # diverging colours for values of both signs
            self.viewer.add_layer(only, LAYER, style=style)
        return said

    # --- one series ---------------------------------------------------------------------------------------------

    def _took_pins(self) -> None:
        if not self.pins:
            return
        pin = self.pins[-1]
        self.chart.what = self.index
        self.chart.pins = [pin]
        self.look_at((float(pin["lon"]), float(pin["lat"])))

    def look_at(self, place: Any) -> Work[Any] | None:
        """Draw the series of a pixel, ``(lon, lat)``, or the mean of an area, in the background.

        Parameters
        ----------
        place : (lon, lat) or area
            A point in degrees, or what ``eow.Area.of`` takes.

        Returns
        -------
        Work or None
            None where the settings do not suit the cube; the panel shows why.
        Work or None
            Background work; None without a result.
        """
        try:
            task = self._task or self.task()
        except EowidgetsError as error:
            self._detail.value = escape(str(error))
            return None
        settings = Record.of(self.result).notes.get("settings") if self.result is not None else None
        self.looking = LIGHT.submit("one series", lambda _: self._draw(task, place, settings), owner=self)
        return self.looking

    def _draw(self, task: MeasureTask, place: Any, settings: Any) -> None:
        try:
            observed = series_at(task.given.used, task.given.index, place)
            found = detail(task, observed, task.given.index, settings)
        except EowidgetsError as error:
            self.chart.forecasts, self.chart.marks = [], []
            self._detail.value = escape(str(error))
            return
        self.detail = found
        self.chart.forecasts, self.chart.marks = [detail_series(found)], detail_marks(found)
        signs = f" {SIGNS}." if task.call == "phenology" else ""
        self._detail.value = f"<div role='status'>{escape(found.words + signs)}</div>"

    def close(self) -> None:
        """Cancel the work of the panel, and close it.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> panel = eow.SeasonPanel(tiny_cube())
        >>> panel.close()
        """
        LIGHT.drop(self)
        super().close()

    # --- files --------------------------------------------------------------------------------------------------

    def _write(self, target: Path) -> Path:
        if self.result is None:
            raise InputError("There is no result to save yet: press Measure first.")
        return save(self.result, target)

    def _report(self) -> Report:
        if self.result is None:
            raise InputError("There is no measurement to report yet: press Measure first.")
        return series_report(
            self.result, self.cube, date=self._day(), layer=self.layer, at=self._period.value, series=self.detail
        )

    def __repr__(self) -> str:
        """Return what is chosen and whether there is a result."""
        first, last = (str(d)[:10] for d in self._dates.value)
        have = "no result yet" if self.result is None else str(self.result.attrs["title"])
        return f"SeasonPanel: {self.what} of {self.index}, {first} to {last}, {have}"


def _subjects(cube: xr.Dataset) -> list[tuple[str, str]]:
    """Return indices and bands: label and value, NDVI first."""
    known, bands = cube.eow.indices, list(cube.eow.bands)
    names = [i for i in FAVOURITES if i in known]
    listed = {n.lower() for n in names}
    return [(n, n) for n in [*names, *(b for b in bands if b.lower() not in listed)]]


def _fullest(values: xr.DataArray) -> int:
    """Return the position of the period with most values; the latest in a tie."""
    counts = (values.notnull() if values.dtype.kind == "f" else values != 255).sum(("y", "x")).values
    return int(len(counts) - 1 - counts[::-1].argmax())
