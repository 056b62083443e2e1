"""Series of pins, of an area and of polygons, along time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import anywidget
import numpy as np
import traitlets
import xarray as xr

from eowidgets.arguments import Pixels, checked
from eowidgets.cube.admission import admit
from eowidgets.cube.area import Area, AreaLike
from eowidgets.cube.grid import geobox
from eowidgets.cube.indices import index as spectral_index
from eowidgets.cube.schema import DIMS, bands, usable
from eowidgets.cube.series import area_series, at
from eowidgets.cube.vectors import as_bands
from eowidgets.cube.window import window
from eowidgets.errors import InputError, unknown
from eowidgets.render.admit import band_names
from eowidgets.render.classes import most_frequent
from eowidgets.render.feed import ENOUGH
from eowidgets.widgets.base import AreaTrait, PlainErrors, ReadableRepr, css, esm
from eowidgets.widgets.places import AREA_COLOR, PinsTrait, PolygonsTrait
from eowidgets.widgets.viewer.checks import ErrorsBelow


@checked
class PixelChart(ReadableRepr, PlainErrors, ErrorsBelow, anywidget.AnyWidget):
    """The history of pixels, of an area and of polygons, cloudy dates hollow.

    Next to a :class:`TimeViewer` the viewer's own chart needs no kernel; this one stands alone, and can be linked with
    anything: ``ipywidgets.link((viewer, "date"), (chart, "date"))``.

    Parameters
    ----------
    cube : Dataset
    what : str
        A band or a spectral index.
    pins : list of dict
        ``{"lon", "lat", "color"}``; the colour may be left out.
    area : optional
        Whatever ``eow.Area.of`` takes; its mean, and one standard deviation to both sides.
    polygons : list, optional
        More of them: whatever ``eow.Area.of`` takes, or ``{"geometry", "color", "name"}`` as a viewer has them.
    height : int
        CSS pixels.

    Attributes
    ----------
    since : str
        ISO date before which nothing is drawn; empty: everything.
    forecasts : list of dict
        Series with a ``fan``; see :func:`~eowidgets.widgets.chart.fan.fan_series`.
    marks : list of dict
        ``{"stamp", "label"}``: upright lines, at milliseconds since 1970-01-01.

    Examples
    --------
    >>> import eowidgets as eow
    >>> eow.PixelChart(eow.open("romania"), "NDVI", pins=[{"lon": 22.1515, "lat": 45.2029}])
    PixelChart: NDVI of 1 pixel, 140 dates
    """

    _esm = esm("chart/pixel_chart")
    _css = css("viewer/time_viewer")
    series: Any = traitlets.List().tag(sync=True)
    forecasts: Any = traitlets.List(traitlets.Dict()).tag(sync=True)
    marks: Any = traitlets.List(traitlets.Dict()).tag(sync=True)
    title: str = cast("str", traitlets.Unicode().tag(sync=True))
    unit: str = cast("str", traitlets.Unicode().tag(sync=True))
    date: str = cast("str", traitlets.Unicode().tag(sync=True))
    height: int = cast("int", traitlets.Int(180).tag(sync=True))
    what: str = cast("str", traitlets.Unicode())
    since: str = cast("str", traitlets.Unicode())
    pins: Any = PinsTrait(traitlets.Dict())
    area: Any = AreaTrait(allow_none=True)
    polygons: Any = PolygonsTrait()

    def __init__(
        self,
        cube: xr.Dataset,
        what: str = "NDVI",
        *,
        pins: Sequence[Mapping[str, Any]] = (),
        area: AreaLike | None = None,
        polygons: Sequence[Any] = (),
        height: Pixels = 180,
    ) -> None:
        self.cube = as_bands(admit(cube))
        self._values(what)  # an unknown band or index is refused before anything is drawn
        super().__init__(what=what, pins=list(pins), area=area, polygons=list(polygons), height=height)
        self.observe(self._update, names=["what", "pins", "area", "polygons", "since"])
        self._update()

    def _values(self, what: str) -> xr.DataArray:
        if what in self._bands:
            return self.cube[what]
        try:
            return spectral_index(self.cube, what)
        except ValueError as error:
            if "no index named" in str(error):
                raise unknown("band or index", what, [*self._bands, *self.cube.eow.indices]) from None
            raise

    @property
    def _bands(self) -> tuple[str, ...]:
        """Names with a series: bands, and quality bands and layers over time."""
        return tuple(n for n in band_names(self.cube) if set(self.cube[n].dims) == set(DIMS))

    def _update(self, _: Any = None) -> None:
        series = [self._pixel(pin) for pin in self.pins]
        series += [self._area(p["geometry"], p["name"], p["color"]) for p in self.polygons]
        if self.area is not None:
            series.append(self._area(self.area, "area", AREA_COLOR))
        values = self._values(self.what)
        with self.hold_sync():
            self.title = str(values.attrs.get("long_name", self.what))
            self.unit = "" if values.attrs.get("units", "1") == "1" else str(values.attrs["units"])
            self.series = [self._shown(line) for line in series]

    def _pixel(self, pin: dict[str, Any]) -> dict[str, Any]:
        column = at(self.cube, float(pin["lon"]), float(pin["lat"]))
        small = self.cube.sel(x=[float(column.x)], y=[float(column.y)])
        values = small[self.what] if self.what in small else spectral_index(small, self.what)
        hollow = ~usable(small).values[:, 0, 0]
        return self._line("pixel", pin["color"], values.values[:, 0, 0]) | {"hollow": hollow.astype(int).tolist()}

    def _area(self, geometry: Any, name: str, color: str) -> dict[str, Any]:
        if self.what in self._bands and self.what not in bands(self.cube):
            return self._layer_area(geometry, name, color)
        is_band = self.what in bands(self.cube)
        found = area_series(self.cube, geometry, () if is_band else (self.what,))
        what = self.what if is_band else str(spectral_index(self.cube.isel(time=[0]), self.what).name)
        mean, std = found[what].values, found[f"{what}_std"].values
        hollow = (found["usable"].values < ENOUGH).astype(int).tolist()
        line = self._line(f"{name} (mean, one standard deviation)", color, mean) | {"hollow": hollow}
        return line | {"low": _list(mean - std), "high": _list(mean + std)}

    def _layer_area(self, geometry: Any, name: str, color: str) -> dict[str, Any]:
        """Return the most frequent value of a quality band over an area; class numbers have no mean."""
        small = window(self.cube[[self.what]], geometry)
        inside = None if small is None else Area.of(geometry).mask(geobox(small))
        if small is None or inside is None or not inside.any():
            raise InputError("The area does not touch the cube: choose another one.")
        values = [most_frequent(v[inside]) for v in small[self.what].transpose(*DIMS).values]
        return self._line(f"{name} (most frequent)", color, values) | {"hollow": [0] * len(values)}

    def _line(self, name: str, color: str, values: Any) -> dict[str, Any]:
        times = self.cube.time.values
        stamps = (times.astype("datetime64[ms]").astype("int64")).tolist()
        dates = [str(t)[:10] for t in times]
        return {"name": name, "color": color, "stamps": stamps, "dates": dates, "values": _list(values)}

    def _shown(self, line: dict[str, Any]) -> dict[str, Any]:
        """Return a series without the dates before ``since``."""
        first = sum(date < self.since for date in line["dates"]) if self.since else 0
        return {k: v[first:] if isinstance(v, list) else v for k, v in line.items()}

    def __repr__(self) -> str:
        """Return the chart's series as text."""
        pixels = f"{len(self.pins)} pixel{'s' if len(self.pins) != 1 else ''}"
        count = len(self.polygons)
        polygons = f", {count} polygon{'s' if count != 1 else ''}" if count else ""
        area = " and an area" if self.area is not None else ""
        return f"PixelChart: {self.what} of {pixels}{polygons}{area}, {self.cube.sizes['time']} dates"


def _list(values: Any) -> list[float | None]:
    return [None if not np.isfinite(v) else float(v) for v in values]
