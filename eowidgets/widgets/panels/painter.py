"""Show the results of a running model on viewer and map: window by window, then the whole."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import rioxarray  # noqa: F401  (gives .rio)
import xarray as xr

from eowidgets.cube.grid import geobox
from eowidgets.cube.schema import bands
from eowidgets.engine.strips import WindowResult
from eowidgets.render.embedding import holds_vectors, principal_colors
from eowidgets.render.result import frame_picture, main_variable, result_picture, thin
from eowidgets.render.source import FrameSource
from eowidgets.render.style import default_bands

#: Pause before the next picture for the map, as a multiple of the time that the last one took.
_PATIENCE = 10


class Painter:
    """Shows one result under one name.

    Parameters
    ----------
    name : str
        Of the layer.
    cube : Dataset
        The input.
    viewer : TimeViewer or None
    map : AreaMap or None
    date : str
        ISO date of which a result over time is shown during the run.
    """

    def __init__(self, name: str, cube: xr.Dataset, viewer: Any = None, map: Any = None, date: str = "") -> None:
        self.name, self.cube, self.viewer, self.map, self.date = name, cube, viewer, map, date
        self._canvas: xr.Dataset | None = None
        self._next = 0.0

    def begin(self, box: Any) -> None:
        """Set the grid of the result, once the run is planned."""
        self._box = box

    def paint(self, window: WindowResult) -> None:
        """Show a finished window; called by the thread of the run."""
        data = window.data
        if holds_vectors(data):  # the colours depend on all rows
            return
        if "time" in data.dims:
            data = data.isel(time=self._nearest(data))
        if self._canvas is None:
            self._canvas = self._empty(data)
            self._show_empty()
        for name in self._canvas.data_vars:
            self._canvas[name].values[window.y, window.x] = data[name].values
            if self.viewer is not None and self.name in self.viewer.sources:
                self.viewer.update_region(self.name, 0, window.y.start, window.x.start, data[name].values, band=name)
        if self.map is not None and time.monotonic() >= self._next:
            began = time.monotonic()
            self._to_map(self._canvas)
            self._next = time.monotonic() + _PATIENCE * (time.monotonic() - began)

    def forget(self) -> None:
        """Remove what an unfinished run has painted."""
        if self.viewer is not None and any(k["key"] == self.name for k in self.viewer.layers):
            self.viewer.remove_layer(self.name)
        if self.map is not None:
            self.map.drop_image(self.name)

    def finish(self, result: xr.Dataset, *, fade: bool = False) -> str:
        """Show the whole result, and return a sentence on where it is shown."""
        if holds_vectors(result):
            result = principal_colors(result)
        if self.map is not None:
            at = result.isel(time=self._nearest(result)) if "time" in result.dims else result
            self._to_map(at, fade=fade)
        if self.viewer is None:
            return f"It is the layer {self.name!r} on the map." if self.map is not None else ""
        main = main_variable(result)
        if main is None and "time" in result.dims and set(bands(result)) & set(bands(self.cube)):
            if any(k["key"] == self.name for k in self.viewer.layers):
                self.viewer.remove_layer(self.name)
            self.viewer.compare_with(result.assign_attrs(title=self.name))
            return "Drag the divider: observations left, result right."
        shown = [main] if main is not None else [str(b) for b in _drawable(result)]
        if not shown:
            return ""
        self.viewer.add_layer(result[shown], self.name)
        return f"The layer {self.name!r} shows {shown[0] if main else 'the bands'}."

    def _nearest(self, data: xr.Dataset) -> int:
        if not self.date:
            return 0
        return int(np.abs(data["time"].values - np.datetime64(self.date[:19])).argmin())

    def _empty(self, data: xr.Dataset) -> xr.Dataset:
        main = main_variable(data)
        names = [main] if main is not None else list(default_bands(_drawable(data)))
        shape = tuple(self._box.shape)
        canvas: xr.Dataset = xr.Dataset(coords=_axes(self._box)).rio.write_crs(self._box.crs.to_wkt())
        for name in names:
            fill = 255 if data[name].dtype == np.uint8 else np.nan
            canvas[name] = (("y", "x"), np.full(shape, fill, data[name].dtype), dict(data[name].attrs))
        return canvas

    def _show_empty(self) -> None:
        """Put an empty layer on the viewer, to be painted on.

        Numbers are encoded by their range, which an empty layer lacks: bands use the range of the input, and other
        numbers appear on the map at once but in the viewer only when they are complete.
        """
        canvas = self._canvas
        if self.viewer is None or canvas is None:
            return
        names = list(canvas.data_vars)
        if all("flag_values" in canvas[n].attrs for n in names):
            self.viewer.add_layer(canvas, self.name)
        elif all(n in self.cube for n in names) and not self.viewer.sources["cube"].lazy:
            frame = self.cube[names].isel(time=self._nearest(self.cube))
            self.viewer.add_layer(frame.reindex_like(canvas, method="nearest").drop_vars("time"), self.name)

    def _to_map(self, data: xr.Dataset, *, fade: bool = False) -> None:
        data = thin(data)
        main = main_variable(data)
        if main is None:
            names = _drawable(data)
            if names:
                flat = data[list(names)].assign_attrs({})
                self.map.show_image(frame_picture(FrameSource(flat), 0, default_bands(names)), geobox(data), self.name)
            return
        doubt = f"{main}_probability"
        rgba, legend = result_picture(data[main], faint=data[doubt] if fade and doubt in data else None)
        self.map.show_image(rgba, geobox(data), self.name, legend)


def _drawable(data: xr.Dataset) -> tuple[str, ...]:
    """Return the bands, with or without time, that can be drawn."""
    return tuple(str(n) for n, v in data.data_vars.items() if v.attrs.get("role", "band") == "band" and v.ndim >= 2)


def _axes(box: Any) -> dict[str, Any]:
    from odc.geo.xr import xr_coords

    return {k: v for k, v in xr_coords(box).items() if k in ("y", "x")}
