"""What a viewer shows besides its cube: a second cube, and layers of results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.errors import InputError, unknown
from eowidgets.render.source import FrameSource
from eowidgets.render.style import default_bands


class Layers:
    """Mixed into :class:`~eowidgets.widgets.time_viewer.TimeViewer`."""

    sources: dict[str, FrameSource]
    head: Any
    layers: Any
    selection: Any
    bands: Any
    index: Any
    date: Any
    compare_mode: Any
    compare_key: Any
    hold_sync: Any
    send: Any
    first: Any
    _make_head: Any
    _source: Any
    _first_picture: Any
    _own: Any

    def set_cube(self, cube: xr.Dataset | xr.DataArray, *, compare: xr.Dataset | None = None) -> None:
        """Show another cube; date, bands and index are kept where it has them."""
        source = self._source(cube)
        self.sources = {"cube": source} | ({"compare": self._source(compare, "compare")} if compare is not None else {})
        with self.hold_sync():
            self.layers, self.selection = [], []
            if any(b not in source.bands for b in self.bands):
                self.bands = list(default_bands(source.bands))
            if self.index and self.index not in source.programs:
                self.index = None
            self.head = self._make_head()
            self.date = self.date if self.date in source.labels else source.labels[source.typical]
            self.compare_mode = "swipe" if compare is not None else "none"
            self.compare_key = "compare" if compare is not None else "cube"
            self.first = self._first_picture()

    def compare_with(self, cube: xr.Dataset | xr.DataArray | None, mode: str = "swipe") -> None:
        """Swipe (or difference, blink) against a second cube; None goes back to one."""
        if cube is None:
            self.compare_mode, self.compare_key = "none", "cube"
            return
        self.sources["compare"] = self._source(cube, "compare")
        with self.hold_sync():
            self.head = self._make_head()
            self.compare_key, self.compare_mode = "compare", mode

    def add_layer(
        self, data: xr.Dataset | xr.DataArray, name: str, style: Mapping[str, Any] | None = None, opacity: float = 1.0
    ) -> None:
        """Put a result above the picture; a layer of the same name is replaced.

        Parameters
        ----------
        data : Dataset or DataArray
            On the grid of the cube or another grid of the same CRS, with or without time. Class maps
            (``flag_values``, ``flag_meanings``, ``colors`` in the attributes) keep their colours.
        style : mapping, optional
            Any of ``bands``, ``index``, ``vmin``, ``vmax``, ``cmap``, ``gamma``.
        """
        if name in ("cube", "compare"):
            raise InputError(f"A layer cannot be called {name!r}: choose another name.")
        self.sources[name] = self._source(data, name)
        first = self.sources[name].bands
        own = {"bands": list(default_bands(first)), "index": None, "vmin": None, "vmax": None, **(style or {})}
        layer = {"key": name, "visible": True, "opacity": float(opacity), "style": own}
        with self.hold_sync():
            self.head = self._make_head()
            self.layers = [*(k for k in self.layers if k["key"] != name), layer]

    def remove_layer(self, name: str) -> None:
        """Take a layer away."""
        if name not in [k["key"] for k in self.layers]:
            raise unknown("layer", name, [k["key"] for k in self.layers])
        with self.hold_sync():
            self.layers = [k for k in self.layers if k["key"] != name]
            del self.sources[name]
            self.head = self._make_head()

    def update_region(self, name: str, t: int, y: int, x: int, values: np.ndarray, band: str | None = None) -> None:
        """Paint a part of a layer's frame that a running model has just finished.

        Parameters
        ----------
        name : str
            The layer (or ``"cube"``, ``"compare"``).
        t, y, x : int
            Date, and the upper left pixel.
        values : ndarray, shape (h, w)
        """
        source = self.sources[name]
        band = band or source.bands[0]
        codec = source.codec(band)
        patch = np.asarray(values)
        self._keep(source, band, t, y, x, patch)
        data = np.ascontiguousarray(codec.encode(patch))
        message = {"type": "region", "source": name, "band": band, "t": t, "x": x, "y": y, "bits": codec.bits}
        self.send(message | {"height": data.shape[0], "width": data.shape[1]}, [data.tobytes()])

    def _keep(self, source: FrameSource, band: str, t: int, y: int, x: int, patch: np.ndarray) -> None:
        """Write into the layer too, so that a view opened later shows the same; never into the person's own array."""
        if source.lazy:
            return
        if (source.key, band) not in self._own:
            self._own.add((source.key, band))
            source.cube = source.cube.assign({band: source.cube[band].copy(deep=True)})
        target = source.cube[band].transpose(..., "y", "x").data
        (target[t] if target.ndim == 3 else target)[y : y + patch.shape[0], x : x + patch.shape[1]] = patch


def classes_of(band: xr.DataArray) -> list[dict[str, Any]]:
    """Classes of a class map (value, name, colour), from its attributes; empty for anything else."""
    values, colors = band.attrs.get("flag_values"), str(band.attrs.get("colors", "")).split()
    if values is None or len(colors) != len(np.atleast_1d(values)):
        return []
    names = str(band.attrs.get("flag_meanings", "")).split()
    names += [str(v) for v in np.atleast_1d(values)[len(names) :]]
    rows = zip(np.atleast_1d(values).tolist(), names, colors, strict=False)
    return [{"value": int(v), "name": n.replace("_", " "), "color": c} for v, n, c in rows]


def class_colors(cube: xr.Dataset, bands: list[str]) -> dict[int, str] | None:
    """Colour by value where one band is drawn and it is a class map."""
    if len(bands) != 1:
        return None
    return {c["value"]: c["color"] for c in classes_of(cube[bands[0]])} or None
