"""Series of pins and of an area, along time."""

from __future__ import annotations

from typing import Any

import anywidget
import numpy as np
import traitlets
import xarray as xr

from eowidgets.cube.area import Area
from eowidgets.cube.indices import index as spectral_index
from eowidgets.cube.schema import bands, usable
from eowidgets.cube.series import area_series, at
from eowidgets.errors import unknown
from eowidgets.widgets.base import AreaTrait, ReadableRepr, css, esm

COLORS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#f0e442")
AREA_COLOR = "#d55e00"


class PixelChart(ReadableRepr, anywidget.AnyWidget):
    """The history of pixels and of an area, cloudy dates hollow.

    Beside a :class:`TimeViewer` the viewer's own chart needs no kernel; this one stands alone, and can be linked with
    anything: ``ipywidgets.link((chart, "date"), (viewer, "date"))``.

    Parameters
    ----------
    cube : Dataset
    what : str
        A band or a spectral index.
    pins : list of dict
        ``{"lon", "lat", "color"}``; the colour may be left out.
    area : optional
        Whatever ``eow.Area.of`` takes.
    height : int
        CSS pixels.

    Attributes
    ----------
    since : str
        ISO date before which nothing is drawn; empty: everything.
    forecasts : list of dict
        Series with a ``fan``; see :func:`~eowidgets.widgets.fan.fan_series`.
    marks : list of dict
        ``{"stamp", "label"}``: upright lines, at milliseconds since 1970-01-01.

    Examples
    --------
    >>> import eowidgets as eow
    >>> eow.PixelChart(eow.open("romania"), "NDVI", pins=[{"lon": 22.1515, "lat": 45.2029}])
    PixelChart: NDVI of 1 pixel, 140 dates
    """

    _esm = esm("pixel_chart")
    _css = css("time_viewer")
    series: Any = traitlets.List().tag(sync=True)
    forecasts: Any = traitlets.List(traitlets.Dict()).tag(sync=True)
    marks: Any = traitlets.List(traitlets.Dict()).tag(sync=True)
    title: Any = traitlets.Unicode().tag(sync=True)
    unit: Any = traitlets.Unicode().tag(sync=True)
    date: Any = traitlets.Unicode().tag(sync=True)
    height: Any = traitlets.Int(180).tag(sync=True)
    what: Any = traitlets.Unicode()
    since: Any = traitlets.Unicode()
    pins: Any = traitlets.List(traitlets.Dict())
    area: Any = AreaTrait(allow_none=True)

    def __init__(
        self, cube: xr.Dataset, what: str = "NDVI", *, pins: Any = (), area: Any = None, height: int = 180
    ) -> None:
        self.cube = cube
        self._values(what)  # an unknown band or index is refused before anything is drawn
        super().__init__(what=what, pins=list(pins), area=area, height=height)
        self.observe(self._update, names=["what", "pins", "area", "since"])
        self._update()

    def _values(self, what: str) -> xr.DataArray:
        if what in bands(self.cube):
            return self.cube[what]
        try:
            return spectral_index(self.cube, what)
        except ValueError as error:
            if "no index named" in str(error):
                raise unknown("band or index", what, [*bands(self.cube), *self.cube.eow.indices]) from None
            raise

    def _update(self, _: Any = None) -> None:
        series = [self._pixel(pin, i) for i, pin in enumerate(self.pins)]
        if self.area is not None:
            series.append(self._area())
        values = self._values(self.what)
        with self.hold_sync():
            self.title = str(values.attrs.get("long_name", self.what))
            self.unit = "" if values.attrs.get("units", "1") == "1" else str(values.attrs["units"])
            self.series = [self._shown(line) for line in series]

    def _pixel(self, pin: dict[str, Any], i: int) -> dict[str, Any]:
        column = at(self.cube, float(pin["lon"]), float(pin["lat"]))
        small = self.cube.sel(x=[float(column.x)], y=[float(column.y)])
        values = small[self.what] if self.what in small else spectral_index(small, self.what)
        color = pin.get("color", COLORS[i % len(COLORS)])
        hollow = ~usable(small).values[:, 0, 0]
        return self._line("pixel", color, values.values[:, 0, 0]) | {"hollow": hollow.astype(int).tolist()}

    def _area(self) -> dict[str, Any]:
        is_band = self.what in bands(self.cube)
        found = area_series(self.cube, self.area, () if is_band else (self.what,))
        name = self.what if is_band else str(spectral_index(self.cube.isel(time=[0]), self.what).name)
        mean, spread = found[name].values, found[f"{name}_std"].values
        line = self._line(Area.of(self.area).name, AREA_COLOR, mean)
        return line | {"low": _list(mean - spread), "high": _list(mean + spread)}

    def _line(self, name: str, color: str, values: Any) -> dict[str, Any]:
        times = self.cube.time.values
        stamps = (times.astype("datetime64[ms]").astype("int64")).tolist()
        dates = [str(t)[:10] for t in times]
        return {"name": name, "color": color, "stamps": stamps, "dates": dates, "values": _list(values)}

    def _shown(self, line: dict[str, Any]) -> dict[str, Any]:
        """A series without what lies before ``since``."""
        first = sum(date < self.since for date in line["dates"]) if self.since else 0
        return {k: v[first:] if isinstance(v, list) else v for k, v in line.items()}

    def __repr__(self) -> str:
        """What is shown."""
        pixels = f"{len(self.pins)} pixel{'s' if len(self.pins) != 1 else ''}"
        area = " and an area" if self.area is not None else ""
        return f"PixelChart: {self.what} of {pixels}{area}, {self.cube.sizes['time']} dates"


def _list(values: Any) -> list[float | None]:
    return [None if not np.isfinite(v) else float(v) for v in values]
