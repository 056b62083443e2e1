"""A second cube and layers of results in a viewer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.arguments import Fraction, Name, WholeFromZero, checked
from eowidgets.errors import InputError, shown, unknown
from eowidgets.render.colormaps import colormap
from eowidgets.render.source import FrameSource
from eowidgets.render.style import default_bands

_COMPARED = ("swipe", "difference", "blink", "none")
_STYLE = ("bands", "index", "vmin", "vmax", "stretch", "cmap", "gamma", "clouds")


@checked
class Layers:
    """Mixed into :class:`~eowidgets.widgets.viewer.time_viewer.TimeViewer`."""

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
        """Show another cube; date, bands and index are kept where it has them.

        Parameters
        ----------
        cube : Dataset or DataArray
            The cube to show.
        compare : Dataset, optional
            A second cube to swipe against.

        Raises
        ------
        InputError
            If one of both is no cube.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> viewer = eow.TimeViewer(tiny_cube())
        >>> viewer.set_cube(tiny_cube(dates=3))
        >>> viewer.cube.sizes["time"]
        3
        """
        source = self._source(cube)
        beside = {} if compare is None else {"compare": self._beside(compare, "compare", source)}
        self.sources = {"cube": source} | beside
        with self.hold_sync():
            self.layers, self.selection = [], []
            if any(b not in source.bands for b in self.bands):
                self.bands = list(default_bands(source.bands))
            if self.index and self.index not in source.programs:
                self.index = None
            self.head = self._make_head()
            if self.date not in source.labels:
                self.date = source.labels[source.typical] if source.labels else ""
            self.compare_mode = "swipe" if compare is not None else "none"
            self.compare_key = "compare" if compare is not None else "cube"
            self.first = self._first_picture()

    def compare_with(self, cube: xr.Dataset | xr.DataArray | None, mode: str = "swipe") -> None:
        """Swipe (or difference, blink) against a second cube; None goes back to one.

        Parameters
        ----------
        cube : Dataset or DataArray or None
            The second cube; None returns to one.
        mode : {"swipe", "difference", "blink"}
            How both are compared.

        Raises
        ------
        InputError
            If the cube is none, or the mode is unknown.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> viewer = eow.TimeViewer(tiny_cube())
        >>> viewer.compare_with(tiny_cube(seed=1))
        >>> viewer.compare_mode
        'swipe'
        """
        if cube is None:
            self.compare_mode, self.compare_key = "none", "cube"
            return
        if mode not in _COMPARED:
            raise unknown("way to compare", mode, _COMPARED)
        self.sources["compare"] = self._beside(cube, "compare")
        with self.hold_sync():
            self.head = self._make_head()
            self.compare_key, self.compare_mode = "compare", mode

    def _beside(self, data: xr.Dataset | xr.DataArray, key: str, cube: FrameSource | None = None) -> FrameSource:
        """Return a source on the same ground as the cube; refuse others, which would be drawn in a wrong place."""
        source: FrameSource = self._source(data, key)
        here, there = (cube or self.sources["cube"]).place.crs, source.place.crs
        if here and there and here != there and not _same_crs(here, there):
            raise InputError(
                f"This is in {_short(there)}, and the cube that is shown in {_short(here)}: reproject it first, "
                "for example with  data.rio.reproject_match(cube)."
            )
        return source

    def add_layer(
        self,
        data: xr.Dataset | xr.DataArray,
        name: Name,
        style: Mapping[str, Any] | None = None,
        opacity: Fraction = 1.0,
    ) -> None:
        """Put a result above the picture; a layer of the same name is replaced.

        Parameters
        ----------
        data : Dataset or DataArray
            On the grid of the cube or another grid of the same CRS, with or without time. Class maps (``flag_values``,
            ``flag_meanings``, ``colors`` in the attributes) keep their colours.
        name : str
            Name of the layer.
        style : mapping, optional
            Any of ``bands``, ``index``, ``vmin``, ``vmax``, ``stretch``, ``cmap``, ``gamma``, ``clouds``.
        opacity : float
            0 to 1.

        Raises
        ------
        InputError
            If it lies on another ground, or the style has something in it that it cannot show.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> viewer = eow.TimeViewer(tiny_cube())
        >>> viewer.add_layer(tiny_cube(("nir",)), "infrared", opacity=0.5)
        >>> [layer["key"] for layer in viewer.layers]
        ['infrared']
        """
        if name in ("cube", "compare"):
            raise InputError(f"A layer cannot be called {shown(name)}: choose another name.")
        source = self._beside(data, name)
        layer = {"key": name, "visible": True, "opacity": float(opacity), "style": _layer_style(source, style or {})}
        self.sources[name] = source
        with self.hold_sync():
            self.layers = [*(k for k in self.layers if k["key"] != name), layer]
            self.head = self._make_head()

    def remove_layer(self, name: str) -> None:
        """Take a layer away.

        Parameters
        ----------
        name : str
            Name of the layer.

        Raises
        ------
        InputError
            If there is no such layer.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> viewer = eow.TimeViewer(tiny_cube())
        >>> viewer.add_layer(tiny_cube(("nir",)), "infrared")
        >>> viewer.remove_layer("infrared")
        >>> viewer.layers
        []
        """
        if name not in [k["key"] for k in self.layers]:
            raise unknown("layer", name, [k["key"] for k in self.layers])
        with self.hold_sync():
            self.layers = [k for k in self.layers if k["key"] != name]
            del self.sources[name]
            self.head = self._make_head()

    def update_region(
        self,
        name: str,
        t: WholeFromZero,
        y: WholeFromZero,
        x: WholeFromZero,
        values: np.ndarray,
        band: str | None = None,
    ) -> None:
        """Paint a part of a layer's frame that a running model has just finished.

        Parameters
        ----------
        name : str
            The layer, or ``"cube"`` or ``"compare"``.
        t : int
            Position of the date.
        y : int
            Row of the upper left pixel.
        x : int
            Column of the upper left pixel.
        values : array, (h, w)
            Values of the part.
        band : str, optional
            Band of the layer; by default the first.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> import numpy as np
        >>> viewer = eow.TimeViewer(tiny_cube())
        >>> viewer.add_layer(tiny_cube(("nir",)), "infrared")
        >>> viewer.update_region("infrared", 0, 0, 0, np.ones((4, 4), "float32"))
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
        """Write into the layer as well, so that a view opened later shows the same; never into the user's array."""
        if source.lazy:
            return
        if (source.key, band) not in self._own:
            self._own.add((source.key, band))
            source.cube = source.cube.assign({band: source.cube[band].copy(deep=True)})
        target = source.cube[band].transpose(..., "y", "x").data
        (target[t] if target.ndim == 3 else target)[y : y + patch.shape[0], x : x + patch.shape[1]] = patch


def _layer_style(source: FrameSource, style: Mapping[str, Any]) -> dict[str, Any]:
    for key in style:
        if key not in _STYLE:
            raise unknown("style of a layer", key, _STYLE)
    own = {"bands": list(default_bands(source.bands)), "index": None, "vmin": None, "vmax": None, **style}
    for band in own["bands"]:
        if band not in source.bands:
            raise unknown("band", band, source.bands)
    if own["index"]:
        own["index"] = source.program(own["index"]).name
    if "cmap" in own:
        colormap(own["cmap"])
    return own


def _same_crs(one: str, other: str) -> bool:
    from pyproj import CRS

    return bool(CRS.from_user_input(one) == CRS.from_user_input(other))


def _short(crs: str) -> str:
    return crs if len(crs) <= 20 else "another CRS"


def class_colors(source: FrameSource, bands: list[str]) -> dict[int, str] | None:
    """Return the colour of each value where one band is drawn and it holds classes."""
    if len(bands) != 1:
        return None
    return {c["value"]: c["color"] for c in source.classes(bands[0])} or None
